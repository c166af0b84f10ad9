"""The audit trail of a server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from kavach_core.client._async.calling import AsyncCaller
from kavach_core.client.types import AuditEntry, AuditFilters, ExportOptions, PaginatedAuditLogs

PAGE: Final = 100


class AsyncAudit:
    """The audit trail of a server; each call raises `KavachError` where it fails."""

    def __init__(self, caller: AsyncCaller) -> None:
        """Call a server."""
        self._caller = caller

    async def query(self, filters: AuditFilters | None = None) -> list[AuditEntry]:
        """Return a page of the rows that match, newest first."""
        return (await self.query_paginated(filters)).entries

    async def query_paginated(self, filters: AuditFilters | None = None) -> PaginatedAuditLogs:
        """Return a page of the rows that match, newest first, and how many match in all if the server says so."""
        params = None if filters is None else filters.to_params()
        return await self._caller.fetch(PaginatedAuditLogs, "GET", "/audit", params=params)

    async def iterate(self, filters: AuditFilters | None = None) -> AsyncIterator[AuditEntry]:
        """Yield all rows that match, newest first, page by page; `limit` is the size of a page.

        Rows that are added meanwhile move the others to later pages: one that comes again is left out.
        """
        asked = filters or AuditFilters()
        limit, offset = asked.limit or PAGE, asked.offset or 0
        before: set[str] = set()
        while True:
            page = await self.query(replace(asked, limit=limit, offset=offset))
            for row in page:
                if row.id not in before:
                    yield row
            if len(page) < limit:
                return
            before = {row.id for row in page}
            offset += limit

    async def export(self, options: ExportOptions | None = None) -> str:
        """Return all rows that match as text."""
        params = (options or ExportOptions()).to_params()
        answer = await self._caller.send("GET", "/audit/export", params=params, accept="text/plain, application/json")
        return answer.text
