"""What every clause has at hand: storages, an observer, a host, and ways to run things at the same time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, TypeVar

import pytest

from kavach_core.errors import ConflictError
from kavach_core.storage import AsyncStorage, Capabilities
from kavach_core.testing.levels import CAPABILITY, OPTIONAL, Level
from kavach_core.testing.methods import read, write
from kavach_core.testing.opening import HostWork, Opened
from kavach_core.testing.running import Beside, Work
from kavach_core.testing.samples import Values, complete, sample
from kavach_schema.model import Table
from kavach_schema.record import Record

T = TypeVar("T")


class Failure(Exception):
    """What ends a transaction in clauses."""


class Clauses:
    """The base of all clauses: each is an `async def test_...`, written over the asyncio face of a storage."""

    level: ClassVar[Level] = Level.CORE
    opened: ClassVar[Opened]

    @property
    def storage(self) -> AsyncStorage:
        """Return the storage under test, with the asyncio face."""
        return self.opened.storage

    @property
    def capabilities(self) -> Capabilities:
        """Return what the storage declares."""
        return self.storage.capabilities

    def require(self, **flags: bool) -> None:
        """Skip the clause unless the storage declares these capabilities."""
        for name, wanted in flags.items():
            if getattr(self.capabilities, name) is not wanted:
                pytest.skip(f"{CAPABILITY}: the storage declares {name}={not wanted}")

    def for_tasks(self) -> None:
        """Skip the clause for a synchronous storage."""
        if self.opened.harness.colour != "asyncio":
            pytest.skip(f"{OPTIONAL}: a synchronous storage knows no tasks")

    async def second(self) -> AsyncStorage:
        """Return another storage on the same database."""
        return await self.opened.second()

    def host(self) -> AbstractAsyncContextManager[HostWork]:
        """Begin a transaction of the host application; leaving the block without a commit rolls it back."""
        self.require(joins_host=True)
        return self.opened.host()

    async def together(self, work: Callable[[int], Coroutine[Any, Any, T]], times: int = 0) -> list[T | BaseException]:
        """Run `work(0)`, `work(1)`, ... at once in threads or tasks; return results and errors in that order."""
        return await self.opened.runner.together(work, times or self.opened.harness.writers)

    def beside(self, work: Work[T]) -> Beside[T]:
        """Start some work in a thread or a task of its own."""
        return self.opened.runner.beside(work)

    async def new(self, table: Table[Any], **overrides: object) -> Values:
        """Write a sampled row through the storage and return its values."""
        values = sample(table, **overrides)
        await write(self.storage, table, values)
        return values

    async def find(self, table: Table[Any], values: Values) -> Values | None:
        """Read a row through the storage as values, or None."""
        record = await read(self.storage, table, values)
        return None if record is None else dict(record)

    async def assert_stored(self, table: Table[Any], values: Values) -> None:
        """Assert that the storage and the observer both see a row with exactly these values."""
        expected = complete(table, values)
        assert await self.find(table, values) == expected, "what the storage reads is not what was written"
        assert await self.opened.find(table, values[table.key]) == expected, "what the database holds differs"

    async def assert_missing(self, table: Table[Any], values: Values) -> None:
        """Assert that neither the storage nor the observer sees the row."""
        assert await self.find(table, values) is None, "the storage reads a row that must not be there"
        assert await self.opened.find(table, values[table.key]) is None, "the database holds a row that must not be"

    async def fail_after(self, storage: AsyncStorage, work: Callable[[Any], Coroutine[Any, Any, object]]) -> None:
        """Do some work in a transaction of `storage` that ends with a `Failure`."""

        async def run() -> None:
            async with storage.transaction() as transaction:
                await work(transaction)
                raise Failure

        with pytest.raises(Failure):
            await run()


def values_of(record: Record | None) -> Values:
    """Return the values of a record that must be there."""
    assert record is not None, "the method returned None instead of the row"
    return dict(record)


def assert_conflict(error: ConflictError, table: Table[Any], columns: tuple[str, ...]) -> None:
    """Assert that a conflict names the table and the columns of the combination that is taken."""
    assert error.table == table.name, "the conflict names another table"
    assert sorted(error.columns) == sorted(columns), "the conflict names other columns"
