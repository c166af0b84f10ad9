"""Tokens: shown once, stored as a hash, dead at once when rotated or revoked."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest

import kavach_sqlalchemy
from engine.support import READ_ISSUES, START, Clock, Host, ask, make_agent
from kavach_core import Agent, InactiveAgentError, Storage, create_kavach
from kavach_schema.tables import TABLES

pytestmark = pytest.mark.one_database


async def ask_by_token(kavach: Any, token: str) -> str | None:
    result = await kavach.authorize_by_token(token, action="read", resource="mcp:github:issues")
    code: str | None = result.code
    return code


async def whole_database(host: Host) -> str:
    """Return every value of every table as text."""
    return "\n".join([repr(await host.sql(f"SELECT * FROM {table.name}")) for table in TABLES])


async def test_a_token_is_256_random_bits_behind_a_prefix(kavach: Any) -> None:
    tokens = {(await make_agent(kavach)).token for _ in range(5)}
    assert len(tokens) == 5
    assert all(re.fullmatch(r"kv_[A-Za-z0-9_-]{43}", token) for token in tokens)


async def test_only_the_hash_of_a_token_is_stored(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    rotated = await kavach.agent.rotate(agent.id)
    await ask_by_token(kavach, agent.token)
    await ask_by_token(kavach, rotated.token)
    # A caller that mixes up its arguments.
    await kavach.authorize(rotated.token, action="read", resource="mcp:github:issues")
    stored = await whole_database(host)
    assert agent.token not in stored
    assert rotated.token not in stored
    assert hashlib.sha256(rotated.token.encode()).hexdigest() in stored
    assert rotated.token_prefix == rotated.token[:11]


@pytest.mark.empty_database
async def test_a_token_is_in_no_repr_and_no_log(host: Host, kavach: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    agent = await make_agent(kavach, READ_ISSUES)
    rotated = await kavach.agent.rotate(agent.id)
    await ask_by_token(kavach, agent.token)
    await ask_by_token(kavach, rotated.token)
    await host.sql("DROP TABLE kavach_audit_logs")
    assert await ask_by_token(kavach, rotated.token) == "audit_unavailable"
    shown = repr(agent) + str(agent) + repr(rotated) + f"{rotated}" + caplog.text
    assert "could not be recorded" in caplog.text
    assert agent.token not in shown
    assert rotated.token not in shown


@pytest.mark.empty_database
async def test_a_token_that_is_passed_for_an_id_is_in_no_log_of_ours(
    host: Host, kavach: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A driver may log its parameters at DEBUG, and an id is one."""
    caplog.set_level(logging.DEBUG)
    agent = await make_agent(kavach, READ_ISSUES)
    await host.sql("DROP TABLE kavach_audit_logs")
    await kavach.authorize(agent.token, action="read", resource="mcp:github:issues")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("kavach")]
    assert ours
    assert agent.token not in "".join(ours)


