"""What a delegated call leaves behind: the chain in its audit row, and its cost with the permission it rests on."""

from __future__ import annotations

from typing import Any

import pytest

from engine.support import READ_GITHUB, READ_ISSUES, Host, ask, hand, make_agent

pytestmark = pytest.mark.one_database

ISSUES = {"action": "read", "resource": "mcp:github:issues"}


async def make_line(kavach: Any, *constraints: dict[str, object] | None) -> tuple[list[Any], list[dict[str, str]]]:
    """Create a line of agents of which each hands READ_ISSUES to the next, and return them with the chain of the last.

    The first one's own permission has the first constraints, each delegation those that follow.
    """

    def under(conditions: dict[str, object] | None) -> dict[str, object]:
        return {**READ_ISSUES, "constraints": conditions}

    agents, told = [await make_agent(kavach, under(constraints[0]))], []
    for conditions in constraints[1:]:
        agents.append(await make_agent(kavach))
        chain = await hand(kavach, agents[-2], agents[-1], under(conditions))
        told.append({"id": chain.id, "fromAgent": agents[-2].id, "toAgent": agents[-1].id})
    return agents, told


async def rows_of(host: Host) -> list[tuple[str | None, object]]:
    return [(row.code, row.delegation_chain) for row in await host.audit_rows()]


@pytest.mark.every_database
async def test_a6_a_row_tells_the_whole_chain_by_which_a_call_was_allowed(host: Host, kavach: Any) -> None:
    agents, told = await make_line(kavach, None, None, None)
    for agent in agents:
        assert await ask(kavach, agent) is None
    assert await rows_of(host) == [(None, None), (None, told[:1]), (None, told)]


async def test_a6_a_call_that_an_own_permission_allows_has_no_chain(host: Host, kavach: Any) -> None:
    agents, told = await make_line(kavach, None, None)
    await kavach.agent.update(agents[1].id, permissions=[{**READ_GITHUB, "constraints": {"maxCallsPerHour": 1}}])
    assert await ask(kavach, agents[1]) is None
    await kavach.delegation.revoke(told[0]["id"])
    assert await ask(kavach, agents[1]) is None
    assert await ask(kavach, agents[1]) == "rate_limited"
    assert await rows_of(host) == [(None, told), (None, None), ("rate_limited", None)]


@pytest.mark.parametrize(
    ("constraints", "code"),
    [
        ({"requireApproval": True}, "approval_required"),
        ({"ipAllowlist": ["10.0.0.0/8"]}, "ip_not_allowed"),
        ({"maxCallsPerHour": 0}, "rate_limited"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a6_a_denial_tells_the_chain_that_was_nearest_to_allow(
    host: Host, kavach: Any, constraints: dict[str, object], code: str, place: int
) -> None:
    agents, told = await make_line(kavach, *[constraints if place == hop else None for hop in range(3)])
    assert await ask(kavach, agents[2]) == code
    assert await ask(kavach, agents[2], "mcp:github:repos") == "no_permission"
    assert await rows_of(host) == [(code, told), ("no_permission", None)]


async def test_a6_a_chain_is_exported(host: Host, kavach: Any) -> None:
    agents, told = await make_line(kavach, None, None)
    await ask(kavach, agents[1])
    assert told[0]["id"] in await kavach.audit.export(format="csv")
    assert f'"fromAgent":"{agents[0].id}"' in await kavach.audit.export(format="json")


@pytest.mark.every_database
async def test_dg1_an_approval_of_a_delegated_call_is_the_callers_and_lets_one_call_through(
    host: Host, kavach: Any
) -> None:
    agents, told = await make_line(kavach, {"requireApproval": True, "maxCallsPerHour": 1}, None, None)
    _, middle, leaf = agents
    asked = await kavach.authorize(leaf.id, **ISSUES)
    assert asked.code == "approval_required"
    request = await kavach.approval.get(asked.approval_id)
    assert (request.agent_id, request.user_id) == (leaf.id, "ada")
    await kavach.approval.approve(request.id, by="ada")
    other = await kavach.authorize(middle.id, **ISSUES)
    assert (other.code, other.approval_id != request.id) == ("approval_required", True)
    assert (await kavach.authorize(leaf.id, **ISSUES)).allowed
    assert (await kavach.authorize(leaf.id, **ISSUES)).code == "approval_required"
    # The limit of the first giver is used up for all, and keeps an approval for later.
    await kavach.approval.approve(other.approval_id, by="ada")
    late = await kavach.authorize(middle.id, **ISSUES)
    assert (late.code, late.approval_id) == ("rate_limited", other.approval_id)
    assert (await kavach.approval.get(other.approval_id)).status == "approved"
    assert (await host.audit_rows())[2].delegation_chain == told


async def test_dg1_an_approval_given_further_up_is_no_approval_of_a_call_below(kavach: Any) -> None:
    agents, _ = await make_line(kavach, {"requireApproval": True}, None)
    asked = await kavach.authorize(agents[0].id, **ISSUES)
    await kavach.approval.approve(asked.approval_id, by="ada")
    assert (await kavach.authorize(agents[1].id, **ISSUES)).code == "approval_required"
    assert (await kavach.authorize(agents[0].id, **ISSUES)).allowed


async def test_p2_calls_count_on_the_permission_that_a_chain_rests_on_and_on_no_other(kavach: Any) -> None:
    """A giver's other permission, which contains the same, has a count of its own."""
    broad = {**READ_GITHUB, "constraints": {"maxCallsPerHour": 1}}
    narrow = {**READ_ISSUES, "constraints": {"maxCallsPerHour": 1}}
    giver = await make_agent(kavach, broad, narrow)
    receiver = await make_agent(kavach)
    await hand(kavach, giver, receiver, {"resource": "mcp:github:repos", "actions": ["read"]})
    assert await ask(kavach, receiver, "mcp:github:repos") is None
    assert await ask(kavach, giver, "mcp:github:repos") == "rate_limited"
    assert await ask(kavach, giver) is None
    assert await ask(kavach, giver) == "rate_limited"


async def test_p2_a_limit_of_a_chain_counts_what_goes_by_it_alone(kavach: Any) -> None:
    giver, receiver, leaf = await make_agent(kavach, READ_GITHUB), await make_agent(kavach), await make_agent(kavach)
    limited = {**READ_ISSUES, "constraints": {"maxCallsPerHour": 1}}
    first = await hand(kavach, giver, receiver, limited)
    await hand(kavach, receiver, leaf, READ_ISSUES)
    assert await ask(kavach, leaf) is None
    assert await ask(kavach, receiver) == "rate_limited"
    assert await ask(kavach, giver) is None
    await hand(kavach, giver, receiver, limited)
    assert await ask(kavach, receiver) is None
    assert await ask(kavach, receiver) == "rate_limited"
    await kavach.delegation.revoke(first.id)
    assert await ask(kavach, leaf) == "no_permission"


async def test_dg1_constraints_of_permissions_that_are_not_handed_on_do_not_matter(kavach: Any) -> None:
    giver, receiver = (
        await make_agent(
            kavach, READ_ISSUES, {"resource": "db:users", "actions": ["read"], "constraints": {"maxCallsPerHour": 0}}
        ),
        await make_agent(kavach),
    )
    await hand(kavach, giver, receiver, READ_ISSUES)
    assert await ask(kavach, receiver) is None
