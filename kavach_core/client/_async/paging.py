"""All rows of a listing, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Final, TypeVar

from kavach_core.client.types import Agent, AgentFilters, AuditEntry, AuditFilters

PAGE: Final = 100


Row = TypeVar("Row", Agent, AuditEntry)
Filters = TypeVar("Filters", AgentFilters, AuditFilters)


async def iterate_async_pages(fetch: Callable[[Filters], Awaitable[list[Row]]], filters: Filters) -> AsyncIterator[Row]:
    """Yield the rows of one page after another, from the filters' offset on; a row that comes again is left out.

    Rows that are added meanwhile in front move the others to later pages.
    """
    limit = filters.limit or PAGE
    offset = filters.offset or 0
    before: set[str] = set()
    while True:
        page = await fetch(replace(filters, limit=limit, offset=offset))
        for row in page:
            if row.id not in before:
                yield row
        if len(page) < limit:
            return
        before = {row.id for row in page}
        offset += limit
