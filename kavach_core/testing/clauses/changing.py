"""Changing stored rows: updates, upserts and bounded counters."""

from __future__ import annotations

from typing import Any

import pytest

from kavach_core.errors import ConflictError, InvalidInput
from kavach_core.testing.clauses.base import Clauses, assert_conflict, values_of
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.methods import RENAMED, UPDATES, UPSERTS, Method
from kavach_core.testing.samples import LATER, T0, Values, another, at, fresh, sample
from kavach_schema.tables.agents import EPHEMERAL_SESSIONS, RATE_LIMITS, TRUST_SCORES
from kavach_schema.tables.sign_in import EMAIL_OTPS, PHONE_VERIFICATIONS

each_update = each_area_of(UPDATES)
each_full_update = each_area_of(m for m in UPDATES if m.name not in RENAMED.values())
each_refusal = each_area_of(m for m in UPDATES if m.name not in RENAMED.values())
each_expectation = pytest.mark.parametrize(
    ("method", "column"), [pytest.param(m, c, id=f"{m}-{c}") for m in UPDATES for c in m.operation.expect]
)
each_unique_update = pytest.mark.parametrize(
    ("method", "columns"),
    [
        pytest.param(m, columns, id=f"{m}-{'-'.join(columns)}")
        for m in UPDATES
        for columns in m.table.uniques
        if set(columns) & {column.name for column in m.changeable}
    ],
)
each_upsert = each_area_of(UPSERTS)
each_attempt = pytest.mark.parametrize(
    ("name", "table"),
    [("increment_email_otp_attempts", EMAIL_OTPS), ("increment_phone_verification_attempts", PHONE_VERIFICATIONS)],
    ids=["increment_email_otp_attempts", "increment_phone_verification_attempts"],
)


