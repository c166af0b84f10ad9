"""Rows of several tables in one statement, so that all of them are as of one moment, and cost one round trip.

Each table is a branch of a UNION ALL. Its columns lie in slots that it shares with the other tables: one for each of a
kind, as a database wants the columns of all branches to be of one type. What is left of a branch's slots is NULL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any, Final

from kavach_core.errors import InvalidInput
from kavach_core.storage.operations import Along, Filter, Gather
from kavach_core.storage.rows import codec
from kavach_core.storage.sql.dialect import SqlDialect
from kavach_core.storage.sql.plans import Plan, Request, Rows
from kavach_core.storage.sql.render import Statement, Writer, condition
from kavach_core.storage.values import Encoder
from kavach_schema.model import Table

_SLOTS: Final = {"text": "text", "json": "json", "integer": "bigint", "time": "bigint", "boolean": "boolean"}
"""The slots that a column of some kind lies in, by their type in PostgreSQL; JSON is read as text there."""


class Gathering:
    """The plans of one operation: its statement, rendered once, and what its rows mean."""

    def __init__(self, dialect: SqlDialect, operation: Gather) -> None:
        """Render the statement."""
        self._tables = [operation.table, *(along.find.table for along in operation.along)]
        self._layout = _Layout(self._tables)
        statement = self._render(dialect, operation)
        self._sql = statement.sql
        self._sources = [*map(_sources(operation).__getitem__, statement.names)]
        self._parts = [(codec(table).decode, itemgetter(*self._layout.places(table))) for table in self._tables]
        self._orders = [(attrgetter(*along.find.order), along.find.descending) for along in operation.along]

    def plan(self, values: Mapping[str, object]) -> Plan:
        """Return the plan of one call; refused values raise `InvalidInput`."""
        try:
            parameters = [encode(values[name]) for name, encode in self._sources]
        except KeyError as error:
            raise InvalidInput(f"{self._tables[0].name}: {error.args[0]} is required") from None
        return Plan(Request(self._sql, parameters, True), self._finish)

    def _finish(self, reply: Rows) -> tuple[Any, ...] | None:
        found: list[list[Any]] = [[] for _ in self._parts]
        for row in reply.rows:
            decode, pick = self._parts[row[0]]
            found[row[0]].append(decode(pick(row)))
        if not found[0]:
            return None
        for rows, (place, descending) in zip(found[1:], self._orders, strict=True):
            if len(rows) > 1:
                rows.sort(key=place, reverse=descending)
        return (found[0][0], *found[1:])

    def _render(self, dialect: SqlDialect, operation: Gather) -> Statement:
        names: list[str] = []
        w = Writer(dialect, operation.table, names)
        branches = [f"SELECT 0, {self._layout.selected(w)} FROM {w.target} WHERE {w.equal(operation.by)}"]
        for number, along in enumerate(operation.along, 1):
            part = Writer(dialect, along.find.table, names)
            conditions = " AND ".join(_condition(part, w, operation, along, f) for f in along.find.filters)
            branches.append(f"SELECT {number}, {self._layout.selected(part)} FROM {part.target} WHERE {conditions}")
        return w.statement(" UNION ALL ".join(branches))


class _Layout:
    """Which column of which table lies where in a row, whose first value is the number of the table."""

    def __init__(self, tables: Sequence[Table[Any]]) -> None:
        counts: Counter[str] = Counter()
        for table in tables:
            counts |= Counter(_SLOTS[column.kind] for column in table.columns)
        self._slots = sorted(counts.elements())

    def places(self, table: Table[Any]) -> list[int]:
        """Return where the columns of a table lie, in declared order."""
        free = [*self._slots]
        places = []
        for column in table.columns:
            place = free.index(_SLOTS[column.kind])
            free[place] = ""
            places.append(1 + place)
        return places

    def selected(self, w: Writer) -> str:
        """Return the slots of a branch, as SELECT names them."""
        filled = dict(zip(self.places(w.table), map(w.dialect.selected, w.table.columns), strict=True))
        return ", ".join(filled.get(place) or _null(w.dialect, slot) for place, slot in enumerate(self._slots, 1))


def _null(dialect: SqlDialect, slot: str) -> str:
    """Return NULL of a type: PostgreSQL takes the first two branches' for text, before it has seen the third one."""
    if dialect.flavour != "postgresql":
        return "NULL"
    return f"NULL::{'text' if slot == 'json' else slot}"


def _condition(part: Writer, row: Writer, operation: Gather, along: Along, f: Filter) -> str:
    if (column := along.of.get(f.name)) is None:
        return condition(part, f)
    compared = part.column(f.column)
    named = f"SELECT {row.column(column)} FROM {row.target} WHERE {row.equal(operation.by)}"
    equal = f"{compared} = ({named})"
    return f"({compared} IS NULL OR {equal})" if f.or_null else equal


def _sources(operation: Gather) -> dict[str, tuple[str, Encoder]]:
    """Return the name and the encoder of the value that is meant by each name in the statement."""
    found = {name: (name, codec(operation.table).encoders[name]) for name in operation.by}
    for along in operation.along:
        for f in along.asked:
            encode = codec(along.find.table).encoders[f.column]
            found |= {f.name: (f.name, encode), f"{f.name}:": (f.name, _opened(encode))}
    return found


def _opened(encode: Encoder) -> Callable[[object], str]:
    return lambda value: f"{encode(value)}:"
