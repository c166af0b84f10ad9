"""The steps of each operation: which statements to send, and what their rows mean, without sending them.

A plan is a generator that yields a request and receives its rows, so that sync and asyncio adapters of every ORM share
the whole meaning of the contract, and own nothing but the sending. psycopg 3 and httpcore are built the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias, TypeVar, cast

from kavach_core.errors import CapabilityError, ConflictError, InvalidInput
from kavach_core.storage.operations import (
    Consume,
    Count,
    Delete,
    Filter,
    Find,
    Get,
    Increment,
    Insert,
    InsertMany,
    Operation,
    Update,
    Upsert,
)
from kavach_core.storage.rows import PAGE, RowCodec, codec, refuse_unknown_filters
from kavach_core.storage.sql import render
from kavach_core.storage.sql.dialect import SqlDialect
from kavach_core.storage.sql.render import Statement
from kavach_core.storage.values import MAX_INTEGER, MIN_INTEGER, Primitive, refuse_overflow
from kavach_schema.model import Table

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """Ask for a statement to be sent; where `many` is given, once for each of its tuples of parameters."""

    sql: str
    parameters: Sequence[Primitive] = ()
    many: Sequence[Sequence[Primitive]] | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Hold what a statement gave back; `count` is the number of rows it affected, as the driver tells it."""

    rows: Sequence[Sequence[object]]
    count: int


Steps: TypeAlias = Generator[Request, Rows, T]


@dataclass(frozen=True, slots=True)
class Plan:
    """Hold the steps of one call, and what must enclose them."""

    steps: Steps[object]
    atomic: bool = False
    """Several statements: they MUST run in one transaction."""
    may_conflict: bool = False
    """A taken key is possible: in an open transaction that an error would spoil, a savepoint MUST enclose the steps."""


def drive(steps: Steps[T], send: Callable[[Request], Rows]) -> T:
    """Run a plan's steps to their result."""
    try:
        request = next(steps)
        while True:
            request = steps.send(send(request))
    except StopIteration as stop:
        return cast("T", stop.value)


