"""Transactions: all or nothing, savepoints inside, and nothing left open whatever ends the block."""

from __future__ import annotations

import pytest

from kavach_core.errors import (
    CapabilityError,
    NestedTransactionUnsupported,
)
from kavach_core.storage import AsyncStorage
from kavach_core.testing.changes import CHANGES, Change, Row, each_change
from kavach_core.testing.clauses.transacting import (
    Transacting,
    assert_done_or_refused,
    attempt,
    new_row,
    put,
)
from kavach_core.testing.samples import fresh
from kavach_schema.record import Record

each_exit = pytest.mark.parametrize("exit_", [KeyboardInterrupt, SystemExit, GeneratorExit])


class TransactionClauses(Transacting):
    """Several calls as one."""

    @each_change
    async def test_leaving_the_block_commits(self, change: Change) -> None:
        """What was done in a transaction MUST be there, wholly and durably, as soon as its block is left."""
        rows = await change.prepare(self.storage)
        async with self.transaction() as transaction:
            after = await change.make(transaction, rows)
        await self.assert_rows(*after)

    @each_change
    async def test_an_error_removes_what_was_done(self, change: Change) -> None:
        """An error that leaves the block MUST undo all that was done in it, and come out unchanged."""
        rows = await change.prepare(self.storage)
        await self.roll_back(lambda transaction: change.make(transaction, rows))
        await self.assert_rows(*rows)

    @each_change
    async def test_a_transaction_reads_what_it_wrote(self, change: Change) -> None:
        """Reads in a transaction MUST see what was done in it before."""
        rows = await change.prepare(self.storage)
        async with self.transaction() as transaction:
            await self.assert_read(transaction, *rows)
            after = await change.make(transaction, rows)
            await self.assert_read(transaction, *after)

    @each_change
    async def test_a_failed_savepoint_removes_only_its_own(self, change: Change) -> None:
        """An error that leaves an inner block MUST undo what was done in it, and nothing of the outer one's."""
        rows = await change.prepare(self.storage)
        before, later = new_row(), new_row()
        async with self.transaction() as outer:
            await put(outer, before)
            self.require(savepoints=True)
            await self.fail_after(outer, lambda inner: change.make(inner, rows))
            await self.assert_read(outer, before, *rows)
            await put(outer, later)
        await self.assert_rows(before, later, *rows)

    @each_change
    async def test_a_savepoint_as_the_first_thing_ends_with_its_transaction(self, change: Change) -> None:
        """What a savepoint did that was left without error MUST be undone when the transaction fails afterwards.

        On SQLite the release of a savepoint that is the first statement of a transaction commits, unless BEGIN goes
        before it: sqlalchemy#8795.
        """
        rows = await change.prepare(self.storage)

        async def work(outer: AsyncStorage) -> None:
            async with self.savepoint(outer) as inner:
                await change.make(inner, rows)

        await self.roll_back(work)
        await self.assert_rows(*rows)

    @pytest.mark.parametrize("fails", [False, True], ids=["committed", "rolled-back"])
    async def test_changes_of_every_kind_are_one(self, fails: bool) -> None:
        """A transaction with a change of every kind MUST be there wholly, or not at all."""
        before = [await change.prepare(self.storage) for change in CHANGES]
        after: list[list[Row]] = []

        async def work(transaction: AsyncStorage) -> None:
            after.extend([await change.make(transaction, rows) for change, rows in zip(CHANGES, before, strict=True)])

        if fails:
            await self.roll_back(work)
        else:
            async with self.transaction() as transaction:
                await work(transaction)
        for rows in before if fails else after:
            await self.assert_rows(*rows)

    async def test_an_empty_transaction_is_nothing(self) -> None:
        """A transaction in which nothing is done MUST be left without a trace, with and without an error."""
        async with self.transaction():
            pass
        async with self.transaction() as transaction:
            assert await transaction.find_agent_by_id(fresh()) is None
        await self.roll_back(lambda transaction: transaction.find_agent_by_id(fresh()))
        row = new_row()
        await put(self.storage, row)
        await self.assert_rows(row)

    async def test_transactions_one_after_the_other_are_apart(self) -> None:
        """What the first did MUST stay whatever becomes of the second, and calls between them are on their own."""
        first, between, second, third = (new_row() for _ in range(4))
        async with self.transaction() as transaction:
            await put(transaction, first)
        await put(self.storage, between)
        await self.roll_back(lambda transaction: put(transaction, second))
        async with self.transaction() as transaction:
            await self.assert_read(transaction, first, between, second.gone)
            await put(transaction, third)
        await self.assert_rows(first, between, second.gone, third)

    async def test_a_bound_storage_says_that_it_is_in_a_transaction(self) -> None:
        """`in_transaction` MUST be True inside of a transaction, and of its savepoints, and False outside."""
        assert self.storage.in_transaction is False
        async with self.transaction() as transaction:
            assert transaction.in_transaction is True
            assert transaction.capabilities == self.capabilities
            async with self.savepoint(transaction) as inner:
                assert inner.in_transaction is True
        assert self.storage.in_transaction is False

    async def test_closing_a_bound_storage_closes_nothing(self) -> None:
        """`close()` of a bound storage MUST neither end its transaction nor close what it came from."""
        rows = [new_row() for _ in range(4)]
        async with self.transaction() as transaction:
            await put(transaction, rows[0])
            await transaction.close()
            await put(transaction, rows[1])
            async with self.savepoint(transaction) as inner:
                await inner.close()
                await put(inner, rows[2])
            await transaction.prepare_schema()
        await put(self.storage, rows[3])
        await self.assert_rows(*rows)

    async def test_a_closed_bound_storage_rolls_back(self) -> None:
        """An error after `close()` of the bound storage MUST still undo everything."""
        row = new_row()

        async def work(transaction: AsyncStorage) -> None:
            await put(transaction, row)
            await transaction.close()

        await self.roll_back(work)
        await self.assert_rows(row.gone)

    async def test_without_transactions_opening_one_is_refused(self) -> None:
        """A storage that declares `transactions=False` MUST raise `CapabilityError`, and not run the block."""
        self.require(transactions=False)
        row = new_row()
        with pytest.raises(CapabilityError):
            async with self.storage.transaction() as transaction:
                await put(transaction, row)
        await self.assert_rows(row.gone)


