"""What a harness opens, with one face for both colours; each thing is opened when a clause first asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Final, cast

import pytest

from kavach_core.storage import AsyncStorage
from kavach_core.storage.rows import codec
from kavach_core.testing.harness import Harness, Host, HostTransaction, Observer, Statements
from kavach_core.testing.levels import HARNESS, OPTIONAL
from kavach_core.testing.lift import Lifted, entered, finished
from kavach_core.testing.running import runner_for
from kavach_core.testing.samples import Values
from kavach_schema.model import Table

_TURNS: Final = 50
"""How often the event loop gets a turn until a connection that is not returned counts as leaked."""


class HostWork:
    """A transaction of the host's, whose methods are coroutines in both colours."""

    def __init__(self, transaction: HostTransaction) -> None:
        """Speak to a transaction that is open."""
        self._transaction = transaction

    @property
    def handle(self) -> Any:
        """Return what `storage.using()` takes."""
        return self._transaction.handle

    async def insert(self, value: str) -> None:
        """Write a row of the host's own."""
        await finished(self._transaction.insert(value))

    async def values(self) -> list[str]:
        """Read the host's own rows."""
        return [*await finished(self._transaction.values())]

    async def find(self, table: Table[Any], key: str) -> Values | None:
        """Read one of our rows by the host's own means."""
        return _values(table, await finished(self._transaction.row(table.name, table.key, key)))

    async def commit(self) -> None:
        """Commit."""
        await finished(self._transaction.commit())

    async def rollback(self) -> None:
        """Roll back."""
        await finished(self._transaction.rollback())


class Opened:
    """A harness in use: opened before the first clause of a class, closed after the last."""

    def __init__(self, harness: Harness) -> None:
        """Make what runs the clauses; nothing is opened yet."""
        self.harness = harness
        self.runner = runner_for(harness.colour)
        self.stack = AsyncExitStack()
        self._storage: AsyncStorage | None = None
        self._second: AsyncStorage | None = None
        self._observer: Observer | None = None
        self._host: Host | None = None

    @property
    def storage(self) -> AsyncStorage:
        """Return the storage under test, lifted if it is synchronous."""
        assert self._storage is not None, "the harness is not open"
        return self._storage

    def open(self) -> None:
        """Open the storage."""
        try:
            self._storage = self.runner.run(self._enter_storage(self.harness.open()))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all that was opened."""
        try:
            self.runner.run(self.stack.aclose())
        finally:
            self.runner.close()

    async def _enter_storage(self, block: Any) -> AsyncStorage:
        storage = await self.stack.enter_async_context(entered(block))
        return cast("AsyncStorage", storage if self.harness.colour == "asyncio" else Lifted(storage))

    async def second(self) -> AsyncStorage:
        """Return another storage on the same database, or skip the clause."""
        if self._second is None:
            block = self.harness.second()
            if block is None:
                pytest.skip(f"{HARNESS}: it opens no second storage")
            self._second = await self._enter_storage(block)
        return self._second

    async def find(self, table: Table[Any], key: str) -> Values | None:
        """Return what the independent observer sees of one row, or None; see `raw()` for how it is stored."""
        return _values(table, await self.raw(table, key))

    async def raw(self, table: Table[Any], key: str) -> Mapping[str, object] | None:
        """Return a row as the observer's driver gives it, or None."""
        if self._observer is None:
            self._observer = await self.stack.enter_async_context(entered(self.harness.observer()))
        row: Mapping[str, object] | None = await finished(self._observer.row(table.name, table.key, key))
        return row

    @asynccontextmanager
    async def host(self) -> AsyncIterator[HostWork]:
        """Begin a transaction of the host application."""
        if self._host is None:
            block = self.harness.host()
            assert block is not None, "the storage declares joins_host=True: the harness must open a host()"
            self._host = await self.stack.enter_async_context(entered(block))
        async with entered(self._host.begin()) as transaction:
            yield HostWork(transaction)

    def statements(self) -> AbstractAsyncContextManager[Statements]:
        """Count the statements of the storage under test, or skip the clause."""
        block = self.harness.statements()
        if block is None:
            pytest.skip(f"{OPTIONAL}: the harness counts no statements")
        return entered(block)

    async def leaks(self) -> int | None:
        """Return how many connections or transactions are open although nobody uses them; None if nobody can tell."""
        found: int | None = None
        for _ in range(_TURNS):
            found = await finished(self.harness.leaks())
            if not found:
                return found
            await self.runner.pause()
        return found

    async def assert_no_leaks(self) -> None:
        """Assert that a clause left no connection and no transaction open, where somebody can tell."""
        __tracebackhide__ = True
        leaked = await self.leaks()
        assert not leaked, f"{leaked} connections or transactions are still open after the clause"


def _values(table: Table[Any], row: Mapping[str, object] | None) -> Values | None:
    return None if row is None else dict(codec(table).decode([row[name] for name in table.by_name]))
