"""What errors, exits and the end of its block do to a transaction, and to the storage that was bound to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from kavach_core.errors import (
    ConflictError,
    InvalidInput,
    TransactionContextLost,
)
from kavach_core.storage import AsyncStorage
from kavach_core.testing.changes import Row
from kavach_core.testing.clauses.taken import Taken, each_conflict
from kavach_core.testing.clauses.transacting import (
    Transacting,
    new_row,
    put,
    take_first,
)
from kavach_core.testing.samples import fresh, sample
from kavach_schema.tables.agents import AGENTS, AUDIT_LOGS, PERMISSIONS

each_exit = pytest.mark.parametrize("exit_", [KeyboardInterrupt, SystemExit, GeneratorExit])


class ErrorsInTransactionsClauses(Transacting):
    """What an error of one call does to the transaction around it."""

    @each_conflict
    async def test_a_conflict_leaves_the_transaction_usable(self, conflict: str) -> None:
        """After a `ConflictError`, what was done before MUST still be there, and what is done next be kept.

        PostgreSQL gives a transaction up at any error that no savepoint encloses.
        """
        taken = await Taken.stored(self)
        before, later = new_row(), new_row()
        async with self.transaction() as transaction:
            await put(transaction, before)
            for _ in range(2):
                await taken.assert_conflict(transaction, conflict)
                await self.assert_read(transaction, before, *taken.rows)
            await put(transaction, later)
        await self.assert_rows(before, later, *taken.rows)

    @each_conflict
    async def test_a_conflict_as_the_first_thing_leaves_the_transaction_usable(self, conflict: str) -> None:
        """A `ConflictError` of the first call MUST leave a transaction that commits and rolls back as any other."""
        taken = await Taken.stored(self)
        later = new_row()
        async with self.transaction() as transaction:
            await taken.assert_conflict(transaction, conflict)
            await put(transaction, later)
        await self.assert_rows(later, *taken.rows)
        undone = new_row()

        async def work(transaction: AsyncStorage) -> None:
            await taken.assert_conflict(transaction, conflict)
            await put(transaction, undone)

        await self.roll_back(work)
        await self.assert_rows(undone.gone, *taken.rows)

    @each_conflict
    async def test_a_conflict_in_a_savepoint_fails_it_alone(self, conflict: str) -> None:
        """A conflict that leaves a savepoint MUST undo the savepoint, and one caught in it nothing."""
        self.require(transactions=True, savepoints=True)
        taken = await Taken.stored(self)
        before, undone, kept = (new_row() for _ in range(3))
        async with self.transaction() as outer:
            await put(outer, before)
            with pytest.raises(ConflictError):
                await in_transaction(outer, put_then(undone, lambda inner: taken.conflict(inner, conflict)))
            async with outer.transaction() as inner:
                await taken.assert_conflict(inner, conflict)
                await put(inner, kept)
        await self.assert_rows(before, undone.gone, kept, *taken.rows)

    async def test_a_conflict_that_nobody_catches_undoes_everything(self) -> None:
        """A `ConflictError` that leaves the block MUST roll back, and come out itself."""
        taken = await Taken.stored(self)
        row = new_row()
        self.require(transactions=True)
        with pytest.raises(ConflictError):
            await in_transaction(self.storage, put_then(row, lambda bound: taken.conflict(bound, "key")))
        await self.assert_rows(row.gone, *taken.rows)

    async def test_a_conflict_with_what_the_transaction_wrote(self) -> None:
        """A key that the transaction itself wrote MUST conflict too, and be free again once it was deleted."""
        row = new_row()
        again = Row(AGENTS, sample(AGENTS, id=row.values["id"]))
        async with self.transaction() as transaction:
            await put(transaction, row)
            with pytest.raises(ConflictError):
                await put(transaction, again)
            await self.assert_read(transaction, row)
            assert await transaction.delete_agent(row.values["id"]) is True
            await put(transaction, again)
        await self.assert_rows(again)

    async def test_a_refused_value_leaves_the_transaction_usable(self) -> None:
        """After an `InvalidInput` nothing of its call MUST be there, and the transaction go on."""
        before, later = new_row(), new_row()
        bad = sample(PERMISSIONS, agent_id="\0")
        good = Row(PERMISSIONS, sample(PERMISSIONS))
        async with self.transaction() as transaction:
            for row in (before, later):
                with pytest.raises(InvalidInput):
                    await transaction.create_agent(**sample(AGENTS, id="\0"))
                with pytest.raises(InvalidInput):
                    await transaction.create_permissions([good.values, bad])  # type: ignore[list-item]
                with pytest.raises(InvalidInput):
                    await transaction.delete_expired_sessions(None)  # type: ignore[arg-type]
                await put(transaction, row)
        await self.assert_rows(before, later, good.gone)

    async def test_what_is_missing_leaves_the_transaction_usable(self) -> None:
        """None, False and 0 are results: the transaction MUST go on."""
        before, later = new_row(), new_row()
        async with self.transaction() as transaction:
            await put(transaction, before)
            assert await transaction.update_agent(fresh(), name="x") is None
            assert await transaction.delete_agent(fresh()) is False
            assert await transaction.delete_permissions_by_agent_id(fresh()) == 0
            await put(transaction, later)
        await self.assert_rows(before, later)


class EndedTransactionClauses(Transacting):
    """What leaves a block, and what is left of the storage that was bound to it."""

    @each_exit
    async def test_leaving_the_program_rolls_back(self, exit_: type[BaseException]) -> None:
        """Whatever leaves the block MUST undo it, also what is no `Exception`, and the storage stays usable."""
        row = new_row()
        self.require(transactions=True)
        with pytest.raises(exit_):
            await in_transaction(self.storage, put_then(row, lambda _: leave(exit_)))
        await self.assert_rows(row.gone)
        await put(self.storage, row)
        await self.assert_rows(row)

    @each_exit
    async def test_leaving_the_program_rolls_a_savepoint_back(self, exit_: type[BaseException]) -> None:
        """Whatever leaves an inner block MUST undo it; who catches it outside may go on and commit."""
        self.require(transactions=True, savepoints=True)
        before, inside, later = (new_row() for _ in range(3))
        async with self.transaction() as outer:
            await put(outer, before)
            with pytest.raises(exit_):
                await in_transaction(outer, put_then(inside, lambda _: leave(exit_)))
            await put(outer, later)
        await self.assert_rows(before, inside.gone, later)

    async def test_an_abandoned_generator_rolls_back(self) -> None:
        """A generator that is closed in the middle of its transaction MUST leave nothing written and nothing open."""
        row = new_row()

        async def rows() -> AsyncIterator[Row]:
            async with self.transaction() as transaction:
                await put(transaction, row)
                yield row
                raise AssertionError("the generator went on")

        generator = rows()
        assert await anext(generator) is row
        await generator.aclose()  # type: ignore[attr-defined]
        await self.assert_rows(row.gone)

    async def test_an_abandoned_stream_leaves_the_transaction_usable(self) -> None:
        """A stream that is left in the middle MUST NOT keep its transaction from writing, failing or committing."""
        agent_id, later, undone = fresh(), new_row(), new_row()
        logs = [Row(AUDIT_LOGS, sample(AUDIT_LOGS, agent_id=agent_id)) for _ in range(3)]
        async with self.transaction() as transaction:
            for log in logs:
                await put(transaction, log)
            await take_first(transaction.stream_audit_logs(agent_id=agent_id))
            await put(transaction, later)
            if self.capabilities.savepoints:
                await self.fail_after(transaction, lambda inner: put(inner, undone))
            await take_first(transaction.stream_audit_logs(agent_id=agent_id))
        await self.assert_rows(*logs, later, undone.gone)
        await take_first(self.storage.stream_audit_logs(agent_id=agent_id))
        await self.roll_back(lambda transaction: put(transaction, undone))
        await self.assert_rows(undone.gone)

    @pytest.mark.parametrize("fails", [False, True], ids=["committed", "rolled-back"])
    async def test_a_bound_storage_is_of_no_use_after_its_block(self, fails: bool) -> None:
        """Every call MUST raise `TransactionContextLost` and write nothing, also while another transaction is open."""
        kept: list[AsyncStorage] = []
        late = new_row()

        async def work(transaction: AsyncStorage) -> None:
            kept.append(transaction)
            await put(transaction, new_row())

        if fails:
            await self.roll_back(work)
        else:
            async with self.transaction() as transaction:
                await work(transaction)
        await self.assert_ended(kept[0], late)
        async with self.transaction():
            await self.assert_ended(kept[0], late)
        await self.assert_rows(late.gone)

    @pytest.mark.parametrize("fails", [False, True], ids=["released", "rolled-back"])
    async def test_a_savepoints_storage_is_of_no_use_after_its_block(self, fails: bool) -> None:
        """Also while the outer transaction goes on, `TransactionContextLost` MUST be raised and nothing be written."""
        self.require(transactions=True, savepoints=True)
        kept: list[AsyncStorage] = []
        before, later, late = (new_row() for _ in range(3))

        async def work(inner: AsyncStorage) -> None:
            kept.append(inner)
            await put(inner, before)

        async with self.transaction() as outer:
            if fails:
                await self.fail_after(outer, work)
            else:
                async with outer.transaction() as inner:
                    await work(inner)
            await self.assert_ended(kept[0], late)
            await put(outer, later)
        await self.assert_ended(kept[0], late)
        await self.assert_rows(before.gone if fails else before, later, late.gone)

    async def assert_ended(self, storage: AsyncStorage, row: Row) -> None:
        """Assert that a bound storage refuses to read, to write and to open a transaction."""
        late: list[Any] = [
            lambda: put(storage, row),
            lambda: storage.find_agent_by_id(row.values["id"]),
            lambda: storage.count_agents(),
            lambda: storage.create_permissions([sample(PERMISSIONS)]),  # type: ignore[list-item]
            lambda: storage.delete_agent(row.values["id"]),
            lambda: take_first(storage.stream_audit_logs(agent_id=row.values["id"])),
        ]
        for call in late:
            with pytest.raises(TransactionContextLost):
                await call()
        with pytest.raises(TransactionContextLost):
            async with storage.transaction() as inner:
                await put(inner, row)


Work = Callable[[AsyncStorage], Awaitable[object]]


async def in_transaction(storage: AsyncStorage, work: Work) -> None:
    """Do some work in a transaction of a storage, or in a savepoint if it is bound to one."""
    async with storage.transaction() as bound:
        await work(bound)


def put_then(row: Row, work: Work) -> Work:
    """Return what writes a row and then does some work."""

    async def both(storage: AsyncStorage) -> None:
        await put(storage, row)
        await work(storage)

    return both


async def leave(error: type[BaseException]) -> None:
    """Raise what leaves the block."""
    raise error