class Planner:
    """Turn operations and values into plans for one dialect; statements are rendered once and kept."""

    def __init__(self, dialect: SqlDialect) -> None:
        """Start with no statement rendered."""
        self.dialect = dialect
        self._statements: dict[tuple[object, ...], Statement] = {}

    def plan(self, operation: Operation[object], values: Mapping[str, object]) -> Plan:
        """Return the plan of one call; refused values raise `InvalidInput` before anything is sent."""
        match operation:
            case Get():
                return Plan(self._get(operation, values))
            case Find():
                return Plan(self._find(operation, values))
            case Insert():
                row = codec(operation.table).complete(values)
                return Plan(self._insert(operation, row), may_conflict=True)
            case Update():
                return self._update(operation, values)
            case Count() | Delete():
                return Plan(self._count_or_delete(operation, values))
            case InsertMany():
                return self._insert_many(operation, values)
            case Upsert():
                row = codec(operation.table).complete(values)
                conflict = _may_conflict(operation)
                return Plan(self._upsert(operation, row), not self.dialect.returning, may_conflict=conflict)
            case Increment():
                return self._increment(operation, values) if operation.create else self._add(operation, values)
            case Consume():
                return self._consume(operation, values)
            case _:
                raise CapabilityError(f"{type(operation).__name__} is no operation of the contract")

    def _statement(self, key: tuple[object, ...], make: Callable[[], Statement]) -> Statement:
        found = self._statements.get(key)
        if found is None:
            found = self._statements[key] = make()
        return found

    def _get(self, operation: Get[T], values: Mapping[str, object]) -> Steps[T | None]:
        return self._read_one(operation.table, operation.by, _encoded(codec(operation.table), values))

    def _read_one(self, table: Table[T], by: Sequence[str], values: Mapping[str, Primitive]) -> Steps[T | None]:
        statement = self._statement((table, by), lambda: render.select_one(self.dialect, table, by))
        reply = yield _request(statement, values)
        return codec(table).decode(reply.rows[0]) if reply.rows else None

    def _find(self, operation: Find[T], values: Mapping[str, object]) -> Steps[list[T]]:
        table = operation.table
        refuse_unknown_filters(table, operation.filters, values, *PAGE)
        bound, choices = _bind_filters(table, operation.filters, values)
        for name in ("limit", "offset"):
            if (number := values.get(name)) is not None:
                bound[name] = _page_number(name, number)
        if "offset" in bound and "limit" not in bound:
            raise InvalidInput(f"{table.name}: an offset needs a limit")
        if (after := values.get("after")) is not None:
            for name in operation.order:
                bound[f"after_{name}"] = codec(table).encoders[name](getattr(after, name))
        present = frozenset(name for name, value in values.items() if value is not None)
        statement = self._statement(
            (operation, present, choices),
            lambda: render.find(self.dialect, operation, present, choices),
        )
        return self._rows(codec(table), _request(statement, bound))

    def _rows(self, rows: RowCodec[T], request: Request) -> Steps[list[T]]:
        reply = yield request
        return [rows.decode(row) for row in reply.rows]

    def _count_or_delete(self, operation: Count | Delete, values: Mapping[str, object]) -> Steps[int]:
        table, filters = operation.table, operation.filters
        deleting = isinstance(operation, Delete)
        refuse_unknown_filters(table, filters, values, *(("limit",) if deleting else ()))
        bound, choices = _bind_filters(table, filters, values)
        if deleting and not bound:
            raise InvalidInput(f"{table.name}: nothing says which rows to delete")
        if (limit := values.get("limit")) is not None:
            bound["limit"] = _page_number("limit", limit)
        present = frozenset(name for name, value in values.items() if value is not None)
        statement = self._statement(
            (operation, present, choices),
            lambda: (
                render.delete(self.dialect, operation, present, choices)
                if isinstance(operation, Delete)
                else render.count(self.dialect, operation, present, choices)
            ),
        )
        return self._number(_request(statement, bound), counted=not deleting)

    def _number(self, request: Request, *, counted: bool) -> Steps[int]:
        reply = yield request
        return cast("int", reply.rows[0][0]) if counted else reply.count

    def _insert(self, operation: Insert[T], row: dict[str, Primitive]) -> Steps[T]:
        statement = self._statement((operation,), lambda: render.insert(self.dialect, operation.table))
        yield Request(statement.sql, tuple(row.values()))
        return codec(operation.table).decode(tuple(row.values()))

    def _insert_many(self, operation: InsertMany[T], values: Mapping[str, object]) -> Plan:
        table = operation.table
        new = cast("Sequence[Mapping[str, object]]", values["rows"])
        rows = [tuple(codec(table).complete(row).values()) for row in new]
        statement = self._statement((operation,), lambda: render.insert(self.dialect, table))

        def steps() -> Steps[list[T]]:
            if rows:
                yield Request(statement.sql, many=rows)
            return [codec(table).decode(row) for row in rows]

        return Plan(steps(), atomic=len(rows) > 1, may_conflict=True)

    def _update(self, operation: Update[T], values: Mapping[str, object]) -> Plan:
        table = operation.table
        rows = codec(table)
        expected = tuple(name for name in operation.expect if values.get(f"expected_{name}") is not None)
        guards = {f"expected_{name}" for name in operation.expect}
        changes = tuple(name for name in values if name not in operation.by and name not in guards)
        rows.refuse_unknown(changes)
        bound = {name: rows.encoders[name](values[name]) for name in (*operation.by, *changes)}
        bound |= {f"expected_{name}": rows.encoders[name](values[f"expected_{name}"]) for name in expected}
        if not changes:
            read = self._statement(
                (operation, expected), lambda: render.select_one(self.dialect, table, operation.by, expected)
            )
            return Plan(self._first(table, _request(read, bound)))
        guarded = expected if self.dialect.returning else ()
        statement = self._statement(
            (operation, changes, guarded),
            lambda: render.update(self.dialect, operation, changes, guarded),
        )
        unique = any(name in columns for columns in table.uniques for name in changes)
        if self.dialect.returning:
            return Plan(self._first(table, _request(statement, bound)), may_conflict=unique)
        lock = self._statement(
            (operation, expected, "lock"),
            lambda: render.select_one(self.dialect, table, operation.by, expected, lock=True),
        )
        return Plan(self._lock_then_update(table, lock, statement, bound, changes), True, unique)

    def _first(self, table: Table[T], request: Request) -> Steps[T | None]:
        reply = yield request
        return codec(table).decode(reply.rows[0]) if reply.rows else None

    def _lock_then_update(
        self,
        table: Table[T],
        lock: Statement,
        update: Statement,
        bound: Mapping[str, Primitive],
        changes: Sequence[str],
    ) -> Steps[T | None]:
        # MySQL has no RETURNING, and counts changed rows unless the connection asks for found ones: so the row is read
        # and locked first, and the count is not needed.
        reply = yield _request(lock, bound)
        if not reply.rows:
            return None
        yield _request(update, bound)
        stored = dict(zip(table.by_name, reply.rows[0], strict=True))
        return codec(table).decode([*(stored | {name: bound[name] for name in changes}).values()])

    def _upsert(self, operation: Upsert[T], row: dict[str, Primitive]) -> Steps[T]:
        table, by = operation.table, operation.by
        statement = self._statement((operation,), lambda: render.upsert(self.dialect, operation))
        request = _request(statement, row)
        if self.dialect.returning:
            return cast("T", (yield from self._first(table, request)))
        reply = yield request
        stored = yield from self._lock_meant(table, by, row)
        if reply.count == 2 or stored[table.key] == row[table.key]:
            return codec(table).decode([*stored.values()])
        # Nothing was changed: the row was so already, or another one has the key and stood in its way.
        fixed = {*by, *operation.keep, table.key}
        changes = {name: value for name, value in row.items() if name not in fixed}
        update = self._statement(
            (operation, "update"), lambda: render.update(self.dialect, Update(table, by), tuple(changes), ())
        )
        yield _request(update, row)
        return codec(table).decode([*(stored | changes).values()])

    def _lock_meant(
        self, table: Table[T], by: Sequence[str], values: Mapping[str, Primitive]
    ) -> Steps[dict[str, object]]:
        # MySQL's upsert takes the row of any unique key. If it took another one and the one that is meant is missing,
        # the key is taken.
        lock = self._statement((table, by, "lock"), lambda: render.select_one(self.dialect, table, by, lock=True))
        reply = yield _request(lock, values)
        if not reply.rows:
            raise ConflictError(table.name, (table.key,))
        return dict(zip(table.by_name, reply.rows[0], strict=True))

    def _increment(self, operation: Increment[T], values: Mapping[str, object]) -> Plan:
        table = operation.table
        bound = codec(table).complete({k: v for k, v in values.items() if k != "limit"})
        amount, limit = cast("int", bound[operation.column]), _limit(operation, values)
        if limit is not None and amount > limit:
            return Plan(_nothing())
        bound |= _span(amount, limit)
        statement = self._statement((operation,), lambda: render.increment(self.dialect, operation))
        if self.dialect.returning:
            return Plan(self._sum(operation, statement, bound, limit), may_conflict=_may_conflict(operation))
        steps = self._increment_then_read(operation, statement, bound, limit)
        return Plan(steps, True, may_conflict=_may_conflict(operation))

    def _sum(
        self, operation: Increment[T], statement: Statement, bound: Mapping[str, Primitive], limit: int | None
    ) -> Steps[T | None]:
        found = yield from self._first(operation.table, _request(statement, bound))
        if found is None:
            yield from self._refuse_overflow(operation, bound, limit)
        return found

    def _refuse_overflow(
        self, operation: Increment[T], bound: Mapping[str, Primitive], limit: int | None
    ) -> Steps[None]:
        """Raise where nothing but 64 bits kept a row from being changed."""
        table, amount = operation.table, cast("int", bound[operation.column])
        if limit is not None and amount >= 0:
            return  # what passes 64 bits passes the limit
        if limit is None and operation.create:
            refuse_overflow(table, operation.column, (MAX_INTEGER if amount > 0 else MIN_INTEGER) + amount)
        read = self._statement((operation, "alive"), lambda: render.alive(self.dialect, operation))
        row = yield from self._first(table, _request(read, bound))
        if row is not None:
            stored_bound = getattr(row, operation.bound) if operation.bound else None
            total = getattr(row, operation.column) + amount
            if all(most is None or total <= most for most in (limit, stored_bound)):
                refuse_overflow(table, operation.column, total)

    def _increment_then_read(
        self, operation: Increment[T], statement: Statement, bound: Mapping[str, Primitive], limit: int | None
    ) -> Steps[T | None]:
        # MySQL reports 2 for a changed row, 1 for a new one, and for an unchanged one 0, or 1 where the connection asks
        # for found rows. So a new counter begins at 0, and what still has room then has not been added to.
        table, column = operation.table, operation.column
        reply = yield _request(statement, {**bound, "start": 0})
        stored = yield from self._lock_meant(table, operation.by, bound)
        if reply.count != 2:
            count, amount = cast("int", stored[column]), cast("int", bound[column])
            if not cast("int", bound["floor"]) <= count <= cast("int", bound["room"]):
                if limit is None or count + amount <= limit:
                    refuse_overflow(table, column, count + amount)
                return None
            add = self._statement((operation, "add"), lambda: render.add(self.dialect, operation))
            yield _request(add, bound)
            stored[column] = count + amount
        return codec(table).decode([*stored.values()])

    def _add(self, operation: Increment[T], values: Mapping[str, object]) -> Plan:
        table = operation.table
        rows = codec(table)
        given = {name: value for name, value in values.items() if name in rows.encoders}
        bound = _encoded(rows, given) | _bind_filters(table, operation.alive, values)[0]
        limit = _limit(operation, values)
        bound |= _span(cast("int", bound[operation.column]), limit)
        statement = self._statement((operation,), lambda: render.add(self.dialect, operation))
        if self.dialect.returning:
            return Plan(self._sum(operation, statement, bound, limit))
        return Plan(self._add_then_read(operation, statement, bound, limit), True)

    def _add_then_read(
        self, operation: Increment[T], statement: Statement, bound: Mapping[str, Primitive], limit: int | None
    ) -> Steps[T | None]:
        found = yield from self._change_then_read(operation.table, operation.by, statement, bound)
        if found is None:
            yield from self._refuse_overflow(operation, bound, limit)
        return found

    def _consume(self, operation: Consume[T], values: Mapping[str, object]) -> Plan:
        table = operation.table
        given = {name: values[name] for name in operation.by}
        bound = _encoded(codec(table), given) | _bind_filters(table, operation.alive, values)[0]
        if operation.mark:
            statement = self._statement((operation,), lambda: render.mark(self.dialect, operation))
            if self.dialect.returning:
                return Plan(self._first(table, _request(statement, bound)))
            return Plan(self._change_then_read(table, operation.by, statement, bound), True)
        statement = self._statement((operation,), lambda: render.take(self.dialect, operation))
        if self.dialect.delete_returning:
            return Plan(self._first(table, _request(statement, bound)))
        lock = self._statement((operation, "lock"), lambda: render.lock(self.dialect, operation))
        return Plan(self._lock_then_take(table, lock, statement, bound), True)

    def _change_then_read(
        self, table: Table[T], by: Sequence[str], statement: Statement, bound: Mapping[str, Primitive]
    ) -> Steps[T | None]:
        # The statement always writes a new value, so MySQL counts the row whether it counts changed or found ones.
        reply = yield _request(statement, bound)
        if reply.count == 0:
            return None
        return (yield from self._read_one(table, by, bound))

    def _lock_then_take(
        self, table: Table[T], lock: Statement, take: Statement, bound: Mapping[str, Primitive]
    ) -> Steps[T | None]:
        found = yield from self._first(table, _request(lock, bound))
        if found is not None:
            yield _request(take, bound)
        return found


