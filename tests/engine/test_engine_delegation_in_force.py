"""What a delegation is worth now: its constraints, and everything upstream, are looked at with every call."""

from __future__ import annotations

from typing import Any

import pytest

from engine.support import READ_GITHUB, READ_ISSUES, Clock, ask, hand, make_agent
from kavach_core import InvalidInput, NotFoundError, Permission

pytestmark = pytest.mark.one_database

APPROVAL = {"requireApproval": True}


@pytest.mark.every_database
async def test_dg5_dg4_two_hops_hold_until_the_first_giver_is_revoked(kavach: Any) -> None:
    agent, sub, leaf = [await make_agent(kavach, *own) for own in ([READ_GITHUB], [], [])]
    await hand(kavach, agent, sub, READ_GITHUB)
    await hand(kavach, sub, leaf, READ_ISSUES)
    assert await ask(kavach, leaf) is None
    await kavach.agent.revoke(agent.id)
    assert await ask(kavach, sub) == "no_permission"
    assert await ask(kavach, leaf) == "no_permission"


async def test_dg1_the_constraints_of_what_is_held_go_along(kavach: Any) -> None:
    agent = await make_agent(kavach, {**READ_GITHUB, "constraints": APPROVAL})
    sub, leaf = await make_agent(kavach), await make_agent(kavach)
    await hand(kavach, agent, sub, READ_GITHUB)
    await hand(kavach, sub, leaf, READ_ISSUES)
    assert await ask(kavach, agent) == "approval_required"
    assert await ask(kavach, sub) == "approval_required"
    assert await ask(kavach, leaf) == "approval_required"


async def test_dg1_the_constraints_of_a_delegation_are_stored(kavach: Any) -> None:
    agent, sub, leaf = await make_agent(kavach, READ_GITHUB), await make_agent(kavach), await make_agent(kavach)
    chain = await hand(kavach, agent, sub, {**READ_GITHUB, "constraints": APPROVAL})
    await hand(kavach, sub, leaf, READ_ISSUES)
    assert chain.permissions[0].constraints.require_approval is True
    assert await kavach.delegation.list_chains(agent.id) == [chain]
    assert await ask(kavach, agent) is None
    assert await ask(kavach, sub) == "approval_required"
    assert await ask(kavach, leaf) == "approval_required"


async def test_dg1_constraints_add_up_on_the_way(kavach: Any) -> None:
    agent = await make_agent(kavach, {**READ_GITHUB, "constraints": {"maxCallsPerHour": 1}})
    sub = await make_agent(kavach)
    await hand(kavach, agent, sub, {**READ_GITHUB, "constraints": {"ipAllowlist": ["10.0.0.0/8"]}})
    call = {"action": "read", "resource": "mcp:github:issues"}
    assert await ask(kavach, sub) == "ip_not_allowed"
    assert (await kavach.authorize(sub.id, **call, ip="10.0.0.1")).allowed
    assert (await kavach.authorize(sub.id, **call, ip="10.0.0.1")).code == "rate_limited"


async def test_dg1_a_giver_that_also_holds_it_freely_hands_it_on_freely(kavach: Any) -> None:
    agent = await make_agent(kavach, {**READ_GITHUB, "constraints": APPROVAL}, READ_ISSUES)
    sub = await make_agent(kavach)
    await hand(kavach, agent, sub, READ_GITHUB, READ_ISSUES)
    assert await ask(kavach, sub) is None
    assert await ask(kavach, sub, "mcp:github:repos") == "approval_required"


async def test_dg4_a_giver_that_expires_ends_what_it_gave(kavach: Any, clock: Clock) -> None:
    agent, sub = await make_agent(kavach, READ_GITHUB, expires_at=clock.later(minutes=1)), await make_agent(kavach)
    await hand(kavach, agent, sub, READ_ISSUES)
    assert await ask(kavach, sub) is None
    clock.pass_time(minutes=1)
    assert await ask(kavach, sub) == "no_permission"


