"""Delegation never widens, narrowing is a set of conditions, and a line is in force only if all of it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kavach_core import Constraints, DelegationError, Permission
from kavach_core.policy.constraints import Call, UnreadableConstraints
from kavach_core.policy.decisions import deny, weigh
from kavach_core.policy.delegation import (
    MOST_WAYS,
    Held,
    Line,
    Link,
    choose_source,
    derive,
    lines_in_force,
    reach,
    simplest,
)
from kavach_core.policy.permissions import Condition, Grant, narrow

"""An example asks many calls, and on a busy machine takes as long as it takes."""

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)

CONSTRAINTS = st.sampled_from(
    [
        None,
        Constraints(require_approval=True),
        Constraints(max_calls_per_hour=5),
        Constraints(max_calls_per_hour=0),
        Constraints(ip_allowlist=["10.0.0.0/8"]),
        Constraints(ip_allowlist=["10.1.0.0/16"], max_calls_per_hour=3),
        Constraints(allowed_arg_patterns=["a*"]),
        UnreadableConstraints(),
    ]
)
PERMISSIONS = st.builds(
    Permission,
    resource=st.sampled_from(["*", "a:*", "a:**", "a:b", "*:b", "c"]),
    actions=st.lists(st.sampled_from(["read", "write", "*"]), min_size=1, max_size=2),
    constraints=CONSTRAINTS,
)
SOME = st.lists(PERMISSIONS, min_size=1, max_size=3)
CALLS = [
    Call(action, resource, NOW, arguments, ip)
    for action, resource, arguments, ip in product(
        ("read", "write"), ("a", "a:b", "a:b:c", "x:b", "c"), (None, {"x": "ab"}), (None, "10.1.0.1", "10.2.0.1")
    )
]
CONDITIONS = st.lists(
    st.builds(
        Condition,
        CONSTRAINTS.map(lambda constraints: constraints or Constraints()),
        st.sampled_from(["", "a", "b"]),
        st.sampled_from(["", "k"]),
    ),
    max_size=4,
).map(tuple)


def link(id: str, giver: str, receiver: str, *permissions: Permission, **values: Any) -> Link:
    return replace(Link(id, giver, receiver, permissions, 1, 9, NOW + timedelta(hours=1)), **values)


def line_of(*given: list[Permission]) -> Line:
    """Return a line of chains between the agents 0, 1, 2, ... that hand on these permissions."""
    return tuple(
        link(f"c{hop}", f"{hop}", f"{hop + 1}", *permissions, depth=hop + 1, parent_id=f"c{hop - 1}" if hop else None)
        for hop, permissions in enumerate(given)
    )


def grants_along(own: list[Permission], line: Line) -> list[list[Grant]]:
    """Return what each agent of a line holds by it, the first giver's own first."""
    mine = [Grant(permission, "segment", "0") for permission in own]
    known: dict[str, list[Grant]] = {}
    derive(line, {"0": mine}, "segment", known)
    return [mine, *[known[link.id] for link in line]]


def places(grant: Grant) -> set[tuple[str, str, int]]:
    return {(counter.agent_id, counter.key, counter.limit) for counter in grant.counters}


@given(SOME, st.lists(SOME, min_size=1, max_size=3))
def test_dg1_dg3_delegation_never_widens(own: list[Permission], given: list[list[Permission]]) -> None:
    """Whatever a chain says: what it allows its giver may do too, with no more consent and on no fewer counts."""
    held = grants_along(own, line_of(*given))
    for call in CALLS:
        open_to = [weigh(grants, call).grants for grants in held]
        for above, below in pairwise(open_to):
            for grant in below:
                assert any(
                    places(source) <= places(grant) and source.needs_approval <= grant.needs_approval
                    for source in above
                ), call


@given(SOME)
def test_what_is_handed_on_unchanged_allows_the_same(own: list[Permission]) -> None:
    held = grants_along(own, line_of([permission.model_copy(update={"constraints": None}) for permission in own]))
    for call in CALLS:
        mine, theirs = (weigh(grants, call).grants for grants in held)
        assert bool(mine) is bool(theirs), call


@given(CONDITIONS, CONDITIONS, CONDITIONS)
def test_narrowing_is_commutative_associative_and_idempotent(one: Any, two: Any, three: Any) -> None:
    assert narrow(one, two) == narrow(two, one)
    assert narrow(narrow(one, two), three) == narrow(one, narrow(two, three))
    assert narrow(narrow(one, two), two) == narrow(one, two)
    assert narrow(one, one) == narrow(one, ())


@given(CONDITIONS, CONDITIONS)
def test_narrowing_allows_what_both_allow(one: Any, two: Any) -> None:
    everything = Permission(resource="*", actions=["*"])

    def allowed(conditions: tuple[Condition, ...], call: Call) -> bool:
        return bool(weigh([Grant(everything, "segment", "0", conditions)], call).grants)

    for call in CALLS:
        assert allowed(narrow(one, two), call) is (allowed(one, call) and allowed(two, call)), call


@given(CONDITIONS)
def test_the_order_of_conditions_does_not_change_the_code(conditions: Any) -> None:
    everything = Permission(resource="*", actions=["*"])
    for call in CALLS:
        codes = set()
        for order in (conditions, conditions[::-1], conditions * 2):
            grant = Grant(everything, "segment", "0")
            grant.conditions = order
            codes.add(deny(weigh([grant], call).refusals).code)
        assert len(codes) == 1


