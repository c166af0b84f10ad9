"""What may be delegated: no more than is held, no further, no longer, and not in a circle."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from engine.support import READ_GITHUB, READ_ISSUES, START, Clock, Host, ask, hand, make_agent
from kavach_core import DelegationError, InactiveAgentError, InvalidInput, KavachError, NotFoundError

pytestmark = pytest.mark.one_database

ALL_OF_GITHUB = {"resource": "mcp:github:**", "actions": ["*"]}


async def make_line(kavach: Any, count: int, *permissions: object) -> list[Any]:
    """Create agents of which the first alone has permissions."""
    return [await make_agent(kavach, *permissions), *[await make_agent(kavach) for _ in range(count - 1)]]


async def refuse(
    host: Host, kavach: Any, error: type[KavachError], giver: Any, receiver: Any, *p: Any, **v: Any
) -> str:
    """Delegate, see it refused with nothing written, and return the message."""
    before = await host.count()
    with pytest.raises(error) as caught:
        await hand(kavach, giver, receiver, *p, **v)
    assert await host.count() == before
    return str(caught.value)


async def test_a_delegation_is_returned_as_it_is_stored(kavach: Any, clock: Clock) -> None:
    agent, sub = await make_line(kavach, 2, READ_GITHUB)
    chain = await hand(kavach, agent, sub, READ_ISSUES, max_depth=2)
    assert chain.model_dump(exclude={"id", "permissions"}) == {
        "from_agent": agent.id,
        "to_agent": sub.id,
        "parent_chain_id": None,
        "depth": 1,
        "max_depth": 2,
        "status": "active",
        "expires_at": clock.later(hours=1),
        "created_at": START,
    }
    assert [permission.resource for permission in chain.permissions] == ["mcp:github:issues"]
    assert await kavach.delegation.list_chains(agent.id) == [chain]


async def test_dg2_an_agent_cannot_delegate_to_itself(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, {**READ_ISSUES, "constraints": {"requireApproval": True}})
    assert "to itself" in await refuse(host, kavach, DelegationError, agent, agent, READ_ISSUES)
    assert await ask(kavach, agent) == "approval_required"


@pytest.mark.parametrize("length", [2, 3, 4])
async def test_dg2_a_circle_is_refused(host: Host, kavach: Any, length: int) -> None:
    agents = await make_line(kavach, length, ALL_OF_GITHUB)
    for giver, receiver in pairwise(agents):
        await hand(kavach, giver, receiver, READ_GITHUB, max_depth=9)
    assert "circle" in await refuse(host, kavach, DelegationError, agents[-1], agents[0], READ_ISSUES, max_depth=9)


async def test_dg2_a_circle_that_is_stored_already_grants_nothing_and_ends(host: Host, kavach: Any) -> None:
    """Two delegations at once, or another program, can write one."""
    first, second = await make_line(kavach, 2)
    for number, (giver, receiver) in enumerate([(first, second), (second, first), (first, first)]):
        await host.storage.create_delegation_chain(
            id=str(number),
            from_agent_id=giver.id,
            to_agent_id=receiver.id,
            permissions=[READ_ISSUES],
            depth=number + 1,
            max_depth=9,
            expires_at=host.clock.later(hours=1),
            created_at=START,
        )
    assert await ask(kavach, first) == "no_permission"
    assert await ask(kavach, second) == "no_permission"
    assert await kavach.delegation.get_effective_permissions(first.id) == []


@pytest.mark.parametrize(
    ("own", "wanted"),
    [
        ("mcp:github", "mcp:github:secrets:*"),
        ("mcp:github", "mcp:github:issues"),
        ("mcp:github:*", "mcp:github"),
        ("mcp:github:*", "mcp:github:**"),
        ("mcp:github:*", "mcp:github:issues:comments"),
        ("mcp:github:*", "mcp:*:issues"),
        ("mcp:github:*", "*"),
        ("mcp:github:*", "mcp:gitlab:issues"),
    ],
)
async def test_dg3_a_wider_resource_is_refused(host: Host, kavach: Any, own: str, wanted: str) -> None:
    agent, sub = await make_line(kavach, 2, {"resource": own, "actions": ["*"]})
    given = [{"resource": own, "actions": ["read"]}, {"resource": wanted, "actions": ["read"]}]
    assert "does not hold" in await refuse(host, kavach, DelegationError, agent, sub, *given)


@pytest.mark.parametrize("actions", [["write"], ["read", "write"], ["*"], ["READ"]])
async def test_dg3_a_further_action_is_refused(host: Host, kavach: Any, actions: list[str]) -> None:
    agent, sub = await make_line(kavach, 2, READ_GITHUB, {"resource": "db:users", "actions": ["*"]})
    await refuse(host, kavach, DelegationError, agent, sub, {"resource": "mcp:github:issues", "actions": actions})


async def test_dg3_what_was_delegated_alone_cannot_be_widened(host: Host, kavach: Any) -> None:
    agent, sub, leaf = await make_line(kavach, 3, ALL_OF_GITHUB)
    await hand(kavach, agent, sub, READ_ISSUES)
    await refuse(host, kavach, DelegationError, sub, leaf, READ_GITHUB)


async def test_dg3_in_tail_mode_a_deep_star_may_be_narrowed(host: Host) -> None:
    kavach = await host.kavach(wildcard="tail")
    agent, sub = await make_line(kavach, 2, READ_GITHUB)
    await hand(kavach, agent, sub, {"resource": "mcp:github:issues:*", "actions": ["read"]})
    assert await ask(kavach, sub, "mcp:github:issues:7:comments") is None
    assert await ask(kavach, sub, "mcp:github:repos") == "no_permission"


async def test_dg5_what_was_received_can_be_handed_on(kavach: Any) -> None:
    agent, sub, leaf = await make_line(kavach, 3, READ_GITHUB)
    await hand(kavach, agent, sub, READ_GITHUB)
    chain = await hand(kavach, sub, leaf, READ_ISSUES)
    assert (chain.depth, chain.max_depth) == (2, 3)
    assert await ask(kavach, leaf) is None
    assert await ask(kavach, leaf, "mcp:github:repos") == "no_permission"


async def test_dg7_the_depth_that_the_first_giver_allowed_is_kept(host: Host, kavach: Any) -> None:
    first, second, third, fourth = await make_line(kavach, 4, READ_ISSUES)
    await hand(kavach, first, second, READ_ISSUES, max_depth=2)
    chain = await hand(kavach, second, third, READ_ISSUES, max_depth=99)
    assert (chain.depth, chain.max_depth) == (2, 2)
    assert "deeper" in await refuse(host, kavach, DelegationError, third, fourth, READ_ISSUES, max_depth=99)


async def test_dg7_a_giver_may_allow_less_depth_than_it_has(host: Host, kavach: Any) -> None:
    first, second, third, fourth = await make_line(kavach, 4, READ_ISSUES)
    await hand(kavach, first, second, READ_ISSUES, max_depth=9)
    chain = await hand(kavach, second, third, READ_ISSUES, max_depth=2)
    assert (chain.depth, chain.max_depth) == (2, 2)
    await refuse(host, kavach, DelegationError, third, fourth, READ_ISSUES)


async def test_dg7_a_delegation_of_depth_one_cannot_be_handed_on(host: Host, kavach: Any) -> None:
    first, second, third = await make_line(kavach, 3, READ_ISSUES)
    await hand(kavach, first, second, READ_ISSUES, max_depth=1)
    await refuse(host, kavach, DelegationError, second, third, READ_ISSUES)


async def test_dg7_an_own_permission_begins_a_chain_anew(kavach: Any) -> None:
    first, second, third = await make_line(kavach, 3, READ_GITHUB)
    await hand(kavach, first, second, READ_ISSUES, max_depth=1)
    await kavach.agent.update(second.id, permissions=[READ_ISSUES])
    chain = await hand(kavach, second, third, READ_ISSUES, max_depth=5)
    assert (chain.depth, chain.max_depth) == (1, 5)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"expires_at": START}, "expires_at: lies in the past"),
        ({"expires_at": datetime(2040, 1, 1)}, "expires_at: a naive datetime"),
        ({"expires_at": None}, "expires_at: expected a datetime, got NoneType"),
        ({"permissions": []}, "permissions: nothing is delegated"),
        ({"permissions": None}, "permissions: expected a list"),
        ({"permissions": [{"resource": "mcp:github:issues", "actions": []}]}, "permissions[0]: actions: "),
        ({"permissions": [{"resource": "mcp:git*", "actions": ["read"]}]}, "permissions[0].resource: malformed"),
        ({"max_depth": 0}, "max_depth: must be an integer of 1 or more"),
        ({"max_depth": True}, "max_depth: must be an integer of 1 or more"),
        ({"max_depth": 1.5}, "max_depth: must be an integer of 1 or more"),
        ({"from_agent": "a\0"}, "kavach_agents.id: text must not contain NUL"),
    ],
)
async def test_dg8_a_malformed_delegation_is_refused(
    host: Host, kavach: Any, values: dict[str, object], message: str
) -> None:
    agent, sub = await make_line(kavach, 2, READ_GITHUB)
    assert (await refuse(host, kavach, InvalidInput, agent, sub, READ_ISSUES, **values)).startswith(message)


async def test_dg8_a_delegation_cannot_outlive_the_one_that_it_rests_on(host: Host, kavach: Any, clock: Clock) -> None:
    agent, sub, leaf = await make_line(kavach, 3, READ_GITHUB)
    await hand(kavach, agent, sub, READ_ISSUES)
    late = clock.later(hours=1, seconds=1)
    assert "outlive" in await refuse(host, kavach, DelegationError, sub, leaf, READ_ISSUES, expires_at=late)
    await hand(kavach, agent, sub, READ_ISSUES, expires_at=late)
    await hand(kavach, sub, leaf, READ_ISSUES, expires_at=late)


@pytest.mark.parametrize("place", ["from_agent", "to_agent"])
async def test_dg8_a_missing_agent_is_not_found(host: Host, kavach: Any, place: str) -> None:
    agent, sub = await make_line(kavach, 2, READ_GITHUB)
    await refuse(host, kavach, NotFoundError, agent, sub, READ_ISSUES, **{place: "missing"})


@pytest.mark.parametrize("place", [0, 1])
async def test_dg8_a_revoked_or_expired_agent_is_refused(host: Host, kavach: Any, clock: Clock, place: int) -> None:
    agents = await make_line(kavach, 2, READ_GITHUB)
    await kavach.agent.update(agents[place].id, expires_at=clock.later(minutes=1))
    clock.pass_time(minutes=1)
    assert "expired" in await refuse(host, kavach, InactiveAgentError, *agents, READ_ISSUES)
    await kavach.agent.revoke(agents[place].id)
    assert "revoked" in await refuse(host, kavach, InactiveAgentError, *agents, READ_ISSUES)


@pytest.mark.parametrize("values", [{"owner_id": "bob"}, {"owner_id": "Ada"}, {"tenant_id": "acme"}])
async def test_dg8_an_agent_of_another_owner_or_tenant_is_refused(
    host: Host, kavach: Any, values: dict[str, str]
) -> None:
    agent, other = await make_agent(kavach, READ_GITHUB), await make_agent(kavach, **values)
    assert "different owners" in await refuse(host, kavach, DelegationError, agent, other, READ_ISSUES)
    assert "different owners" in await refuse(host, kavach, DelegationError, other, agent, READ_ISSUES)


async def test_an_agent_that_holds_nothing_delegates_nothing(host: Host, kavach: Any) -> None:
    agent, sub = await make_line(kavach, 2)
    await refuse(host, kavach, DelegationError, agent, sub, READ_ISSUES)