async def test_a_token_is_shown_by_create_and_rotate_alone(kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    await kavach.agent.rotate(agent.id)
    shown = [await kavach.agent.get(agent.id), *await kavach.agent.list()]
    shown.append(await kavach.agent.update(agent.id, name="another"))
    shown.append(await kavach.agent.revoke(agent.id))
    assert [found.token for found in shown] == [""] * 4


async def test_a_rotation_kills_the_old_token(kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    rotated = await kavach.agent.rotate(agent.id)
    assert rotated.token != agent.token
    assert rotated.permissions == agent.permissions
    assert await ask_by_token(kavach, agent.token) == "unknown_agent"
    assert await ask_by_token(kavach, rotated.token) is None
    assert await ask(kavach, agent) is None


async def test_p17_a_rotation_renews_the_life_of_an_agent(host: Host, clock: Clock) -> None:
    kavach = await host.kavach(agents={"token_expiry": "24h"})
    agent = await make_agent(kavach, READ_ISSUES)
    assert agent.expires_at == clock.later(hours=24)
    clock.pass_time(hours=23)
    rotated = await kavach.agent.rotate(agent.id)
    assert rotated.expires_at == clock.later(hours=24)
    clock.pass_time(hours=23)
    assert await ask_by_token(kavach, rotated.token) is None
    clock.pass_time(hours=1)
    assert await ask_by_token(kavach, rotated.token) == "agent_expired"


async def test_p17_a_rotation_never_shortens_the_life_of_an_agent(host: Host, clock: Clock) -> None:
    kavach = await host.kavach(agents={"token_expiry": "24h"})
    longer = await make_agent(kavach, expires_at=clock.later(days=9))
    assert (await kavach.agent.rotate(longer.id)).expires_at == clock.later(days=9)
    forever = await kavach.agent.update(longer.id, expires_at=None)
    assert (await kavach.agent.rotate(forever.id)).expires_at is None


async def test_a_rotation_without_the_setting_keeps_the_expiry(kavach: Any, clock: Clock) -> None:
    agent = await make_agent(kavach, expires_at=clock.later(hours=1))
    clock.pass_time(minutes=30)
    assert (await kavach.agent.rotate(agent.id)).expires_at == agent.expires_at


def rotate_while(change: Callable[[Storage, str], object], **agents: str) -> tuple[Storage, Agent, Callable[[], Agent]]:
    """Return a rotation that is overtaken by a change between its reading the agent and its writing the token.

    There it asks the clock. A clock cannot await; both colours are made from one source.
    """
    storage = kavach_sqlalchemy.open_storage("sqlite", ":memory:")
    agent = create_kavach(storage=storage, clock=Clock()).agent.create(
        owner_id="ada", name="n", type="service", permissions=[READ_ISSUES], expires_at=START + timedelta(hours=1)
    )
    asked = 0

    def clock() -> datetime:
        nonlocal asked
        asked += 1
        if asked == 2:
            change(storage, agent.id)
        return START

    return storage, agent, lambda: create_kavach(storage=storage, agents=agents, clock=clock).agent.rotate(agent.id)


def test_a_rotation_does_not_undo_a_change_of_expiry_in_between() -> None:
    storage, agent, rotate = rotate_while(lambda storage, id: storage.update_agent(id, expires_at=None))
    with closing(storage):
        assert rotate().expires_at is None
        found = storage.find_agent_by_id(agent.id)
        assert found is not None
        assert found.expires_at is None


def test_a_rotation_that_a_revocation_overtakes_gives_no_token() -> None:
    storage, agent, rotate = rotate_while(lambda storage, id: storage.update_agent(id, status="revoked"))
    with closing(storage):
        with pytest.raises(InactiveAgentError, match="revoked"):
            rotate()
        found = storage.find_agent_by_id(agent.id)
        assert found is not None
        assert found.token_prefix == agent.token_prefix


def test_a_rotation_that_another_overtakes_is_tried_again() -> None:
    def other(storage: Storage, id: str) -> None:
        storage.update_agent(id, token_hash="another", expires_at=START + timedelta(days=9))

    storage, _, rotate = rotate_while(other, token_expiry="24h")
    with closing(storage):
        rotated = rotate()
        found = storage.find_agent_by_token_hash(hashlib.sha256(rotated.token.encode()).hexdigest())
        assert found is not None
        assert rotated.expires_at == found.expires_at == START + timedelta(days=9)


@pytest.mark.every_database
async def test_of_rotations_at_once_one_token_is_valid_in_the_end(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    results = await host.opened.together(lambda _: kavach.agent.rotate(agent.id), 6)
    rotated = [result for result in results if not isinstance(result, BaseException)]
    failed = [result for result in results if isinstance(result, BaseException)]
    assert rotated
    assert all(isinstance(error, InactiveAgentError) for error in failed)
    codes = [await ask_by_token(kavach, token) for token in (agent.token, *(found.token for found in rotated))]
    assert codes[0] == "unknown_agent"
    assert sorted(codes[1:], key=str) == [None, *["unknown_agent"] * (len(rotated) - 1)]


async def test_a_revocation_is_immediate(kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    assert await ask_by_token(kavach, agent.token) is None
    assert (await kavach.agent.revoke(agent.id)).status == "revoked"
    assert await ask_by_token(kavach, agent.token) == "agent_revoked"
    assert await ask(kavach, agent) == "agent_revoked"


@pytest.mark.every_database
async def test_a_call_begun_after_a_revocation_is_never_allowed(host: Host, kavach: Any) -> None:
    """A writer revokes while readers ask; what a reader began after the acknowledgement MUST be denied."""
    agent = await make_agent(kavach, READ_ISSUES)
    acknowledged = False

    async def work(number: int) -> list[tuple[bool, str | None]]:
        nonlocal acknowledged
        seen = []
        for turn in range(4):
            if number == 0 and turn == 2:
                await kavach.agent.revoke(agent.id)
                acknowledged = True
            after = acknowledged
            asking = ask_by_token(kavach, agent.token) if number % 2 else ask(kavach, agent)
            seen.append((after, await asking))
        return seen

    seen = [call for calls in await host.opened.together(work, 5) for call in calls]
    assert {code for after, code in seen if after} == {"agent_revoked"}
    assert {code for _, code in seen} <= {None, "agent_revoked"}
    assert len(await host.audit_rows()) == len(seen)
