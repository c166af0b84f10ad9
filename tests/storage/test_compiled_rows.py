"""The functions compiled for each table do what a loop over its columns does, and say the same where they refuse."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kavach_core.errors import InvalidInput, StorageError
from kavach_core.storage.rows import RowCodec, codec
from kavach_schema.model import Column, Table
from kavach_schema.tables import TABLES
from kavach_schema.tables.agents import AGENTS
from storage.samples import row


class Word(StrEnum):
    READ = "read"


STORED: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(),
    "integer": st.integers(),
    "boolean": st.sampled_from([0, 1, True, False]),
    "json": st.sampled_from(['{"a": [1, null]}', '"a"', "no json", b"[1]", {"decoded": True}, "1"]),
    "time": st.one_of(st.integers(0, 2**33), st.sampled_from([-(2**62), 2**62, "now", 1.5])),
}

GIVEN = st.one_of(
    st.text(max_size=3),
    st.integers(),
    st.booleans(),
    st.none(),
    st.floats(),
    st.sampled_from(["x" * 2_000, "a\0", "\ud800", "é", Word.READ, 2**63, {"a": (1,)}, ["b"], object()]),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
)

tables = st.sampled_from(TABLES)


def outcome(call: Any, *arguments: Any) -> object:
    try:
        return repr(call(*arguments))
    except (InvalidInput, StorageError, ValueError) as error:
        return type(error), str(error)


def stored(column: Column) -> st.SearchStrategy[Any]:
    return st.none() | STORED[column.kind]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), tables)
def test_a_row_becomes_the_record_that_the_loop_makes(data: st.DataObject, table: Table[Any]) -> None:
    rows: RowCodec[Any] = codec(table)
    values = data.draw(st.tuples(*map(stored, table.columns)))
    assert outcome(rows.decode, values) == outcome(rows._decode, values)


def by_loop(rows: RowCodec[Any], values: dict[str, Any]) -> tuple[Any, ...]:
    rows.refuse_unknown(values)
    if any(not column.optional and column.name not in values for column in rows.table.columns):
        rows._refuse(values)
    return tuple(rows.encoders[c.name](values.get(c.name, c.fallback)) for c in rows.table.columns)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), tables)
def test_a_new_row_is_checked_as_the_loop_checks_it(data: st.DataObject, table: Table[Any]) -> None:
    rows: RowCodec[Any] = codec(table)
    values = row(table)
    for name in data.draw(st.lists(st.sampled_from([*table.by_name, "no_such_column"]), max_size=2)):
        values[name] = data.draw(GIVEN)
    for name in data.draw(st.lists(st.sampled_from([*table.by_name]), max_size=1)):
        values.pop(name, None)
    assert outcome(rows.row, values) == outcome(by_loop, rows, values)


def test_a_row_of_another_length_is_no_record() -> None:
    with pytest.raises(ValueError, match="zip"):
        codec(AGENTS).decode(("a",))


def test_a_time_is_rounded_down_and_a_moment_comes_back() -> None:
    values = row(AGENTS, created_at=datetime(2026, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC))
    assert codec(AGENTS).decode(codec(AGENTS).row(values)).created_at == datetime(2026, 1, 1, tzinfo=UTC)
