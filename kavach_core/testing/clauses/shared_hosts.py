"""A view of the host's transaction in other threads and tasks, and in those that are cancelled."""

from __future__ import annotations

from kavach_core.testing.changes import CHANGES
from kavach_core.testing.clauses.joining import Joining
from kavach_core.testing.clauses.transacting import (
    TURNS,
    assert_done_or_refused,
    attempt,
    cancelled_after,
    new_row,
    put,
)
from kavach_core.testing.samples import fresh
from kavach_schema.record import Record


class SharedHostClauses(Joining):
    """A view in the hands of other threads or tasks, and of those that are cancelled."""

    async def test_another_thread_or_task_never_writes_outside_of_the_host(self) -> None:
        """A call by another thread or task MUST be in the host's transaction, or raise `TransactionError`.

        ORMs keep the open transaction in the thread or the task: elsewhere there is another connection, or none.
        """
        for commits in (False, True):
            mine, other = new_row(), new_row()
            async with self.joined() as (work, view):
                await put(view, mine)
                # mypy infers no type for a lambda with defaults, which the loop needs.
                found = await self.beside(lambda view=view, other=other: attempt(put(view, other))).result()  # type: ignore[misc]
                assert_done_or_refused(found)
                await self.assert_others_see(other.gone)
                await (work.commit() if commits else work.rollback())
            await self.assert_rows(mine if commits else mine.gone)
            await self.assert_rows(other if commits and isinstance(found, Record) else other.gone)

    async def test_calls_of_a_view_at_the_same_time_are_refused_or_wait(self) -> None:
        """Of calls at once each MUST be done wholly, or raise `TransactionError` and do nothing; the host goes on."""
        rows = [new_row() for _ in range(8)]
        later, order = new_row(), fresh()
        async with self.joined() as (work, view):
            await work.insert(order)
            found = await self.together(lambda number: put(view, rows[number]), len(rows))
            await put(view, later)
            await work.commit()
        for row, outcome in zip(rows, found, strict=True):
            assert_done_or_refused(outcome)
            await self.assert_rows(row if isinstance(outcome, Record) else row.gone)
        await self.assert_rows(later)
        await self.assert_orders(order)

    async def test_a_cancelled_host_leaves_nothing(self) -> None:
        """Wherever a task is cancelled in the host's transaction, nothing MUST be written and nothing stay open."""
        self.for_tasks()
        rows = [new_row() for _ in range(3)]

        async def run() -> None:
            async with self.joined() as (work, view):
                await put(view, rows[0])
                if self.capabilities.savepoints:
                    async with view.transaction() as inner:
                        await put(inner, rows[1])
                await work.insert(fresh())
                await put(view, rows[2])

        async for _ in self.cancel_everywhere(run):
            assert not await self.opened.leaks()
            await self.assert_committed(*(row.gone for row in rows))

    async def test_a_cancelled_call_is_in_the_hosts_transaction_or_not(self) -> None:
        """Wherever a call of a view is cancelled, a host that commits after all MUST get all of it or nothing."""
        self.for_tasks()
        (change,) = (c for c in CHANGES if c.name == "delete-owner")
        for turns in TURNS:
            rows = await change.prepare(self.storage)
            order, committed = fresh(), False
            async with self.host() as work:
                await work.insert(order)
                view = self.storage.using(work.handle)
                # mypy infers no type for a lambda with defaults, which the loop needs.
                cancelled = await cancelled_after(turns, lambda view=view, rows=rows: change.make(view, rows))  # type: ignore[misc]
                try:
                    await work.commit()
                    committed = True
                except Exception:
                    # The cancellation broke the connection: the host cannot commit, and knows it.
                    assert cancelled
            there = {await self.opened.find(row.table, row.values[row.table.key]) is not None for row in rows}
            assert len(there) == 1, "a part of the rows is gone"
            await self.assert_orders(order, stored=committed)
            if not cancelled:
                assert committed
                assert there == {False}
                break
