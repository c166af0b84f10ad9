"""What errors, wrong handles and the end of the host's transaction do to what has joined it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kavach_core.errors import (
    CapabilityError,
    ConfigurationError,
    InvalidInput,
    TransactionContextLost,
    TransactionError,
)
from kavach_core.storage import AsyncStorage
from kavach_core.testing.changes import Row
from kavach_core.testing.clauses.joining import Joining
from kavach_core.testing.clauses.taken import Taken, each_conflict
from kavach_core.testing.clauses.transacting import (
    new_row,
    put,
    take_first,
)
from kavach_core.testing.samples import fresh, sample
from kavach_schema.tables.agents import PERMISSIONS

each_end = pytest.mark.parametrize("end", ["commit", "rollback", "leave"])


class JoinedErrorsClauses(Joining):
    """What errors, wrong handles and the end of the host's transaction do."""

    @each_conflict
    async def test_a_conflict_leaves_the_hosts_work_alive(self, conflict: str) -> None:
        """After a `ConflictError` the host MUST be able to go on and commit what it did before.

        PostgreSQL would give up all that the host did.
        """
        taken = await Taken.stored(self)
        row, before, later = new_row(), fresh(), fresh()
        async with self.joined() as (work, view):
            await work.insert(before)
            for _ in range(2):
                await taken.assert_conflict(view, conflict)
                assert before in await work.values()
            await put(view, row)
            await work.insert(later)
            await work.commit()
        await self.assert_rows(row, *taken.rows)
        await self.assert_orders(before, later)

    @each_conflict
    async def test_a_conflict_as_the_first_thing_leaves_the_host_usable(self, conflict: str) -> None:
        """A `ConflictError` of the first call MUST leave a transaction that the host commits or rolls back."""
        taken = await Taken.stored(self)
        for commits in (False, True):
            row, order = new_row(), fresh()
            async with self.joined() as (work, view):
                await taken.assert_conflict(view, conflict)
                await work.insert(order)
                await put(view, row)
                await (work.commit() if commits else work.rollback())
            await self.assert_rows(row if commits else row.gone, *taken.rows)
            await self.assert_orders(order, stored=commits)

    async def test_a_refused_value_leaves_the_hosts_work_alive(self) -> None:
        """After an `InvalidInput` the host MUST be able to go on and commit."""
        row, order, good = new_row(), fresh(), Row(PERMISSIONS, sample(PERMISSIONS))
        bad: list[Any] = [good.values, sample(PERMISSIONS, agent_id="\0")]
        async with self.joined() as (work, view):
            with pytest.raises(InvalidInput):
                await view.create_permissions(bad)
            await work.insert(order)
            with pytest.raises(InvalidInput):
                await view.create_agent(**sample(row.table, id="\0"))
            await put(view, row)
            await work.commit()
        await self.assert_rows(row, good.gone)
        await self.assert_orders(order)

    @each_end
    async def test_a_view_ends_with_the_hosts_transaction(self, end: str) -> None:
        """After the host's commit, rollback or end every call MUST raise `TransactionContextLost` and write nothing.

        What it wrote would be in a transaction that nobody commits, or in the next one, where nobody expects it.
        """
        row, late = new_row(), new_row()
        async with self.joined() as (work, view):
            await put(view, row)
            if end != "leave":
                await getattr(work, end)()
                await self.assert_lost(view, late)
        await self.assert_lost(view, late)
        await self.assert_rows(row if end == "commit" else row.gone, late.gone)

    @each_end
    async def test_a_view_that_only_read_ends_too(self, end: str) -> None:
        """A view that has written nothing MUST end with the host's transaction as any other."""
        late = new_row()
        async with self.joined() as (work, view):
            assert await view.find_agent_by_id(fresh()) is None
            await work.insert(fresh())
            if end != "leave":
                await getattr(work, end)()
                await self.assert_lost(view, late)
        await self.assert_lost(view, late)
        await self.assert_rows(late.gone)

    async def assert_lost(self, view: AsyncStorage, row: Row) -> None:
        """Assert that a view refuses to read, to write and to open a savepoint."""
        calls: list[Callable[[], Awaitable[object]]] = [
            lambda: put(view, row),
            lambda: view.find_agent_by_id(row.values["id"]),
            lambda: view.create_permissions([]),
            lambda: view.delete_agent(row.values["id"]),
            lambda: take_first(view.stream_audit_logs(agent_id=row.values["id"])),
        ]
        for call in calls:
            with pytest.raises(TransactionContextLost):
                await call()
        if self.capabilities.savepoints:
            with pytest.raises(TransactionContextLost):
                async with view.transaction() as inner:
                    await put(inner, row)

    @pytest.mark.parametrize("fails", [False, True], ids=["released", "rolled back"])
    async def test_the_view_of_a_savepoint_is_of_no_use_after_its_block(self, fails: bool) -> None:
        """Also while the host's transaction goes on, `TransactionContextLost` MUST be raised and nothing be written."""
        self.require(joins_host=True, savepoints=True)
        kept: list[AsyncStorage] = []
        before, later, late = (new_row() for _ in range(3))

        async def work(inner: AsyncStorage) -> None:
            kept.append(inner)
            await put(inner, before)

        async with self.joined() as (host, view):
            if fails:
                await self.fail_after(view, work)
            else:
                async with view.transaction() as inner:
                    await work(inner)
            await self.assert_lost(kept[0], late)
            await put(view, later)
            await host.commit()
        await self.assert_lost(kept[0], late)
        await self.assert_rows(before.gone if fails else before, later, late.gone)

    @pytest.mark.parametrize(
        "handle", [None, 1, "session", object, object()], ids=["none", "number", "text", "class", "object"]
    )
    async def test_a_wrong_handle_is_refused(self, handle: object) -> None:
        """`using()` MUST raise `ConfigurationError` for what is no handle of the host's ORM."""
        self.require(joins_host=True)
        with pytest.raises(ConfigurationError):
            self.storage.using(handle)

    async def test_a_bound_storage_joins_nobody(self) -> None:
        """`using()` in a transaction of ours MUST raise `TransactionError`: its calls have a transaction."""
        row = new_row()
        async with self.host() as work, self.transaction() as transaction:
            with pytest.raises(TransactionError):
                transaction.using(work.handle)
            await put(transaction, row)
        await self.assert_rows(row)

    async def test_a_storage_without_hosts_says_so(self) -> None:
        """A storage that declares `joins_host=False` MUST raise `CapabilityError` for any handle, bound or not."""
        self.require(joins_host=False)
        with pytest.raises(CapabilityError):
            self.storage.using(object())
        if self.capabilities.transactions:
            async with self.transaction() as transaction:
                with pytest.raises(CapabilityError):
                    transaction.using(object())
