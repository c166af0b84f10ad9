"""Agents that are created, read and changed as a host expects."""

from __future__ import annotations

from typing import Any

import pytest

from engine.support import READ_GITHUB, READ_ISSUES, START, Clock, Host, ask, make_agent
from kavach_core import InactiveAgentError, InvalidInput, NotFoundError, Permission
from kavach_schema.tables.agents import AGENTS
from storage.samples import row

pytestmark = pytest.mark.one_database


@pytest.mark.every_database
async def test_an_agent_is_read_as_it_was_created(kavach: Any) -> None:
    created = await make_agent(
        kavach,
        READ_GITHUB,
        Permission(resource="mcp:deploy:production", actions=["execute"]),
        {"resource": "a", "actions": ["x"], "constraints": {"requireApproval": True, "maxCallsPerHour": 5}},
        tenant_id="acme",
        metadata={"team": "naïve ☂", "depth": [1, {"a": None}]},
    )
    read = await kavach.agent.get(created.id)
    assert read == created.model_copy(update={"token": ""})
    assert [permission.resource for permission in read.permissions] == ["mcp:github:*", "mcp:deploy:production", "a"]
    assert read.permissions[2].constraints.max_calls_per_hour == 5
    assert (read.owner_id, read.tenant_id, read.status, read.created_at) == ("ada", "acme", "active", START)


@pytest.mark.parametrize("owner", ["user-123", "", "auth0|5f7c", "ünïcode 🙂", "a b ", "o" * 255])
async def test_any_text_is_an_owner(kavach: Any, owner: str) -> None:
    agent = await make_agent(kavach, owner_id=owner)
    assert [found.id for found in await kavach.agent.list(owner_id=owner)] == [agent.id]


@pytest.mark.parametrize("type", ["autonomous", "delegated", "service"])
async def test_the_documented_types_are_accepted(kavach: Any, type: str) -> None:
    assert (await make_agent(kavach, type=type)).type == type


@pytest.mark.every_database
async def test_an_id_of_the_host_is_kept(kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES, id="Reader 7 ")
    assert agent.id == "Reader 7 "
    assert await kavach.agent.get("reader 7 ") is None
    assert await kavach.agent.get("Reader 7") is None
    assert await ask(kavach, agent) is None


async def test_an_agent_that_is_missing_is_none(kavach: Any) -> None:
    assert await kavach.agent.get("missing") is None


async def test_a_change_of_an_agent_that_is_missing_is_not_found(host: Host, kavach: Any) -> None:
    with pytest.raises(NotFoundError, match=r"^no agent has this id$"):
        await kavach.agent.update("missing", name="new")
    with pytest.raises(NotFoundError, match=r"^no agent has this id$"):
        await kavach.agent.update("missing", permissions=[READ_ISSUES])
    with pytest.raises(NotFoundError, match=r"^no agent has this id$"):
        await kavach.agent.rotate("missing")
    with pytest.raises(NotFoundError, match=r"^no agent has this id$"):
        await kavach.agent.revoke("missing")
    assert await host.count() == {}


async def test_agents_are_listed_by_creation_with_their_permissions(kavach: Any, clock: Clock) -> None:
    created = []
    for number in range(4):
        created.append(await make_agent(kavach, *[READ_ISSUES] * number, READ_GITHUB))
        clock.pass_time(seconds=number % 2)
    listed = await kavach.agent.list()
    assert [agent.id for agent in listed] == [agent.id for agent in created]
    assert [len(agent.permissions) for agent in listed] == [1, 2, 3, 4]
    assert all(agent.permissions[-1].resource == "mcp:github:*" for agent in listed)


async def test_a_list_is_filtered_and_paged(kavach: Any) -> None:
    for owner, tenant, type in (("ada", None, "service"), ("ada", "acme", "service"), ("bob", "acme", "delegated")):
        await make_agent(kavach, owner_id=owner, tenant_id=tenant, type=type)
    everyone = [agent.id for agent in await kavach.agent.list()]

    async def places(**filters: object) -> list[int]:
        return [everyone.index(agent.id) for agent in await kavach.agent.list(**filters)]

    assert await places(owner_id="ada") == [0, 1]
    assert await places(tenant_id="acme") == [1, 2]
    assert await places(owner_id="ada", tenant_id="acme") == [1]
    assert await places(type="delegated") == [2]
    assert await places(status="revoked") == []
    assert await places(limit=2) == [0, 1]
    assert await places(limit=2, offset=1) == [1, 2]