class UpdateClauses(Clauses):
    """Updates by key."""

    @each_update
    async def test_an_update_changes_what_it_names(self, method: Method) -> None:
        """All columns that are named MUST change, and the row as it is now be returned; others' rows stay."""
        table = method.table
        before, bystander = await self.new(table), await self.new(table)
        changes = {column.name: another(column, before[column.name]) for column in method.changeable}
        after = {**before, **changes}
        assert values_of(await method.by_key(self.storage, before, **changes)) == after
        await self.assert_stored(table, after)
        await self.assert_stored(table, bystander)

    @each_update
    async def test_what_is_not_named_stays(self, method: Method) -> None:
        """A column that is left out MUST keep its value: left out is not None."""
        before = await self.new(method.table)
        for column in method.changeable:
            change = {column.name: another(column, before[column.name])}
            after = {**before, **change}
            assert values_of(await method.by_key(self.storage, before, **change)) == after
            before = after
        await self.assert_stored(method.table, before)

    @each_full_update
    async def test_none_empties_a_column(self, method: Method) -> None:
        """None MUST empty a column that may be empty, and be refused for any other."""
        before = await self.new(method.table)
        emptied = {column.name: None for column in method.changeable if column.nullable}
        if emptied:
            after = {**before, **emptied}
            assert values_of(await method.by_key(self.storage, before, **emptied)) == after
            await self.assert_stored(method.table, after)
        for column in method.changeable:
            if not column.nullable:
                with pytest.raises(InvalidInput):
                    await method.by_key(self.storage, before, **{column.name: None})

    @each_update
    async def test_an_update_that_changes_nothing_finds_its_row(self, method: Method) -> None:
        """Writing the values that are stored already MUST return the row; MySQL would report that none was changed."""
        before = await self.new(method.table)
        same = {column.name: before[column.name] for column in method.changeable}
        assert values_of(await method.by_key(self.storage, before, **same)) == before
        await self.assert_stored(method.table, before)

    @each_full_update
    async def test_an_update_of_nothing_finds_its_row(self, method: Method) -> None:
        """An update that names no column MUST return the row, or None where there is none."""
        before = await self.new(method.table)
        assert values_of(await method.by_key(self.storage, before)) == before
        assert await method.by_key(self.storage, sample(method.table)) is None

    @each_update
    async def test_an_update_of_a_missing_row_is_none(self, method: Method) -> None:
        """An update of what is not there MUST return None, raise nothing, and write nothing."""
        missing = sample(method.table)
        changes = {column.name: missing[column.name] for column in method.changeable}
        assert await method.by_key(self.storage, missing, **changes) is None
        await self.assert_missing(method.table, missing)

    @each_refusal
    async def test_an_update_of_an_unknown_field_is_refused(self, method: Method) -> None:
        """A misspelled field MUST raise `InvalidInput`, and the fields beside it stay as they were."""
        before = await self.new(method.table)
        column = method.changeable[0]
        with pytest.raises(InvalidInput):
            await method.by_key(
                self.storage, before, **{column.name: another(column, before[column.name]), "no_such_column": "x"}
            )
        await self.assert_stored(method.table, before)

    @each_unique_update
    async def test_an_update_to_a_taken_value_is_a_conflict(self, method: Method, columns: tuple[str, ...]) -> None:
        """A change to a unique value of another row MUST raise `ConflictError`, and change neither row."""
        table = method.table
        holder, other = await self.new(table), await self.new(table)
        with pytest.raises(ConflictError) as caught:
            await method.by_key(self.storage, other, **{name: holder[name] for name in columns})
        assert_conflict(caught.value, table, columns)
        await self.assert_stored(table, holder)
        await self.assert_stored(table, other)

    @each_unique_update
    async def test_an_update_to_its_own_value_is_no_conflict(self, method: Method, columns: tuple[str, ...]) -> None:
        """A row MUST be able to keep its own unique value beside a change of another column."""
        before = await self.new(method.table)
        changes = {name: before[name] for name in columns}
        for column in method.changeable:
            if column.kind == "time":
                changes[column.name] = at(77)
        await method.by_key(self.storage, before, **changes)
        await self.assert_stored(method.table, {**before, **changes})

    @each_expectation
    async def test_an_expected_value_guards_the_update(self, method: Method, column: str) -> None:
        """With an expected value the update MUST happen while the row holds it, and else return None, changing nothing.

        This is compare-and-set: of several that expect the same, one wins.
        """
        table = method.table
        before = await self.new(table)
        wanted = another(table.by_name[column], before[column])
        guard = f"expected_{column}"
        assert await method.by_key(self.storage, before, **{guard: wanted, column: wanted}) is None
        await self.assert_stored(table, before)
        found = await method.by_key(self.storage, before, **{guard: before[column], column: wanted})
        assert values_of(found)[column] == wanted
        assert await method.by_key(self.storage, before, **{guard: before[column], column: before[column]}) is None
        await self.assert_stored(table, {**before, column: wanted})

    @each_expectation
    async def test_an_expected_value_guards_a_read(self, method: Method, column: str) -> None:
        """An expected value without changes MUST tell whether the row still holds it."""
        before = await self.new(method.table)
        guard = f"expected_{column}"
        assert values_of(await method.by_key(self.storage, before, **{guard: before[column]})) == before
        other = another(method.table.by_name[column], before[column])
        assert await method.by_key(self.storage, before, **{guard: other}) is None
        assert await method.by_key(self.storage, sample(method.table), **{guard: other}) is None


