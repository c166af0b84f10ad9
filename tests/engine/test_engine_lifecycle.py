"""Opening and closing: what outlives a process, what two Kavachs share, and the one clock."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from colours import Opened
from engine.support import READ_GITHUB, READ_ISSUES, Clock, Host, ask, hand, make_agent
from kavach_core import create_async_kavach, create_kavach

_READER = """
import json, sys
from kavach_core import create_kavach

provider, url, token = sys.argv[1:]
with create_kavach(database={"provider": provider, "url": url, "skip_migrations": True}) as kavach:
    agents = kavach.agent.list()
    result = kavach.authorize_by_token(token, action="read", resource="mcp:github:issues")
    print(json.dumps({
        "agents": [agent.model_dump(mode="json") for agent in agents],
        "chains": [chain.id for chain in kavach.delegation.list_chains(agents[0].id)],
        "audit": [row.id for row in kavach.audit.query()],
        "allowed": result.allowed,
        "audit_id": result.audit_id,
    }))
"""


def read_in_a_new_process(*arguments: str) -> Any:
    command = [sys.executable, "-c", _READER, *arguments]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (process.returncode, process.stderr) == (0, "")
    return json.loads(process.stdout)


@pytest.mark.one_database
@pytest.mark.not_in_memory
async def test_a_new_process_finds_everything(opened: Opened) -> None:
    """ST4: the original's default database never reached the file."""
    kavach = await opened.kavach(agents={"token_expiry": "24h"})
    agent = await make_agent(kavach, READ_GITHUB, metadata={"team": "ünï"})
    sub = await make_agent(kavach, type="delegated")
    chain = await hand(kavach, agent, sub, READ_ISSUES, expires_at=datetime.now(UTC) + timedelta(hours=1))
    result = await kavach.authorize(sub.id, action="read", resource="mcp:github:issues")
    expected = [found.model_dump(mode="json") for found in await kavach.agent.list()]
    await kavach.close()
    found = read_in_a_new_process(opened.database.provider, opened.database.url, sub.token)
    assert found["agents"] == expected
    assert found["chains"] == [chain.id]
    assert found["allowed"] is True
    assert found["audit"] == [found["audit_id"], result.audit_id]


@pytest.mark.one_database
async def test_databases_in_memory_are_isolated() -> None:
    memory = {"provider": "sqlite", "url": ":memory:"}
    with create_kavach(database=memory) as first, create_kavach(database=memory) as second:
        async with await create_async_kavach(database=memory) as third:
            first.agent.create(owner_id="ada", name="n", type="service", permissions=[])
            assert [len(first.agent.list()), len(second.agent.list()), len(await third.agent.list())] == [1, 0, 0]


@pytest.mark.one_database
@pytest.mark.not_in_memory
async def test_two_kavachs_on_one_database_share_it(opened: Opened) -> None:
    first, second = await opened.kavach(), await opened.kavach()
    agent = await make_agent(first, READ_ISSUES)
    assert await ask(second, agent) is None
    await second.agent.revoke(agent.id)
    assert await ask(first, agent) == "agent_revoked"


@pytest.mark.one_database
async def test_a_block_closes_what_was_opened_for_it(opened: Opened) -> None:
    kavach = await opened.kavach()
    closed = 0
    inside = getattr(kavach, "value", kavach)
    close = inside.storage.close

    def counting() -> Any:
        nonlocal closed
        closed += 1
        return close()

    inside.storage.close = counting

    async def fail() -> None:
        async with kavach as entered:
            await make_agent(entered)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert closed == 1


@pytest.mark.one_database
async def test_a_storage_of_the_host_stays_open(opened: Opened) -> None:
    """Also one that has a database in memory, which would be gone with its engine."""
    storage = await opened.storage()
    first, second = await opened.kavach(storage=storage), await opened.kavach(storage=storage)
    agent = await make_agent(first, READ_ISSUES)
    await first.close()
    assert (await second.agent.get(agent.id)).id == agent.id
    assert (await storage.find_agent_by_id(agent.id)).id == agent.id


@pytest.mark.one_database
async def test_a_closed_kavach_can_be_closed_again(opened: Opened) -> None:
    kavach = await opened.kavach()
    await kavach.close()
    await kavach.close()


@pytest.mark.one_database
def test_a_file_is_named_by_its_path(tmp_path: Path) -> None:
    for url in (str(tmp_path / "plain.db"), f"sqlite:///{tmp_path / 'url.db'}"):
        with create_kavach(database={"provider": "sqlite", "url": url}) as kavach:
            kavach.agent.create(owner_id="ada", name="n", type="service", permissions=[])
        with create_kavach(database={"provider": "sqlite", "url": url}) as kavach:
            assert len(kavach.agent.list()) == 1


@pytest.mark.one_database
async def test_every_stored_time_is_from_the_clock_that_was_passed(host: Host, kavach: Any, clock: Clock) -> None:
    clock.pass_time(days=-20_000)
    agent, sub = await make_agent(kavach, READ_GITHUB), await make_agent(kavach)
    clock.pass_time(seconds=5)
    await hand(kavach, agent, sub, READ_ISSUES, expires_at=clock.later(hours=1))
    await ask(kavach, sub)
    await kavach.agent.update(agent.id, permissions=[READ_GITHUB])
    rotated = await kavach.agent.rotate(agent.id)
    assert rotated.updated_at == clock.now
    revoked = await kavach.agent.revoke(sub.id)
    assert (revoked.created_at, revoked.updated_at) == (clock.later(seconds=-5), clock.now)
    (chain,) = await kavach.delegation.list_chains(agent.id)
    (row,) = await host.audit_rows()
    assert chain.created_at == row.timestamp == clock.now
    (permission,) = await host.storage.find_permissions_by_agent_id(agent.id)
    assert permission.created_at == clock.now


@pytest.mark.one_database
async def test_without_a_clock_it_is_now(opened: Opened) -> None:
    agent = await make_agent(await opened.kavach())
    assert abs(agent.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert agent.created_at.utcoffset() == timedelta(0)
