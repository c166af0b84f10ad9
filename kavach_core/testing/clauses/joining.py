"""Our rows in the host's transaction: they commit and roll back with the host's own, and never by us."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kavach_core.storage import AsyncStorage
from kavach_core.testing.changes import CHANGES, Change, Row, each_change
from kavach_core.testing.clauses.transacting import (
    Transacting,
    new_row,
    put,
    take_first,
)
from kavach_core.testing.levels import Level
from kavach_core.testing.opening import HostWork
from kavach_core.testing.samples import complete, fresh, sample
from kavach_schema.tables.agents import AUDIT_LOGS


class Joining(Transacting):
    """The base of clauses on the host's transactions."""

    level = Level.JOINED

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[tuple[HostWork, AsyncStorage]]:
        """Begin a transaction of the host's, and yield it with a view that has joined it."""
        async with self.host() as work:
            yield work, self.storage.using(work.handle)

    async def assert_orders(self, *values: str, stored: bool = True) -> None:
        """Assert that these rows of the host's are committed, or that none of them is."""
        async with self.host() as work:
            found = set(await work.values())
        assert {*values} <= found if stored else found.isdisjoint(values), "the host's rows are not as they must be"

    async def assert_host_reads(self, work: HostWork, *rows: Row) -> None:
        """Assert that the host reads these rows in its transaction, and not those that are not stored."""
        for row in rows:
            found = await work.find(row.table, row.values[row.table.key])
            assert found == (complete(row.table, row.values) if row.stored else None), "the host reads something else"