class UpsertClauses(Clauses):
    """Upserts: new or over the stored row."""

    @each_upsert
    async def test_an_upsert_replaces_the_stored_row(self, method: Method) -> None:
        """Over a stored row an upsert MUST write every column, return the row as it is now, and keep its key."""
        table = method.table
        before, bystander = await self.new(table), await self.new(table)
        named = {name: before[name] for name in method.operation.by}
        second = {
            **{name: another(column, before[name]) for name, column in table.by_name.items()},
            **named,
        }
        after = {**second, table.key: before[table.key]}
        assert values_of(await method(self.storage, **second)) == after
        await self.assert_stored(table, after)
        await self.assert_stored(table, bystander)

    @each_upsert
    async def test_an_upsert_of_the_same_changes_nothing(self, method: Method) -> None:
        """Writing the same row twice MUST return it twice and store it once."""
        before = await self.new(method.table)
        assert values_of(await method(self.storage, **before)) == before
        await self.assert_stored(method.table, before)

    @each_upsert
    async def test_an_upsert_over_another_rows_key_is_a_conflict(self, method: Method) -> None:
        """A new row whose key another row has MUST raise `ConflictError`: that row is not the one that is meant."""
        table = method.table
        if table.key in method.operation.by:
            return
        before = await self.new(table)
        other = sample(table, **{table.key: before[table.key]})
        with pytest.raises(ConflictError) as caught:
            await method(self.storage, **other)
        assert_conflict(caught.value, table, (table.key,))
        await self.assert_stored(table, before)

    @each_upsert
    async def test_an_upsert_means_the_row_that_it_names(self, method: Method) -> None:
        """Over a stored row the key that is given MUST NOT matter, even if it is that of a third row, which stays."""
        table = method.table
        if table.key in method.operation.by:
            return
        before, third = await self.new(table), await self.new(table)
        second = {name: another(column, before[name]) for name, column in table.by_name.items()}
        second |= {**{name: before[name] for name in method.operation.by}, table.key: third[table.key]}
        after = {**second, table.key: before[table.key]}
        for _ in range(2):
            assert values_of(await method(self.storage, **second)) == after
            await self.assert_stored(table, after)
            await self.assert_stored(table, third)


