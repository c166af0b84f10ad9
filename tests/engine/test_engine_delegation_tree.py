"""Chains are a tree: each rests on one parent, what is revoked falls with all below it, and the way up is short."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise, product
from typing import Any

import pytest

from engine.support import (
    READ_GITHUB,
    READ_ISSUES,
    START,
    Clock,
    Host,
    ask,
    hand,
    make_agent,
    operations_of,
)
from kavach_core import DelegationError, StorageError

pytestmark = pytest.mark.one_database

READ_REPOS = {"resource": "mcp:github:repos", "actions": ["read"]}


async def make_agents(kavach: Any, count: int, *permissions: object) -> list[Any]:
    """Create agents of which the first alone has permissions."""
    return [await make_agent(kavach, *permissions), *[await make_agent(kavach) for _ in range(count - 1)]]


async def hand_down(kavach: Any, agents: list[Any], *permissions: object, **values: Any) -> list[Any]:
    """Delegate from each agent to the next, and return the chains."""
    return [
        await hand(kavach, giver, receiver, *permissions, max_depth=9, **values) for giver, receiver in pairwise(agents)
    ]


async def statuses(kavach: Any, *agents: Any) -> list[str]:
    """Return the status of each delegation to these agents, in order."""
    return [
        chain.status
        for agent in agents
        for chain in await kavach.delegation.list_chains(agent.id)
        if chain.to_agent == agent.id
    ]


async def test_a_chain_names_the_one_that_it_rests_on(kavach: Any) -> None:
    first, second, third = await hand_down(kavach, await make_agents(kavach, 4, READ_GITHUB), READ_ISSUES)
    assert first.parent_chain_id is None
    assert (second.parent_chain_id, third.parent_chain_id) == (first.id, second.id)
    assert [chain.depth for chain in (first, second, third)] == [1, 2, 3]


async def test_what_an_agent_has_of_its_own_comes_first(kavach: Any) -> None:
    agents = await make_agents(kavach, 3, READ_GITHUB)
    await kavach.agent.update(agents[1].id, permissions=[READ_ISSUES])
    _, chain = await hand_down(kavach, agents, READ_ISSUES)
    assert (chain.parent_chain_id, chain.depth) == (None, 1)


async def test_the_chain_with_most_hops_left_comes_first_and_another_one_can_be_chosen(kavach: Any) -> None:
    top, middle, leaf = await make_agents(kavach, 3, READ_GITHUB)
    short, long, last = [await hand(kavach, top, middle, READ_ISSUES, max_depth=depth) for depth in (2, 5, 3)]
    assert (await hand(kavach, middle, leaf, READ_ISSUES)).parent_chain_id == long.id
    for chain in (short, long, last):
        chosen = await hand(kavach, middle, leaf, READ_ISSUES, parent_chain_id=chain.id)
        assert chosen.parent_chain_id == chain.id


async def test_a_parent_must_be_in_force_and_to_the_giver_and_hold_what_is_given(kavach: Any) -> None:
    top, middle, leaf = await make_agents(kavach, 3, READ_GITHUB)
    narrow, wide = await hand(kavach, top, middle, READ_REPOS), await hand(kavach, top, middle, READ_GITHUB)
    other, revoked = await hand(kavach, top, leaf, READ_GITHUB), await hand(kavach, top, middle, READ_GITHUB)
    await kavach.delegation.revoke(revoked.id)
    for parent in ("missing", other.id, revoked.id):
        with pytest.raises(DelegationError, match=r"^parent_chain_id names no delegation in force"):
            await hand(kavach, middle, leaf, READ_ISSUES, parent_chain_id=parent)
    with pytest.raises(DelegationError, match="does not hold"):
        await hand(kavach, middle, leaf, READ_ISSUES, parent_chain_id=narrow.id)
    await hand(kavach, middle, leaf, READ_ISSUES, parent_chain_id=wide.id)


async def test_permissions_of_different_chains_are_delegated_apart(kavach: Any) -> None:
    top, middle, leaf = await make_agents(kavach, 3, READ_GITHUB)
    for permission in (READ_ISSUES, READ_REPOS):
        await hand(kavach, top, middle, permission)
    with pytest.raises(DelegationError, match=r"^the permissions come from different delegations"):
        await hand(kavach, middle, leaf, READ_ISSUES, READ_REPOS)
    for permission in (READ_ISSUES, READ_REPOS):
        await hand(kavach, middle, leaf, permission)
    assert await ask(kavach, leaf) is None
    assert await ask(kavach, leaf, "mcp:github:repos") is None


async def test_agents_may_hand_each_other_what_is_their_own(kavach: Any) -> None:
    """DG2: a circle is an agent twice in one line; two lines are none."""
    one, other = await make_agent(kavach, READ_ISSUES), await make_agent(kavach, READ_REPOS)
    await hand(kavach, one, other, READ_ISSUES)
    await hand(kavach, other, one, READ_REPOS)
    assert await ask(kavach, one, "mcp:github:repos") is None
    assert await ask(kavach, other) is None


@pytest.mark.every_database
async def test_dg6_dg10_a_revocation_falls_on_the_tree_below_and_nothing_else(kavach: Any) -> None:
    top, middle, left, right, leaf = await make_agents(kavach, 5, READ_GITHUB)
    root = await hand(kavach, top, middle, READ_GITHUB, max_depth=9)
    beside = await hand(kavach, top, middle, READ_REPOS, max_depth=9)
    doomed = [root, *[await hand(kavach, middle, agent, READ_ISSUES, max_depth=9) for agent in (left, right)]]
    doomed.append(await hand(kavach, left, leaf, READ_ISSUES, max_depth=9))
    spared = [beside, await hand(kavach, middle, leaf, READ_REPOS, max_depth=9, parent_chain_id=beside.id)]
    spared.append(await hand(kavach, top, leaf, READ_ISSUES))

    revoked = await kavach.delegation.revoke(root.id)

    assert revoked == root.model_copy(update={"status": "revoked"})
    listed = {c.id: c for agent in (top, leaf, right) for c in await kavach.delegation.list_chains(agent.id)}
    listed |= {c.id: c for agent in (middle, left) for c in await kavach.delegation.list_chains(agent.id)}
    assert {id for id, chain in listed.items() if chain.status == "revoked"} == {chain.id for chain in doomed}
    assert {id for id, chain in listed.items() if chain.status == "active"} == {chain.id for chain in spared}
    assert await ask(kavach, left) == await ask(kavach, right) == "no_permission"
    assert await ask(kavach, leaf) is None
    assert await ask(kavach, leaf, "mcp:github:repos") is None


async def test_dg10_a_revocation_reads_a_generation_at_a_time(
    host: Host, kavach: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents = await make_agents(kavach, 4, READ_GITHUB)
    root, *_ = await hand_down(kavach, agents, READ_ISSUES)
    for _ in range(5):
        await hand_down(kavach, agents[1:], READ_ISSUES)
    with operations_of(host, monkeypatch) as asked:
        await kavach.delegation.revoke(root.id)
    assert asked.count("Find kavach_delegation_chains") == 3
    assert len(asked) == 3 + 1 + 6 + 6
    assert set(await statuses(kavach, *agents[1:])) == {"revoked"}


@pytest.mark.every_database
async def test_dg10_a_revocation_is_whole_or_not_at_all(
    host: Host, kavach: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents = await make_agents(kavach, 3, READ_GITHUB)
    root, child = await hand_down(kavach, agents, READ_ISSUES)
    storage = type(getattr(host.storage, "value", host.storage))
    update = storage.update_delegation_chain

    def failing(self: Any, chain_id: str, **changes: Any) -> Any:
        if chain_id == child.id:
            raise StorageError("the disk is full")
        return update(self, chain_id, **changes)

    with monkeypatch.context() as patched:
        patched.setattr(storage, "update_delegation_chain", failing)
        with pytest.raises(StorageError):
            await kavach.delegation.revoke(root.id)
    assert await statuses(kavach, *agents) == ["active", "active"]
    await kavach.delegation.revoke(root.id)
    assert await statuses(kavach, *agents) == ["revoked", "revoked"]


async def write_chain(host: Host, giver: Any, receiver: Any, **values: Any) -> None:
    """Write a chain as another program might: nothing is checked."""
    row = {
        "id": "written",
        "from_agent_id": giver.id,
        "to_agent_id": receiver.id,
        "permissions": [READ_ISSUES],
        "depth": 2,
        "max_depth": 9,
        "expires_at": START + timedelta(hours=1),
        "created_at": START,
    }
    await host.storage.create_delegation_chain(**row | values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, None),
        ({"depth": 1}, "no_permission"),
        ({"depth": 4, "max_depth": 4}, "no_permission"),
        ({"depth": 3, "max_depth": 2}, "no_permission"),
        ({"parent_chain_id": None}, "no_permission"),
        ({"parent_chain_id": "missing"}, "no_permission"),
        ({"parent_chain_id": "written"}, "no_permission"),
        ({"status": "suspended"}, "no_permission"),
        ({"permissions": [{"resource": "**", "actions": ["*"]}]}, "no_permission"),
        ({"permissions": ["mcp:github:issues"]}, "no_permission"),
        ({"expires_at": START}, "no_permission"),
    ],
)
async def test_dg4_dg7_dg8_nothing_that_is_stored_is_trusted(
    host: Host, kavach: Any, values: dict[str, Any], expected: str | None
) -> None:
    """DG7, DG8: another program, or a delegation at the moment of a revocation, can write what `delegate` refuses."""
    top, middle, leaf = await make_agents(kavach, 3, READ_GITHUB)
    chain = await hand(kavach, top, middle, READ_GITHUB)
    await write_chain(host, middle, leaf, **{"parent_chain_id": chain.id, **values})
    assert await ask(kavach, leaf) == expected


async def test_dg4_a_chain_below_one_that_is_not_to_its_giver_is_not_in_force(host: Host, kavach: Any) -> None:
    top, middle, leaf, other = await make_agents(kavach, 4, READ_GITHUB)
    chain = await hand(kavach, top, other, READ_GITHUB)
    await write_chain(host, middle, leaf, parent_chain_id=chain.id)
    assert await ask(kavach, leaf) == "no_permission"
    await write_chain(host, other, leaf, parent_chain_id=chain.id, id="another")
    assert await ask(kavach, leaf) is None


async def test_dg4_a_chain_that_was_made_while_its_parent_was_revoked_is_not_in_force(host: Host, kavach: Any) -> None:
    top, middle, leaf = await make_agents(kavach, 3, READ_GITHUB)
    chain = await hand(kavach, top, middle, READ_GITHUB)
    await kavach.delegation.revoke(chain.id)
    await write_chain(host, middle, leaf, parent_chain_id=chain.id)
    assert await ask(kavach, leaf) == "no_permission"
    assert await kavach.delegation.get_effective_permissions(leaf.id) == []


async def test_dg8_what_rests_on_a_chain_ends_with_it_whatever_it_says(host: Host, kavach: Any, clock: Clock) -> None:
    top, middle, leaf = await make_agents(kavach, 3, READ_GITHUB)
    chain = await hand(kavach, top, middle, READ_GITHUB)
    await write_chain(host, middle, leaf, parent_chain_id=chain.id, expires_at=clock.later(days=9))
    assert await ask(kavach, leaf) is None
    clock.pass_time(hours=1)
    assert await ask(kavach, leaf) == "no_permission"


async def test_dg4_deleting_an_agent_ends_what_it_gave(host: Host, kavach: Any) -> None:
    agents = await make_agents(kavach, 4, READ_GITHUB)
    await hand_down(kavach, agents, READ_ISSUES)
    await host.storage.delete_agent(agents[1].id)
    assert await ask(kavach, agents[3]) == "no_permission"


async def test_dg10_p23_the_way_up_takes_a_statement_for_each_hop_however_many_chains_there_are(
    host: Host, kavach: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a graph where all agents of a layer hand on to all of the next, there are as many ways as layers multiply."""
    layers = [[await make_agent(kavach, READ_GITHUB)]]
    layers += [[await make_agent(kavach) for _ in range(3)] for _ in range(3)]
    taken: list[list[str]] = []
    assert await ask(kavach, layers[-1][0]) == "no_permission"
    for _ in range(2):
        for givers, receivers in pairwise(layers):
            for giver, receiver in product(givers, receivers):
                await hand(kavach, giver, receiver, READ_ISSUES, max_depth=9)
        with operations_of(host, monkeypatch) as asked:
            assert await ask(kavach, layers[-1][0]) is None
        taken.append(asked)
    chains = ["Find kavach_delegation_chains"] * 2
    up = ["Gather kavach_agents", *chains, "Find kavach_agents", "Find kavach_permissions"]
    record = ["Find kavach_trust_scores", "Update kavach_trust_scores", "Insert kavach_audit_logs"]
    assert taken == [[*up, *record]] * 2


@pytest.mark.parametrize("enabled", [False, True])
async def test_p23_a_call_of_an_agent_without_delegations_takes_two_statements_and_one_for_trust(
    host: Host, monkeypatch: pytest.MonkeyPatch, enabled: bool
) -> None:
    kavach = await host.kavach(trust={"enabled": enabled})
    agent = await make_agent(kavach, READ_ISSUES)
    assert await ask(kavach, agent) is None
    with operations_of(host, monkeypatch) as asked:
        assert await ask(kavach, agent) is None
        await kavach.authorize_by_token(agent.token, action="read", resource="mcp:github:issues")
    trust = ["Update"] if enabled else []
    assert [operation.split()[0] for operation in asked] == ["Gather", *trust, "Insert"] * 2
