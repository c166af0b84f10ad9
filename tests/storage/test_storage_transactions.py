"""Transactions: all or nothing, savepoints inside, nothing left open whatever ends the block."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from colours import Opened
from kavach_core.errors import ConflictError, InvalidInput, TransactionContextLost, TransactionError
from kavach_schema.tables.agents import AGENTS, PERMISSIONS, RATE_LIMITS, TRUST_SCORES
from kavach_schema.tables.identity import TENANTS
from storage.samples import Failure, fail_after, roll_back, row

pytestmark = pytest.mark.adapters("sqlalchemy", "peewee")


async def ids(storage: Any) -> list[str]:
    return [agent.id for agent in await storage.list_agents()]


async def add(storage: Any, agent_id: str) -> Any:
    return await storage.create_agent(**row(AGENTS, id=agent_id))


async def test_leaving_the_block_commits(storage: Any) -> None:
    async with storage.transaction() as transaction:
        await add(transaction, "a")
        await transaction.create_permission(**row(PERMISSIONS, agent_id="a"))
    assert await ids(storage) == ["a"]
    assert len(await storage.find_permissions_by_agent_id("a")) == 1


async def test_an_error_rolls_everything_back_and_is_not_replaced(storage: Any) -> None:
    """ST7: in the original nothing is transactional."""
    await add(storage, "before")

    async def work(transaction: Any) -> None:
        await add(transaction, "a")
        await transaction.update_agent("before", name="changed")
        await transaction.increment_rate_limit(**row(RATE_LIMITS))
        await transaction.upsert_trust_score(**row(TRUST_SCORES, agent_id="a"))
        await transaction.delete_agent("before")

    with pytest.raises(Failure):
        await fail_after(storage, work)
    assert await ids(storage) == ["before"]
    assert (await storage.find_agent_by_id("before")).name != "changed"
    assert await storage.find_trust_score("a") is None


async def test_an_empty_transaction_is_nothing(storage: Any) -> None:
    async with storage.transaction():
        pass
    await roll_back(storage, lambda transaction: transaction.list_agents())


async def test_reads_inside_see_what_was_written_inside(storage: Any) -> None:
    async with storage.transaction() as transaction:
        agent = await add(transaction, "a")
        assert await transaction.find_agent_by_id("a") == agent
        assert await transaction.count_agents() == 1
        await transaction.delete_agent("a")
        assert await transaction.find_agent_by_id("a") is None


@pytest.mark.not_in_memory
async def test_others_see_nothing_before_the_commit(opened: Opened, storage: Any) -> None:
    other = await opened.storage()
    async with storage.transaction() as transaction:
        await add(transaction, "a")
        assert await ids(other) == []
    assert await ids(other) == ["a"]


async def test_a_failed_savepoint_undoes_only_what_was_done_in_it(storage: Any) -> None:
    async with storage.transaction() as outer:
        await add(outer, "a")
        await roll_back(outer, lambda inner: add(inner, "b"))
        await add(outer, "c")
    assert await ids(storage) == ["a", "c"]


async def test_a_savepoint_that_is_left_goes_with_its_transaction(storage: Any) -> None:
    async def work(outer: Any) -> None:
        async with outer.transaction() as inner:
            await add(inner, "a")

    await roll_back(storage, work)
    assert await ids(storage) == []


async def test_a_savepoint_as_the_first_thing_is_rolled_back_with_the_transaction(storage: Any) -> None:
    """On SQLite, releasing a savepoint outside of a transaction commits: sqlalchemy#8795."""

    async def work(outer: Any) -> None:
        await outer.find_agent_by_id("x")
        async with outer.transaction() as inner:
            await add(inner, "a")

    await roll_back(storage, work)
    assert await ids(storage) == []


async def test_three_levels_each_roll_back_alone(storage: Any) -> None:
    async with storage.transaction() as first:
        await add(first, "1")
        async with first.transaction() as second:
            await add(second, "2")
            await roll_back(second, lambda third: add(third, "3"))
            await add(second, "2b")

        async def work(second: Any) -> None:
            await add(second, "x")
            async with second.transaction() as third:
                await add(third, "y")

        await roll_back(first, work)
    assert await ids(storage) == ["1", "2", "2b"]


async def test_savepoints_one_after_the_other_do_not_mix(storage: Any) -> None:
    async with storage.transaction() as outer:
        for number in range(20):
            if number % 2:
                await roll_back(outer, partial(add, agent_id=f"{number:02}"))
            else:
                async with outer.transaction() as inner:
                    await add(inner, f"{number:02}")
    assert await ids(storage) == [f"{number:02}" for number in range(0, 20, 2)]


async def test_a_conflict_leaves_the_transaction_usable(storage: Any) -> None:
    """PostgreSQL gives the whole transaction up at any error that no savepoint encloses."""
    taken = await storage.create_agent(**row(AGENTS, id="taken"))
    tenant = await storage.create_tenant(**row(TENANTS))
    async with storage.transaction() as transaction:
        await add(transaction, "a")
        conflicts: list[Callable[[], Awaitable[Any]]] = [
            lambda: add(transaction, "taken"),
            lambda: transaction.create_agent(**row(AGENTS, token_hash=taken.token_hash)),
            lambda: transaction.update_agent("a", token_hash=taken.token_hash),
            lambda: transaction.create_tenant(**row(TENANTS, slug=tenant.slug)),
        ]
        for conflict in conflicts:
            with pytest.raises(ConflictError):
                await conflict()
            assert await ids(transaction) == ["a", "taken"]
        await add(transaction, "b")
    assert await ids(storage) == ["a", "b", "taken"]


