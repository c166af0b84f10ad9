"""What clauses on transactions have at hand: ways to begin and to leave them, and to look at the rows of a change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from time import sleep
from typing import Any, TypeVar

from kavach_core.errors import StorageError, TransactionError
from kavach_core.storage import AsyncStorage
from kavach_core.testing.changes import Row
from kavach_core.testing.clauses.base import Clauses
from kavach_core.testing.levels import Level
from kavach_core.testing.methods import read, write
from kavach_core.testing.samples import complete, sample
from kavach_schema.record import Record
from kavach_schema.tables.agents import AGENTS

T = TypeVar("T")

TURNS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 30, 40, 60, 90, 130, 200, 300, 500, 800)
"""After how many turns of the event loop some work is cancelled, so that each step of it is met."""


class Transacting(Clauses):
    """The base of clauses on transactions."""

    level = Level.TRANSACTIONAL

    def transaction(self) -> AbstractAsyncContextManager[AsyncStorage]:
        """Open a transaction of the storage under test, or skip the clause."""
        self.require(transactions=True)
        return self.storage.transaction()

    def savepoint(self, storage: AsyncStorage) -> AbstractAsyncContextManager[AsyncStorage]:
        """Open a savepoint in a transaction, or skip the clause."""
        self.require(savepoints=True)
        return storage.transaction()

    async def roll_back(self, work: Callable[[Any], Coroutine[Any, Any, object]]) -> None:
        """Do some work in a transaction of the storage under test that ends with a `Failure`."""
        self.require(transactions=True)
        await self.fail_after(self.storage, work)

    async def assert_rows(self, *rows: Row) -> None:
        """Assert that the storage and the observer both see these rows, and not those that are not stored."""
        for row in rows:
            await (self.assert_stored if row.stored else self.assert_missing)(row.table, row.values)

    async def assert_read(self, storage: AsyncStorage, *rows: Row) -> None:
        """Assert that one storage reads these rows, and not those that are not stored."""
        for row in rows:
            record = await read(storage, row.table, row.values)
            assert (None if record is None else dict(record)) == _expected(row), "the storage reads something else"

    async def assert_committed(self, *rows: Row) -> None:
        """Assert that the observer sees these rows, and not those that are not stored."""
        for row in rows:
            found = await self.opened.find(row.table, row.values[row.table.key])
            assert found == _expected(row), "what the database holds differs"

    async def assert_others_see(self, *rows: Row) -> None:
        """Assert the same while a transaction is open, of another storage too; nothing where the harness opens none.

        There others may have to wait for its end, as they do for SQLite in memory.
        """
        if self.opened.harness.second() is not None:
            await self.assert_read(await self.second(), *rows)
            await self.assert_committed(*rows)

    async def meet(self, meeting: set[int], number: int) -> None:
        """Wait until two writers are here; who runs again later goes on at once."""
        meeting.add(number)
        for _ in range(20_000):
            if len(meeting) == 2:
                return
            await self.opened.runner.pause()
            sleep(0.0005)  # noqa: ASYNC251 - threads; tasks have their turn above
        raise AssertionError("the storage declares concurrent_writers=True, but one writer waits for the other")

    async def cancel_everywhere(self, work: Callable[[], Coroutine[Any, Any, object]]) -> AsyncIterator[int]:
        """Run some work again and again, cancelled later and later until it is done before; yield after each time.

        It runs in the task of the clause, where its storages were opened.
        """
        self.for_tasks()
        for turns in TURNS:
            cancelled = await cancelled_after(turns, work)
            yield turns
            if not cancelled:
                return


def _expected(row: Row) -> dict[str, Any] | None:
    return complete(row.table, row.values) if row.stored else None


async def cancelled_after(turns: int, work: Callable[[], Coroutine[Any, Any, object]]) -> bool:
    """Run some work in this task, cancel it after so many turns of the loop, and tell whether that ended it."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    done, before = False, task.cancelling()

    def turn(left: int) -> None:
        if done:
            return
        if left:
            loop.call_soon(turn, left - 1)
        else:
            task.cancel()

    loop.call_soon(turn, turns)
    try:
        await work()
    except asyncio.CancelledError:
        return True
    finally:
        done = True
        while task.cancelling() > before:  # also where a driver's wait_for() swallowed it: python/cpython#81839
            task.uncancel()
    return False


async def attempt(work: Awaitable[T]) -> T | StorageError:
    """Return the result of some work, or the error of the storage."""
    try:
        return await work
    except StorageError as error:
        return error


def new_row() -> Row:
    """Return an agent that is not stored yet."""
    return Row(AGENTS, sample(AGENTS))


async def put(storage: AsyncStorage, row: Row) -> Any:
    """Write a row, and return its record."""
    return await write(storage, row.table, row.values)


async def take_first(rows: AsyncIterator[object]) -> object:
    """Read the first of a stream, and leave the rest."""
    async for row in rows:
        return row
    raise AssertionError("the stream is empty")


def assert_done_or_refused(outcome: object) -> None:
    """Assert that a call returned its record, or raised `TransactionError`."""
    assert isinstance(outcome, Record | TransactionError), f"neither done nor refused: {type(outcome).__name__}"
