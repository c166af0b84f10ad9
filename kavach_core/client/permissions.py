"""Short ways to write permissions, under the names of the published SDK. Source: python-sdk, "Permissions helpers"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from kavach_core.client.types import Permission, PermissionConstraints

__all__ = [
    "Permission",
    "PermissionConstraints",
    "execute",
    "full_access",
    "parse_permissions",
    "rate_limited",
    "read",
    "read_write",
    "with_approval",
    "write",
]


def read(resource: str, constraints: PermissionConstraints | None = None) -> Permission:
    """Permit to read what a pattern matches."""
    return Permission(resource, ["read"], constraints)


def write(resource: str, constraints: PermissionConstraints | None = None) -> Permission:
    """Permit to write what a pattern matches."""
    return Permission(resource, ["write"], constraints)


def execute(resource: str, constraints: PermissionConstraints | None = None) -> Permission:
    """Permit to execute what a pattern matches."""
    return Permission(resource, ["execute"], constraints)


def read_write(resource: str, constraints: PermissionConstraints | None = None) -> Permission:
    """Permit to read and write what a pattern matches."""
    return Permission(resource, ["read", "write"], constraints)


def full_access(resource: str, constraints: PermissionConstraints | None = None) -> Permission:
    """Permit to read, write, execute and delete what a pattern matches."""
    return Permission(resource, ["read", "write", "execute", "delete"], constraints)


def with_approval(base: Permission) -> Permission:
    """Return the same permission where a person must approve each call."""
    return _constrained(base, require_approval=True)


def rate_limited(base: Permission, max_calls_per_hour: int) -> Permission:
    """Return the same permission for so many calls in an hour."""
    return _constrained(base, max_calls_per_hour=max_calls_per_hour)


def parse_permissions(raw: Iterable[Mapping[str, Any]]) -> list[Permission]:
    """Return the permissions that JSON objects say; raises `pydantic.ValidationError`."""
    return [Permission.from_dict(each) for each in raw]


def _constrained(base: Permission, **changes: Any) -> Permission:
    constraints = replace(base.constraints or PermissionConstraints(), **changes)
    return replace(base, actions=[*base.actions], constraints=constraints)