async def test_dg4_an_agent_in_the_middle_that_is_revoked_ends_what_it_gave(kavach: Any) -> None:
    agent, sub, leaf = await make_agent(kavach, READ_GITHUB), await make_agent(kavach), await make_agent(kavach)
    await hand(kavach, agent, sub, READ_ISSUES)
    await hand(kavach, sub, leaf, READ_ISSUES)
    await kavach.agent.revoke(sub.id)
    assert await ask(kavach, leaf) == "no_permission"


async def test_dg4_a_giver_that_is_narrowed_narrows_what_it_gave(kavach: Any) -> None:
    agent, sub = await make_agent(kavach, READ_GITHUB), await make_agent(kavach)
    await hand(kavach, agent, sub, READ_GITHUB, READ_ISSUES)
    await kavach.agent.update(agent.id, permissions=[READ_ISSUES])
    assert await ask(kavach, sub) is None
    assert await ask(kavach, sub, "mcp:github:repos") == "no_permission"
    await kavach.agent.update(agent.id, permissions=[{**READ_ISSUES, "constraints": APPROVAL}])
    assert await ask(kavach, sub) == "approval_required"
    await kavach.agent.update(agent.id, permissions=[])
    assert await ask(kavach, sub) == "no_permission"


async def test_a_delegation_ends_at_its_expiry(kavach: Any, clock: Clock) -> None:
    agent, sub = await make_agent(kavach, READ_GITHUB), await make_agent(kavach)
    await hand(kavach, agent, sub, READ_ISSUES, expires_at=clock.later(minutes=1))
    clock.pass_time(seconds=59)
    assert await ask(kavach, sub) is None
    clock.pass_time(seconds=1)
    assert await ask(kavach, sub) == "no_permission"
    assert await ask(kavach, agent) is None


@pytest.mark.every_database
async def test_a_revoked_delegation_ends_what_rests_on_it(kavach: Any) -> None:
    agent, sub, leaf = [await make_agent(kavach, *own) for own in ([READ_GITHUB], [], [])]
    chain = await hand(kavach, agent, sub, READ_GITHUB)
    await hand(kavach, sub, leaf, READ_ISSUES)
    revoked = await kavach.delegation.revoke(chain.id)
    assert revoked == chain.model_copy(update={"status": "revoked"})
    assert await kavach.delegation.revoke(chain.id) == revoked
    assert await ask(kavach, sub) == "no_permission"
    assert await ask(kavach, leaf) == "no_permission"
    assert await ask(kavach, agent) is None


async def test_a_delegation_that_is_missing_is_not_found(kavach: Any) -> None:
    with pytest.raises(NotFoundError, match=r"^no delegation has this id$"):
        await kavach.delegation.revoke("missing")


async def test_dg6_what_rests_on_an_own_permission_survives(kavach: Any) -> None:
    """The original walked by agent, and so revoked what the agent in the middle gave of its own."""
    up, own, leaf = (
        await make_agent(kavach, READ_GITHUB),
        await make_agent(kavach, READ_ISSUES),
        await make_agent(kavach),
    )
    chain = await hand(kavach, up, own, READ_GITHUB)
    await hand(kavach, own, leaf, READ_ISSUES)
    await hand(kavach, own, leaf, {"resource": "mcp:github:repos", "actions": ["read"]})
    await kavach.delegation.revoke(chain.id)
    assert await ask(kavach, leaf) is None
    assert await ask(kavach, leaf, "mcp:github:repos") == "no_permission"


async def test_dg7_what_rested_on_a_deep_delegation_does_not_pass_to_a_shallow_one(kavach: Any) -> None:
    agent, sub, leaf = await make_agent(kavach, READ_GITHUB), await make_agent(kavach), await make_agent(kavach)
    await hand(kavach, agent, sub, READ_ISSUES, max_depth=1)
    deep = await hand(kavach, agent, sub, READ_ISSUES, max_depth=2)
    await hand(kavach, sub, leaf, READ_ISSUES)
    assert await ask(kavach, leaf) is None
    await kavach.delegation.revoke(deep.id)
    assert await ask(kavach, sub) is None
    assert await ask(kavach, leaf) == "no_permission"


