"""The keywords with which rows are found: a filter that is left out or None does not apply."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypedDict

__all__ = ["AgentFilter", "AuditLogFilter"]


class AgentFilter(TypedDict, total=False):
    """Which agents: exact values of their columns."""

    owner_id: str | None
    tenant_id: str | None
    status: str | None
    type: str | None


class AuditLogFilter(TypedDict, total=False):
    """Which audit rows: exact values, any of several actions, and a span of time.

    `since` is included and `until` is not.
    """

    agent_id: str | None
    user_id: str | None
    result: Literal["allowed", "denied", "rate_limited"] | None
    actions: Sequence[str] | None
    since: datetime | None
    until: datetime | None
