"""Seal what was recorded, and find out whether it is still as it was sealed.

Sealing runs apart from decisions, so that no call waits for another agent's. Rows are sealed in the order of the trail
and only once they have settled: whatever is still to be committed comes behind them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Final

from kavach_core.engine.export import PROGRESS_EVERY, Progress
from kavach_core.engine.sealing import BATCH, Leaf, is_intact, new_seal
from kavach_core.engine.settings import TRIES
from kavach_core.engine.values import AuditHead, AuditProblem, AuditReport, ProblemKind
from kavach_core.errors import ConflictError
from kavach_core.storage import AsyncStorage
from kavach_schema.records import AuditLog, AuditSeal

_PAGE: Final = 20
"""Seals that are read at once; each holds the digests of its rows."""


async def find_async_latest_seal(storage: AsyncStorage) -> AuditSeal | None:
    """Return the newest seal, None where nothing was sealed."""
    found = await storage.query_audit_seals(limit=1)
    return found[0] if found else None


async def seal_async_rows(
    storage: AsyncStorage, until: datetime, now: datetime, remove_before: datetime | None = None
) -> AuditSeal | None:
    """Seal the rows before `until` that are not sealed, and return the newest seal.

    With `remove_before` one more seal says that rows before that moment may be deleted. Several may seal at once: of
    those that write the same seal one wins, and the others go on behind it.
    """
    for _ in range(TRIES - 1):
        try:
            return await _seal(storage, until, now, remove_before)
        except ConflictError:
            continue
    return await _seal(storage, until, now, remove_before)


async def _seal(
    storage: AsyncStorage, until: datetime, now: datetime, remove_before: datetime | None
) -> AuditSeal | None:
    latest = await find_async_latest_seal(storage)
    batch: list[AuditLog] = []
    last = (None, "") if latest is None else (latest.last_timestamp, latest.last_id or "")
    async for row in list_async_rows(storage, *last, until):
        batch.append(row)
        if len(batch) == BATCH:
            latest = await _write(storage, latest, batch, now)
            batch = []
    if batch:
        latest = await _write(storage, latest, batch, now)
    if remove_before is not None:
        latest = await _write(storage, latest, [], now, remove_before)
    return latest


async def list_async_rows(
    storage: AsyncStorage, since: datetime | None, last_id: str, until: datetime
) -> AsyncIterator[AuditLog]:
    """Yield the audit rows behind one, which is named by its time and its id, and before a moment, oldest first."""
    async for row in storage.stream_audit_logs(since=since, until=until):
        if row.timestamp != since or row.id > last_id:
            yield row


async def _write(
    storage: AsyncStorage,
    latest: AuditSeal | None,
    rows: list[AuditLog],
    now: datetime,
    remove_before: datetime | None = None,
) -> AuditSeal:
    moments = (None if latest is None else latest.removed_before, remove_before)
    removed = max((moment for moment in moments if moment is not None), default=None)
    return await storage.create_audit_seal(**new_seal(latest, rows, now, removed))


async def list_async_seals(storage: AsyncStorage) -> AsyncIterator[AuditSeal]:
    """Yield all seals, the first one first."""
    last: AuditSeal | None = None
    while page := await storage.list_audit_seals(limit=_PAGE, after=last):
        for seal in page:
            yield seal
        last = page[-1]


class _Bad(Exception):
    """Ends a verification at the first thing that is not as it was sealed."""

    def __init__(self, kind: ProblemKind, seal: int, row_id: str | None = None) -> None:
        self.problem = AuditProblem(kind=kind, seal=seal, row_id=row_id)


def _leaves(seal: AuditSeal) -> list[Leaf]:
    try:
        return [Leaf.read(text) for text in seal.leaves]
    except ValueError:
        raise _Bad("seal_changed", seal.number) from None


class AsyncVerification:
    """One walk along the trail and its seals, oldest first."""

    def __init__(self, storage: AsyncStorage, heads: Iterable[AuditHead], progress: Progress | None) -> None:
        """Verify a storage, also against heads that were kept elsewhere."""
        self._storage = storage
        self._heads: dict[int, set[str]] = {}
        for head in heads:
            self._heads.setdefault(head.number, set()).add(head.hash)
        self._progress = progress
        self._verified = self._removed = self._unsealed = self._read = 0
        self._before: AuditSeal | None = None
        self._removed_before: datetime | None = None

    async def run(self) -> AuditReport:
        """Return what was found, up to the first problem."""
        problem = None
        # Rows are read after this seal: those that it covers, and those before, are there.
        latest = await find_async_latest_seal(self._storage)
        try:
            await self._walk(self._storage.stream_audit_logs(), 0 if latest is None else latest.number)
        except _Bad as bad:
            problem = bad.problem
        head = None if self._before is None else AuditHead(number=self._before.number, hash=self._before.hash)
        return AuditReport(
            problem=problem, verified=self._verified, removed=self._removed, unsealed=self._unsealed, head=head
        )

    async def _walk(self, rows: AsyncIterator[AuditLog], upto: int) -> None:
        """Hold rows against the seals up to a number: both are in the order of the trail."""
        row = await self._next(rows)
        last = None
        async for seal in list_async_seals(self._storage):
            if seal.number > upto:
                break
            self._check(seal)
            for leaf in _leaves(seal):
                last = leaf
                if row is not None and row.id == leaf.id:
                    if Leaf.of(row) != leaf:
                        raise _Bad("row_changed", seal.number, row.id)
                    self._verified += 1
                    row = await self._next(rows)
                elif row is not None and (row.timestamp, row.id) < leaf.place:
                    raise _Bad("row_added", seal.number, row.id)
                elif await self._was_removed(leaf):
                    self._removed += 1
                else:
                    raise _Bad("row_missing", seal.number, leaf.id)
            self._before = seal
        number = 0 if self._before is None else self._before.number
        if row is not None and last is not None and (row.timestamp, row.id) < last.place:
            raise _Bad("row_added", number, row.id)
        if beyond := [head for head in self._heads if head > number]:
            raise _Bad("seal_missing", min(beyond))
        while row is not None:
            self._unsealed += 1
            row = await self._next(rows)

    async def _was_removed(self, leaf: Leaf) -> bool:
        """Tell whether a row that is not there was deleted by `cleanup`, which may be at work just now."""
        if self._removed_before is None or leaf.timestamp >= self._removed_before:
            latest = await find_async_latest_seal(self._storage)
            self._removed_before = None if latest is None else latest.removed_before
        return self._removed_before is not None and leaf.timestamp < self._removed_before

    def _check(self, seal: AuditSeal) -> None:
        number = 1 if self._before is None else self._before.number + 1
        if seal.number != number:
            raise _Bad("seal_missing", number)
        if not is_intact(seal, self._before):
            raise _Bad("seal_changed", number)
        if self._heads.get(number, {seal.hash}) != {seal.hash}:
            raise _Bad("seal_replaced", number)

    async def _next(self, rows: AsyncIterator[AuditLog]) -> AuditLog | None:
        row = await anext(rows, None)
        if row is not None:
            self._read += 1
        if self._progress is not None and (row is None or self._read % PROGRESS_EVERY == 0):
            self._progress(self._read)
        return row
