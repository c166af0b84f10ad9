"""Requests for approval as values: which call one is about, whether it is open, and who may answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from kavach_core.engine.reading import expired
from kavach_core.engine.tokens import PREFIXES
from kavach_core.engine.values import Approval, ApprovalStatus
from kavach_core.errors import ApprovalError
from kavach_schema import records

_STATUSES: Final[dict[str, ApprovalStatus]] = {
    "pending": "pending",
    "approved": "approved",
    "denied": "denied",
    "used": "used",
    "expired": "expired",
}


def digest(agent_id: str, action: str, resource: str, arguments: Mapping[str, JsonValue] | None) -> str:
    """Return what binds a request to a call: the same for the same call alone, whatever the order of its arguments."""
    call = json.dumps([agent_id, action, resource, arguments or {}], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(call.encode()).hexdigest()


def approval_value(row: records.ApprovalRequest, now: datetime) -> Approval:
    """Return a request as the engine shows it: one whose time has come is expired, whatever the row says."""
    return Approval(
        id=row.id,
        agent_id=row.agent_id,
        user_id=row.user_id,
        action=row.action,
        resource=row.resource,
        arguments=row.arguments,
        status=approval_status(row, now),
        expires_at=row.expires_at,
        responded_at=row.responded_at,
        responded_by=row.responded_by,
        created_at=row.created_at,
    )


def approval_status(row: records.ApprovalRequest, now: datetime) -> ApprovalStatus:
    """Return what a request is now; a status that is not known lets nothing through, and counts as denied."""
    status = _STATUSES.get(row.status, "denied")
    return "expired" if status in ("pending", "approved") and expired(row.expires_at, now) else status


def settled(row: records.ApprovalRequest, now: datetime) -> bool:
    """Tell whether a request says no more about a call: a new one may be made. A denial stands until it expires."""
    return approval_status(row, now) in ("used", "expired") or expired(row.expires_at, now)


def refuse_answer(row: records.ApprovalRequest, by: str, now: datetime, *, owner_only: bool) -> None:
    """Refuse an answer that is too late, or by one who may not give it; raises `ApprovalError`."""
    status = approval_status(row, now)
    if status != "pending":
        raise ApprovalError(f"the request is {status}; only a pending one can be answered")
    if not by or by == row.agent_id or by.startswith(PREFIXES):
        raise ApprovalError("an agent cannot answer; pass the id of a person")
    if owner_only and by != row.user_id:
        raise ApprovalError("only the owner of the agent can answer")
