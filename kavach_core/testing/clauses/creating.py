"""Writing new rows: what is returned, what is stored, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from kavach_core.errors import ConflictError, InvalidInput
from kavach_core.testing.clauses.base import Clauses, assert_conflict, values_of
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.methods import INSERTS, MANY, WRITERS, Method
from kavach_core.testing.samples import complete, fresh, least, sample
from kavach_schema.tables.agents import PERMISSIONS

each_writer = each_area_of(WRITERS)
each_refusal = each_area_of(WRITERS)
each_create = each_area_of(INSERTS)
each_many = each_area_of(MANY)
each_unique = pytest.mark.parametrize(
    ("method", "columns"),
    [pytest.param(m, columns, id=f"{m}-{'-'.join(columns)}") for m in INSERTS for columns in m.table.uniques],
)
each_nullable_unique = pytest.mark.parametrize(
    ("method", "column"),
    [
        pytest.param(m, columns[0], id=f"{m}-{columns[0]}")
        for m in INSERTS
        for columns in m.table.uniques
        if m.table.by_name[columns[0]].nullable
    ],
)


class CreateClauses(Clauses):
    """Writing new rows."""

    @each_writer
    async def test_a_new_row_is_returned_and_stored_as_given(self, method: Method) -> None:
        """The record returned, the row read back and the row in the database MUST all hold the values given."""
        values = sample(method.table)
        record = await method(self.storage, **values)
        assert dict(record) == values
        await self.assert_stored(method.table, values)

    @each_writer
    async def test_columns_left_out_get_their_default(self, method: Method) -> None:
        """A column that the writer leaves out MUST get the default of the data model, and None where it has none."""
        values = least(method.table)
        record = await method(self.storage, **values)
        assert dict(record) == complete(method.table, values)
        await self.assert_stored(method.table, values)

    @each_refusal
    async def test_an_unknown_field_is_refused(self, method: Method) -> None:
        """A misspelled field MUST raise `InvalidInput` and write nothing: what is ignored today is missed tomorrow."""
        values = sample(method.table)
        with pytest.raises(InvalidInput):
            await method(self.storage, **values, no_such_column="x")
        await self.assert_missing(method.table, values)

    @each_refusal
    async def test_a_missing_field_is_refused(self, method: Method) -> None:
        """Leaving out a required column MUST raise `InvalidInput` and write nothing."""
        values = least(method.table)
        for name in values:
            with pytest.raises(InvalidInput):
                await method(self.storage, **{k: v for k, v in values.items() if k != name})
        await self.assert_missing(method.table, values)

    @each_refusal
    async def test_none_for_a_required_field_is_refused(self, method: Method) -> None:
        """None in a column that holds a value always MUST raise `InvalidInput` and write nothing."""
        values = sample(method.table)
        for name, column in method.table.by_name.items():
            if not column.nullable:
                with pytest.raises(InvalidInput):
                    await method(self.storage, **{**values, name: None})
        await self.assert_missing(method.table, values)

    @each_create
    async def test_a_taken_key_is_a_conflict(self, method: Method) -> None:
        """A second row with the same key MUST raise `ConflictError` that names it, and leave the first as it was."""
        table = method.table
        stored = await self.new(table)
        with pytest.raises(ConflictError) as caught:
            await method(self.storage, **sample(table, **{table.key: stored[table.key]}))
        assert_conflict(caught.value, table, (table.key,))
        await self.assert_stored(table, stored)

    @each_unique
    async def test_a_taken_unique_value_is_a_conflict(self, method: Method, columns: tuple[str, ...]) -> None:
        """A second row with the same unique combination MUST raise `ConflictError` that names it, and write nothing."""
        table = method.table
        stored = await self.new(table)
        second = sample(table, **{name: stored[name] for name in columns})
        with pytest.raises(ConflictError) as caught:
            await method(self.storage, **second)
        assert_conflict(caught.value, table, columns)
        await self.assert_stored(table, stored)
        assert await self.opened.find(table, second[table.key]) is None

    @each_unique
    async def test_part_of_a_unique_combination_may_repeat(self, method: Method, columns: tuple[str, ...]) -> None:
        """Only the whole combination is unique: rows that share a part of it MUST both be stored."""
        table = method.table
        stored = await self.new(table)
        for left_out in columns[: len(columns) if len(columns) > 1 else 0]:
            shared = {name: stored[name] for name in columns if name != left_out}
            second = sample(table, **shared)
            await method(self.storage, **second)
            await self.assert_stored(table, second)

    @each_nullable_unique
    async def test_missing_unique_values_do_not_conflict(self, method: Method, column: str) -> None:
        """Any number of rows MUST be able to have no value in a unique column: NULL equals nothing."""
        for _ in range(2):
            values = sample(method.table, **{column: None})
            await method(self.storage, **values)
            await self.assert_stored(method.table, values)

    @each_many
    async def test_many_new_rows_are_returned_in_order(self, method: Method) -> None:
        """Many rows MUST be written, and returned in the order given."""
        agent = fresh()
        rows = [sample(method.table, agent_id=agent) for _ in range(5)]
        rows.sort(key=lambda row: row["id"], reverse=True)
        records = await method(self.storage, rows)
        assert [dict(record) for record in records] == rows
        for row in rows:
            await self.assert_stored(method.table, row)

    @each_many
    async def test_many_new_rows_are_written_all_or_none(self, method: Method) -> None:
        """Where one of many rows conflicts or is refused, none MUST be written, those before it included."""
        stored = await self.new(method.table)
        rows = [sample(method.table) for _ in range(3)]
        with pytest.raises(ConflictError):
            await method(self.storage, [*rows, sample(method.table, id=stored["id"])])
        with pytest.raises(ConflictError):
            await method(self.storage, [*rows, rows[0]])
        with pytest.raises(InvalidInput):
            await method(self.storage, [*rows, sample(method.table, resource="\0")])
        for row in rows:
            await self.assert_missing(method.table, row)
        await self.assert_stored(method.table, stored)

    async def test_no_new_rows_are_no_error(self) -> None:
        """`create_permissions` of an empty list MUST return an empty list."""
        assert await self.storage.create_permissions([]) == []

    async def test_a_list_of_one_is_as_good_as_any(self) -> None:
        """`create_permissions` of one row MUST write it."""
        row: Any = sample(PERMISSIONS)
        (record,) = await self.storage.create_permissions([row])
        assert values_of(record) == row
        await self.assert_stored(PERMISSIONS, row)
