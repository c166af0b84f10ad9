"""The plan of each operation: its statements, rendered once and kept, with the values of one call.

A plan does no I/O, so that sync and asyncio adapters of every ORM share the whole meaning of the contract, and own
nothing but the sending. psycopg 3 and httpcore are built the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, TypeVar, cast

from kavach_core.errors import CapabilityError, ConflictError, InvalidInput
from kavach_core.storage.operations import (
    Consume,
    Count,
    Delete,
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
from kavach_core.storage.rows import PAGE, RowCodec, codec
from kavach_core.storage.sql import render
from kavach_core.storage.sql.dialect import SqlDialect
from kavach_core.storage.sql.gathering import Gathering
from kavach_core.storage.sql.many_rows import ManyRows
from kavach_core.storage.sql.plans import Finish, Plan, Request, Rows, Steps, several
from kavach_core.storage.sql.questions import Question, Values, bind_filters
from kavach_core.storage.sql.render import Statement
from kavach_core.storage.values import MAX_INTEGER, MIN_INTEGER, Primitive, refuse_overflow
from kavach_schema.model import Table

T = TypeVar("T")


class Planner:
    """Turn operations and values into plans for one dialect; statements are rendered once and kept."""

    def __init__(self, dialect: SqlDialect) -> None:
        """Start with no statement rendered."""
        self.dialect = dialect
        self._prepared: dict[Operation[Any], Callable[[Values], Plan]] = {}
        self._statements: dict[tuple[object, ...], Statement] = {}

    def plan(self, operation: Operation[object], values: Values) -> Plan:
        """Return the plan of one call; refused values raise `InvalidInput` before anything is sent."""
        prepared = self._prepared.get(operation)
        if prepared is None:
            prepared = self._prepared[operation] = self._prepare(operation)
        return prepared(values)

    def _prepare(self, operation: Operation[Any]) -> Callable[[Values], Plan]:
        match operation:
            case Get():
                return self._get(operation)
            case Find():
                return self._find(operation)
            case Gather():
                return Gathering(self.dialect, operation).plan
            case Insert():
                return self._insert(operation)
            case Update():
                return partial(self._update, operation)
            case Count():
                return self._count(operation)
            case Delete():
                return self._delete(operation)
            case InsertMany():
                return ManyRows(self.dialect, operation).plan
            case Upsert():
                return partial(self._upsert, operation)
            case Increment():
                return partial(self._increment if operation.create else self._add, operation)
            case Consume():
                return partial(self._consume, operation)
            case _:
                raise CapabilityError(f"{type(operation).__name__} is no operation of the contract")

    def _statement(self, key: tuple[object, ...], make: Callable[[], Statement]) -> Statement:
        found = self._statements.get(key)
        if found is None:
            found = self._statements[key] = make()
        return found

    def _get(self, operation: Get[Any]) -> Callable[[Values], Plan]:
        rows = codec(operation.table)
        statement = render.select_one(self.dialect, operation.table, operation.by)
        encoders = [(name, rows.encoders[name]) for name in statement.names]
        finish = _first(rows)

        sql = statement.sql
        if len(encoders) == 1:
            [(only, encode_only)] = encoders

            def plan_one(values: Values) -> Plan:
                parameter = encode_only(values[only])
                if parameter is None:
                    _encoded(rows, values)  # raises
                return Plan(Request(sql, (parameter,), True), finish)

            return plan_one

        def plan(values: Values) -> Plan:
            parameters = [encode(values[name]) for name, encode in encoders]
            if None in parameters:
                _encoded(rows, values)  # raises
            return Plan(Request(sql, parameters, True), finish)

        return plan

    def _read_one(self, table: Table[T], by: Sequence[str], values: Mapping[str, Primitive]) -> Steps[T | None]:
        statement = self._statement((table, by), lambda: render.select_one(self.dialect, table, by))
        reply = yield _request(statement, values)
        return codec(table).decode(reply.rows[0]) if reply.rows else None

    def _find(self, operation: Find[Any]) -> Callable[[Values], Plan]:
        question = Question(operation, PAGE, partial(render.find, self.dialect, operation))
        decode = codec(operation.table).decode

        def finish(reply: Rows) -> list[Any]:
            return [*map(decode, reply.rows)]

        return lambda values: Plan(question.request(values), finish)

    def _count(self, operation: Count) -> Callable[[Values], Plan]:
        question = Question(operation, (), partial(render.count, self.dialect, operation))
        return lambda values: Plan(question.request(values), lambda reply: reply.rows[0][0])

    def _delete(self, operation: Delete) -> Callable[[Values], Plan]:
        question = Question(operation, ("limit",), partial(render.delete, self.dialect, operation))
        return lambda values: Plan(question.request(values), lambda reply: reply.count)

    def _insert(self, operation: Insert[Any]) -> Callable[[Values], Plan]:
        rows = codec(operation.table)
        sql = render.insert(self.dialect, operation.table).sql
        yields = self.dialect.aborts_on_error

        def plan(values: Values) -> Plan:
            row = rows.row(values)
            request = Request(sql, row, False)
            yielding = Request(f"{sql} ON CONFLICT DO NOTHING", row, False) if yields else None
            return Plan(request, lambda _: rows.decode(row), None, False, True, yielding)

        return plan

    def _update(self, operation: Update[T], values: Values) -> Plan:
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
            return Plan(_request(read, bound), _first(rows))
        guarded = expected if self.dialect.returning else ()
        statement = self._statement(
            (operation, changes, guarded),
            lambda: render.update(self.dialect, operation, changes, guarded),
        )
        unique = any(name in columns for columns in table.uniques for name in changes)
        if self.dialect.returning:
            return Plan(_request(statement, bound), _first(rows), may_conflict=unique)
        lock = self._statement(
            (operation, expected, "lock"),
            lambda: render.select_one(self.dialect, table, operation.by, expected, lock=True),
        )
        steps = self._lock_then_update(table, lock, statement, bound, changes)
        return several(steps, atomic=True, may_conflict=unique)

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

    def _upsert(self, operation: Upsert[Any], values: Values) -> Plan:
        rows = codec(operation.table)
        row = rows.complete(values)
        statement = self._statement((operation,), lambda: render.upsert(self.dialect, operation))
        request = _request(statement, row)
        if self.dialect.returning:
            return Plan(request, _first(rows), may_conflict=_may_conflict(operation))
        steps = self._upsert_then_read(operation, request, row)
        return several(steps, atomic=True, may_conflict=_may_conflict(operation))

    def _upsert_then_read(self, operation: Upsert[T], request: Request, row: dict[str, Primitive]) -> Steps[T]:
        table, by = operation.table, operation.by
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

    def _increment(self, operation: Increment[T], values: Values) -> Plan:
        table = operation.table
        bound = codec(table).complete({k: v for k, v in values.items() if k != "limit"})
        amount, limit = cast("int", bound[operation.column]), _limit(operation, values)
        if limit is not None and amount > limit:
            return several(_nothing())
        bound |= _span(amount, limit)
        statement = self._statement((operation,), lambda: render.increment(self.dialect, operation))
        if self.dialect.returning:
            return several(self._sum(operation, statement, bound, limit), may_conflict=_may_conflict(operation))
        steps = self._increment_then_read(operation, statement, bound, limit)
        return several(steps, atomic=True, may_conflict=_may_conflict(operation))

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

    def _add(self, operation: Increment[T], values: Values) -> Plan:
        table = operation.table
        rows = codec(table)
        given = {name: value for name, value in values.items() if name in rows.encoders}
        bound = _encoded(rows, given) | bind_filters(table, operation.alive, values)
        limit = _limit(operation, values)
        bound |= _span(cast("int", bound[operation.column]), limit)
        statement = self._statement((operation,), lambda: render.add(self.dialect, operation))
        if self.dialect.returning:
            return several(self._sum(operation, statement, bound, limit))
        return several(self._add_then_read(operation, statement, bound, limit), atomic=True)

    def _add_then_read(
        self, operation: Increment[T], statement: Statement, bound: Mapping[str, Primitive], limit: int | None
    ) -> Steps[T | None]:
        found = yield from self._change_then_read(operation.table, operation.by, statement, bound)
        if found is None:
            yield from self._refuse_overflow(operation, bound, limit)
        return found

    def _consume(self, operation: Consume[T], values: Values) -> Plan:
        table = operation.table
        given = {name: values[name] for name in operation.by}
        bound = _encoded(codec(table), given) | bind_filters(table, operation.alive, values)
        if operation.mark:
            statement = self._statement((operation,), lambda: render.mark(self.dialect, operation))
            if self.dialect.returning:
                return Plan(_request(statement, bound), _first(codec(table)))
            return several(self._change_then_read(table, operation.by, statement, bound), atomic=True)
        statement = self._statement((operation,), lambda: render.take(self.dialect, operation))
        if self.dialect.delete_returning:
            return Plan(_request(statement, bound), _first(codec(table)))
        lock = self._statement((operation, "lock"), lambda: render.lock(self.dialect, operation))
        return several(self._lock_then_take(table, lock, statement, bound), atomic=True)

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


def _limit(operation: Increment[T], values: Values) -> int | None:
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


def _may_conflict(operation: Upsert[Any] | Increment[Any]) -> bool:
    """Tell whether a unique value besides those that name the row can be taken."""
    table = operation.table
    return any(set(columns) != set(operation.by) for columns in ((table.key,), *table.uniques))


def _first(rows: RowCodec[Any]) -> Finish[Any]:
    """Return what makes a record of the only row, or None where there is none."""
    decode = rows.decode
    return lambda reply: decode(reply.rows[0]) if reply.rows else None


def _request(statement: Statement, values: Mapping[str, Primitive]) -> Request:
    return Request(statement.sql, [values[name] for name in statement.names], statement.returns)


def _encoded(rows: RowCodec[T], values: Values) -> dict[str, Primitive]:
    encoded = {name: rows.encoders[name](value) for name, value in values.items()}
    if missing := [name for name, value in encoded.items() if value is None]:
        raise InvalidInput(f"{rows.table.name}: {', '.join(missing)} is required")
    return encoded
