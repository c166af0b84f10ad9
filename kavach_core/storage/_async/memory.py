"""A storage in memory: for an application's own tests, and the oracle of the conformance suite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NoReturn, TypeVar

from kavach_core.errors import CapabilityError, TransactionContextLost, TransactionError
from kavach_core.storage._async.storage import AsyncStorage
from kavach_core.storage.colour import current_task
from kavach_core.storage.operations import Operation, reads_only
from kavach_core.storage.tables import CAPABILITIES, Tables

T = TypeVar("T")


def create_async_memory_storage() -> AsyncStorage:
    """Return an empty storage in memory; each is a database of its own."""
    return AsyncStorage(AsyncMemoryBackend())


class AsyncMemoryBackend:
    """Keep committed tables; a writer works on a copy, alone, and puts it in their place at the end."""

    in_transaction = False
    capabilities = CAPABILITIES

    def __init__(self) -> None:
        """Start empty."""
        self._tables = Tables()
        self._writing = asyncio.Lock()
        self._writer: object = None

    async def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation, in a transaction of its own if it writes."""
        if reads_only(operation):
            return self._tables.apply(operation, values)
        async with self.transaction() as transaction:
            return await transaction.execute(operation, values)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncBoundMemoryBackend]:
        """Wait for other writers, then open a transaction."""
        if self._writer is current_task():
            raise TransactionError("a transaction of this thread or task is open; write through its storage")
        async with self._writing:
            self._writer = current_task()
            bound = AsyncBoundMemoryBackend(self._tables.copy())
            try:
                yield bound
                self._tables = bound.end()
            finally:
                bound.end()
                self._writer = None

    def using(self, handle: object) -> NoReturn:
        """Refuse: no host has its rows here."""
        raise CapabilityError("the in-memory storage joins no host's transaction; use transaction()")

    async def prepare_schema(self) -> None:
        """Do nothing: tables appear when they are written."""

    async def close(self) -> None:
        """Do nothing: there is nothing to release."""


class AsyncBoundMemoryBackend:
    """Operations in an open transaction, or in a savepoint of one."""

    in_transaction = True
    capabilities = CAPABILITIES

    def __init__(self, tables: Tables) -> None:
        """Work on tables that nobody else sees."""
        self._tables = tables
        self._ended = False
        self._savepoint_is_open = False

    async def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation."""
        self._refuse()
        return self._tables.apply(operation, values)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncBoundMemoryBackend]:
        """Open a savepoint."""
        self._refuse()
        bound = AsyncBoundMemoryBackend(self._tables.copy())
        self._savepoint_is_open = True
        try:
            yield bound
            self._tables = bound.end()
        finally:
            bound.end()
            self._savepoint_is_open = False

    def using(self, handle: object) -> NoReturn:
        """Refuse: no host has its rows here."""
        raise CapabilityError("the in-memory storage joins no host's transaction; use transaction()")

    def end(self) -> Tables:
        """Refuse everything from now on, and return the tables as they are."""
        self._ended = True
        return self._tables

    async def prepare_schema(self) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""

    def _refuse(self) -> None:
        if self._ended:
            raise TransactionContextLost(
                "this transaction has ended; use the storage that it came from, or open a new one"
            )
        if self._savepoint_is_open:
            raise TransactionError("a savepoint of this transaction is open; use the storage that is bound to it")
