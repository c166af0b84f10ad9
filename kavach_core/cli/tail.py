"""The newest rows of the audit trail, and each new one as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from kavach_core.client.types import AuditEntry, AuditFilters

EVERY: Final = 1.0
"""Seconds between two looks."""

LATE: Final = timedelta(seconds=10)
"""How much older than the newest row one may be that comes after it: rows are dated before they are committed."""

_PAGE: Final = 1000

Query: TypeAlias = Callable[[AuditFilters], list[AuditEntry]]


def newest(query: Query, filters: AuditFilters, *, follow: bool) -> Iterator[AuditEntry]:
    """Yield the newest rows, newest last, and where `follow` is set each new one, for ever."""
    rows = query(filters)
    yield from reversed(rows)
    since = _since(rows, filters.since)
    seen = {row.id for row in _window(query, filters, since)} if follow and rows else set()
    while follow:
        time.sleep(EVERY)
        rows = _window(query, filters, since)
        yield from (row for row in reversed(rows) if row.id not in seen)
        seen = {row.id for row in rows}
        since = _since(rows, since)


def _since(rows: list[AuditEntry], before: str | None) -> str | None:
    """Return the moment from which on a row may be new, `before` where there is no row."""
    return (datetime.fromisoformat(rows[0].timestamp) - LATE).isoformat() if rows else before


def _window(query: Query, filters: AuditFilters, since: str | None) -> list[AuditEntry]:
    """Return all rows since a moment, newest first."""
    found: list[AuditEntry] = []
    while True:
        page = query(replace(filters, since=since, limit=_PAGE, offset=len(found)))
        found += page
        if len(page) < _PAGE:
            return found
