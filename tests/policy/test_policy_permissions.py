"""Permissions as hosts write them: both spellings, and errors that say where and not what."""

from __future__ import annotations

import pytest

from kavach_core import Constraints, InvalidInput, Permission, TimeWindow
from kavach_core.policy.permissions import read_permissions
from kavach_core.policy.resources import Wildcard

CANARY = "c4n4ry-5ecret"
FULL = Constraints(
    max_calls_per_hour=5,
    require_approval=True,
    ip_allowlist=["10.0.0.0/8"],
    time_window=TimeWindow(start="09:00", end="18:00"),
    allowed_arg_patterns=["/home/agent/**"],
)


def read(*given: object, wildcard: Wildcard = "segment") -> list[Permission]:
    return read_permissions(given, wildcard)  # type: ignore[arg-type]


def test_a_mapping_is_read() -> None:
    found = read({"resource": "mcp:github:*", "actions": ["read", "comment"]})
    assert found == [Permission(resource="mcp:github:*", actions=["read", "comment"])]


def test_a_model_is_taken_as_it_is() -> None:
    permission = Permission(resource="mcp:github:*", actions=["read"], constraints=FULL)
    assert read(permission)[0] is permission


def test_the_order_is_kept_and_models_and_mappings_mix() -> None:
    found = read(Permission(resource="a", actions=["x"]), {"resource": "b", "actions": ["x"]})
    assert [permission.resource for permission in found] == ["a", "b"]


@pytest.mark.parametrize(
    "constraints",
    [
        {
            "maxCallsPerHour": 5,
            "requireApproval": True,
            "ipAllowlist": ["10.0.0.0/8"],
            "timeWindow": {"start": "09:00", "end": "18:00"},
            "allowedArgPatterns": ["/home/agent/**"],
        },
        {
            "max_calls_per_hour": 5,
            "require_approval": True,
            "ip_allowlist": ["10.0.0.0/8"],
            "time_window": {"start": "09:00", "end": "18:00"},
            "allowed_arg_patterns": ["/home/agent/**"],
        },
    ],
    ids=["camelCase", "snake_case"],
)
def test_constraints_are_read_in_both_spellings(constraints: dict[str, object]) -> None:
    (found,) = read({"resource": "a", "actions": ["x"], "constraints": constraints})
    assert found.constraints == FULL


def test_permissions_are_stored_in_camel_case_without_what_is_absent() -> None:
    permission = Permission(resource="a", actions=["x"], constraints=Constraints(max_calls_per_hour=0))
    assert permission.stored() == {"resource": "a", "actions": ["x"], "constraints": {"maxCallsPerHour": 0}}
    assert Permission(resource="a", actions=["x"]).stored() == {"resource": "a", "actions": ["x"]}


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"resource": "a"}, r"permissions\[1\]: actions: field required"),
        ({"actions": ["x"]}, r"permissions\[1\]: resource: field required"),
        ({"resource": "a", "actions": []}, r"permissions\[1\]: actions: "),
        ({"resource": "a", "actions": [""]}, r"permissions\[1\]: actions\.0: "),
        ({"resource": "a", "actions": "x"}, r"permissions\[1\]: actions: "),
        ({"resource": "a", "actions": [CANARY, 5]}, r"permissions\[1\]: actions\.1: "),
        ({"resource": "a", "actions": [CANARY * 30]}, r"permissions\[1\]: actions\.0: .*at most 255"),
        ({"resource": "", "actions": ["x"]}, r"permissions\[1\]: resource: "),
        ({"resource": 5, "actions": ["x"]}, r"permissions\[1\]: resource: "),
        ({"resource": CANARY * 100, "actions": ["x"]}, r"permissions\[1\]: resource: .*at most 1024"),
        ({"resource": CANARY + "::", "actions": ["x"]}, r"permissions\[1\]\.resource: malformed resource pattern"),
        ({"resource": CANARY + "*", "actions": ["x"]}, r"permissions\[1\]\.resource: malformed resource pattern"),
        ({"resource": CANARY + "\ud800", "actions": ["x"]}, r"permissions\[1\]: resource: "),
        ({"resource": "a", "actions": ["x"], "limit": CANARY}, r"permissions\[1\]: limit: extra inputs"),
        ({"resource": "a", "actions": ["x"], 5: CANARY}, r"permissions\[1\]: "),
        ({"resource": "a", "actions": ["x"], "constraints": CANARY}, r"permissions\[1\]: constraints: "),
        (
            {"resource": "a", "actions": ["x"], "constraints": {"maxCalls": CANARY}},
            r"permissions\[1\]: constraints\.maxCalls: extra inputs",
        ),
        (
            {"resource": "a", "actions": ["x"], "constraints": {"maxCallsPerHour": -1}},
            r"permissions\[1\]: constraints\.maxCallsPerHour: ",
        ),
        (
            {"resource": "a", "actions": ["x"], "constraints": {"maxCallsPerHour": CANARY}},
            r"permissions\[1\]: constraints\.maxCallsPerHour: ",
        ),
        (
            {"resource": "a", "actions": ["x"], "constraints": {"requireApproval": CANARY}},
            r"permissions\[1\]: constraints\.requireApproval: ",
        ),
        (
            {"resource": "a", "actions": ["x"], "constraints": {"timeWindow": {"start": CANARY}}},
            r"permissions\[1\]: constraints\.timeWindow\.end: ",
        ),
        (CANARY, r"permissions\[1\]: expected a mapping"),
        (5, r"permissions\[1\]: expected a mapping"),
        (None, r"permissions\[1\]: expected a mapping"),
    ],
)
def test_what_is_no_permission_is_refused_by_its_place_and_without_its_value(given: object, where: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{where}") as caught:
        read({"resource": "fine", "actions": ["x"]}, given)
    shown = repr(caught.value) + repr(caught.value.__cause__) + str(caught.value)
    assert CANARY not in shown
    place, _, problem = str(caught.value).rpartition(": ")
    assert place
    assert problem[0] == problem[0].lower()


@pytest.mark.parametrize("given", [None, 5])
def test_permissions_that_are_no_list_are_refused(given: object) -> None:
    with pytest.raises(InvalidInput, match=r"^permissions: expected a list, got (NoneType|int)$"):
        read_permissions(given, "segment")  # type: ignore[arg-type]


def test_one_permission_in_place_of_a_list_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"^permissions\[0\]: expected a mapping"):
        read_permissions({"resource": "a", "actions": ["x"]}, "segment")  # type: ignore[dict-item]


def test_a_model_made_without_validation_is_still_held_to_its_pattern() -> None:
    with pytest.raises(InvalidInput, match="malformed resource pattern"):
        read(Permission.model_construct(resource="a*", actions=["x"]))


def test_a_permission_is_frozen() -> None:
    permission = Permission(resource="a", actions=["x"])
    with pytest.raises(ValueError, match="frozen"):
        permission.resource = "b"