def _may_conflict(operation: Upsert[T] | Increment[T]) -> bool:
    """Tell whether a unique value besides those that name the row can be taken."""
    table = operation.table
    return any(set(columns) != set(operation.by) for columns in ((table.key,), *table.uniques))


def _limit(operation: Increment[T], values: Mapping[str, object]) -> int | None:
    limit = values.get("limit")
    return None if limit is None else cast("int", codec(operation.table).encoders[operation.column](limit))


def _span(amount: int, limit: int | None) -> dict[str, Primitive]:
    """Return between which stored values the sum passes neither the limit nor 64 bits."""
    room = (MAX_INTEGER if limit is None else limit) - amount
    if room < MIN_INTEGER:
        return {"floor": 1, "room": 0}
    return {"floor": max(MIN_INTEGER, MIN_INTEGER - amount), "room": min(MAX_INTEGER, room)}


planner_for = cache(Planner)
"""Return the planner of a dialect: one for all storages, so that a storage per request prepares nothing anew."""


def _nothing() -> Steps[None]:
    return None
    yield  # a generator that asks for nothing


def _request(statement: Statement, values: Mapping[str, Primitive]) -> Request:
    return Request(statement.sql, [values[name] for name in statement.names])


def _encoded(rows: RowCodec[T], values: Mapping[str, object]) -> dict[str, Primitive]:
    encoded = {name: rows.encoders[name](value) for name, value in values.items()}
    if missing := [name for name, value in encoded.items() if value is None]:
        raise InvalidInput(f"{rows.table.name}: {', '.join(missing)} is required")
    return encoded


def _bind_filters(
    table: Table[object], filters: Sequence[Filter], values: Mapping[str, object]
) -> tuple[dict[str, Primitive], int]:
    """Return the encoded values of filters, and how many values an `in` filter is rendered with."""
    bound: dict[str, Primitive] = {}
    choices = 0
    for f in filters:
        value = values.get(f.name)
        if value is None:
            if not f.optional:
                raise InvalidInput(f"{table.name}: {f.name} is required")
            continue
        encode = codec(table).encoders[f.column]
        if f.comparison != "in":
            bound[f.name] = encode(value)
            continue
        chosen = [encode(item) for item in cast("Sequence[object]", value)]
        if not chosen:
            raise InvalidInput(f"{table.name}: {f.name} is empty; leave it out to match all")
        # Few sizes of list, so few statements to keep: the last value is repeated up to a power of two.
        choices = 1 << (len(chosen) - 1).bit_length()
        chosen += chosen[-1:] * (choices - len(chosen))
        bound |= {f"{f.name}_{i}": item for i, item in enumerate(chosen)}
    return bound, choices


def _page_number(name: str, number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= 2**63 - 1:
        raise InvalidInput(f"{name} must be an integer of 0 or more")
    return number
