"""Rows with difficult values for every table, made from the data model: no table is named here.

The values are those with which the conformance suite tries each adapter by itself. Number n of each list goes into row
n, into every column of its kind that has room for it, so that each column of each table meets each value.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from kavach_core.testing.clauses.json_values import VALUES as OBJECTS
from kavach_core.testing.clauses.limits import MAX, MIN
from kavach_core.testing.clauses.text import DIFFICULT
from kavach_core.testing.clauses.times import MOMENTS
from kavach_core.testing.samples import Values, complete, fresh, is_unique, least, sample
from kavach_schema.model import Column, Table

LONG: Final = 2**16 + 1
"""Characters of long text: MySQL's TEXT holds 64 KiB less 1."""

TEXTS: Final = (*DIFFICULT.values(),)

INTEGERS: Final = (MAX, MIN, 0, -1, 2**31, -(2**31) - 1, 2**53 + 1)

TIMES: Final = (*MOMENTS.values(), datetime.min.replace(tzinfo=UTC))


def rows_of(table: Table[Any]) -> list[Values]:
    """Return new rows: one for each difficult text, one with the longest texts, two with as little as may be."""
    rows = [sample(table, **_difficult(table, number)) for number in range(max(len(TEXTS), len(OBJECTS)))]
    longest = {c.name: _longest(table, c) for c in table.columns if c.kind == "text"}
    nothing = {c.name: None for c in table.columns if c.nullable}
    return [*rows, sample(table, **longest), sample(table, **nothing), least(table)]


def expected(table: Table[Any], row: Values) -> Values:
    """Return what the record of a row holds."""
    return complete(table, row)


def _difficult(table: Table[Any], number: int) -> Values:
    values = {column.name: _value(table, column, number) for column in table.columns}
    return {name: value for name, value in values.items() if value is not None}


def _value(table: Table[Any], column: Column, number: int) -> Any:
    """Return a difficult value for a column, or None where it has no room for it."""
    match column.kind:
        case "text":
            text = TEXTS[number % len(TEXTS)]
            if is_unique(table, column.name):
                text = f"{text}{fresh()}{text}"
            return text if len(text) <= (column.length or LONG) else None
        case "integer":
            return INTEGERS[number % len(INTEGERS)]
        case "boolean":
            return bool(number % 2)
        case "time":
            return TIMES[number % len(TIMES)]
        case "json":
            return _json(column.annotation, number)


def _json(annotation: str, number: int) -> Any:
    value = [*OBJECTS.values()][number % len(OBJECTS)]
    match annotation:
        case "list[str]":
            return [*TEXTS[number:], *TEXTS[:number]] if number else []
        case "list[JsonValue]":
            return [*value.values()]
        case "list[dict[str, JsonValue]]":
            item = value["in"] if value is OBJECTS["deepest"] else value  # the list is one more level
            return [item, {}] if item else []
    return value


def _longest(table: Table[Any], column: Column) -> str:
    """Return text that fills the column, in characters of four bytes."""
    start = fresh() if is_unique(table, column.name) else ""
    return start + "😀" * ((column.length or LONG) - len(start))
