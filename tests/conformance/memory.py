"""Harnesses for the reference storage in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from kavach_core.storage import AsyncStorage, Storage, create_async_memory_storage, create_memory_storage
from kavach_core.testing import Harness, Level, Observer
from kavach_schema.tables import TABLES_BY_NAME


class MemoryObserver:
    """Look into the tables of a storage in memory."""

    def __init__(self, storage: Any) -> None:
        self._storage = storage

    def row(self, table: str, column: str, value: str) -> Mapping[str, object] | None:
        rows: Mapping[object, Mapping[str, object]] = self._storage._backend._tables._table(TABLES_BY_NAME[table])
        return rows.get(value)


class MemoryHarness(Harness):
    """Without connections, a storage outside of its transactions is as good as a second one."""

    colour = "sync"
    level = Level.TRANSACTIONAL
    has_driver = False

    @contextmanager
    def open(self) -> Iterator[Storage]:
        self._storage = create_memory_storage()
        yield self._storage

    @contextmanager
    def second(self) -> Iterator[Storage]:
        yield self._storage

    @contextmanager
    def observer(self) -> Iterator[Observer]:
        yield MemoryObserver(self._storage)


class AsyncMemoryHarness(Harness):
    """The same under asyncio."""

    colour = "asyncio"
    level = Level.TRANSACTIONAL
    has_driver = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncStorage]:
        self._storage = create_async_memory_storage()
        yield self._storage

    @asynccontextmanager
    async def second(self) -> AsyncIterator[AsyncStorage]:
        yield self._storage

    @contextmanager
    def observer(self) -> Iterator[Observer]:
        yield MemoryObserver(self._storage)
