"""Permissions that are written often, as functions of the resource: what they return is passed as `permissions`.

Each returns a list, so that several are put together with `+`. They are permissions like any others, checked when an
agent is created or updated, and can be delegated. Raises `InvalidInput` for what is malformed.

Source: the documentation's concept page names templates; the actions are those of its examples.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kavach_core.errors import InvalidInput
from kavach_core.policy.permissions import ANY_ACTION, Permission, read_permissions

_MCP: Final = "mcp:"


def readonly(resource: str) -> list[Permission]:
    """Allow to read."""
    return _permissions(resource, ["read"])


def readwrite(resource: str) -> list[Permission]:
    """Allow to read and to write."""
    return _permissions(resource, ["read", "write"])


def admin(resource: str) -> list[Permission]:
    """Allow every action."""
    return _permissions(resource, [ANY_ACTION])


def mcp_basic(resource: str = "mcp:**") -> list[Permission]:
    """Allow to read resources of MCP servers and to execute their tools; `resource` begins with `mcp:`."""
    return _permissions(_mcp(resource), ["read", "execute"])


def mcp_full(resource: str = "mcp:**") -> list[Permission]:
    """Allow every action on MCP servers; `resource` begins with `mcp:`."""
    return admin(_mcp(resource))


def rate_limited_read(resource: str, *, max_calls_per_hour: int = 100) -> list[Permission]:
    """Allow to read so many times in any 60 minutes."""
    return _permissions(resource, ["read"], max_calls_per_hour=max_calls_per_hour)


def approval_required(resource: str, *, actions: Iterable[str] = (ANY_ACTION,)) -> list[Permission]:
    """Allow what a person has approved, call by call."""
    return _permissions(resource, actions, require_approval=True)


def business_hours(
    resource: str,
    *,
    actions: Iterable[str] = ("read", "write"),
    start: str = "09:00",
    end: str = "17:00",
    timezone: str | None = None,
) -> list[Permission]:
    """Allow from `start` on and before `end`, every day; `timezone` is an IANA name, UTC where it is None."""
    window = {"start": start, "end": end, "timezone": timezone}
    return _permissions(resource, actions, time_window=window)


def _permissions(resource: str, actions: Iterable[str], **constraints: object) -> list[Permission]:
    permission = {"resource": resource, "actions": list(actions), "constraints": constraints or None}
    return read_permissions([permission], "segment")


def _mcp(resource: str) -> str:
    if not resource.startswith(_MCP):
        raise InvalidInput("resource: an MCP template is for resources that begin with mcp:")
    return resource