class SavepointClauses(Transacting):
    """Transactions in transactions."""

    async def test_three_levels_each_fail_alone(self) -> None:
        """At any depth, a failed block MUST take with it what was done in it, released blocks included."""
        self.require(transactions=True, savepoints=True)
        one, two, three, two_again, four, five, last = rows = [new_row() for _ in range(7)]

        async def inside(second: AsyncStorage) -> None:
            await put(second, four)
            async with second.transaction() as third:
                await put(third, five)

        async with self.transaction() as first:
            await put(first, one)
            async with first.transaction() as second:
                await put(second, two)
                await self.fail_after(second, lambda third: put(third, three))
                await put(second, two_again)
            await self.fail_after(first, inside)
            await put(first, last)
            expected = [one, two, three.gone, two_again, four.gone, five.gone, last]
            await self.assert_read(first, *expected)
        await self.assert_rows(*expected)
        assert len(rows) == len(expected)

    async def test_savepoints_one_after_the_other_do_not_mix(self) -> None:
        """Of many savepoints in one transaction exactly the failed ones MUST be undone."""
        self.require(transactions=True, savepoints=True)
        rows = [new_row() for _ in range(12)]
        async with self.transaction() as outer:
            for number, row in enumerate(rows):
                if number % 2:
                    await self.fail_after(outer, lambda inner, row=row: put(inner, row))  # type: ignore[misc]
                else:
                    async with outer.transaction() as inner:
                        await put(inner, row)
        await self.assert_rows(*rows[::2], *(row.gone for row in rows[1::2]))

    async def test_a_failure_undoes_savepoints_that_succeeded(self) -> None:
        """A failed transaction MUST undo all of its savepoints, also those left without error."""
        self.require(transactions=True, savepoints=True)
        rows = [new_row() for _ in range(3)]

        async def work(outer: AsyncStorage) -> None:
            await put(outer, rows[0])
            async with outer.transaction() as inner:
                await put(inner, rows[1])
                async with inner.transaction() as innermost:
                    await put(innermost, rows[2])
            await self.assert_read(outer, *rows)

        await self.roll_back(work)
        await self.assert_rows(*(row.gone for row in rows))

    async def test_a_savepoint_reads_what_was_done_before_it(self) -> None:
        """A savepoint MUST see the rows of its transaction, and change them for good or not at all."""
        self.require(transactions=True, savepoints=True)
        row = new_row()
        async with self.transaction() as outer:
            await put(outer, row)
            async with outer.transaction() as inner:
                await self.assert_read(inner, row)
                await inner.update_agent(row.values["id"], name="first")
            await self.fail_after(outer, lambda inner: inner.update_agent(row.values["id"], name="second"))
            await self.fail_after(outer, lambda inner: inner.delete_agent(row.values["id"]))
            await self.assert_read(outer, row.but(name="first"))
        await self.assert_rows(row.but(name="first"))

    async def test_a_write_beside_an_open_savepoint_is_not_lost(self) -> None:
        """Writing through the outer storage while a savepoint is open MUST be part of the transaction, or be refused.

        What was reported as written MUST be there after the commit.
        """
        self.require(transactions=True, savepoints=True)
        outside, inside = new_row(), new_row()
        async with self.transaction() as outer, outer.transaction() as inner:
            await put(inner, inside)
            found = await attempt(put(outer, outside))
        assert_done_or_refused(found)
        await self.assert_rows(inside, outside if isinstance(found, Record) else outside.gone)

    async def test_without_savepoints_nesting_is_refused(self) -> None:
        """With `savepoints=False` an inner block MUST raise `NestedTransactionUnsupported`; the outer one goes on."""
        self.require(transactions=True, savepoints=False)
        before, inside, later = (new_row() for _ in range(3))
        async with self.transaction() as outer:
            await put(outer, before)
            with pytest.raises(NestedTransactionUnsupported):
                async with outer.transaction() as inner:
                    await put(inner, inside)
            await put(outer, later)
        await self.assert_rows(before, inside.gone, later)