@pytest.mark.every_database
async def test_a_list_is_paged_by_its_last_agent(kavach: Any, clock: Clock) -> None:
    """Pages neither skip nor repeat, also inside of a second and where the last agent of a page has changed since."""
    for number in range(7):
        await make_agent(kavach, READ_ISSUES, owner_id="bob" if number == 3 else "ada")
        clock.pass_time(seconds=number % 2)
    everyone = await kavach.agent.list()
    found: list[Any] = []
    while page := await kavach.agent.list(limit=2, after=found[-1] if found else None):
        found += page
        await kavach.agent.revoke(page[-1].id)
    assert [agent.id for agent in found] == [agent.id for agent in everyone]
    theirs = await kavach.agent.list(owner_id="ada", after=everyone[3])
    assert [agent.id for agent in theirs] == [agent.id for agent in everyone[4:]]


@pytest.mark.parametrize("limit", [0, -1, 1001, True, 1.5, "10", None])
async def test_a_page_that_cannot_be_is_refused(kavach: Any, limit: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^limit: must be an integer from 1 to 1000"):
        await kavach.agent.list(limit=limit)


async def test_a_list_is_bounded_unless_asked(host: Host, kavach: Any) -> None:
    async with host.storage.transaction() as storage:
        for number in range(101):
            await storage.create_agent(**row(AGENTS, id=f"{number:03}"))
    assert [agent.id for agent in await kavach.agent.list()] == [f"{number:03}" for number in range(100)]
    assert len(await kavach.agent.list(limit=1000)) == 101


async def test_p22_metadata_is_returned_by_every_way_of_reading(kavach: Any) -> None:
    metadata = {"team": "red", "tags": ["a", {"b": None}]}
    agent = await make_agent(kavach, READ_ISSUES, metadata=metadata)
    assert agent.metadata == (await kavach.agent.get(agent.id)).metadata == metadata
    assert [listed.metadata for listed in await kavach.agent.list()] == [metadata]
    for changed in (await kavach.agent.rotate(agent.id), await kavach.agent.update(agent.id, name="b")):
        assert changed.metadata == metadata
    assert (await kavach.agent.revoke(agent.id)).metadata == metadata


async def test_a_list_takes_two_operations_however_long_it_is(kavach: Any) -> None:
    for _ in range(5):
        await make_agent(kavach, READ_ISSUES, READ_GITHUB)
    asked: list[str] = []
    storage = getattr(kavach, "value", kavach).storage
    execute = storage._execute

    def counting(operation: Any, values: Any) -> Any:
        asked.append(type(operation).__name__)
        return execute(operation, values)

    storage._execute = counting
    assert len(await kavach.agent.list()) == 5
    assert asked == ["Find", "Find"]


async def test_an_update_changes_what_is_given_and_nothing_else(kavach: Any, clock: Clock) -> None:
    agent = await make_agent(kavach, READ_ISSUES, metadata={"a": 1}, expires_at=clock.later(days=1))
    clock.pass_time(seconds=5)
    renamed = await kavach.agent.update(agent.id, name="another")
    assert renamed == agent.model_copy(update={"name": "another", "token": "", "updated_at": clock.now})
    assert await kavach.agent.get(agent.id) == renamed


async def test_an_update_can_clear_expiry_and_metadata(kavach: Any, clock: Clock) -> None:
    """P17: `update(expiresAt: null)` could not clear an expiry."""
    agent = await make_agent(kavach, metadata={"a": 1}, expires_at=clock.later(days=1))
    changed = await kavach.agent.update(agent.id, expires_at=None, metadata=None)
    assert (changed.expires_at, changed.metadata) == (None, None)
    clock.pass_time(days=2)
    assert (await kavach.agent.get(agent.id)).status == "active"


@pytest.mark.every_database
async def test_an_update_replaces_all_permissions(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES, {"resource": "b", "actions": ["x"]})
    changed = await kavach.agent.update(agent.id, permissions=[{"resource": "c", "actions": ["x"]}])
    assert [permission.resource for permission in changed.permissions] == ["c"]
    assert await ask(kavach, agent) == "no_permission"
    assert await ask(kavach, agent, "c", "x") is None
    assert (await host.count())["kavach_permissions"] == 1


async def test_an_update_without_permissions_leaves_none(kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    assert (await kavach.agent.update(agent.id, permissions=[])).permissions == []
    assert await ask(kavach, agent) == "no_permission"


@pytest.mark.every_database
async def test_an_update_that_fails_leaves_everything(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    before = await kavach.agent.get(agent.id)
    for wrong in ({"resource": "a\0", "actions": ["x"]}, {"resource": "a*", "actions": ["x"]}):
        with pytest.raises(ValueError, match="permissions"):
            await kavach.agent.update(agent.id, name="another", permissions=[READ_GITHUB, wrong])
    assert await kavach.agent.get(agent.id) == before
    assert await host.count() == {"kavach_agents": 1, "kavach_permissions": 1}


async def test_p17_an_agent_that_is_revoked_cannot_be_changed(kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    await kavach.agent.revoke(agent.id)
    before = await kavach.agent.get(agent.id)
    with pytest.raises(InactiveAgentError, match=r"^the agent is revoked; create a new one$"):
        await kavach.agent.update(agent.id, name="another", permissions=[])
    with pytest.raises(InactiveAgentError, match="revoked"):
        await kavach.agent.rotate(agent.id)
    assert await kavach.agent.get(agent.id) == before


async def test_p17_an_agent_that_is_expired_cannot_be_changed(kavach: Any, clock: Clock) -> None:
    agent = await make_agent(kavach, READ_ISSUES, expires_at=clock.later(hours=1))
    clock.pass_time(hours=1)
    before = await kavach.agent.get(agent.id)
    assert before.status == "expired"
    with pytest.raises(InactiveAgentError, match=r"^the agent is expired; create a new one$"):
        await kavach.agent.update(agent.id, expires_at=None)
    with pytest.raises(InactiveAgentError, match="expired"):
        await kavach.agent.rotate(agent.id)
    assert await kavach.agent.get(agent.id) == before


async def test_a_revocation_stays_and_can_be_repeated(kavach: Any, clock: Clock) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    first = await kavach.agent.revoke(agent.id)
    assert (first.status, first.token) == ("revoked", "")
    clock.pass_time(seconds=5)
    assert await kavach.agent.revoke(agent.id) == first
    assert [found.id for found in await kavach.agent.list(status="revoked")] == [agent.id]


async def test_p16_statuses_go_one_way(host: Host, clock: Clock) -> None:
    """An agent that has expired can be revoked, and nothing makes either of them active again."""
    kavach = await host.kavach(agents={"max_per_user": 2, "token_expiry": "1h"})
    expired, revoked = await make_agent(kavach, READ_ISSUES), await make_agent(kavach, READ_ISSUES)
    await kavach.agent.revoke(revoked.id)
    clock.pass_time(hours=1)
    for _ in range(2):
        await make_agent(kavach)  # looks for places, and marks who has expired
    assert [agent.status for agent in await kavach.agent.list()] == ["expired", "revoked", "active", "active"]
    for agent, code in ((expired, "agent_expired"), (revoked, "agent_revoked"), (expired, "agent_revoked")):
        for change in (
            kavach.agent.rotate(agent.id),
            kavach.agent.update(agent.id, expires_at=None),
            kavach.agent.update(agent.id, permissions=[READ_GITHUB]),
        ):
            with pytest.raises(InactiveAgentError):
                await change
        assert await ask(kavach, agent) == code
        by_token = await kavach.authorize_by_token(agent.token, action="read", resource="mcp:github:issues")
        assert by_token.code == code
        assert await kavach.delegation.get_effective_permissions(agent.id) == []
        if agent is revoked:
            assert (await kavach.agent.revoke(expired.id)).status == "revoked"
