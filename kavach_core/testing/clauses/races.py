"""Many writers at once: sums are exact, what can happen once happens once, and nobody gets an error for the others."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypeVar

import pytest

from kavach_core.errors import ConflictError
from kavach_core.storage import AsyncStorage
from kavach_core.testing.changes import Row
from kavach_core.testing.clauses.base import assert_conflict, values_of
from kavach_core.testing.clauses.consuming import consume, each_consume
from kavach_core.testing.clauses.transacting import Transacting, put
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.levels import Level
from kavach_core.testing.methods import INSERTS, METHODS, OWNERS, UPDATES, UPSERTS, Method
from kavach_core.testing.samples import LATER, T0, Values, another, at, fresh, sample
from kavach_schema.tables.agents import AGENTS, EPHEMERAL_SESSIONS, PERMISSIONS, RATE_LIMITS
from kavach_schema.tables.identity import TENANTS
from kavach_schema.tables.sign_in import EMAIL_OTPS, PHONE_VERIFICATIONS

T = TypeVar("T")

each_expecting = pytest.mark.parametrize(
    ("method", "column"),
    [pytest.param(m, column, id=f"{m}-{column}") for m in UPDATES for column in m.operation.expect],
)
each_upsert = each_area_of(UPSERTS)
each_owner = pytest.mark.parametrize("name", OWNERS)
each_attempt = pytest.mark.parametrize(
    ("name", "table"),
    [
        ("increment_email_otp_attempts", EMAIL_OTPS),
        ("increment_phone_verification_attempts", PHONE_VERIFICATIONS),
    ],
)
each_taken = pytest.mark.parametrize(
    ("table", "column"), [(AGENTS, "id"), (AGENTS, "token_hash"), (TENANTS, "slug")], ids=["key", "token_hash", "slug"]
)


class RaceClauses(Transacting):
    """Calls on their own, at the same time."""

    level = Level.CONCURRENT

    @each_consume
    async def test_one_of_many_uses_it_up(self, method: Method) -> None:
        """Of many callers exactly one MUST get the row, and the others None."""
        row = await self.new(method.table)
        results = fine(await self.together(lambda _: consume(self.storage, method, row)))
        (winner,) = [result for result in results if result is not None]
        mark = method.operation.mark
        assert dict(winner) == ({**row, mark: True} if mark else row)
        assert await consume(self.storage, method, row) is None

    @each_expecting
    async def test_one_of_many_changes_what_it_expects(self, method: Method, column: str) -> None:
        """Of many changes that expect the same value exactly one MUST be made, and the others return None."""
        row = await self.new(method.table)
        others = [name for name in method.changeable if name.kind == "time" and name.name != column][:1]

        async def work(number: int) -> Any:
            changes: Values = {column: another(method.table.by_name[column], row[column])}
            changes |= {other.name: at(number) for other in others}
            return await method.by_key(self.storage, row, **{f"expected_{column}": row[column]}, **changes)

        (winner,) = [result for result in fine(await self.together(work)) if result is not None]
        await self.assert_stored(method.table, values_of(winner))

    @each_taken
    async def test_one_of_many_takes_a_unique_value(self, table: Any, column: str) -> None:
        """Of many new rows with the same unique value exactly one MUST be written; the others raise `ConflictError`."""
        taken = fresh()
        (method,) = (m for m in INSERTS if m.table is table)
        rows = [sample(table, **{column: taken}) for _ in range(self.writers)]
        results = await self.together(lambda number: method(self.storage, **rows[number]))
        (winner,) = [number for number, result in enumerate(results) if not isinstance(result, BaseException)]
        for number, result in enumerate(results):
            if number != winner:
                assert isinstance(result, ConflictError)
                assert_conflict(result, table, (column,))
        await self.assert_stored(table, rows[winner])

    async def test_one_of_many_batches_takes_a_key(self) -> None:
        """Of many batches with one key in common exactly one MUST be written, wholly; nothing is left of the others."""
        key = fresh()
        batches: list[Any] = [
            [sample(PERMISSIONS), sample(PERMISSIONS, id=key), sample(PERMISSIONS)] for _ in range(self.writers)
        ]
        results = await self.together(lambda number: self.storage.create_permissions(batches[number]))
        (winner,) = [number for number, result in enumerate(results) if not isinstance(result, BaseException)]
        for number, (batch, result) in enumerate(zip(batches, results, strict=True)):
            assert number == winner or isinstance(result, ConflictError)
            for row in batch:
                if row["id"] != key:
                    await self.assert_read(self.storage, Row(PERMISSIONS, row, stored=number == winner))
        await self.assert_stored(PERMISSIONS, batches[winner][1])

    async def test_batches_at_once_are_all_written(self) -> None:
        """Batches that have nothing in common but their owner MUST all be written, without an error."""
        agent_id = fresh()
        batches: list[Any] = [[sample(PERMISSIONS, agent_id=agent_id) for _ in range(5)] for _ in range(self.writers)]
        fine(await self.together(lambda number: self.storage.create_permissions(batches[number])))
        stored = await self.storage.find_permissions_by_agent_id(agent_id)
        assert {row.id for row in stored} == {row["id"] for batch in batches for row in batch}

    async def test_writers_of_different_rows_do_not_disturb_each_other(self) -> None:
        """New rows with nothing in common MUST all be written, and be read by their writers, without an error."""

        async def work(number: int) -> None:
            for _ in range(3):
                row = Row(AGENTS, sample(AGENTS))
                await put(self.storage, row)
                await self.assert_read(self.storage, row)
                await self.storage.update_agent(row.values["id"], name=f"name {number}")
                await self.assert_read(self.storage, row.but(name=f"name {number}"))
                assert await self.storage.delete_agent(row.values["id"]) is True

        fine(await self.together(work))

    @each_owner
    async def test_one_of_many_deletes_it(self, name: str) -> None:
        """Of many deletions of one row exactly one MUST return True, and none raise."""
        method = METHODS[name]
        row = await self.new(method.table)
        results = fine(await self.together(lambda _: method.deleting(self.storage, row)))
        assert Counter(results) == {True: 1, False: self.writers - 1}
        await self.assert_missing(method.table, row)

    @each_upsert
    async def test_many_upserts_leave_one_row(self, method: Method) -> None:
        """Many upserts of one new row MUST all succeed and leave one of them, whole, with one id."""
        table, by = method.table, method.operation.by
        first = sample(table)
        same = {name: first[name] for name in by}
        rows = [sample(table, **same) for _ in range(self.writers)]
        results = fine(await self.together(lambda number: method(self.storage, **rows[number])))
        stored = await self.find(table, first if table.key in by else {**first, table.key: results[0].id})
        assert stored is not None
        kept = {table.key, *method.operation.keep}
        changed = {name: value for name, value in stored.items() if name not in kept}
        assert changed in [{name: row[name] for name in changed} for row in rows], "the row is a mixture"
        assert {getattr(result, table.key) for result in results} == {stored[table.key]}

    @property
    def writers(self) -> int:
        """Return how many write at once."""
        return self.opened.harness.writers


class CounterRaceClauses(Transacting):
    """Counters, with many writers."""

    level = Level.CONCURRENT

    async def test_no_count_is_lost(self) -> None:
        """Many increments of one counter, the first of which writes it, MUST add up exactly, in one row."""
        window = sample(RATE_LIMITS)

        async def work(number: int) -> list[int]:
            return [(await self.count(window, number + turn)).count for turn in range(3)]

        results = fine(await self.together(work))
        total = sum(number + turn for number in range(len(results)) for turn in range(3))
        stored = await self.stored(window)
        assert stored.count == total
        assert max(count for counts in results for count in counts) == total
        for counts in results:
            assert counts == sorted(counts), "a counter went back"

    async def test_every_sum_is_returned_once(self) -> None:
        """Each increment by one MUST return a sum that no other one returns: who got which ticket is certain."""
        window = sample(RATE_LIMITS)

        async def work(_: int) -> list[int]:
            return [(await self.count(window, 1)).count for _ in range(3)]

        sums = [count for counts in fine(await self.together(work)) for count in counts]
        assert sorted(sums) == [*range(1, len(sums) + 1)]

    @pytest.mark.parametrize("exists", [False, True], ids=["new", "stored"])
    async def test_a_limit_grants_exactly_what_it_says(self, exists: bool) -> None:
        """Of many increments by one exactly `limit` MUST be granted, and the counter end at the limit."""
        window = sample(RATE_LIMITS)
        limit = self.opened.harness.writers // 2
        if exists:
            await self.count(window, 0)
        results = fine(await self.together(lambda _: self.count(window, 1, limit=limit)))
        granted = [result.count for result in results if result is not None]
        assert sorted(granted) == [*range(1, limit + 1)]
        assert (await self.stored(window)).count == limit

    async def test_a_limit_holds_for_larger_amounts(self) -> None:
        """Increments by different amounts MUST NOT pass the limit together; what was granted adds up to the sum."""
        window = sample(RATE_LIMITS)

        async def work(number: int) -> int:
            amount = number % 5 + 1
            return 0 if await self.count(window, amount, limit=20) is None else amount

        granted = fine(await self.together(work))
        assert (await self.stored(window)).count == sum(granted) <= 20
        assert sum(granted) > 20 - 5

    @each_attempt
    async def test_attempts_are_granted_exactly(self, name: str, table: Any) -> None:
        """Of many attempts exactly `limit` MUST be granted: each guess costs one."""
        row = await self.new(table, attempts=0)
        results = fine(await self.together(lambda _: getattr(self.storage, name)(row["id"], limit=5)))
        assert sorted(result.attempts for result in results if result is not None) == [1, 2, 3, 4, 5]
        await self.assert_stored(table, {**row, "attempts": 5})

    async def test_actions_are_granted_exactly(self) -> None:
        """Of many uses of an ephemeral session exactly `max_actions` MUST be granted."""
        row = await self.session(max_actions=5)
        results = fine(await self.together(lambda _: self.storage.use_ephemeral_session(row["token_hash"], now=T0)))
        assert sorted(result.actions_used for result in results if result is not None) == [1, 2, 3, 4, 5]
        await self.assert_stored(EPHEMERAL_SESSIONS, {**row, "actions_used": 5})

    async def test_a_change_of_another_column_loses_no_count(self) -> None:
        """An update MUST write the columns that it names and no others: counts made meanwhile stay."""
        row = await self.session(max_actions=None)
        changed = "max_actions"

        async def work(number: int) -> None:
            if number % 2:
                await self.storage.update_ephemeral_session(row["id"], **{changed: 1_000_000 + number})  # type: ignore[arg-type]
            else:
                assert await self.storage.use_ephemeral_session(row["token_hash"], now=T0) is not None

        results = fine(await self.together(work))
        found = await self.storage.find_ephemeral_session(row["id"])
        assert found is not None
        assert found.actions_used == len(results) // 2
        assert found.max_actions is not None

    async def count(self, window: Values, amount: int, limit: int | None = None) -> Any:
        """Add to a window, under an id that is used if its row is new."""
        return await add(self.storage, window, amount, limit)

    async def stored(self, window: Values) -> Any:
        """Return the stored counter."""
        return await counter(self.storage, window)

    async def session(self, **values: object) -> Values:
        """Write an ephemeral session that lives and was not used."""
        return await self.new(EPHEMERAL_SESSIONS, status="active", actions_used=0, expires_at=LATER, **values)


async def add(storage: AsyncStorage, window: Values, amount: int, limit: int | None = None) -> Any:
    """Add an amount to a counter, under an id of its own."""
    values: Any = {**window, "id": fresh(), "count": amount}
    return await storage.increment_rate_limit(limit=limit, **values)


async def counter(storage: AsyncStorage, window: Values) -> Any:
    """Return a stored counter."""
    found = await storage.find_rate_limit(
        window["agent_id"], resource=window["resource"], window_start=window["window_start"]
    )
    assert found is not None, "there is no counter"
    return found


def fine(results: list[T | BaseException]) -> list[T]:
    """Return results after making sure that no call failed."""
    errors = [result for result in results if isinstance(result, BaseException)]
    assert errors == []
    return [result for result in results if not isinstance(result, BaseException)]
