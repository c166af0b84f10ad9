"""What a set of grants decides, and that their order does not matter (P7)."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kavach_core import Constraints, Permission, TimeWindow
from kavach_core.policy.constraints import Call, Failure, UnreadableConstraints
from kavach_core.policy.decisions import CONSTRAINTS, NEARNESS, REASONS, Refusal, Verdict, Weighed, deny, weigh
from kavach_core.policy.delegation import Link
from kavach_core.policy.permissions import Condition, Counter, Grant

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
APPROVAL = Constraints(require_approval=True)
LIMITED = Constraints(max_calls_per_hour=5)
NEVER = Constraints(max_calls_per_hour=0)
ELSEWHERE = Constraints(ip_allowlist=["10.0.0.0/8"])


def grant(
    resource: str, *actions: str, constraints: Constraints | None = None, inherited: tuple[Constraints, ...] = ()
) -> Grant:
    permission = Permission(resource=resource, actions=list(actions), constraints=constraints)
    conditions = tuple(Condition(these, "up", f"key {number}") for number, these in enumerate(inherited))
    return Grant(permission, "segment", "me", conditions)


def link(id: str) -> Link:
    return Link(id, "up", "me", (), 1, 3, NOON)


def ask(grants: list[Grant], action: str = "read", resource: str = "a:b") -> Weighed:
    return weigh(grants, Call(action, resource, NOON))


def code(*constraints: Constraints | None, call: Call | None = None) -> str | None:
    """Return what keeps one grant from a call, None where nothing does."""
    found = weigh([grant("a:b", "read", constraints=these) for these in constraints], call or Call("read", "a:b", NOON))
    return None if found.grants else deny(found.refusals).code


GRANTS = st.lists(
    st.builds(
        grant,
        st.sampled_from(["*", "a:*", "a:b", "a:**", "c"]),
        st.sampled_from(["read", "write", "*"]),
        constraints=st.sampled_from([None, Constraints(), APPROVAL, LIMITED, NEVER, ELSEWHERE]),
        inherited=st.sampled_from([(), (APPROVAL,), (LIMITED,), (NEVER,)]),
    ),
    max_size=5,
)


def test_without_a_grant_the_call_is_denied() -> None:
    assert ask([]) == Weighed((), ())


@pytest.mark.parametrize(("action", "resource"), [("write", "a:b"), ("read", "a"), ("READ", "a:b"), ("*", "a:b")])
def test_what_no_grant_covers_is_denied(action: str, resource: str) -> None:
    assert ask([grant("a:*", "read")], action, resource) == Weighed((), ())


def test_the_action_star_covers_every_action() -> None:
    assert ask([grant("a:*", "*")], "anything").grants


@given(GRANTS)
def test_p7_the_order_of_grants_changes_neither_what_remains_nor_the_code(grants: list[Grant]) -> None:
    expected = ask(grants)
    for order in permutations(grants, len(grants)):
        found = ask(list(order))
        assert deny(found.refusals) == deny(expected.refusals)
        assert set(found.grants) == set(expected.grants)
        assert [g.needs_approval for g in found.grants] == [g.needs_approval for g in expected.grants]
        assert [g.counters for g in found.grants] == [g.counters for g in expected.grants]


@given(GRANTS)
def test_p7_a_grant_remains_exactly_if_it_would_alone(grants: list[Grant]) -> None:
    assert set(ask(grants).grants) == {one for one in grants if ask([one]).grants}


def test_p7_a_broad_grant_that_needs_approval_does_not_hide_a_free_one() -> None:
    broad, narrow = grant("*", "*", constraints=APPROVAL), grant("a:b", "read")
    for order in ([broad, narrow], [narrow, broad]):
        assert ask(order).grants == (narrow, broad)


def test_a_grant_that_asks_for_nothing_is_tried_first_and_a_person_is_asked_last() -> None:
    """P4: a call that costs nothing elsewhere MUST NOT use up a limit."""
    grants = [grant("*", "*", constraints=these) for these in (APPROVAL, LIMITED, None)]
    for order in permutations(grants):
        assert ask(list(order)).grants == (grants[2], grants[1], grants[0])


@pytest.mark.parametrize(
    ("constraints", "expected"),
    [
        (Constraints(), None),
        (APPROVAL, None),
        (LIMITED, None),
        (NEVER, "rate_limited"),
        (Constraints(ip_allowlist=[]), "ip_not_allowed"),
        (Constraints(time_window=TimeWindow(start="00:00", end="12:00")), "outside_time_window"),
        (Constraints(allowed_arg_patterns=[]), "argument_not_allowed"),
        (UnreadableConstraints(), "constraint_unsupported"),
        (Constraints.model_construct(max_calls_per_hour=-1), "rate_limited"),
        (Constraints.model_construct(ip_allowlist=["10.0.0.0/33"]), "ip_not_allowed"),
        (Constraints.model_construct(allowed_arg_patterns=["["]), "constraint_unsupported"),
        (
            Constraints.model_construct(time_window=TimeWindow.model_construct(start="", end="", timezone="No/Where")),
            "constraint_unsupported",
        ),
    ],
)
def test_p14_every_pure_constraint_has_its_code_and_none_raises(
    constraints: Constraints, expected: Failure | None
) -> None:
    assert code(constraints, call=Call("read", "a:b", NOON, {"path": "/etc"}, None)) == expected


def test_p3_a_limit_of_0_means_never() -> None:
    assert code(NEVER) == "rate_limited"


def test_dg1_an_inherited_constraint_is_asked_as_an_own_one_is() -> None:
    assert ask([grant("a:*", "read", inherited=(NEVER,))]) == Weighed((), (Refusal("rate_limited"),))
    assert ask([grant("a:*", "read", inherited=(APPROVAL,))]).grants[0].needs_approval
    both = grant("a:*", "read", constraints=LIMITED, inherited=(Constraints(max_calls_per_hour=3),))
    assert [(counter.agent_id, counter.limit) for counter in both.counters] == [("me", 5), ("up", 3)]


def test_dg1_a_set_that_is_met_by_nobody_is_not_undone_by_a_later_one() -> None:
    wide = Constraints(ip_allowlist=["0.0.0.0/0"])
    call = Call("read", "a:b", NOON, ip="192.0.2.1")
    for own, inherited in ((wide, ELSEWHERE), (ELSEWHERE, wide)):
        found = weigh([grant("a:b", "read", constraints=own, inherited=(inherited,))], call)
        assert found == Weighed((), (Refusal("ip_not_allowed"),))


def test_a_denial_names_the_failure_nearest_to_an_allow() -> None:
    assert code(ELSEWHERE, NEVER) == "rate_limited"
    assert code(NEVER, ELSEWHERE, UnreadableConstraints()) == "rate_limited"
    assert code(UnreadableConstraints()) == "constraint_unsupported"


def test_p2_a_count_is_kept_for_the_permission_and_not_for_the_resource_that_is_asked_for() -> None:
    (one,) = grant("a:*", "read", constraints=LIMITED).counters
    assert one == Counter("me", one.key, 5)
    same = Permission(resource="a:*", actions=["read", "read"], constraints=Constraints(max_calls_per_hour=9))
    assert Grant(same, "segment", "me").counters == [Counter("me", one.key, 9)]
    for other in (
        grant("a:b", "read", constraints=LIMITED),
        grant("a:*", "write", constraints=LIMITED),
        grant("a:*", "read", constraints=Constraints(max_calls_per_hour=5, ip_allowlist=["10.0.0.0/8"])),
        Grant(grant("a:*", "read", constraints=LIMITED).permission, "segment", "me", line=(link("c"),)),
    ):
        assert other.counters[0].key != one.key


def test_every_code_has_a_reason_in_lower_case() -> None:
    assert all(reason == reason.lower() and reason for reason in REASONS.values())
    assert all(Verdict(code).reason == reason for code, reason in REASONS.items())
    assert Verdict(None).reason is None
    assert {*NEARNESS} < {*REASONS}
    assert {*CONSTRAINTS} < {*NEARNESS}
    assert {*CONSTRAINTS.values()} == {*Constraints.model_fields}


@pytest.mark.parametrize(
    ("own", "wanted", "expected"),
    [
        (["read"], ["read"], True),
        (["read", "write"], ["read"], True),
        (["read"], ["read", "write"], False),
        (["*"], ["read", "write"], True),
        (["*"], ["*"], True),
        (["read"], ["*"], False),
    ],
)
def test_dg3_a_grant_contains_permissions_of_no_further_action(
    own: list[str], wanted: list[str], expected: bool
) -> None:
    assert grant("a:*", *own).contains(Permission(resource="a:b", actions=wanted), "segment") is expected
