"""What each operation of the contract MUST do, asked of all of them: a new operation is tested when it is declared."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from kavach_core.errors import ConflictError, InvalidInput
from kavach_core.storage.operations import Consume, Count, Delete, Filter, Find, Get, Increment, Insert, Update, Upsert
from kavach_schema.model import UNSET, Table
from kavach_schema.tables import TABLES
from storage.samples import at, execute, least, operations, row

INSERTS: dict[Table[Any], Insert[Any]] = {table: Insert(table) for table in TABLES}


async def add(storage: Any, table: Table[Any], **values: object) -> Any:
    return await execute(storage, INSERTS[table], row(table, **values))


async def clear(storage: Any, table: Table[Any]) -> None:
    await execute(storage, Delete(table, (Filter(table.key, "any", ">="),)), {"any": ""})


def key_of(table: Table[Any], record: Any) -> Any:
    return getattr(record, table.key)


def search(filters: tuple[Filter, ...], record: Any) -> dict[str, Any]:
    """Return the values with which filters match a record made by `row`."""
    found: dict[str, Any] = {}
    for f in filters:
        value = getattr(record, f.column)
        if f.comparison == "<":
            value = at(1)
        elif f.comparison == ">":
            value = at(-1)
        found[f.name] = [value] if f.comparison == "in" else value
    return found


def names(operation: Any, record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in operation.by}


def strangers(operation: Any) -> dict[str, Any]:
    """Return values of the key columns of an operation that no row has."""
    return {name: value for name, value in row(operation.table).items() if name in operation.by}


async def test_every_insert_returns_the_row_as_it_is_read_back(storage: Any) -> None:
    for name, insert in operations(Insert):
        values = row(insert.table)
        made = await execute(storage, insert, values)
        assert made.model_dump() == values, name
        assert await execute(storage, Get(insert.table, (insert.table.key,)), names_by_key(insert, values)) == made


def names_by_key(operation: Any, values: dict[str, Any]) -> dict[str, Any]:
    return {operation.table.key: values[operation.table.key]}


async def test_every_insert_fills_in_defaults_and_nulls(storage: Any) -> None:
    for name, insert in operations(Insert):
        values = least(insert.table)
        made = await execute(storage, insert, values)
        expected = {
            column.name: values.get(column.name, None if column.default is UNSET else column.default)
            for column in insert.table.columns
        }
        assert made.model_dump() == expected, name
        assert await execute(storage, Get(insert.table, (insert.table.key,)), names_by_key(insert, values)) == made


async def test_every_insert_reports_a_taken_key_or_unique_value_by_its_columns(storage: Any) -> None:
    for name, insert in operations(Insert):
        table = insert.table
        stored = await execute(storage, insert, row(table))
        for columns in ((table.key,), *table.uniques):
            taken = {column: getattr(stored, column) for column in columns}
            error = await conflict(storage, insert, row(table, **taken))
            assert (error.table, error.columns) == (table.name, columns), name


async def conflict(storage: Any, operation: Any, values: dict[str, Any]) -> ConflictError:
    with pytest.raises(ConflictError) as caught:
        await execute(storage, operation, values)
    return caught.value


async def test_every_insert_refuses_unknown_and_missing_fields(storage: Any) -> None:
    for name, insert in operations(Insert):
        values = row(insert.table)
        assert "unknown field extra" in await refusal(storage, insert, {**values, "extra": 1}), name
        for column in least(insert.table):
            without = {other: value for other, value in values.items() if other != column}
            assert f"missing {column}" in await refusal(storage, insert, without), name
        assert await execute(storage, Get(insert.table, (insert.table.key,)), names_by_key(insert, values)) is None


async def refusal(storage: Any, operation: Any, values: dict[str, Any]) -> str:
    with pytest.raises(InvalidInput) as caught:
        await execute(storage, operation, values)
    return str(caught.value)


async def test_no_insert_stores_none_in_a_required_column(storage: Any) -> None:
    for name, insert in operations(Insert):
        for column in insert.table.columns:
            if not column.nullable:
                message = await refusal(storage, insert, row(insert.table, **{column.name: None}))
                assert message.startswith(f"{insert.table.name}.{column.name}"), name


async def test_every_get_finds_the_row_that_it_names_and_no_other(storage: Any) -> None:
    for name, get in operations(Get):
        stored = await add(storage, get.table)
        await add(storage, get.table)
        assert await execute(storage, get, names(get, stored)) == stored, name
        assert await execute(storage, get, strangers(get)) is None, name


async def test_every_find_orders_ties_by_key_and_pages_without_gap(storage: Any) -> None:
    for name, find in operations(Find):
        table = find.table
        if table.key in {f.column for f in find.filters}:
            continue  # its rows share no value of the filter; the test below asks it
        await clear(storage, table)
        first = find.order[0]
        shared = {f.column: row(table)[f.column] for f in find.filters}
        alone = any({*columns} <= {*shared, first} for columns in table.uniques)
        for seconds in (0, 5, 4, 3, 1, 6, 2) if alone else (0, 2, 0, 1, 1, 0, 2):
            times = {first: at(seconds)} if table.by_name[first].kind == "time" else {}
            await add(storage, table, **{**shared, **times})
        given = {f.name: [shared[f.column]] if f.comparison == "in" else shared[f.column] for f in find.filters}
        given = {f.name: {">=": at(0), "<": at(9)}.get(f.comparison, given[f.name]) for f in find.filters}
        every = await execute(storage, find, given)
        ordered = sorted(every, key=lambda r: tuple(getattr(r, c) for c in find.order), reverse=find.descending)
        assert len(every) == 7, name
        assert every == ordered, name
        assert await keyset_pages(storage, find, given) == every, name
        assert await offset_pages(storage, find, given) == every, name
        assert await execute(storage, find, {**given, "limit": 0}) == [], name


async def test_every_find_by_keys_finds_the_rows_that_they_name_in_order(storage: Any) -> None:
    found = [(name, find) for name, find in operations(Find) if find.table.key in {f.column for f in find.filters}]
    assert [name for name, _ in found] == ["FIND_AGENTS_BY_IDS", "FIND_DELEGATION_CHAINS_BY_IDS"]
    for name, find in found:
        (only,) = find.filters
        stored = [await add(storage, find.table, created_at=at(seconds)) for seconds in (2, 0, 1, 1, 5)]
        keys = [key_of(find.table, record) for record in stored[:4]]
        expected = [stored[place] for place in (1, 2, 3, 0)]
        assert await execute(storage, find, {only.name: [*keys, keys[0], "x"]}) == expected, name
        assert await execute(storage, find, {only.name: ["x"]}) == [], name


async def keyset_pages(storage: Any, find: Find[Any], given: dict[str, Any]) -> list[Any]:
    found: list[Any] = []
    while page := await execute(storage, find, {**given, "limit": 2, "after": found[-1] if found else None}):
        found += page
    return found


async def offset_pages(storage: Any, find: Find[Any], given: dict[str, Any]) -> list[Any]:
    found: list[Any] = []
    while page := await execute(storage, find, {**given, "limit": 3, "offset": len(found)}):
        found += page
    return found


async def test_every_combination_of_filters_matches_exactly_its_rows(storage: Any) -> None:
    for name, operation in operations(Find, Count):
        table = operation.table
        await clear(storage, table)
        base = await add(storage, table)
        columns = {c for f in operation.filters for c in (f.column, f.either) if c}
        same = {c: getattr(base, c) for c in columns}
        rows = [base]
        for column in columns:
            others = [at(-9), at(9)] if table.by_name[column].kind == "time" else ["other"]
            rows += [await add(storage, table, **(same | {column: other})) for other in others]
        optional = [f for f in operation.filters if f.optional]
        required = [f for f in operation.filters if not f.optional]
        for size in range(len(optional) + 1):
            for chosen in combinations(optional, size):
                filters = (*required, *chosen)
                expected = [r for r in rows if all(matches(f, r, base) for f in filters)]
                found = await execute(storage, operation, search(filters, base))
                if isinstance(operation, Count):
                    assert found == len(expected), (name, chosen)
                else:
                    assert {key_of(table, r) for r in found} == {key_of(table, r) for r in expected}, (name, chosen)


def matches(f: Filter, record: Any, base: Any) -> bool:
    """Tell whether a filter with the values of `search(..., base)` matches a record."""
    value = search((f,), base)[f.name]
    stored = getattr(record, f.column)
    match f.comparison:
        case "in":
            return stored in value
        case "=":
            return stored == value or (f.either is not None and getattr(record, f.either) == value)
        case ">=":
            return bool(stored >= value)
        case "<":
            return bool(stored < value)
    raise AssertionError(f"no test knows {f.comparison}")


async def test_every_update_changes_each_column_alone(storage: Any) -> None:
    for name, update in operations(Update):
        table = update.table
        stored = await add(storage, table)
        bystander = await add(storage, table)
        fresh = row(table)
        for column in table.columns:
            if column.name in update.by or column.name == table.key:
                continue
            new = True if column.kind == "boolean" else at(60) if column.kind == "time" else fresh[column.name]
            stored = stored.replace(**{column.name: new})
            changed = await execute(storage, update, {**names(update, stored), column.name: new})
            assert changed == stored, (name, column.name)
        assert await execute(storage, Get(table, (table.key,)), {table.key: key_of(table, stored)}) == stored, name
        assert await execute(storage, Get(table, (table.key,)), {table.key: key_of(table, bystander)}) == bystander


async def test_every_update_stores_null_where_it_is_given_none(storage: Any) -> None:
    for name, update in operations(Update):
        stored = await add(storage, update.table)
        for column in update.table.columns:
            if column.nullable:
                changed = await execute(storage, update, {**names(update, stored), column.name: None})
                assert getattr(changed, column.name) is None, (name, column.name)
                again = await execute(storage, Get(update.table, update.by), names(update, stored))
                assert getattr(again, column.name) is None, (name, column.name)


async def test_every_update_that_changes_nothing_returns_the_row(storage: Any) -> None:
    for name, update in operations(Update):
        stored = await add(storage, update.table)
        assert await execute(storage, update, names(update, stored)) == stored, name
        values = {c: v for c, v in stored.model_dump().items() if c != update.table.key}
        assert await execute(storage, update, {**names(update, stored), **values}) == stored, name


async def test_every_update_of_a_missing_row_returns_none(storage: Any) -> None:
    for name, update in operations(Update):
        nobody = strangers(update)
        column = next(c for c in update.table.by_name if c not in update.by)
        assert await execute(storage, update, nobody) is None, name
        assert await execute(storage, update, {**nobody, column: row(update.table)[column]}) is None, name


async def test_every_update_reports_a_taken_unique_value_by_its_columns(storage: Any) -> None:
    for name, update in operations(Update):
        table = update.table
        holder, other = await add(storage, table), await add(storage, table)
        for columns in table.uniques:
            taken = {column: getattr(holder, column) for column in columns if column not in update.by}
            error = await conflict(storage, update, {**names(update, other), **taken})
            assert (error.table, error.columns) == (table.name, columns), name
        assert await execute(storage, Get(table, (table.key,)), {table.key: key_of(table, other)}) == other, name


async def test_every_update_refuses_unknown_fields_and_none_in_a_required_column(storage: Any) -> None:
    for name, update in operations(Update):
        stored = await add(storage, update.table)
        assert "unknown field extra" in await refusal(storage, update, {**names(update, stored), "extra": 1}), name
        column = next(c.name for c in update.table.columns if not c.nullable and c.name not in update.by)
        assert "got None" in await refusal(storage, update, {**names(update, stored), column: None}), name


async def test_every_guarded_update_happens_only_while_the_expected_value_is_stored(storage: Any) -> None:
    for name, update in operations(Update):
        for column in update.expect:
            stored = await add(storage, update.table)
            other = 10**6 if update.table.by_name[column].kind == "integer" else "other"
            values = {**names(update, stored), column: other}
            assert await execute(storage, update, {**values, f"expected_{column}": other}) is None, name
            won = await execute(storage, update, {**values, f"expected_{column}": getattr(stored, column)})
            assert won == stored.replace(**{column: other}), name
            lost = await execute(storage, update, {**values, f"expected_{column}": getattr(stored, column)})
            assert lost is None, name
            nothing = {**names(update, stored), f"expected_{column}": getattr(stored, column)}
            assert await execute(storage, update, nothing) is None, name


async def test_every_upsert_writes_a_new_row_and_then_over_it_keeping_the_key(storage: Any) -> None:
    for name, upsert in operations(Upsert):
        table = upsert.table
        first = await execute(storage, upsert, row(table))
        bystander = await execute(storage, upsert, row(table))
        fresh = row(table, **names(upsert, first))
        second = await execute(storage, upsert, fresh)
        assert second.model_dump() == {**fresh, table.key: key_of(table, first)}, name
        assert await execute(storage, Get(table, upsert.by), names(upsert, first)) == second, name
        assert await execute(storage, Get(table, upsert.by), names(upsert, bystander)) == bystander, name


async def test_every_upsert_refuses_to_take_the_key_of_another_row(storage: Any) -> None:
    for name, upsert in operations(Upsert):
        table = upsert.table
        if upsert.by == (table.key,):
            continue
        stored = await execute(storage, upsert, row(table))
        stolen = row(table, **{table.key: key_of(table, stored)})
        error = await conflict(storage, upsert, stolen)
        assert (error.table, error.columns) == (table.name, (table.key,)), name
        assert await execute(storage, Get(table, (table.key,)), {table.key: key_of(table, stored)}) == stored, name


async def test_every_delete_removes_what_matches_and_counts_it(storage: Any) -> None:
    for name, delete in operations(Delete):
        table = delete.table
        await clear(storage, table)
        late = {f.column: at(99) for f in delete.filters if f.comparison in ("<", "<=")}
        doomed, spared = await add(storage, table), await add(storage, table, **late)
        values = search(delete.filters, doomed)
        assert await execute(storage, delete, values) == 1, name
        assert await execute(storage, delete, values) == 0, name
        assert await execute(storage, Get(table, (table.key,)), {table.key: key_of(table, spared)}) == spared, name


async def test_every_purge_may_be_limited(storage: Any) -> None:
    """ST10: a purge of very many rows locks few of them at a time."""
    for name, delete in operations(Delete):
        table = delete.table
        if "expires_at" not in [f.column for f in delete.filters]:
            continue
        await clear(storage, table)
        doomed = [await add(storage, table) for _ in range(5)]
        spared = await add(storage, table, expires_at=at(99))
        values = search(delete.filters[:1], doomed[0])
        deleted = [await execute(storage, delete, {**values, "limit": limit}) for limit in (2, 0, 2, 2, 2)]
        assert deleted == [2, 0, 2, 1, 0], name
        assert await execute(storage, Get(table, (table.key,)), {table.key: key_of(table, spared)}) == spared, name
        for wrong in (-1, True, "2"):
            await refusal(storage, delete, {**values, "limit": wrong})


async def test_no_delete_runs_without_saying_which_rows(storage: Any) -> None:
    for name, delete in operations(Delete):
        stored = await add(storage, delete.table)
        await refusal(storage, delete, {})
        await refusal(storage, delete, {"limit": 1})
        found = await execute(
            storage, Get(delete.table, (delete.table.key,)), {delete.table.key: key_of(delete.table, stored)}
        )
        assert found == stored, name


async def test_every_consume_returns_the_row_once(storage: Any) -> None:
    for name, consume in operations(Consume):
        table = consume.table
        stored = await add(storage, table, **future(consume))
        values = {**names(consume, stored), **search(consume.alive, stored)}
        expected = stored.replace(**{consume.mark: True}) if consume.mark else stored
        assert await execute(storage, consume, values) == expected, name
        assert await execute(storage, consume, values) is None, name
        left = await execute(storage, Get(table, consume.by), names(consume, stored))
        assert left == (expected if consume.mark else None), name


def future(operation: Any) -> dict[str, Any]:
    return {f.column: at(0) for f in operation.alive if f.comparison == ">"}


async def test_no_consume_takes_a_row_that_is_missing_or_not_alive(storage: Any) -> None:
    for name, consume in operations(Consume):
        stored = await add(storage, consume.table)
        alive = search(consume.alive, stored)
        assert await execute(storage, consume, {**strangers(consume), **alive}) is None, name
        for f in consume.alive:
            dead = at(0) if f.comparison == ">" else "other"
            values = {**names(consume, stored), **alive, f.name: dead}
            assert await execute(storage, consume, values) is None, (name, f)
        assert await execute(storage, Get(consume.table, consume.by), names(consume, stored)) == stored, name


async def test_every_counter_of_a_stored_row_adds_up_to_its_limit(storage: Any) -> None:
    for name, increment in operations(Increment):
        if increment.create:
            continue
        bound = {increment.bound: 3} if increment.bound else {}
        stored = await add(storage, increment.table, **{increment.column: 1}, **bound)
        values = {**names(increment, stored), **search(increment.alive, stored), increment.column: 1}
        if not increment.bound:
            values["limit"] = 3
        counts = [await execute(storage, increment, values) for _ in range(3)]
        assert [found and getattr(found, increment.column) for found in counts] == [2, 3, None], name
        for f in increment.alive:
            dead = at(0) if f.comparison == ">" else "other"
            assert await execute(storage, increment, {**values, f.name: dead}) is None, name
        assert await execute(storage, increment, {**values, **strangers(increment)}) is None, name
