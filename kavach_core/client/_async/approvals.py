"""Calls that wait for a person's consent, on a server."""

from __future__ import annotations

from kavach_core.client._async.calling import AsyncCaller
from kavach_core.client.answers import segment
from kavach_core.client.errors import NotFoundError
from kavach_core.client.types import Approval, ApprovalFilters


class AsyncApprovals:
    """The requests for approval of a server; each call raises `KavachError` where it fails."""

    def __init__(self, caller: AsyncCaller) -> None:
        """Call a server."""
        self._caller = caller

    async def get(self, request_id: str) -> Approval | None:
        """Return the request with this id, whatever its status, or None."""
        try:
            return await self._caller.fetch(Approval, "GET", f"/approvals/{segment(request_id)}")
        except NotFoundError:
            return None

    async def list_pending(self, filters: ApprovalFilters | None = None) -> list[Approval]:
        """Return the requests that wait for an answer."""
        params = None if filters is None else filters.to_params()
        return await self._caller.fetch(list[Approval], "GET", "/approvals", params=params)

    async def approve(self, request_id: str) -> Approval:
        """Consent to a call: one such call is let through before the request expires."""
        return await self._caller.fetch(Approval, "POST", f"/approvals/{segment(request_id)}/approve")

    async def deny(self, request_id: str) -> Approval:
        """Refuse a call: such calls are denied until the request expires."""
        return await self._caller.fetch(Approval, "POST", f"/approvals/{segment(request_id)}/deny")
