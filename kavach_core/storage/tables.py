"""The operations on plain dictionaries: what the contract means, written for clarity.

The in-memory storage runs on it. It is the oracle of the conformance suite, so where this page and a database differ,
one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import eq, ge, gt, itemgetter, le, lt
from typing import Any, Final, TypeAlias, TypeVar, cast

from kavach_core.errors import CapabilityError, ConflictError, InvalidInput
from kavach_core.storage.capabilities import Capabilities
from kavach_core.storage.operations import (
    Along,
    Consume,
    Count,
    Delete,
    Filter,
    Find,
    Gather,
    Get,
    Increment,
    Insert,
    InsertMany,
    Operation,
    Update,
    Upsert,
)
from kavach_core.storage.rows import PAGE, codec, refuse_unknown_filters
from kavach_core.storage.values import Primitive, refuse_overflow
from kavach_schema.model import Table

T = TypeVar("T")

Row: TypeAlias = dict[str, Primitive]
"""A stored row: encoded values by column. It is replaced and never changed, so copies of tables may share it."""

CAPABILITIES: Final = Capabilities(
    transactions=True, savepoints=True, joins_host=False, concurrent_writers=False, returning=True
)
"""What the in-memory storage offers."""

_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}


class Tables:
    """The rows of all tables by key; each operation acts wholly or raises before it changed anything."""

    def __init__(self, rows: Mapping[str, Mapping[Primitive, Row]] | None = None) -> None:
        """Start empty, or with a copy of the rows of another."""
        self._rows: dict[str, dict[Primitive, Row]] = {name: dict(table) for name, table in (rows or {}).items()}

    def copy(self) -> Tables:
        """Return tables that change apart from these."""
        return Tables(self._rows)

    def apply(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Do what the operation says (see `operations`) and return its result."""
        return cast("T", self._apply(operation, values))

    def _apply(self, operation: Operation[Any], values: Mapping[str, object]) -> object:
        match operation:
            case Get():
                return self._decoded(operation.table, self._named(operation.table, operation.by, values))
            case Find():
                return self._find(operation, values)
            case Gather():
                return self._gather(operation, values)
            case Count():
                refuse_unknown_filters(operation.table, operation.filters, values)
                return len(self._matching(operation.table, operation.filters, values))
            case Insert():
                return self._insert(operation.table, [values])[0]
            case InsertMany():
                return self._insert(operation.table, cast("Sequence[Mapping[str, object]]", values["rows"]))
            case Update():
                return self._update(operation, values)
            case Upsert():
                return self._upsert(operation, values)
            case Increment():
                return self._increment(operation, values)
            case Consume():
                return self._consume(operation, values)
            case Delete():
                return self._delete(operation, values)
            case _:
                raise CapabilityError(f"{type(operation).__name__} is no operation of the contract")

    def _table(self, table: Table[Any]) -> dict[Primitive, Row]:
        return self._rows.setdefault(table.name, {})

    def _decoded(self, table: Table[T], row: Row | None) -> T | None:
        return None if row is None else codec(table).decode([row[name] for name in table.by_name])

    def _named(self, table: Table[Any], by: Iterable[str], values: Mapping[str, object]) -> Row | None:
        """Return the row whose columns `by` hold these values."""
        wanted = {name: codec(table).encoders[name](values[name]) for name in by}
        if missing := [name for name, value in wanted.items() if value is None]:
            raise InvalidInput(f"{table.name}: {', '.join(missing)} is required")
        return next((row for row in self._table(table).values() if wanted.items() <= row.items()), None)

    def _matching(self, table: Table[Any], filters: Iterable[Filter], values: Mapping[str, object]) -> list[Row]:
        checks = [check for f in filters if (check := _check(table, f, values))]
        return [row for row in self._table(table).values() if all(check(row) for check in checks)]

    def _find(self, operation: Find[T], values: Mapping[str, object]) -> list[T]:
        table, order = operation.table, operation.order
        refuse_unknown_filters(table, operation.filters, values, *PAGE)

        place = _place(operation)
        rows = sorted(self._matching(table, operation.filters, values), key=place, reverse=operation.descending)
        if (after := values.get("after")) is not None:
            last = tuple(codec(table).encoders[name](getattr(after, name)) for name in order)
            behind = lt if operation.descending else gt
            rows = [row for row in rows if behind(place(row), last)]
        limit, offset = _page(values.get("limit")), _page(values.get("offset"))
        if offset is not None and limit is None:
            raise InvalidInput(f"{table.name}: an offset needs a limit")
        rows = rows[offset or 0 :][:limit]
        return [cast("T", self._decoded(table, row)) for row in rows]

    def _gather(self, operation: Gather, values: Mapping[str, object]) -> tuple[Any, ...] | None:
        row = self._decoded(operation.table, self._named(operation.table, operation.by, values))
        along = [self._along(row, each, values) for each in operation.along]
        return None if row is None else (row, *along)

    def _along(self, row: object, along: Along, values: Mapping[str, object]) -> list[Any]:
        find = along.find
        named = {f.name: values[f.name] for f in along.asked}
        named |= {name: getattr(row, column, None) for name, column in along.of.items()}
        without = [f for f in find.filters if named[f.name] is None]
        rows = self._matching(find.table, [f for f in find.filters if f not in without], named)
        rows = [row for row in rows if all(f.or_null and row[f.column] is None for f in without)]
        rows.sort(key=_place(find), reverse=find.descending)
        return [self._decoded(find.table, row) for row in rows]

    def _insert(self, table: Table[T], new: Sequence[Mapping[str, object]]) -> list[T]:
        rows = [codec(table).complete(values) for values in new]
        stored = dict(self._table(table))
        for row in rows:
            _refuse_taken(table, stored.values(), row)
            stored[row[table.key]] = row
        self._rows[table.name] = stored
        return [cast("T", self._decoded(table, row)) for row in rows]

    def _update(self, operation: Update[T], values: Mapping[str, object]) -> T | None:
        table = operation.table
        guards = {f"expected_{name}": name for name in operation.expect}
        changes = {name: value for name, value in values.items() if name not in operation.by and name not in guards}
        codec(table).refuse_unknown(changes)
        encoded = {name: codec(table).encoders[name](value) for name, value in changes.items()}
        expected = {
            name: codec(table).encoders[name](values[guard])
            for guard, name in guards.items()
            if values.get(guard) is not None
        }
        row = self._named(table, operation.by, values)
        if row is None or not expected.items() <= row.items():
            return None
        return self._replace(table, row, {**row, **encoded})

    def _replace(self, table: Table[T], old: Row, new: Row) -> T:
        stored = self._table(table)
        _refuse_taken(table, (row for row in stored.values() if row is not old), new)
        stored[old[table.key]] = new
        return cast("T", self._decoded(table, new))

    def _upsert(self, operation: Upsert[T], values: Mapping[str, object]) -> T:
        table = operation.table
        new = codec(table).complete(values)
        old = self._named(table, operation.by, values)
        if old is None:
            return self._insert(table, [values])[0]
        kept = {name: old[name] for name in (table.key, *operation.keep)}
        return self._replace(table, old, {**new, **kept})

    def _increment(self, operation: Increment[T], values: Mapping[str, object]) -> T | None:
        table, column = operation.table, operation.column
        given = {name: value for name, value in values.items() if name != "limit"}
        row = codec(table).complete(given) if operation.create else given
        encode = codec(table).encoders[column]
        amount = cast("int", row[column] if operation.create else encode(given[column]))
        limit = None if values.get("limit") is None else cast("int", encode(values["limit"]))
        old = self._named(table, operation.by, values)
        if old is None:
            return self._insert(table, [given])[0] if operation.create and (limit is None or amount <= limit) else None
        checks = [check for f in operation.alive if (check := _check(table, f, values))]
        total = cast("int", old[column]) + amount
        bound = cast("int | None", old[operation.bound]) if operation.bound else None
        if not all(check(old) for check in checks) or any(most is not None and total > most for most in (limit, bound)):
            return None
        refuse_overflow(table, column, total)
        return self._replace(table, old, {**old, column: total})

    def _consume(self, operation: Consume[T], values: Mapping[str, object]) -> T | None:
        table, mark = operation.table, operation.mark
        row = self._named(table, operation.by, values)
        checks = [check for f in operation.alive if (check := _check(table, f, values))]
        if row is None or (mark and row[mark]) or not all(check(row) for check in checks):
            return None
        if mark:
            return self._replace(table, row, {**row, mark: True})
        del self._table(table)[row[table.key]]
        return self._decoded(table, row)

    def _delete(self, operation: Delete, values: Mapping[str, object]) -> int:
        table = operation.table
        refuse_unknown_filters(table, operation.filters, values, "limit")
        found = self._matching(table, operation.filters, values)[: _page(values.get("limit"))]
        for row in found:
            del self._table(table)[row[table.key]]
        return len(found)


