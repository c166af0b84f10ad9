"""Many transactions at once: each is whole, and none of them sees half of another."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TypeVar

from kavach_core.errors import BackendUnavailable, ConflictError, TransactionAborted, TransactionError
from kavach_core.testing.changes import Row
from kavach_core.testing.clauses.base import Failure
from kavach_core.testing.clauses.consuming import consume
from kavach_core.testing.clauses.joining import Joining
from kavach_core.testing.clauses.races import add, counter, fine
from kavach_core.testing.clauses.transacting import Transacting, put
from kavach_core.testing.levels import Level
from kavach_core.testing.methods import METHODS
from kavach_core.testing.samples import fresh, sample
from kavach_schema.tables.agents import AGENTS, RATE_LIMITS, TRUST_SCORES
from kavach_schema.tables.identity import TENANTS

T = TypeVar("T")

TRIES = 100
"""How often a transaction is run again that the database rolled back for another one."""


class TransactionRaceClauses(Transacting):
    """Transactions at the same time; who is rolled back for another one (`TransactionAborted`) runs again."""

    level = Level.CONCURRENT

    async def test_transactions_on_one_counter_are_exact(self) -> None:
        """Counts of transactions that commit MUST all be there, and those of failed ones MUST NOT."""
        self.require(transactions=True)
        window = sample(RATE_LIMITS)
        agents = [Row(AGENTS, sample(AGENTS)) for _ in range(self.opened.harness.writers)]

        async def work(number: int) -> None:
            async def once(transaction: Any) -> None:
                await add(transaction, window, number)
                await put(transaction, agents[number])
                if number % 4 == 3:
                    raise Failure

            await self.until_done(once)

        results = await self.together(work)
        committed = [number for number, result in enumerate(results) if result is None]
        assert committed == [number for number in range(len(results)) if number % 4 != 3]
        assert all(isinstance(result, Failure | None) for result in results), results
        assert (await counter(self.storage, window)).count == sum(committed)
        for number, agent in enumerate(agents):
            await self.assert_read(self.storage, agent if number in committed else agent.gone)

    async def test_a_trust_score_is_locked_by_its_increment(self) -> None:
        """What a transaction writes over a score whose revision it incremented MUST lose nothing."""
        self.require(transactions=True)
        row = sample(TRUST_SCORES, score=0, revision=1)

        async def work(number: int) -> None:
            async def once(transaction: Any) -> None:
                found = await transaction.increment_trust_score_revision(**row)
                await self.opened.runner.pause()
                await transaction.update_trust_score(row["agent_id"], score=found.score + 1)

            await self.until_done(once)

        results = fine(await self.together(work))
        await self.assert_stored(TRUST_SCORES, {**row, "score": len(results), "revision": len(results)})

    async def test_transfers_keep_the_sum(self) -> None:
        """Transfers between two counters in transactions, some of which fail, MUST keep their sum and be exact."""
        self.require(transactions=True)
        accounts = [await self.new(RATE_LIMITS, count=1000), await self.new(RATE_LIMITS, count=1000)]

        async def work(number: int) -> int:
            amount = -number if number % 2 else number

            async def once(transaction: Any) -> None:
                await add(transaction, accounts[0], -amount)
                await self.opened.runner.pause()
                await add(transaction, accounts[1], amount)
                if number % 5 == 4:
                    raise Failure

            await self.until_done(once)
            return amount

        results = await self.together(work)
        assert all(isinstance(result, int | Failure) for result in results), results
        moved = sum(result for result in results if isinstance(result, int))
        counts = [(await counter(self.storage, account)).count for account in accounts]
        assert counts == [1000 - moved, 1000 + moved]

    async def test_a_deadlock_ends_in_an_error_to_repeat(self) -> None:
        """Of two transactions that wait for each other one MUST get an error that tells it to run again, and be undone.

        After that run both are done, wholly and once.
        """
        self.require(transactions=True, concurrent_writers=True)
        accounts = [await self.new(RATE_LIMITS, count=0), await self.new(RATE_LIMITS, count=0)]
        meeting: set[int] = set()

        async def work(number: int) -> None:
            async def once(transaction: Any) -> None:
                await add(transaction, accounts[number], 1)
                await self.meet(meeting, number)
                await add(transaction, accounts[1 - number], 10)

            await self.until_done(once)

        fine(await self.together(work, 2))
        assert [(await counter(self.storage, account)).count for account in accounts] == [11, 11]

    async def test_a_deadlock_that_is_caught_writes_nothing_outside(self) -> None:
        """Who catches the error of a deadlock and goes on MUST get an error again, or have written all in the end.

        MySQL has rolled the whole transaction back: what follows would be on its own.
        """
        self.require(transactions=True, concurrent_writers=True)
        accounts = [await self.new(RATE_LIMITS, count=0), await self.new(RATE_LIMITS, count=0)]
        early, late = [Row(AGENTS, sample(AGENTS)) for _ in range(2)], [Row(AGENTS, sample(AGENTS)) for _ in range(2)]
        meeting: set[int] = set()

        async def work(number: int) -> None:
            async with self.transaction() as transaction:
                await put(transaction, early[number])
                await add(transaction, accounts[number], 1)
                await self.meet(meeting, number)
                with suppress(TransactionAborted):
                    await add(transaction, accounts[1 - number], 10)
                await put(transaction, late[number])

        results = await self.together(work, 2)
        for number, result in enumerate(results):
            assert isinstance(result, TransactionError | None), "neither committed nor an error of the transaction"
            for row in (early[number], late[number]):
                await self.assert_rows(row if result is None else row.gone)

    async def test_a_limit_holds_across_transactions(self) -> None:
        """What a failed transaction was granted MUST be granted again, and the sum never pass the limit."""
        self.require(transactions=True)
        window = await self.new(RATE_LIMITS, count=0)
        limit = self.opened.harness.writers // 4

        async def work(number: int) -> bool:
            async def once(transaction: Any) -> bool:
                granted = await add(transaction, window, 1, limit) is not None
                await self.opened.runner.pause()
                if granted and number % 2:
                    raise Failure
                return granted

            granted: bool = await self.until_done(once)
            return granted

        results = await self.together(work)
        assert all(isinstance(result, bool | Failure) for result in results), results
        granted = sum(result is True for result in results)
        assert (await counter(self.storage, window)).count == granted == limit

    async def test_one_of_many_transactions_takes_a_unique_value(self) -> None:
        """Of transactions that write the same unique value exactly one MUST commit; for the others it is a conflict."""
        self.require(transactions=True)
        slug = fresh()
        rows = [Row(TENANTS, sample(TENANTS, slug=slug)) for _ in range(self.opened.harness.writers)]
        agents = [Row(AGENTS, sample(AGENTS)) for _ in rows]

        async def work(number: int) -> None:
            async def once(transaction: Any) -> None:
                await put(transaction, agents[number])
                await put(transaction, rows[number])

            await self.until_done(once)

        results = await self.together(work)
        (winner,) = [number for number, result in enumerate(results) if result is None]
        for number, (result, row, agent) in enumerate(zip(results, rows, agents, strict=True)):
            assert number == winner or isinstance(result, ConflictError)
            await self.assert_read(self.storage, agent if number == winner else agent.gone)
            if number == winner:
                await self.assert_rows(row)

    async def test_what_a_failed_transaction_used_up_is_usable_again(self) -> None:
        """Of transactions that consume the same row exactly one that commits MUST get it, however many fail."""
        self.require(transactions=True)
        method = METHODS["consume_oauth_authorization_code"]
        row = await self.new(method.table)

        async def work(number: int) -> Any:
            async def once(transaction: Any) -> Any:
                found = await consume(transaction, method, row)
                await self.opened.runner.pause()
                if found is not None and number % 2:
                    raise Failure
                return found

            return await self.until_done(once)

        results = await self.together(work)
        assert {type(r) for r in results if isinstance(r, BaseException)} <= {Failure}
        winners = [result for result in results if result is not None and not isinstance(result, BaseException)]
        assert [dict(winner) for winner in winners] == [row]
        await self.assert_missing(method.table, row)

    async def until_done(self, work: Any) -> Any:
        """Do some work in a transaction, again where the database rolled it back for another one."""
        for _ in range(TRIES):
            try:
                async with self.storage.transaction() as transaction:
                    return await work(transaction)
            except TransactionAborted:
                await self.opened.runner.pause()
            except BackendUnavailable as error:
                if not error.retryable:
                    raise
        raise AssertionError(f"a transaction was rolled back {TRIES} times for others")


class JoinedRaceClauses(Joining):
    """The transactions of hosts at the same time."""

    level = Level.CONCURRENT

    async def test_a_deadlock_that_a_host_catches_writes_nothing_outside(self) -> None:
        """A host that catches the error and goes on MUST get `TransactionAborted` again, or have committed all."""
        self.require(joins_host=True, concurrent_writers=True)
        await self.assert_orders()  # the host makes its table when it first begins
        # found by their keys: an upsert at the default level of MySQL locks neighbours too, and one would never meet
        held = [await self.new(AGENTS), await self.new(AGENTS)]
        early, late = [Row(AGENTS, sample(AGENTS)) for _ in range(2)], [Row(AGENTS, sample(AGENTS)) for _ in range(2)]
        meeting: set[int] = set()

        async def work(number: int) -> None:
            async with self.joined() as (host, view):
                await put(view, early[number])
                await view.update_agent(held[number]["id"], name="held")
                await self.meet(meeting, number)
                with suppress(TransactionAborted):
                    await view.update_agent(held[1 - number]["id"], name="taken")
                await put(self.storage.using(host.handle), late[number])
                await host.commit()

        results = await self.together(work, 2)
        for number, result in enumerate(results):
            assert isinstance(result, TransactionAborted | None), f"neither committed nor told to run again: {result!r}"
            for row in (early[number], late[number]):
                await self.assert_rows(row if result is None else row.gone)
