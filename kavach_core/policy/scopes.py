"""What a service token or an API key may be allowed to do: a small closed set of names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, get_args

from kavach_core.errors import InvalidInput

Scope = Literal[
    "admin",
    "agents:read",
    "agents:write",
    "authorize",
    "authorize:context",
    "delegations:read",
    "delegations:write",
    "audit:read",
    "approvals:read",
    "approvals:write",
    "mcp:read",
    "mcp:write",
    "budgets:read",
    "budgets:write",
    "tenants:read",
    "tenants:write",
    "trust:read",
    "trust:write",
    "users:read",
    "users:write",
    "organizations:read",
    "organizations:write",
]

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

ADMIN: Final[Scope] = "admin"
"""The scope that contains all others."""


def read_scopes(given: Iterable[str]) -> list[Scope]:
    """Return scopes, each once and in the order of `SCOPES`; raises `InvalidInput` for none and for unknown ones."""
    wanted = {given} if isinstance(given, str) else set(given)
    if not wanted or not wanted.issubset(SCOPES):
        raise InvalidInput(f"scopes: name at least one of {', '.join(SCOPES)}")
    return [scope for scope in SCOPES if scope in wanted]


def permits(held: Iterable[str], scope: Scope) -> bool:
    """Tell whether scopes that are held contain one."""
    return any(each in (scope, ADMIN) for each in held)