def _place(find: Find[Any]) -> Callable[[Row], tuple[Any, ...]]:
    return lambda row: tuple(row[name] for name in find.order)


def _check(table: Table[Any], f: Filter, values: Mapping[str, object]) -> Callable[[Row], bool] | None:
    """Return the condition that a filter puts on a row, None where it does not apply."""
    given = values.get(f.name)
    if given is None:
        if not f.optional:
            raise InvalidInput(f"{table.name}: {f.name} is required")
        return None
    encode = codec(table).encoders[f.column]
    if f.comparison == "in":
        chosen = [encode(item) for item in cast("Iterable[object]", given)]
        if not chosen:
            raise InvalidInput(f"{table.name}: {f.name} is empty; leave it out to match all")
        return lambda row: row[f.column] in chosen
    if f.comparison == "pattern":
        resource = encode(given)
        return lambda row: may_cover(cast("str", row[f.column]), cast("str", resource))
    wanted, compare = encode(given), _COMPARE[f.comparison]
    if f.either:
        return lambda row: wanted in (row[f.column], row[cast("str", f.either)])

    def matches(row: Row) -> bool:
        value = row[f.column]
        return f.or_null if value is None else compare(value, wanted)

    return matches


def may_cover(pattern: str, resource: str) -> bool:
    """Tell whether a pattern may cover a resource: what the comparison "pattern" finds."""
    opening, star, _ = pattern.partition("*")
    return f"{resource}:".startswith(opening) if star else opening == resource


def _refuse_taken(table: Table[Any], stored: Iterable[Row], new: Row) -> None:
    """Raise where a stored row has the key or a unique combination of the new one; NULL equals nothing."""
    rows = list(stored)
    for columns in ((table.key,), *table.uniques):
        values = itemgetter(*columns)
        if all(new[name] is not None for name in columns) and values(new) in map(values, rows):
            raise ConflictError(table.name, columns)


def _page(number: object) -> int | None:
    if number is not None and (not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**63):
        raise InvalidInput("limit and offset must be integers of 0 or more")
    return number