def test_ways_that_multiply_are_bounded_and_the_freest_are_kept() -> None:
    """Two overlapping permissions at each hop make 2**n ways; limits that differ keep each apart from the others."""
    twice = [
        Permission(
            resource="a:b", actions=["read"], constraints=Constraints(max_calls_per_hour=9, require_approval=need)
        )
        for need in (None, False)
    ]
    free = Permission(resource="a:**", actions=["read"])
    held = grants_along([*twice, free], line_of(*[twice] * 12))
    assert [len(grants) for grants in held[:5]] == [3, 2, 4, 8, 16]
    assert [len(grants) for grants in held[6:]] == [2 * MOST_WAYS] * 7
    assert min(len(grant.conditions) for grant in held[-1]) == 12
    *_, last = grants_along([*twice, free], line_of(*[[free]] * 12))
    assert [grant.conditions for grant in last] == [()]


@given(st.lists(CONDITIONS, max_size=5))
def test_a_way_is_left_out_only_where_another_asks_for_less(given: list[Any]) -> None:
    everything = Permission(resource="*", actions=["*"])
    ways = [Grant(everything, "segment", "0", conditions) for conditions in given]
    kept = simplest(ways)
    assert {id(way) for way in kept} <= {id(way) for way in ways}
    for way in ways:
        assert any(narrow(way.conditions, other.conditions) == way.conditions for other in kept)


LINKS = st.lists(
    st.builds(
        link,
        st.sampled_from(["k", "l", "m", "n"]),
        st.sampled_from(["x", "y", "z"]),
        st.sampled_from(["x", "y", "z"]),
        depth=st.integers(0, 4),
        max_depth=st.integers(0, 4),
        parent_id=st.sampled_from([None, "k", "l", "m", "n", "missing"]),
        active=st.sampled_from([True, True, True, False]),
        expires_at=st.sampled_from([NOW, NOW + timedelta(seconds=1)]),
    ),
    max_size=4,
    unique_by=lambda made: made.id,
).map(lambda made: {found.id: found for found in made})


@given(LINKS, st.sets(st.sampled_from(["x", "y", "z"])))
def test_dg2_dg4_a_chain_is_in_force_exactly_if_all_above_it_is(links: dict[str, Link], agents: set[str]) -> None:
    def line(id: str, below: tuple[str, ...] = ()) -> Line | None:
        """The rule, written down once more, as slowly as can be."""
        here = links.get(id)
        if here is None or id in below:
            return None
        if here.parent_id is None:
            above: Line | None = ()
        else:
            above = line(here.parent_id, (*below, id))
            if above is not None and above[-1].receiver != here.giver:
                return None
        if above is None:
            return None
        whole = (*above, here)
        route = [*[hop.giver for hop in whole], here.receiver]
        depths = [hop.depth for hop in whole]
        fine = (
            all(hop.active and hop.expires_at > NOW and hop.giver in agents for hop in whole)
            and len(set(route)) == len(route)
            and all(upper < lower for upper, lower in pairwise(depths))
            and max(depths) <= min(hop.max_depth for hop in whole)
        )
        return whole if fine else None

    expected = {id: found for id in links if (found := line(id)) is not None}
    assert lines_in_force(links, agents, NOW) == expected


@pytest.mark.parametrize("last", ["a", "b", "c"])
def test_dg2_a_stored_line_in_which_an_agent_comes_twice_is_not_in_force_where_it_closes(last: str) -> None:
    hops = [("1", "a", "b", None), ("2", "b", "c", "1"), ("3", "c", last, "2")]
    links = {id: link(id, giver, receiver, depth=int(id), parent_id=parent) for id, giver, receiver, parent in hops}
    assert set(lines_in_force(links, {"a", "b", "c"}, NOW)) == {"1", "2"}
    links["3"] = replace(links["3"], receiver="d")
    assert set(lines_in_force(links, {"a", "b", "c"}, NOW)) == {"1", "2", "3"}


def test_a_long_line_is_walked_without_recursion() -> None:
    """A line that another program stored may be as long as it likes."""
    long = {
        f"{n}": link(f"{n}", f"a{n}", f"a{n + 1}", depth=n, max_depth=9999, parent_id=f"{n - 1}" if n else None)
        for n in range(1500)
    }
    found = lines_in_force(dict(reversed(long.items())), {f"a{n}" for n in range(1500)}, NOW)
    assert len(found["1499"]) == 1500


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 90)), min_size=1, max_size=5))
def test_dg7_dg8_a_new_chain_goes_no_deeper_and_lasts_no_longer_than_its_parent(asked: list[tuple[int, int]]) -> None:
    everything = Permission(resource="*", actions=["*"])
    line: Line = ()
    for hop, (max_depth, minutes) in enumerate(asked):
        expires_at = NOW + timedelta(minutes=minutes)
        held = [Held(line, [Grant(everything, "segment", f"{hop}")])]
        try:
            chosen = choose_source(
                held,
                [everything],
                receiver=f"{hop + 1}",
                expires_at=expires_at,
                max_depth=max_depth,
                wildcard="segment",
            )
        except DelegationError:
            depth, most = reach(line, max_depth)
            assert depth > most or (line and expires_at > line[-1].expires_at)
            return
        assert chosen == line
        depth, most = reach(line, max_depth)
        assert depth == hop + 1 <= most <= min([max_depth, *[above.max_depth for above in line]])
        assert all(expires_at <= above.expires_at for above in line)
        line = (*line, link(f"c{hop}", f"{hop}", f"{hop + 1}", depth=depth, max_depth=most, expires_at=expires_at))


@pytest.mark.parametrize("receiver", ["0", "1"])
def test_dg2_a_line_does_not_come_back(receiver: str) -> None:
    everything = Permission(resource="*", actions=["*"])
    held = [Held(line_of([everything], [everything]), [Grant(everything, "segment", "2")])]
    with pytest.raises(DelegationError, match="circle"):
        choose_source(held, [everything], receiver=receiver, expires_at=NOW, max_depth=9, wildcard="segment")