async def test_a_diamond_holds_while_one_side_does(kavach: Any) -> None:
    top, left, right, bottom = [await make_agent(kavach, *own) for own in ([READ_GITHUB], [], [], [])]
    sides = [await hand(kavach, top, side, READ_GITHUB) for side in (left, right)]
    for side in (left, right):
        await hand(kavach, side, bottom, READ_ISSUES)
    assert len(await kavach.delegation.get_effective_permissions(bottom.id)) == 1
    assert await ask(kavach, bottom) is None
    await kavach.delegation.revoke(sides[0].id)
    assert await ask(kavach, bottom) is None
    await kavach.delegation.revoke(sides[1].id)
    assert await ask(kavach, bottom) == "no_permission"


async def test_dg9_effective_permissions_are_own_and_received_without_duplicates(kavach: Any) -> None:
    repos = {"resource": "mcp:github:repos", "actions": ["read"]}
    agent, sub = await make_agent(kavach, READ_GITHUB), await make_agent(kavach, READ_ISSUES)
    await hand(kavach, agent, sub, READ_ISSUES, repos)
    await hand(kavach, agent, sub, repos)
    assert await kavach.delegation.get_effective_permissions(sub.id) == [
        Permission(resource="mcp:github:issues", actions=["read"]),
        Permission(resource="mcp:github:repos", actions=["read"]),
    ]


async def test_dg9_effective_permissions_are_those_in_force(kavach: Any) -> None:
    agent, sub = await make_agent(kavach, READ_GITHUB), await make_agent(kavach)
    await hand(kavach, agent, sub, READ_ISSUES)
    await kavach.agent.revoke(agent.id)
    assert await kavach.delegation.get_effective_permissions(sub.id) == []
    assert await kavach.delegation.get_effective_permissions(agent.id) == []
    assert await kavach.delegation.get_effective_permissions("missing") == []


async def test_dg9_chains_are_listed_from_and_to_an_agent(kavach: Any, clock: Clock) -> None:
    agent, sub, leaf = [await make_agent(kavach, *own) for own in ([READ_GITHUB], [], [])]
    first = await hand(kavach, agent, sub, READ_GITHUB)
    second = await hand(kavach, sub, leaf, READ_ISSUES, expires_at=clock.later(minutes=1))
    assert await kavach.delegation.list_chains(leaf.id) == [second]
    revoked = await kavach.delegation.revoke(first.id)
    fallen = second.model_copy(update={"status": "revoked"})
    clock.pass_time(minutes=2)
    assert await kavach.delegation.list_chains(agent.id) == [revoked]
    assert await kavach.delegation.list_chains(sub.id) == [revoked, fallen]
    assert await kavach.delegation.list_chains(leaf.id) == [fallen]
    assert await kavach.delegation.list_chains("missing") == []


async def test_dg9_chains_are_listed_by_either_end_and_status(kavach: Any) -> None:
    agent, sub, leaf = [await make_agent(kavach, *own) for own in ([READ_GITHUB], [], [])]
    first = await hand(kavach, agent, sub, READ_GITHUB)
    second = await hand(kavach, sub, leaf, READ_ISSUES)
    third = await hand(kavach, agent, leaf, READ_ISSUES)
    revoked = await kavach.delegation.revoke(third.id)
    chains = kavach.delegation.list_chains
    assert await chains(from_agent=agent.id) == [first, revoked]
    assert await chains(to_agent=leaf.id) == [second, revoked]
    assert await chains(from_agent=agent.id, to_agent=leaf.id) == [revoked]
    assert await chains(agent.id, status="active") == [first]
    assert await chains(to_agent=leaf.id, status="revoked") == [revoked]
    with pytest.raises(InvalidInput):
        await chains()
    with pytest.raises(InvalidInput):
        await chains(status="active")