class JoiningClauses(Joining):
    """The host's transaction, with our calls in it."""

    @each_change
    async def test_the_hosts_commit_keeps_its_rows_and_ours(self, change: Change) -> None:
        """What a view did MUST be committed with the host's transaction, and MUST NOT be before."""
        rows = await change.prepare(self.storage)
        before, later = fresh(), fresh()
        async with self.joined() as (work, view):
            await work.insert(before)
            after = await change.make(view, rows)
            await self.assert_read(view, *after)
            await self.assert_host_reads(work, *after)
            await self.assert_others_see(*rows)
            await work.insert(later)
            await work.commit()
        await self.assert_rows(*after)
        await self.assert_orders(before, later)

    @each_change
    async def test_the_hosts_rollback_removes_its_rows_and_ours(self, change: Change) -> None:
        """What a view did MUST be undone with the host's transaction, wherever it stood in it."""
        rows = await change.prepare(self.storage)
        order = fresh()
        async with self.joined() as (work, view):
            await change.make(view, rows)
            await work.insert(order)
            await work.rollback()
        await self.assert_rows(*rows)
        await self.assert_orders(order, stored=False)

    @each_change
    async def test_without_the_hosts_commit_nothing_stays(self, change: Change) -> None:
        """A transaction that the host leaves without a commit MUST leave nothing of ours: we never commit."""
        rows = await change.prepare(self.storage)
        async with self.joined() as (_, view):
            await change.make(view, rows)
        await self.assert_rows(*rows)

    @each_change
    async def test_a_failed_savepoint_of_ours_leaves_the_hosts_work(self, change: Change) -> None:
        """An error in a `transaction()` of the view MUST undo that block, and nothing that the host did."""
        self.require(savepoints=True)
        rows = await change.prepare(self.storage)
        before, later = fresh(), fresh()
        async with self.joined() as (work, view):
            await work.insert(before)
            await self.fail_after(view, lambda inner: change.make(inner, rows))
            await self.assert_read(view, *rows)
            await work.insert(later)
            await work.commit()
        await self.assert_rows(*rows)
        await self.assert_orders(before, later)

    @each_change
    async def test_a_savepoint_as_the_first_thing_ends_with_the_hosts_rollback(self, change: Change) -> None:
        """What a savepoint did MUST be undone by the host's rollback, also as the first statement of its transaction.

        On SQLite the release of such a savepoint commits, unless BEGIN goes before it: sqlalchemy#8795.
        """
        self.require(savepoints=True)
        rows = await change.prepare(self.storage)
        async with self.joined() as (work, view):
            async with view.transaction() as inner:
                after = await change.make(inner, rows)
            await self.assert_others_see(*rows)
            await self.assert_read(view, *after)
            await work.rollback()
        await self.assert_rows(*rows)

    async def test_savepoints_nest_in_the_hosts_transaction(self) -> None:
        """At any depth a failed block MUST be undone alone, with what the host did meanwhile."""
        self.require(savepoints=True)
        one, two, three, four = (new_row() for _ in range(4))
        kept, undone = fresh(), fresh()
        async with self.joined() as (work, view):
            async with view.transaction() as first:
                await put(first, one)
                async with first.transaction() as second:
                    await put(second, two)
                    await self.fail_after(second, lambda third: put(third, three))
                await work.insert(kept)

            async def inside(inner: AsyncStorage) -> None:
                async with inner.transaction() as innermost:
                    await put(innermost, four)
                await work.insert(undone)

            await self.fail_after(view, inside)
            assert undone not in await work.values()
            await self.assert_read(view, one, two, three.gone, four.gone)
            await work.commit()
        await self.assert_rows(one, two, three.gone, four.gone)
        await self.assert_orders(kept)
        await self.assert_orders(undone, stored=False)

    async def test_changes_of_every_kind_are_the_hosts(self) -> None:
        """A host's transaction with a change of every kind MUST be there wholly, or not at all."""
        for commits in (False, True):
            before = [await change.prepare(self.storage) for change in CHANGES]
            async with self.joined() as (work, view):
                after = [await change.make(view, rows) for change, rows in zip(CHANGES, before, strict=True)]
                await (work.commit() if commits else work.rollback())
            for rows in after if commits else before:
                await self.assert_rows(*rows)

    async def test_the_block_of_a_view_commits_nothing(self) -> None:
        """Leaving a `transaction()` of a view MUST NOT commit: the host may do so much later, or never."""
        self.require(savepoints=True)
        rows = [new_row() for _ in range(3)]
        async with self.joined() as (work, view):
            for row in rows:
                async with view.transaction() as inner:
                    await put(inner, row)
                await self.assert_others_see(row.gone)
                await work.insert(fresh())
            await work.commit()
        await self.assert_others_see(*rows)
        await self.assert_rows(*rows)

    async def test_closing_a_view_closes_nothing_of_the_hosts(self) -> None:
        """`close()` and `prepare_schema()` of a view MUST neither end nor disturb the host's transaction."""
        before, later, order = new_row(), new_row(), fresh()
        async with self.joined() as (work, view):
            await put(view, before)
            await view.prepare_schema()
            await view.close()
            await self.assert_others_see(before.gone)
            await work.insert(order)
            await put(self.storage.using(work.handle), later)
            await work.commit()
        await self.assert_rows(before, later)
        await self.assert_orders(order)

    async def test_a_view_says_that_it_is_in_a_transaction(self) -> None:
        """`in_transaction` MUST be True for a view, and stay False for the storage that it came from."""
        async with self.joined() as (_, view):
            await view.find_agent_by_id(fresh())
            assert view.in_transaction is True
            assert view.capabilities.joins_host is True
            assert self.storage.in_transaction is False

    async def test_views_of_one_handle_share_its_transaction(self) -> None:
        """Two views of one handle MUST read each other's rows, and end together."""
        one, two = new_row(), new_row()
        async with self.joined() as (work, view):
            other = self.storage.using(work.handle)
            await put(view, one)
            await self.assert_read(other, one)
            await put(other, two)
            await self.assert_read(view, one, two)
            await work.rollback()
        await self.assert_rows(one.gone, two.gone)

    async def test_two_hosts_do_not_see_each_other(self) -> None:
        """Views in two transactions of the host's MUST be as apart as these are."""
        await self.second()  # where the harness opens none, nobody reads beside an open transaction
        one, two, order = new_row(), new_row(), fresh()
        async with self.joined() as (first, ours), self.joined() as (second, others):
            await put(ours, one)
            await first.insert(order)
            await self.assert_read(others, one.gone)
            await self.assert_host_reads(second, one.gone)
            assert order not in await second.values()
            if self.capabilities.concurrent_writers:
                await put(others, two)
                await self.assert_read(ours, one, two.gone)
            await second.rollback()
            await self.assert_read(ours, one)
            await first.commit()
        await self.assert_rows(one, two.gone)
        await self.assert_orders(order)

    async def test_transactions_of_a_host_one_after_the_other(self) -> None:
        """Each transaction of the host's MUST have its own rows, whatever became of the one before."""
        rows = [new_row() for _ in range(4)]
        for number, row in enumerate(rows):
            async with self.joined() as (work, view):
                await put(view, row)
                await (work.rollback() if number % 2 else work.commit())
        await self.assert_rows(rows[0], rows[1].gone, rows[2], rows[3].gone)

    async def test_the_storage_itself_is_not_joined(self) -> None:
        """Calls on the storage that a view came from MUST stay on their own, out of the host's reach."""
        joined, own = new_row(), new_row()
        async with self.joined() as (work, view):
            assert await view.find_agent_by_id(fresh()) is None
            await put(self.storage, own)
            await work.rollback()
        async with self.joined() as (work, view):
            await put(view, joined)
            await work.rollback()
        await self.assert_rows(joined.gone, own)

    async def test_an_abandoned_stream_leaves_the_host_usable(self) -> None:
        """A stream of a view that is left in the middle MUST NOT keep the host from writing or committing."""
        agent_id, order = fresh(), fresh()
        logs = [Row(AUDIT_LOGS, sample(AUDIT_LOGS, agent_id=agent_id)) for _ in range(3)]
        async with self.joined() as (work, view):
            for log in logs:
                await put(view, log)
            await take_first(view.stream_audit_logs(agent_id=agent_id))
            await work.insert(order)
            await work.commit()
        await self.assert_rows(*logs)
        await self.assert_orders(order)
