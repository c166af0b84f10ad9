"""Templates: what each allows, and that they are permissions like any others."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from typing import Any

import pytest

from kavach_core import InvalidInput, Permission, templates
from kavach_core.policy.constraints import Call
from kavach_core.policy.decisions import weigh
from kavach_core.policy.permissions import Grant

NAMES = {
    "readonly",
    "readwrite",
    "admin",
    "mcp_basic",
    "mcp_full",
    "rate_limited_read",
    "approval_required",
    "business_hours",
}
TEMPLATES: list[Any] = [getattr(templates, name) for name in sorted(NAMES)]
NOON, NIGHT = datetime(2030, 1, 1, 12, tzinfo=UTC), datetime(2030, 1, 1, 22, tzinfo=UTC)


def allowed(permissions: list[Permission], action: str, resource: str = "mcp:github:issues", at: Any = NOON) -> bool:
    """Tell whether one of these permissions covers a call and its pure constraints pass."""
    grants = [Grant(permission, "segment", "agent") for permission in permissions]
    return bool(weigh(grants, Call(action, resource, at)).grants)


def test_every_documented_template_is_there() -> None:
    public = {
        name
        for name, found in inspect.getmembers(templates, inspect.isfunction)
        if found.__module__ == templates.__name__ and not name.startswith("_")
    }
    assert public == NAMES


@pytest.mark.parametrize(
    ("permissions", "actions"),
    [
        (templates.readonly("mcp:github:*"), {"read"}),
        (templates.readwrite("mcp:github:*"), {"read", "write"}),
        (templates.admin("mcp:github:*"), {"read", "write", "execute", "delete"}),
        (templates.mcp_basic(), {"read", "execute"}),
        (templates.mcp_full(), {"read", "write", "execute", "delete"}),
        (templates.rate_limited_read("mcp:**"), {"read"}),
        (templates.approval_required("mcp:**", actions=["delete"]), {"delete"}),
        (templates.business_hours("mcp:**"), {"read", "write"}),
        (templates.readonly("mcp:github:*") + templates.admin("db:*"), {"read"}),
    ],
)
def test_a_template_allows_what_it_says(permissions: list[Permission], actions: set[str]) -> None:
    assert {found for found in ("read", "write", "execute", "delete") if allowed(permissions, found)} == actions
    assert not allowed(permissions, "read", "s3:bucket")


def test_constraints_of_templates() -> None:
    def constraints(permissions: list[Permission]) -> dict[str, object]:
        (permission,) = permissions
        assert permission.constraints is not None
        return permission.constraints.model_dump(exclude_none=True)

    assert constraints(templates.rate_limited_read("a")) == {"max_calls_per_hour": 100}
    assert constraints(templates.rate_limited_read("a", max_calls_per_hour=0)) == {"max_calls_per_hour": 0}
    assert constraints(templates.approval_required("a")) == {"require_approval": True}
    window = {"start": "08:00", "end": "18:00", "timezone": "Europe/Berlin"}
    assert constraints(templates.business_hours("a", **window)) == {"time_window": window}
    assert all(permission.constraints is None for permission in templates.admin("a") + templates.mcp_full())


def test_business_hours_end() -> None:
    permissions = templates.business_hours("mcp:**")
    assert (allowed(permissions, "read"), allowed(permissions, "read", at=NIGHT)) == (True, False)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.__name__)
@pytest.mark.parametrize("resource", ["mcp::x", "mcp:git*", "mcp:" + "x" * 1100])
def test_a_malformed_resource_is_refused(template: Any, resource: str) -> None:
    with pytest.raises(InvalidInput, match=r"^permissions\[0\]\.?.*resource"):
        template(resource)


@pytest.mark.parametrize("template", [templates.mcp_basic, templates.mcp_full])
def test_an_mcp_template_is_for_mcp(template: Any) -> None:
    with pytest.raises(InvalidInput, match="begin with mcp:"):
        template("db:users")


def test_malformed_constraints_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"constraints\.max_calls_per_hour"):
        templates.rate_limited_read("a", max_calls_per_hour=-1)
    with pytest.raises(InvalidInput, match="HH:MM"):
        templates.business_hours("a", start="9am")
    with pytest.raises(InvalidInput, match="actions"):
        templates.approval_required("a", actions=[])
