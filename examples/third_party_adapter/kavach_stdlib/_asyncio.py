"""The same adapter for asyncio: sqlite3 waits for the disk and for other writers, so each call runs in a thread."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar

from kavach_core import AsyncStorage
from kavach_core.storage import Backend
from kavach_core.storage.operations import Operation
from kavach_stdlib._storage import CAPABILITIES, FileBackend

T = TypeVar("T")

_THREADS: Final = ThreadPoolExecutor(100, "kavach_stdlib")
"""More than asyncio's own few threads: when all wait for a writer, it still needs one for its commit."""


async def open_async_storage(path: str, *, factory: type[sqlite3.Connection] = sqlite3.Connection) -> AsyncStorage:
    """Return the storage in a SQLite file, on connections of a class; missing tables are created."""
    storage = AsyncStorage(ThreadedBackend(FileBackend(path, factory)))
    await storage.prepare_schema()
    return storage


class ThreadedBackend:
    """Run a synchronous backend in threads."""

    capabilities = CAPABILITIES

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.in_transaction = backend.in_transaction

    async def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation."""
        return await _in_thread(self._backend.execute, operation, values)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[ThreadedBackend]:
        """Open a transaction, or a savepoint inside one."""
        block = self._backend.transaction()
        try:
            yield ThreadedBackend(await _in_thread(block.__enter__))
        except BaseException as error:
            await _in_thread(block.__exit__, type(error), error, error.__traceback__)
            raise
        await _in_thread(block.__exit__, None, None, None)

    def using(self, handle: object) -> ThreadedBackend:
        """Join the transaction of a connection that the application opened, with check_same_thread=False."""
        return ThreadedBackend(self._backend.using(handle))

    async def prepare_schema(self) -> None:
        """Create the missing tables."""
        await _in_thread(self._backend.prepare_schema)

    async def close(self) -> None:
        """Close the connections that nobody uses."""
        self._backend.close()


async def _in_thread(call: Callable[..., T], *arguments: object) -> T:
    """Run a call to its end, however often this task is cancelled meanwhile: a thread cannot be stopped."""
    running = asyncio.get_running_loop().run_in_executor(_THREADS, call, *arguments)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        raise