async def test_a_refused_value_leaves_the_transaction_usable(storage: Any) -> None:
    async with storage.transaction() as transaction:
        await add(transaction, "a")
        with pytest.raises(InvalidInput):
            await add(transaction, "\0")
        await add(transaction, "b")
    assert await ids(storage) == ["a", "b"]


async def test_a_conflict_that_is_not_caught_rolls_back(storage: Any) -> None:
    await add(storage, "taken")

    async def work(transaction: Any) -> None:
        await add(transaction, "a")
        await add(transaction, "taken")

    with pytest.raises(ConflictError):
        await fail_after(storage, work)
    assert await ids(storage) == ["taken"]


async def test_a_bound_storage_is_of_no_use_after_its_block(storage: Any) -> None:
    async with storage.transaction() as transaction:
        async with transaction.transaction() as savepoint:
            await add(savepoint, "a")
        with pytest.raises(TransactionContextLost):
            await add(savepoint, "late")
    for call in (add(transaction, "late"), transaction.find_agent_by_id("a")):
        with pytest.raises(TransactionContextLost):
            await call
    with pytest.raises(TransactionContextLost):
        await fail_after(transaction, lambda inner: add(inner, "late"))
    assert await ids(storage) == ["a"]


async def test_a_bound_storage_is_of_no_use_after_a_rollback(storage: Any) -> None:
    kept: list[Any] = []

    async def work(transaction: Any) -> None:
        kept.append(transaction)

    await roll_back(storage, work)
    with pytest.raises(TransactionContextLost):
        await add(kept[0], "late")


async def test_only_a_bound_storage_says_that_it_is_in_a_transaction(storage: Any) -> None:
    assert not storage.in_transaction
    async with storage.transaction() as transaction:
        assert transaction.in_transaction
        async with transaction.transaction() as savepoint:
            assert savepoint.in_transaction
    assert not storage.in_transaction


async def test_closing_a_bound_storage_changes_nothing(storage: Any) -> None:
    async with storage.transaction() as transaction:
        await add(transaction, "a")
        await transaction.close()
        await add(transaction, "b")
    assert await ids(storage) == ["a", "b"]


async def test_transactions_that_add_to_one_counter_are_exact(opened: Opened, storage: Any) -> None:
    window = row(RATE_LIMITS)

    async def work(_: int) -> None:
        async with storage.transaction() as transaction:
            found = await transaction.increment_rate_limit(**{**row(RATE_LIMITS), **same(window), "count": 1})
            await add(transaction, f"agent-{found.count:02}")

    assert await opened.together(work, 12) == [None] * 12
    assert await ids(storage) == [f"agent-{number:02}" for number in range(1, 13)]


def same(window: dict[str, Any]) -> dict[str, Any]:
    return {name: window[name] for name in ("agent_id", "resource", "window_start")}


async def test_errors_leave_no_transaction_open(opened: Opened, storage: Any) -> None:
    async def work(number: int) -> None:
        await fail_after(storage, lambda transaction: add(transaction, f"agent-{number}"))

    results = await opened.together(work, 8)
    assert [type(result) for result in results] == [Failure] * 8
    await add(storage, "a")
    assert await ids(storage) == ["a"]


@pytest.mark.tasks
async def test_a_cancelled_task_writes_nothing_and_blocks_nobody(storage: Any) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with storage.transaction() as transaction:
            await add(transaction, "a")
            begun.set()
            await asyncio.sleep(60)

    for _ in range(6):
        begun.clear()
        task = asyncio.create_task(work())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await ids(storage) == []
    await add(storage, "a")


@pytest.mark.tasks
async def test_a_task_cancelled_in_the_middle_of_a_statement_blocks_nobody(storage: Any) -> None:

    async def work() -> None:
        async with storage.transaction() as transaction, transaction.transaction() as savepoint:
            for number in range(10_000):
                await add(savepoint, f"{number:05}")

    for delay in (0.001, 0.004, 0.01, 0.02, 0.03, 0.04):
        task = asyncio.create_task(work())
        await asyncio.sleep(delay)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await ids(storage) == []
    await add(storage, "a")
    assert await ids(storage) == ["a"]


@pytest.mark.tasks
async def test_a_savepoint_left_by_a_cancellation_is_rolled_back(storage: Any) -> None:

    async def too_long(outer: Any) -> None:
        async with asyncio.timeout(0.05), outer.transaction() as inner:
            await add(inner, "inside")
            await asyncio.sleep(60)

    async with storage.transaction() as outer:
        await add(outer, "before")
        with pytest.raises(TimeoutError):
            await too_long(outer)
        await add(outer, "after")
    assert await ids(storage) == ["after", "before"]


async def test_a_savepoint_left_by_an_exit_is_rolled_back(storage: Any) -> None:
    async def leave(outer: Any) -> None:
        async with outer.transaction() as inner:
            await add(inner, "inside")
            raise SystemExit

    async with storage.transaction() as outer:
        with pytest.raises(SystemExit):
            await leave(outer)
        await add(outer, "after")
    assert await ids(storage) == ["after"]


@pytest.mark.tasks
async def test_a_second_call_while_one_runs_is_refused_or_waits(storage: Any) -> None:
    """Two statements at once on one connection confuse drivers: https://docs.sqlalchemy.org/en/20/errors.html#isce."""
    async with storage.transaction() as transaction:
        results = await asyncio.gather(*(add(transaction, f"{n}") for n in range(5)), return_exceptions=True)
        refused = [result for result in results if isinstance(result, BaseException)]
        assert [error for error in refused if not isinstance(error, TransactionError)] == []
        await add(transaction, "after")
    assert len(await ids(storage)) == 6 - len(refused)
