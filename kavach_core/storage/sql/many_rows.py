"""Many new rows in few statements: servers limit the parameters of a statement, and its length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final, TypeAlias, cast

from pydantic_core import to_json

from kavach_core.storage.operations import InsertMany
from kavach_core.storage.rows import codec
from kavach_core.storage.sql import render
from kavach_core.storage.sql.dialect import SqlDialect
from kavach_core.storage.sql.plans import Plan, Request, Rows, Steps, several
from kavach_core.storage.values import Primitive

_Rows: TypeAlias = Sequence[Sequence[Primitive]]

_MOST_ROWS: Final = 256
_MOST_TEXT: Final = 1_000_000
"""How many rows one statement writes, and how many characters."""


class ManyRows:
    """The plans of one operation: its statements, each rendered once for a number of rows."""

    def __init__(self, dialect: SqlDialect, operation: InsertMany[Any]) -> None:
        """Start with no statement rendered."""
        self._table = operation.table
        self._rows = codec(operation.table)
        self._insert = cache(lambda number: render.insert(dialect, self._table, number).sql)
        self._recordset = None
        if dialect.flavour == "postgresql":
            self._recordset = render.insert_recordset(dialect, self._table).sql

    def plan(self, values: Mapping[str, object]) -> Plan:
        """Return the plan of one call, which writes all rows or none; refused values raise `InvalidInput`."""
        new = [self._rows.row(each) for each in cast("Sequence[Mapping[str, object]]", values["rows"])]
        requests = [*map(self._request, _parts(new))]

        def finish(_: Rows) -> list[Any]:
            return [*map(self._rows.decode, new)]

        def steps() -> Steps[list[Any]]:
            for request in requests:  # noqa: UP028 - steps are sent replies, which a list does not take
                yield request
            return finish(Rows((), len(new)))

        if len(requests) == 1:
            return Plan(requests[0], finish, may_conflict=True)
        return several(steps(), atomic=bool(requests), may_conflict=True)

    def _request(self, rows: _Rows) -> Request:
        if self._recordset and len(rows) > 1:
            objects = [dict(zip(self._table.by_name, row, strict=True)) for row in rows]
            return Request(self._recordset, (to_json(objects).decode(),), False)
        return Request(self._insert(len(rows)), tuple(chain.from_iterable(rows)), False)


def _parts(rows: _Rows) -> Iterator[_Rows]:
    """Split rows into those that one statement writes each: it is sent, and is all or nothing, by itself."""
    some: list[Sequence[Primitive]] = []
    length = 0
    for row in rows:
        added = sum(len(value) for value in row if isinstance(value, str))
        if some and (len(some) == _MOST_ROWS or length + added > _MOST_TEXT):
            yield some
            some, length = [], 0
        some.append(row)
        length += added
    if some:
        yield some
