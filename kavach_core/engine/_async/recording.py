"""The record of decisions: audit rows, and the trust scores that follow from them, durable before anybody is answered.

Decisions that have nothing else to write are recorded in groups; those that counted something are recorded in the
transaction that counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kavach_core.engine._async.group_commit import AsyncGroupCommit
from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine._async.trust import AsyncTrust
from kavach_core.engine.deciding import Entry
from kavach_core.storage import AsyncStorage

TURNS: Final = 4
"""How many groups are written at once where the database has more than one writer."""


class AsyncRecords:
    """Writes what is left of decisions."""

    def __init__(self, storage: AsyncStorage, trust: AsyncTrust) -> None:
        """Record on a storage."""
        self._storage = storage
        self._trust = trust
        turns = TURNS if storage.capabilities.concurrent_writers else 1
        self._group = AsyncGroupCommit(self._write_group, turns=turns)

    async def write(self, storage: AsyncStorage, entries: Sequence[Entry]) -> None:
        """Write entries in a transaction that is open; scores are the last rows that it locks."""
        observed = [entry.observed for entry in entries if entry.observed is not None]
        rows = [entry.row for entry in entries if entry.row is not None]
        if observed:
            await self._trust.keep_current(storage, observed)
        if len(rows) == 1:
            await storage.create_audit_log(**rows[0])
        elif rows:
            await storage.create_audit_logs(rows)

    async def commit(self, entry: Entry) -> None:
        """Return once an entry is durable; raises `StorageError` where its group could not be written."""
        if entry.row is not None or entry.observed is not None:
            await self._group.commit(entry)

    async def close(self) -> None:
        """Return once all that was handed over has been written, or has failed."""
        await self._group.close()

    async def _write_group(self, entries: Sequence[Entry]) -> None:
        if all(entry.observed is None for entry in entries):
            await self.write(self._storage, entries)  # one statement, which is atomic by itself
            return

        async def work(storage: AsyncStorage) -> None:
            await self.write(storage, entries)

        await run_async_transaction(self._storage, work)
