"""The audit trail: query it, export it."""

from __future__ import annotations

from typing import Literal, Unpack

from kavach_core.engine.export import render_csv, render_json
from kavach_core.engine.reading import Clock
from kavach_core.engine.settings import Rules
from kavach_core.errors import InvalidInput
from kavach_core.storage import AsyncStorage
from kavach_schema.filters import AuditLogFilter
from kavach_schema.records import AuditLog

MAX_PAGE = 1000


class AsyncAudit:
    """The audit trail of a Kavach."""

    def __init__(self, storage: AsyncStorage, rules: Rules, clock: Clock) -> None:
        """Use a storage under rules."""
        self._storage = storage
        self._rules = rules
        self._clock = clock

    async def query(
        self,
        *,
        limit: int = 100,
        offset: int | None = None,
        after: AuditLog | None = None,
        **filters: Unpack[AuditLogFilter],
    ) -> list[AuditLog]:
        """Return audit rows, newest first, at most `limit` of them (1 to 1000); a filter that is None does not apply.

        `since` is included and `until` is not. For the next page pass the last row as `after`. Raises `InvalidInput`.
        """
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_PAGE:
            raise InvalidInput(f"limit: must be an integer from 1 to {MAX_PAGE}; export() returns everything")
        return await self._storage.query_audit_logs(limit=limit, offset=offset, after=after, **filters)

    async def export(self, *, format: Literal["csv", "json"] = "json", **filters: Unpack[AuditLogFilter]) -> str:
        """Return all matching audit rows as text, oldest first: CSV (RFC 4180) with a header, or a JSON array.

        Cells that a spreadsheet would take for a formula get a leading apostrophe. Raises `InvalidInput` for another
        format.
        """
        if format not in ("csv", "json"):
            raise InvalidInput('format: use "csv" or "json"')
        rows = [row async for row in self._storage.stream_audit_logs(**filters)]
        return render_csv(rows) if format == "csv" else render_json(rows)
