"""A bound storage in the hands of other threads or tasks, and of those that are cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kavach_core.errors import (
    TransactionContextLost,
)
from kavach_core.storage import AsyncStorage
from kavach_core.testing.changes import CHANGES, Row
from kavach_core.testing.clauses.base import Failure
from kavach_core.testing.clauses.transacting import (
    Transacting,
    assert_done_or_refused,
    attempt,
    new_row,
    put,
)
from kavach_core.testing.samples import sample
from kavach_schema.record import Record
from kavach_schema.tables.agents import PERMISSIONS


class SharedTransactionClauses(Transacting):
    """A bound storage in the hands of other threads or tasks, and of those that are cancelled."""

    @pytest.mark.parametrize("fails", [False, True], ids=["committed", "rolled-back"])
    async def test_another_thread_or_task_never_writes_outside(self, fails: bool) -> None:
        """A call by another thread or task MUST be part of the transaction, or raise `TransactionError`.

        What it wrote into another transaction, or into none, would stay after a rollback.
        """
        mine, other = new_row(), new_row()
        found: list[object] = []

        async def work(transaction: AsyncStorage) -> None:
            await put(transaction, mine)
            found.append(await self.beside(lambda: attempt(put(transaction, other))).result())

        if fails:
            await self.roll_back(work)
        else:
            async with self.transaction() as transaction:
                await work(transaction)
        assert_done_or_refused(found[0])
        await self.assert_rows(mine.gone if fails else mine)
        await self.assert_rows(other if isinstance(found[0], Record) and not fails else other.gone)

    async def test_calls_at_the_same_time_are_refused_or_wait(self) -> None:
        """Of calls at once in one transaction each MUST be done wholly, or raise `TransactionError` and do nothing.

        Two statements at once on one connection confuse drivers: https://docs.sqlalchemy.org/en/20/errors.html#isce.
        """
        rows = [new_row() for _ in range(8)]
        later = new_row()
        async with self.transaction() as transaction:
            found = await self.together(lambda number: put(transaction, rows[number]), len(rows))
            await put(transaction, later)
        for row, outcome in zip(rows, found, strict=True):
            assert_done_or_refused(outcome)
            await self.assert_rows(row if isinstance(outcome, Record) else row.gone)
        await self.assert_rows(later)

    async def test_savepoints_at_the_same_time_are_refused_or_wait(self) -> None:
        """Of savepoints at once in one transaction each MUST be apart from the others, or raise `TransactionError`.

        They nest in the database: who releases one releases those that were opened after it.
        """
        self.require(transactions=True, savepoints=True)
        rows = [new_row() for _ in range(8)]
        later = new_row()

        async def work(number: int) -> Any:
            async with transaction.transaction() as inner:
                await put(inner, rows[number])
                await self.opened.runner.pause()
                if number % 2:
                    raise Failure
                return await inner.find_agent_by_id(rows[number].values["id"])

        async with self.transaction() as transaction:
            found = await self.together(work, len(rows))
            await put(transaction, later)
        for number, (row, outcome) in enumerate(zip(rows, found, strict=True)):
            if not (number % 2 and isinstance(outcome, Failure)):
                assert_done_or_refused(outcome)
            await self.assert_rows(row if isinstance(outcome, Record) else row.gone)
        await self.assert_rows(later)

    async def test_a_late_thread_or_task_is_refused(self) -> None:
        """A thread or task that uses the bound storage after the block MUST get `TransactionContextLost`."""
        row = new_row()
        async with self.transaction() as transaction:
            pass
        found = await self.beside(lambda: attempt(put(transaction, row))).result()
        assert isinstance(found, TransactionContextLost)
        await self.assert_rows(row.gone)

    async def test_a_cancelled_transaction_is_rolled_back(self) -> None:
        """Wherever a task is cancelled, its transaction MUST be undone and closed, and block nobody."""
        rows = [new_row() for _ in range(3)]

        async def work() -> None:
            try:
                async with self.transaction() as transaction:
                    await put(transaction, rows[0])
                    if self.capabilities.savepoints:
                        async with transaction.transaction() as inner:
                            await put(inner, rows[1])
                    await transaction.create_permissions([sample(PERMISSIONS), sample(PERMISSIONS)])  # type: ignore[list-item]
                    await put(transaction, rows[2])
                    raise Failure
            except Failure:
                pass

        async for _ in self.cancel_everywhere(work):
            assert not await self.opened.leaks()
            await self.assert_committed(*(row.gone for row in rows))
        await put(self.storage, rows[0])
        await self.assert_rows(rows[0], rows[1].gone, rows[2].gone)

    async def test_a_cancelled_call_is_done_or_not(self) -> None:
        """Wherever a call that takes several steps is cancelled, it MUST have been done wholly or not at all."""
        (change,) = (c for c in CHANGES if c.name == "delete-owner")
        self.for_tasks()
        rows = await change.prepare(self.storage)

        async def work() -> None:
            await self.storage.delete_agent(rows[0].values["id"])

        async for _ in self.cancel_everywhere(work):
            there = [await self.opened.find(row.table, row.values[row.table.key]) is not None for row in rows]
            assert len(set(there)) == 1, "a part of the rows is gone"
            if not all(there):
                rows = await change.prepare(self.storage)

    async def test_a_savepoint_left_by_a_cancellation_is_rolled_back(self) -> None:
        """Who catches the cancellation of an inner block, as a timeout does, MUST be able to go on and commit."""
        self.for_tasks()
        self.require(transactions=True, savepoints=True)
        before, inside, later = (new_row() for _ in range(3))
        async with self.transaction() as outer:
            await put(outer, before)
            with pytest.raises(TimeoutError):
                await _time_out_in_a_savepoint(outer, inside)
            await self.assert_read(outer, before, inside.gone)
            await put(outer, later)
        await self.assert_rows(before, inside.gone, later)


async def _time_out_in_a_savepoint(outer: AsyncStorage, row: Row) -> None:
    async with asyncio.timeout(None) as limit, outer.transaction() as inner:
        await put(inner, row)
        limit.reschedule(asyncio.get_running_loop().time())
        await asyncio.sleep(60)
