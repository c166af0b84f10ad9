"""Methods on what is decided: audit logs, their seals, streams and holds, counters and approval requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final, Unpack

from kavach_core.storage import contract
from kavach_core.storage._async.backend import AsyncMethods
from kavach_schema.filters import AuditLogFilter
from kavach_schema.inputs import (
    ApprovalRequestChanges,
    ApprovalRequestInput,
    AuditHoldChanges,
    AuditHoldInput,
    AuditLogInput,
    AuditSealInput,
    AuditStreamInput,
    CounterInput,
    RateLimitInput,
)
from kavach_schema.records import ApprovalRequest, AuditHold, AuditLog, AuditSeal, AuditStream, Counter, RateLimit

STREAM_PAGE: Final = 1000


class AsyncDecisionMethods(AsyncMethods):
    """Audit logs, rate limits, counters and approval requests."""

    async def create_audit_log(self, **values: Unpack[AuditLogInput]) -> AuditLog:
        """Write one audit row and return it; raises `ConflictError` where the id is taken."""
        return await self._execute(contract.CREATE_AUDIT_LOG, values)

    async def create_audit_logs(self, rows: Sequence[AuditLogInput]) -> list[AuditLog]:
        """Write audit rows, all or none, and return them in order; raises `ConflictError` where an id is taken."""
        return await self._execute(contract.CREATE_AUDIT_LOGS, {"rows": rows})

    async def query_audit_logs(
        self,
        *,
        limit: int = 100,
        offset: int | None = None,
        after: AuditLog | None = None,
        **filters: Unpack[AuditLogFilter],
    ) -> list[AuditLog]:
        """Return audit rows, newest first.

        `after` is the last row of the page before, and costs the same on any page; an `offset` costs more the further
        it reaches.
        """
        values: dict[str, object] = {**filters, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.QUERY_AUDIT_LOGS, values)

    async def count_audit_logs(self, **filters: Unpack[AuditLogFilter]) -> int:
        """Return how many audit rows match."""
        return await self._execute(contract.COUNT_AUDIT_LOGS, filters)

    async def stream_audit_logs(self, **filters: Unpack[AuditLogFilter]) -> AsyncIterator[AuditLog]:
        """Yield audit rows, oldest first, any number of them in constant memory: they are read page by page.

        Rows that are written meanwhile may or may not be among them.
        """
        values: dict[str, object] = {**filters, "limit": STREAM_PAGE}
        while True:
            page = await self._execute(contract.STREAM_AUDIT_LOGS, values)
            for row in page:
                yield row
            if len(page) < STREAM_PAGE:
                return
            values["after"] = page[-1]

    async def delete_audit_logs_before(
        self, before: datetime, *, ids: Sequence[str] | None = None, limit: int | None = None
    ) -> int:
        """Delete the audit rows that are older than a moment, at most `limit`; return their number.

        With `ids`, only rows with one of these.
        """
        values = {"before": before, "ids": ids, "limit": limit}
        return await self._execute(contract.DELETE_AUDIT_LOGS_BEFORE, values)

    async def find_audit_seal(self, seal_id: str) -> AuditSeal | None:
        """Return the seal with this id, or None."""
        return await self._execute(contract.FIND_AUDIT_SEAL, {"id": seal_id})

    async def query_audit_seals(
        self, *, limit: int = 100, offset: int | None = None, after: AuditSeal | None = None
    ) -> list[AuditSeal]:
        """Return seals by their numbers, the greatest first; `after` is the last one of the page before."""
        values: dict[str, object] = {"limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.QUERY_AUDIT_SEALS, values)

    async def list_audit_seals(
        self, *, limit: int = 100, offset: int | None = None, after: AuditSeal | None = None
    ) -> list[AuditSeal]:
        """Return seals by their numbers, the least first; `after` is the last one of the page before."""
        values: dict[str, object] = {"limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_AUDIT_SEALS, values)

    async def create_audit_seal(self, **values: Unpack[AuditSealInput]) -> AuditSeal:
        """Write a new seal and return it; raises `ConflictError` where the id is taken: of several writers one wins."""
        return await self._execute(contract.CREATE_AUDIT_SEAL, values)

    async def find_audit_stream(self, stream_id: str) -> AuditStream | None:
        """Return how far the stream of this name is, or None."""
        return await self._execute(contract.FIND_AUDIT_STREAM, {"id": stream_id})

    async def upsert_audit_stream(self, **values: Unpack[AuditStreamInput]) -> AuditStream:
        """Write how far a stream is, new or over what is stored, and return it."""
        return await self._execute(contract.UPSERT_AUDIT_STREAM, values)

    async def find_audit_hold(self, hold_id: str) -> AuditHold | None:
        """Return the legal hold with this id, lifted or not, or None."""
        return await self._execute(contract.FIND_AUDIT_HOLD, {"id": hold_id})

    async def list_audit_holds(
        self,
        *,
        status: str | None = None,
        limit: int = 100,
        offset: int | None = None,
        after: AuditHold | None = None,
    ) -> list[AuditHold]:
        """Return legal holds by creation, oldest first; `after` is the last one of the page before.

        What others have committed is seen, as by `list_rate_limits`.
        """
        values: dict[str, object] = {"status": status, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_AUDIT_HOLDS, values)

    async def create_audit_hold(self, **values: Unpack[AuditHoldInput]) -> AuditHold:
        """Write a new legal hold and return it; raises `ConflictError` where the id is taken."""
        return await self._execute(contract.CREATE_AUDIT_HOLD, values)

    async def update_audit_hold(
        self, hold_id: str, *, expected_status: str | None = None, **changes: Unpack[AuditHoldChanges]
    ) -> AuditHold | None:
        """Change the named fields and return the legal hold, or None where there is none.

        With `expected_status`, only while the hold still has it.
        """
        values: dict[str, object] = {"id": hold_id, **changes}
        values["expected_status"] = expected_status
        return await self._execute(contract.UPDATE_AUDIT_HOLD, values)

    async def find_rate_limit(self, agent_id: str, *, resource: str, window_start: datetime) -> RateLimit | None:
        """Return the counter of one window, or None."""
        values = {"agent_id": agent_id, "resource": resource, "window_start": window_start}
        return await self._execute(contract.FIND_RATE_LIMIT, values)

    async def list_rate_limits(
        self,
        agent_id: str,
        *,
        resource: str,
        since: datetime | None = None,
        limit: int = 100,
        offset: int | None = None,
        after: RateLimit | None = None,
    ) -> list[RateLimit]:
        """Return the counters of an agent on a resource by window, oldest first; `since` is included.

        `after` is the last one of the page before. What others have committed is seen, also in a transaction that reads
        all else as it was at its start: a limit that such a transaction checks holds.
        """
        values: dict[str, object] = {
            "agent_id": agent_id,
            "resource": resource,
            "since": since,
            "limit": limit,
            "offset": offset,
            "after": after,
        }
        return await self._execute(contract.LIST_RATE_LIMITS, values)

    async def upsert_rate_limit(self, **values: Unpack[RateLimitInput]) -> RateLimit:
        """Write the counter of one window, new or over the stored count, and return it; a stored row keeps its id."""
        return await self._execute(contract.UPSERT_RATE_LIMIT, values)

    async def increment_rate_limit(
        self, *, limit: int | None = None, **values: Unpack[RateLimitInput]
    ) -> RateLimit | None:
        """Add `count` to the counter of one window, and return it as it is now.

        Where the sum would pass `limit` nothing changes and None is returned. Sums are exact however many write at
        once. Inside a transaction the counter stays locked until its end. Raises `InvalidInput` where the sum would
        pass 64 bits.
        """
        return await self._execute(contract.INCREMENT_RATE_LIMIT, {**values, "limit": limit})

    async def delete_rate_limits_before(self, before: datetime, *, limit: int | None = None) -> int:
        """Delete the counters of windows that began before a moment, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_RATE_LIMITS_BEFORE, {"before": before, "limit": limit})

    async def find_counter(self, subject: str, *, window_start: datetime) -> Counter | None:
        """Return the counter of a subject in one window, or None."""
        return await self._execute(contract.FIND_COUNTER, {"subject": subject, "window_start": window_start})

    async def list_counters(
        self,
        subject: str,
        *,
        since: datetime | None = None,
        limit: int = 100,
        offset: int | None = None,
        after: Counter | None = None,
    ) -> list[Counter]:
        """Return the counters of a subject by window, oldest first; `since` is included.

        `after` is the last one of the page before. What others have committed is seen, as by `list_rate_limits`.
        """
        values: dict[str, object] = {
            "subject": subject,
            "since": since,
            "limit": limit,
            "offset": offset,
            "after": after,
        }
        return await self._execute(contract.LIST_COUNTERS, values)

    async def upsert_counter(self, **values: Unpack[CounterInput]) -> Counter:
        """Write the counter of one window, new or over the stored count, and return it; a stored row keeps its id."""
        return await self._execute(contract.UPSERT_COUNTER, values)

    async def increment_counter(self, *, limit: int | None = None, **values: Unpack[CounterInput]) -> Counter | None:
        """Add `count` to the counter of one window and return it as it is now; otherwise as `increment_rate_limit`."""
        return await self._execute(contract.INCREMENT_COUNTER, {**values, "limit": limit})

    async def delete_counters(self, subject: str) -> int:
        """Delete all counters of a subject, and return their number."""
        return await self._execute(contract.DELETE_COUNTERS, {"subject": subject})

    async def delete_counters_before(self, before: datetime, *, limit: int | None = None) -> int:
        """Delete the counters of windows that began before a moment, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_COUNTERS_BEFORE, {"before": before, "limit": limit})

    async def find_approval_request(self, request_id: str) -> ApprovalRequest | None:
        """Return the approval request with this id, whatever its status, or None."""
        return await self._execute(contract.FIND_APPROVAL_REQUEST, {"id": request_id})

    async def list_pending_approvals(
        self,
        agent_id: str | None = None,
        *,
        user_id: str | None = None,
        limit: int = 100,
        offset: int | None = None,
        after: ApprovalRequest | None = None,
    ) -> list[ApprovalRequest]:
        """Return pending requests by creation, oldest first, of an agent or a user, or all; expired ones included.

        `after` is the last one of the page before.
        """
        values: dict[str, object] = {
            "status": "pending",
            "agent_id": agent_id,
            "user_id": user_id,
            "limit": limit,
            "offset": offset,
            "after": after,
        }
        return await self._execute(contract.LIST_PENDING_APPROVALS, values)

    async def create_approval_request(self, **values: Unpack[ApprovalRequestInput]) -> ApprovalRequest:
        """Write a new approval request and return it; raises `ConflictError` where the id is taken."""
        return await self._execute(contract.CREATE_APPROVAL_REQUEST, values)

    async def update_approval_request(
        self,
        request_id: str,
        *,
        expected_status: str | None = None,
        **changes: Unpack[ApprovalRequestChanges],
    ) -> ApprovalRequest | None:
        """Change the named fields and return the request, or None where there is none.

        With `expected_status`, only while the request still has it: of several answers exactly one wins.
        """
        values: dict[str, object] = {"id": request_id, **changes}
        values["expected_status"] = expected_status
        return await self._execute(contract.UPDATE_APPROVAL_REQUEST, values)

    async def delete_expired_approval_requests(
        self, now: datetime, *, statuses: Sequence[str] | None = None, limit: int | None = None
    ) -> int:
        """Delete the requests that expired at `now` or before, at most `limit`; return their number.

        With `statuses`, only those that have one of these.
        """
        values = {"now": now, "statuses": statuses, "limit": limit}
        return await self._execute(contract.DELETE_EXPIRED_APPROVAL_REQUESTS, values)
