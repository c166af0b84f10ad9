"""Many callers at once, in threads or tasks: sums are exact, and what can happen once happens once."""

from __future__ import annotations

from typing import Any

import pytest

from colours import Opened
from kavach_core.errors import ConflictError
from kavach_core.storage.operations import Consume, Increment, Insert
from kavach_schema.tables.agents import AGENTS, APPROVAL_REQUESTS, RATE_LIMITS, TRUST_SCORES
from storage.samples import at, execute, operations, row

pytestmark = pytest.mark.adapters("sqlalchemy", "peewee")

WINDOW = {"agent_id": "a", "resource": "r", "window_start": at(0)}


def fine(results: list[Any]) -> list[Any]:
    """Return results after making sure that no call failed."""
    errors = [result for result in results if isinstance(result, BaseException)]
    assert errors == []
    return results


async def test_32_writers_of_one_counter_lose_nothing(opened: Opened, storage: Any) -> None:
    """P1, B4: the original reads, adds and writes."""

    async def work(number: int) -> Any:
        return await storage.increment_rate_limit(**row(RATE_LIMITS, **WINDOW, count=number))

    results = fine(await opened.together(work, 32))
    stored = await storage.find_rate_limit("a", resource="r", window_start=at(0))
    assert stored.count == sum(range(32))
    assert {result.id for result in results} == {stored.id}


async def test_a_limit_lets_through_exactly_as_many_as_it_says(opened: Opened, storage: Any) -> None:
    """P1: with a limit of 10, the original lets 100 of 100 through."""

    async def work(_: int) -> Any:
        return await storage.increment_rate_limit(limit=10, **row(RATE_LIMITS, **WINDOW, count=1))

    results = fine(await opened.together(work, 32))
    assert sorted(result.count for result in results if result) <= [*range(1, 11)]
    assert sum(result is not None for result in results) == 10
    assert (await storage.find_rate_limit("a", resource="r", window_start=at(0))).count == 10


async def test_a_limit_of_0_lets_nobody_through(storage: Any) -> None:
    """P3: 0 is not unlimited."""
    assert await storage.increment_rate_limit(limit=0, **row(RATE_LIMITS, **WINDOW, count=1)) is None
    assert await storage.find_rate_limit("a", resource="r", window_start=at(0)) is None


async def test_an_amount_beyond_the_limit_changes_nothing(storage: Any) -> None:
    assert await storage.increment_rate_limit(limit=5, **row(RATE_LIMITS, **WINDOW, count=6)) is None
    three = await storage.increment_rate_limit(limit=5, **row(RATE_LIMITS, **WINDOW, count=3))
    assert await storage.increment_rate_limit(limit=5, **row(RATE_LIMITS, **WINDOW, count=3)) is None
    five = await storage.increment_rate_limit(limit=5, **row(RATE_LIMITS, **WINDOW, count=2))
    assert (five.count, five.id) == (5, three.id)


async def test_counters_of_different_windows_do_not_touch(storage: Any) -> None:
    for window in (WINDOW, {**WINDOW, "agent_id": "b"}, {**WINDOW, "resource": "R"}, {**WINDOW, "window_start": at(1)}):
        assert (await storage.increment_rate_limit(**row(RATE_LIMITS, **window, count=1))).count == 1


async def test_an_increment_that_takes_the_id_of_another_counter_is_a_conflict(storage: Any) -> None:
    first = await storage.increment_rate_limit(**row(RATE_LIMITS, **WINDOW, count=1))
    stolen = row(RATE_LIMITS, id=first.id, count=1)
    try:
        found = await storage.increment_rate_limit(**stolen)
    except ConflictError as error:
        found = error
    assert isinstance(found, ConflictError)
    assert (await storage.find_rate_limit("a", resource="r", window_start=at(0))).count == 1


async def test_racing_upserts_of_one_window_leave_one_row_and_its_id(opened: Opened, storage: Any) -> None:
    async def work(number: int) -> Any:
        return await storage.upsert_rate_limit(**row(RATE_LIMITS, **WINDOW, count=number))

    results = fine(await opened.together(work, 16))
    stored = await storage.find_rate_limit("a", resource="r", window_start=at(0))
    assert {result.id for result in results} == {stored.id}
    assert stored.count in range(16)


async def test_racing_upserts_of_one_trust_score_leave_one_of_them(opened: Opened, storage: Any) -> None:
    async def work(number: int) -> Any:
        return await storage.upsert_trust_score(
            **row(TRUST_SCORES, agent_id="a", score=number, level=f"level {number}")
        )

    fine(await opened.together(work, 16))
    stored = await storage.find_trust_score("a")
    assert stored.level == f"level {stored.score}"


async def test_one_of_16_answers_to_a_request_wins(opened: Opened, storage: Any) -> None:
    """AP2: in the original the last answer wins."""
    request = await storage.create_approval_request(**row(APPROVAL_REQUESTS, status="pending"))

    async def work(number: int) -> Any:
        return await storage.update_approval_request(
            request.id, expected_status="pending", status="approved", responded_by=f"person-{number}"
        )

    winners = [result for result in fine(await opened.together(work, 16)) if result]
    assert len(winners) == 1
    assert await storage.find_approval_request(request.id) == winners[0]


async def test_one_of_16_creations_with_the_same_token_hash_wins(opened: Opened, storage: Any) -> None:
    async def work(_: int) -> Any:
        return await storage.create_agent(**row(AGENTS, token_hash="same"))

    results = await opened.together(work, 16)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert {result.columns for result in results if isinstance(result, ConflictError)} == {("token_hash",)}
    assert sum(isinstance(result, ConflictError) for result in results) == 15


async def test_one_of_8_deletions_finds_the_agent(opened: Opened, storage: Any) -> None:
    agent = await storage.create_agent(**row(AGENTS))

    async def work(_: int) -> Any:
        return await storage.delete_agent(agent.id)

    assert sorted(fine(await opened.together(work, 8))) == [False] * 7 + [True]


async def test_one_of_8_callers_consumes_each_single_use_row(opened: Opened, storage: Any) -> None:
    for name, consume in operations(Consume):
        values = row(consume.table)
        await execute(storage, Insert(consume.table), values)
        asked = {column: values[column] for column in consume.by}
        asked |= {f.name: at(-1) if f.comparison == ">" else values[f.column] for f in consume.alive}

        async def work(_: int, consume: Any = consume, asked: Any = asked) -> Any:
            return await execute(storage, consume, asked)

        winners = [result for result in fine(await opened.together(work, 8)) if result]
        assert len(winners) == 1, name


async def test_bounded_counters_of_stored_rows_stop_exactly_at_their_bound(opened: Opened, storage: Any) -> None:
    for name, increment in operations(Increment):
        if increment.create:
            continue
        values = row(increment.table, **{increment.column: 0})
        values |= {increment.bound: 5} if increment.bound else {}
        await execute(storage, Insert(increment.table), values)
        asked = {column: values[column] for column in increment.by} | {increment.column: 1}
        asked |= {f.name: at(-1) if f.comparison == ">" else values[f.column] for f in increment.alive}
        asked |= {} if increment.bound else {"limit": 5}

        async def work(_: int, increment: Any = increment, asked: Any = asked) -> Any:
            return await execute(storage, increment, asked)

        counts = [getattr(r, increment.column) for r in fine(await opened.together(work, 12)) if r]
        assert len(counts) == 5, name
        assert max(counts) == 5, name
