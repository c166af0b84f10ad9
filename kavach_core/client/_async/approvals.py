"""Calls that wait for a person's consent, on a server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from kavach_core.client._async.calling import AsyncCaller
from kavach_core.client.answers import segment
from kavach_core.client.errors import NotFoundError
from kavach_core.client.types import Approval, ApprovalFilters

PAGE: Final = 100


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
        """Return a page of the requests that wait for an answer, oldest first."""
        params = None if filters is None else filters.to_params()
        return await self._caller.fetch(list[Approval], "GET", "/approvals", params=params)

    async def iterate(self, filters: ApprovalFilters | None = None) -> AsyncIterator[Approval]:
        """Yield all requests that wait for an answer, page by page; `limit` is the size of a page."""
        asked = filters or ApprovalFilters()
        asked = replace(asked, limit=asked.limit or PAGE)
        while page := await self.list_pending(asked):
            for request in page:
                yield request
            asked = replace(asked, after=page[-1].id)

    async def approve(self, request_id: str, *, by: str | None = None) -> Approval:
        """Consent to a call, and return the request: one such call is let through before it expires.

        A service MUST name the person who answers; for one who is signed in the server knows it.
        """
        return await self._answer(request_id, "approve", by)

    async def deny(self, request_id: str, *, by: str | None = None) -> Approval:
        """Refuse a call, and return the request: such calls are denied until it expires; as `approve` in all else."""
        return await self._answer(request_id, "deny", by)

    async def _answer(self, request_id: str, answer: str, by: str | None) -> Approval:
        path = f"/approvals/{segment(request_id)}/{answer}"
        return await self._caller.fetch(Approval, "POST", path, body={} if by is None else {"by": by})
