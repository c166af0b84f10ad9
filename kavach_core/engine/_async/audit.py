"""The audit trail: query, export and stream it, seal it, and verify that it is as it was sealed."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime
from typing import Unpack

from kavach_core.engine._async.holding import (
    delete_async_unheld_rows,
    lift_async_hold,
    list_async_holds,
    place_async_hold,
)
from kavach_core.engine._async.sealing import (
    AsyncVerification,
    find_async_latest_seal,
    list_async_rows,
    list_async_seals,
    seal_async_rows,
)
from kavach_core.engine.callbacks import AsyncAuditSender
from kavach_core.engine.export import Export, ExportFormat, Progress, TextFile
from kavach_core.engine.reading import Clock, check
from kavach_core.engine.settings import Rules
from kavach_core.engine.values import AuditHead, AuditReport
from kavach_core.errors import AuditError, InvalidInput
from kavach_core.storage import AsyncStorage
from kavach_core.storage.values import check_time
from kavach_schema.filters import AuditLogFilter
from kavach_schema.records import AuditHold, AuditLog
from kavach_schema.tables.agents import AUDIT_STREAMS

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

    async def seal(self) -> AuditHead | None:
        """Seal all rows that have settled (see `AuditSettings`), and return the head; None where there is none yet.

        Call it every minute or so, from any number of processes. Calls of `authorize` neither wait for it nor pay for
        it. Keep heads outside of the database: with one of them `verify` finds a trail that was cut or sealed anew.
        """
        now = self._clock()
        seal = await seal_async_rows(self._storage, now - self._rules.settle, now)
        return None if seal is None else AuditHead(number=seal.number, hash=seal.hash)

    async def head(self) -> AuditHead | None:
        """Return the head of the seals, None where nothing was sealed."""
        seal = await find_async_latest_seal(self._storage)
        return None if seal is None else AuditHead(number=seal.number, hash=seal.hash)

    async def verify(self, *, heads: Iterable[AuditHead] = (), progress: Progress | None = None) -> AuditReport:
        """Compare all rows with their seals, oldest first, in constant memory, and name the first that differs.

        `heads` are those that were kept. `progress` is called with the number of rows so far.
        """
        return await AsyncVerification(self._storage, heads, progress).run()

    async def cleanup(self, *, before: datetime) -> int:
        """Delete the rows that are older than a moment and that no hold keeps, in bounded steps; return how many.

        All that is deleted is sealed first, and one more seal says that it may be missing. Where the process ends
        between, the next call deletes the rest.

        Raises `InvalidInput` for a moment whose rows have not settled, and `AuditError` where the trail is not as it
        was sealed: the proof stays.
        """
        now = self._clock()
        settled = now - self._rules.settle
        if check_time(before, "before") > settled:
            raise InvalidInput("before: younger rows have not settled; pass an earlier moment")
        report = await self.verify()
        if report.problem is not None:
            raise AuditError(f"{report.problem}; nothing is deleted")
        await seal_async_rows(self._storage, settled, now, before)
        deleted = 0
        since = None
        async for seal in list_async_seals(self._storage):
            if seal.last_timestamp is not None and seal.last_timestamp < before:
                deleted += await delete_async_unheld_rows(self._storage, since, seal.last_timestamp)
                since = seal.last_timestamp
        return deleted + await delete_async_unheld_rows(self._storage, since, before)

    async def place_hold(
        self, *, reason: str, by: str, agent_id: str | None = None, user_id: str | None = None
    ) -> AuditHold:
        """Place a legal hold on the rows of an agent, of an owner's agents, or on all, and return it.

        From now on `cleanup` removes none of these rows, and `purge` nothing that says what agents were allowed, until
        each hold on them is lifted. The agent or user need not exist. `by` is the person who orders it, whom the host
        MUST know. Raises `InvalidInput`.
        """
        return await place_async_hold(
            self._storage, self._clock(), reason=reason, by=by, agent_id=agent_id, user_id=user_id
        )

    async def lift_hold(self, hold_id: str, *, by: str) -> AuditHold:
        """Lift a hold as the person `by`, and return it; one that is lifted stays as it is. Raises `NotFoundError`."""
        return await lift_async_hold(self._storage, self._clock(), hold_id, by)

    async def list_holds(self) -> list[AuditHold]:
        """Return the holds that are in force, oldest first."""
        return await list_async_holds(self._storage)

    async def stream(self, name: str, *, send: AsyncAuditSender, batch: int = 100) -> int:
        """Send the rows that have settled and that the stream of this name did not deliver, and return how many.

        They are sent oldest first, at most `batch` at once, and each row at least once: how far the stream is, is
        stored after `send` returned, so after a crash the last batch comes again, and rows are told apart by their ids.
        Call it every few seconds. Where `send` raises, the rest stays to be delivered.
        """
        if isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= MAX_PAGE:
            raise InvalidInput(f"batch: must be an integer from 1 to {MAX_PAGE}")
        check(AUDIT_STREAMS, id=name)
        until = self._clock() - self._rules.settle
        reached = await self._storage.find_audit_stream(name)
        since, last_id = (None, "") if reached is None else (reached.last_timestamp, reached.last_id)
        sent = 0
        rows: list[AuditLog] = []
        async for row in list_async_rows(self._storage, since, last_id, until):
            rows.append(row)
            if len(rows) == batch:
                sent += await self._deliver(name, send, rows)
                rows = []
        return sent + (await self._deliver(name, send, rows) if rows else 0)

    async def _deliver(self, name: str, send: AsyncAuditSender, rows: list[AuditLog]) -> int:
        await send(rows)
        last = rows[-1]
        await self._storage.upsert_audit_stream(
            id=name, last_timestamp=last.timestamp, last_id=last.id, updated_at=self._clock()
        )
        return len(rows)
