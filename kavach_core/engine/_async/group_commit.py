"""Group commit: what arrives while a group is being written is written together, in the transaction after it.

A commit costs the same for a hundred rows as for one. Nobody waits for company: the first of a group writes as soon as
a turn is free, so that a caller who is alone waits for nobody.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from kavach_core.engine.colour import run_uncancelled
from kavach_core.errors import StorageError

T = TypeVar("T")

MOST: Final = 256
"""How many entries one transaction writes at most."""


class _Group(Generic[T]):
    """Entries that are written together; `failure` is what kept all of them from being written."""

    def __init__(self) -> None:
        self.entries: list[T] = []
        self.begun = False
        self.ended = asyncio.Event()
        self.failure: BaseException | None = None


class AsyncGroupCommit(Generic[T]):
    """Writes entries of many callers in few transactions."""

    def __init__(self, write: Callable[[Sequence[T]], Awaitable[None]], *, most: int = MOST, turns: int = 1) -> None:
        """Write with `write`, which MUST write all entries or none, and return only once they are durable.

        So many groups are written at the same time as there are `turns`: what finds one free waits for nobody.
        """
        self._write = write
        self._most = most
        self._joining = threading.Lock()
        self._turns = asyncio.Semaphore(turns)
        self._groups: list[_Group[T]] = []

    async def commit(self, entry: T) -> None:
        """Return once the entry is durable.

        Each caller waits for its own entry, so that no more are kept than there are callers. A caller that is
        cancelled does not keep the others of its group from being written. Raises `StorageError` where the group could
        not be written: then none of its entries is, and each of its callers hears of it.
        """
        group, first = self._join(entry)
        if first:
            await run_uncancelled(self._lead, group)
        else:
            await group.ended.wait()
        if group.failure is not None:
            # The message of any other error may quote values.
            why = group.failure if isinstance(group.failure, StorageError) else type(group.failure).__name__
            raise StorageError(f"the group of rows could not be written: {why}") from group.failure

    async def close(self) -> None:
        """Return once all that was handed over has been written, or has failed."""
        for group in tuple(self._groups):
            await group.ended.wait()

    def _join(self, entry: T) -> tuple[_Group[T], bool]:
        with self._joining:
            group = self._groups[-1] if self._groups else None
            if group is None or group.begun or len(group.entries) >= self._most:
                group = _Group()
                self._groups.append(group)
            group.entries.append(entry)
            return group, len(group.entries) == 1

    async def _lead(self, group: _Group[T]) -> None:
        try:
            async with self._turns:
                with self._joining:
                    group.begun = True
                await self._write(group.entries)
        except BaseException as error:
            group.failure = error
            if not isinstance(error, Exception):
                raise
        finally:
            # Also where a signal ended the wait for its turn: nobody else would lead those who joined.
            with self._joining:
                self._groups.remove(group)
            group.ended.set()