class IncrementClauses(Clauses):
    """Counters: exact, and never above their limit."""

    async def test_a_counter_is_that_of_its_window(self) -> None:
        """An id that a third window has MUST NOT matter to a stored counter: only the one that is named counts."""
        window, third = await self.new(RATE_LIMITS, count=1), await self.new(RATE_LIMITS, count=1)
        add: Any = self.storage.increment_rate_limit
        for limit, total in ((None, 11), (21, 21), (30, None)):
            found = await add(limit=limit, **{**window, "id": third["id"], "count": 10})
            assert (found and found.count) == total
        await self.assert_stored(RATE_LIMITS, {**window, "count": 21})
        await self.assert_stored(RATE_LIMITS, third)

    async def test_a_counter_under_its_own_id_keeps_its_limit(self) -> None:
        """Calling again with the id that the counter has MUST count as any other call does, and not as the first."""
        window = sample(RATE_LIMITS, count=1)
        add: Any = self.storage.increment_rate_limit
        for limit, total in ((1, 1), (1, None), (2, 2), (2, None), (None, 3), (3, None)):
            found = await add(limit=limit, **window)
            assert (found and found.count) == total
        await self.assert_stored(RATE_LIMITS, {**window, "count": 3})

    async def test_a_counter_begins_with_the_first_amount(self) -> None:
        """The first increment of a window MUST write its row as given and return it."""
        window = sample(RATE_LIMITS)
        add: Any = self.storage.increment_rate_limit
        assert values_of(await add(**window)) == window
        await self.assert_stored(RATE_LIMITS, window)

    async def test_a_counter_adds_up(self) -> None:
        """Each further increment MUST add its amount, return the sum, and keep the row's id; other windows stay."""
        window, bystander = await self.new(RATE_LIMITS, count=1), await self.new(RATE_LIMITS)
        add: Any = self.storage.increment_rate_limit
        total = 1
        for amount in (2, 3, 40):
            total += amount
            found = await add(**{**_again(window), "count": amount})
            assert values_of(found) == {**window, "count": total}
        await self.assert_stored(RATE_LIMITS, {**window, "count": total})
        await self.assert_stored(RATE_LIMITS, bystander)

    async def test_each_part_of_a_window_counts(self) -> None:
        """Agent, resource and start MUST each set a window apart."""
        window = await self.new(RATE_LIMITS, count=1)
        for name in ("agent_id", "resource", "window_start"):
            other = _again(window)
            other[name] = another(RATE_LIMITS.by_name[name], window[name])
            assert values_of(await self.storage.increment_rate_limit(**other))["count"] == 1

    async def test_a_counter_reaches_its_limit_and_stops(self) -> None:
        """A sum up to `limit` MUST be granted; beyond it nothing changes and the result is None."""
        window = await self.new(RATE_LIMITS, count=1)
        add: Any = self.storage.increment_rate_limit
        assert await add(limit=3, **{**_again(window), "count": 3}) is None
        assert values_of(await add(limit=3, **{**_again(window), "count": 2}))["count"] == 3
        assert await add(limit=3, **_again(window)) is None
        await self.assert_stored(RATE_LIMITS, {**window, "count": 3})
        assert values_of(await add(limit=4, **_again(window)))["count"] == 4
        assert values_of(await add(**_again(window)))["count"] == 5

    async def test_a_first_amount_above_the_limit_is_not_written(self) -> None:
        """Where the first amount alone passes the limit, no row MUST be written."""
        window = sample(RATE_LIMITS, count=2)
        add: Any = self.storage.increment_rate_limit
        assert await add(limit=1, **window) is None
        assert await add(limit=0, **{**window, "count": 1}) is None
        await self.assert_missing(RATE_LIMITS, window)
        assert values_of(await add(limit=2, **window)) == window

    async def test_a_trust_score_is_written_once_and_kept(self) -> None:
        """The first increment MUST write the score as given; a later one MUST change the revision and nothing else."""
        score, bystander = sample(TRUST_SCORES, revision=1), await self.new(TRUST_SCORES)
        add: Any = self.storage.increment_trust_score_revision
        assert values_of(await add(**score)) == score
        other = {**sample(TRUST_SCORES), "agent_id": score["agent_id"], "revision": 2}
        assert values_of(await add(**other)) == {**score, "revision": 3}
        await self.assert_stored(TRUST_SCORES, {**score, "revision": 3})
        await self.assert_stored(TRUST_SCORES, bystander)

    @each_attempt
    async def test_attempts_are_counted_up_to_the_limit(self, name: str, table: Any) -> None:
        """Attempts MUST be counted one by one; at the limit, and for a missing row, the result is None."""
        row, bystander = await self.new(table, attempts=0), await self.new(table)
        count = getattr(self.storage, name)
        for number in (1, 2, 3):
            assert values_of(await count(row["id"], limit=3)) == {**row, "attempts": number}
        assert await count(row["id"], limit=3) is None
        await self.assert_stored(table, {**row, "attempts": 3})
        assert values_of(await count(row["id"], limit=4))["attempts"] == 4
        assert await count(fresh(), limit=3) is None
        await self.assert_stored(table, bystander)

    async def test_an_ephemeral_session_has_its_number_of_actions(self) -> None:
        """`max_actions` uses MUST be granted and no more; without it any number."""
        bounded = await self._session(max_actions=2)
        for used in (1, 2):
            assert values_of(await self._use(bounded)) == {**bounded, "actions_used": used}
        assert await self._use(bounded) is None
        await self.assert_stored(EPHEMERAL_SESSIONS, {**bounded, "actions_used": 2})
        unbounded = await self._session(max_actions=None)
        for used in range(1, 6):
            assert values_of(await self._use(unbounded))["actions_used"] == used
        assert await self._use(await self._session(max_actions=0)) is None

    async def test_an_ephemeral_session_is_used_while_it_lives(self) -> None:
        """A session that has expired at this second, is not active or is not there MUST NOT be used."""
        expired = await self._session(expires_at=T0)
        assert await self._use(expired) is None
        assert values_of(await self._use(expired, at(-1)))["actions_used"] == 1
        revoked = await self._session(status="revoked")
        assert await self._use(revoked) is None
        await self.assert_stored(EPHEMERAL_SESSIONS, revoked)
        assert await self._use(sample(EPHEMERAL_SESSIONS)) is None

    async def _session(self, **values: object) -> Values:
        defaults = {"status": "active", "actions_used": 0, "max_actions": 5, "expires_at": LATER}
        return await self.new(EPHEMERAL_SESSIONS, **{**defaults, **values})

    async def _use(self, session: Values, now: Any = T0) -> Any:
        return await self.storage.use_ephemeral_session(session["token_hash"], now=now)


def _again(window: Values) -> Any:
    """Return one more call in a window, under an id of its own."""
    return {**window, "id": fresh(), "count": 1}
