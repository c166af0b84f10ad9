"""The audit trail: query it, export it."""

from __future__ import annotations

import io
from typing import Unpack

from kavach_core.engine.export import Export, ExportFormat, Progress, TextFile
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

    async def count(self, **filters: Unpack[AuditLogFilter]) -> int:
        """Return how many audit rows match."""
        return await self._storage.count_audit_logs(**filters)

    async def export(self, *, format: ExportFormat = "json", **filters: Unpack[AuditLogFilter]) -> str:
        """Return all matching audit rows as text, as `export_to` writes it."""
        text = io.StringIO(newline="")
        await self.export_to(text, format=format, **filters)
        return text.getvalue()

    async def export_to(
        self,
        file: TextFile,
        *,
        format: ExportFormat = "json",
        progress: Progress | None = None,
        **filters: Unpack[AuditLogFilter],
    ) -> int:
        """Write all matching audit rows to a text file, oldest first, in constant memory; return how many there were.

        CSV (RFC 4180, with a header), a JSON array, or JSON Lines. Cells of CSV that a spreadsheet would take for a
        formula get a leading apostrophe. A file that you open for CSV MUST have `newline=""`. `progress` is called with
        the number of rows so far, every 1000 rows and at the end. What was written before an error stays in the file.

        Raises `InvalidInput` for another format.
        """
        export = Export(file, format, progress)
        async for row in self._storage.stream_audit_logs(**filters):
            export.write(row)
        return export.finish()
