"""max_per_user (P21): exactly that many active agents, however many threads, tasks and processes create at once."""

from __future__ import annotations

from typing import Any

import pytest

from colours import Opened
from database_fixture import Database
from engine.support import READ_ISSUES, Clock, Host, make_agent, open_session, settle
from kavach_core import LimitExceeded, create_kavach
from processes import workers

LIMIT = {"max_per_user": 10}


async def test_p21_of_64_creations_at_once_as_many_as_allowed_succeed(opened: Opened) -> None:
    kavach = await opened.kavach(agents=LIMIT)
    results = await opened.together(lambda _: make_agent(kavach, READ_ISSUES), 64)
    refused = [result for result in results if isinstance(result, BaseException)]
    assert {type(error) for error in refused} == {LimitExceeded}
    assert len(results) - len(refused) == 10
    listed = await kavach.agent.list(owner_id="ada")
    assert len(listed) == 10
    assert all(len(agent.permissions) == 1 for agent in listed)


@pytest.mark.not_in_memory
def test_p21_of_creations_in_several_processes_as_many_as_allowed_succeed(database: Database) -> None:
    with workers(database, 4, agents=LIMIT) as others:
        for worker in others:
            worker.tell("agent.create", owner_id="ada", name="n", type="service", permissions=[], times=8)
        answers = [answer for worker in others for answer in worker.answers()]
    refused = [answer["error"] for answer in answers if "error" in answer]
    assert refused == ["LimitExceeded"] * 22
    with create_kavach(database={"provider": database.provider, "url": database.url}) as kavach:
        assert {agent.id for agent in kavach.agent.list()} == {answer["id"] for answer in answers if "id" in answer}


@pytest.mark.one_database
async def test_p21_other_owners_are_not_counted(host: Host) -> None:
    kavach = await host.kavach(agents={"max_per_user": 1})
    for owner in ("ada", "Ada", "ada ", "bob", ""):
        await make_agent(kavach, owner_id=owner)
        with pytest.raises(LimitExceeded):
            await make_agent(kavach, owner_id=owner)
    assert len(await kavach.agent.list()) == 5


@pytest.mark.one_database
async def test_p21_a_refused_creation_writes_nothing(host: Host) -> None:
    kavach = await host.kavach(agents={"max_per_user": 1})
    await make_agent(kavach, READ_ISSUES)
    before = await host.count()
    with pytest.raises(LimitExceeded, match=r"^the owner has 1 active agents, the most allowed; revoke one first$"):
        await make_agent(kavach, READ_ISSUES)
    assert await host.count() == before


@pytest.mark.one_database
async def test_p21_a_limit_of_none_at_all_is_a_limit(host: Host) -> None:
    kavach = await host.kavach(agents={"max_per_user": 0})
    with pytest.raises(LimitExceeded):
        await make_agent(kavach)
    assert await kavach.agent.list() == []


@pytest.mark.one_database
async def test_p21_revoked_agents_do_not_count(host: Host) -> None:
    kavach = await host.kavach(agents={"max_per_user": 1})
    for _ in range(3):
        agent = await make_agent(kavach)
        await kavach.agent.revoke(agent.id)
    assert [agent.status for agent in await kavach.agent.list()] == ["revoked"] * 3


async def test_p21_expired_agents_do_not_count(host: Host, clock: Clock) -> None:
    kavach = await host.kavach(agents={"max_per_user": 2, "token_expiry": "1h"})
    expiring: list[Any] = [await make_agent(kavach) for _ in range(2)]
    clock.pass_time(minutes=59)
    with pytest.raises(LimitExceeded):
        await make_agent(kavach)
    clock.pass_time(minutes=1)
    lasting = [await make_agent(kavach) for _ in range(2)]
    with pytest.raises(LimitExceeded):
        await make_agent(kavach)
    assert {agent.id for agent in await kavach.agent.list(status="active")} == {agent.id for agent in lasting}
    assert {agent.id for agent in await kavach.agent.list(status="expired")} == {agent.id for agent in expiring}


@pytest.mark.one_database
async def test_p21_a_rotation_is_no_new_agent(host: Host) -> None:
    kavach = await host.kavach(agents={"max_per_user": 1})
    agent = await make_agent(kavach)
    await kavach.agent.rotate(agent.id)
    await kavach.agent.update(agent.id, name="another")
    assert len(await kavach.agent.list()) == 1


@pytest.mark.not_in_memory
async def test_p21_a_host_that_reads_a_snapshot_cannot_pass_the_limit(host: Host) -> None:
    """MySQL's REPEATABLE READ shows what was there at the first read: agents MUST be counted past it."""
    if host.opened.database.provider == "sqlite":
        pytest.skip("on SQLite a snapshot that is out of date cannot be written on")
    kavach = await host.kavach(agents={"max_per_user": 2})
    await make_agent(kavach)
    async with open_session(host) as (session, join):
        joined = await join(agents={"max_per_user": 2})
        assert len(await joined.agent.list(owner_id="ada")) == 1
        await make_agent(kavach)
        with pytest.raises(LimitExceeded):
            await make_agent(joined)
        await make_agent(joined, owner_id="bob")
        await settle(session.commit())
    assert [len(await kavach.agent.list(owner_id=owner)) for owner in ("ada", "bob")] == [2, 1]


@pytest.mark.not_in_memory
async def test_p21_agents_that_others_marked_as_expired_make_room_once(host: Host, clock: Clock) -> None:
    """Two of the owner's three agents have expired: a host that sees them as active still MUST NOT count them twice."""
    if host.opened.database.provider == "sqlite":
        pytest.skip("on SQLite a snapshot that is out of date cannot be written on")
    kavach = await host.kavach(agents={"max_per_user": 3})
    lasting = await make_agent(kavach)
    for _ in range(2):
        await make_agent(kavach, expires_at=clock.later(minutes=1))
    async with open_session(host) as (session, join):
        joined = await join(agents={"max_per_user": 3})
        assert len(await joined.agent.list(status="active")) == 3
        clock.pass_time(minutes=1)
        lasting = [lasting, *[await make_agent(kavach) for _ in range(2)]]
        with pytest.raises(LimitExceeded):
            await make_agent(joined)
        await settle(session.rollback())
    assert {agent.id for agent in await kavach.agent.list(status="active")} == {agent.id for agent in lasting}
