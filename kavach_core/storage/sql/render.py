"""Operations as SQL text, with the names of the values to bind, in order.

Text is made of the data model's names only; every value is a parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeVar

from kavach_core.storage.operations import Consume, Count, Delete, Filter, Find, Increment, Update, Upsert
from kavach_core.storage.sql.dialect import SqlDialect
from kavach_schema.model import Table

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Statement:
    """Hold SQL text and the names of the values that its placeholders take, in order."""

    sql: str
    names: tuple[str, ...]

    @property
    def returns(self) -> bool:
        """Tell whether rows come back."""
        return self.sql.startswith("SELECT ") or " RETURNING " in self.sql


class Writer:
    """Collect SQL text and the names of its parameters."""

    def __init__(self, dialect: SqlDialect, table: Table[object], names: list[str] | None = None) -> None:
        """Start an empty statement about one table, or a part of one that has these parameters already."""
        self.dialect = dialect
        self.table = table
        self.names: list[str] = [] if names is None else names

    def value(self, name: str) -> str:
        """Return a placeholder for the value called `name`."""
        self.names.append(name)
        return self.dialect.placeholder(len(self.names))

    def column(self, name: str) -> str:
        """Return a quoted column name."""
        return self.dialect.name(name)

    @property
    def target(self) -> str:
        """Return the quoted table name."""
        return self.dialect.table(self.table)

    @property
    def columns(self) -> str:
        """Return all columns as SELECT and RETURNING name them."""
        return ", ".join(map(self.dialect.selected, self.table.columns))

    @property
    def returning(self) -> str:
        """Return the RETURNING clause, empty where the database has none."""
        return f" RETURNING {self.columns}" if self.dialect.returning else ""

    def equal(self, names: Iterable[str], prefix: str = "") -> str:
        """Return a condition that columns equal the values called `prefix` and their names."""
        return " AND ".join(f"{self.column(name)} = {self.value(prefix + name)}" for name in names)

    def statement(self, sql: str) -> Statement:
        """Return the finished statement."""
        return Statement(sql, tuple(self.names))


def select_one(
    dialect: SqlDialect,
    table: Table[object],
    by: Sequence[str],
    expected: Sequence[str] = (),
    *,
    lock: bool = False,
) -> Statement:
    """Render a read of one row by unique columns; `lock` keeps others from changing it until the transaction ends."""
    w = Writer(dialect, table)
    conditions = [w.equal(by)]
    if expected:
        conditions.append(w.equal(expected, "expected_"))
    return w.statement(f"SELECT {w.columns} FROM {w.target}{_where(conditions)}{' FOR UPDATE' if lock else ''}")


def find(dialect: SqlDialect, operation: Find[R], present: frozenset[str], choices: int) -> Statement:
    """Render a read of many rows, for the filters in `present`; `choices` counts the values of an `in` filter."""
    w = Writer(dialect, operation.table)
    conditions = [condition(w, f, choices) for f in operation.filters if f.name in present]
    if "after" in present:
        conditions.append(_behind(w, operation))
    direction = " DESC" if operation.descending else ""
    order = ", ".join(w.column(name) + direction for name in operation.order)
    sql = f"SELECT {w.columns} FROM {w.target}{_where(conditions)} ORDER BY {order}"
    if "limit" in present:
        sql += f" LIMIT {w.value('limit')}"
    if "offset" in present:
        sql += f" OFFSET {w.value('offset')}"
    return w.statement(sql + _current(w, operation))


def count(dialect: SqlDialect, operation: Count, present: frozenset[str], choices: int) -> Statement:
    """Render a count of rows."""
    w = Writer(dialect, operation.table)
    conditions = [condition(w, f, choices) for f in operation.filters if f.name in present]
    return w.statement(f"SELECT count(*) FROM {w.target}{_where(conditions)}{_current(w, operation)}")


def delete(dialect: SqlDialect, operation: Delete, present: frozenset[str], choices: int) -> Statement:
    """Render a deletion of rows."""
    w = Writer(dialect, operation.table)
    where = _where([condition(w, f, choices) for f in operation.filters if f.name in present])
    if "limit" not in present:
        return w.statement(f"DELETE FROM {w.target}{where}")
    limit = f" LIMIT {w.value('limit')}"
    if dialect.flavour in ("mysql", "mariadb"):
        return w.statement(f"DELETE FROM {w.target}{where}{limit}")
    key = w.column(operation.table.key)
    chosen = f"SELECT {key} FROM {w.target}{where}{limit}"
    # PostgreSQL would read the whole table for IN (SELECT ...), which it joins; the keys of an array it looks up.
    among = f"= ANY(ARRAY({chosen}))" if dialect.flavour == "postgresql" else f"IN ({chosen})"
    return w.statement(f"DELETE FROM {w.target} WHERE {key} {among}")


def insert(dialect: SqlDialect, table: Table[object], rows: int = 1) -> Statement:
    """Render so many new rows with all their columns."""
    w = Writer(dialect, table)
    further = "".join(f", {_values(w, table.by_name)}" for _ in range(rows - 1))
    return w.statement(f"{_insert(w)}{further}")


def insert_recordset(dialect: SqlDialect, table: Table[object]) -> Statement:
    """Render any number of new rows that come as one JSON text, a list of objects; for PostgreSQL.

    It has one parameter, and is prepared once for all numbers of rows: drivers take longer over a thousand parameters
    than the server takes over the rows.
    """
    w = Writer(dialect, table)
    fields = ", ".join(f"{w.column(c.name)} {_RECORDSET_TYPES.get(c.kind, 'text')}" for c in table.columns)
    values = ", ".join(f"{w.column(c.name)}{'::jsonb' if c.kind == 'json' else ''}" for c in table.columns)
    given = f"json_to_recordset(CAST({w.value('rows')} AS text)::json) AS given({fields})"
    return w.statement(f"INSERT INTO {w.target} {_columns(w, table.by_name)} SELECT {values} FROM {given}")


_RECORDSET_TYPES: Final = {"integer": "bigint", "time": "bigint", "boolean": "boolean"}


def update(
    dialect: SqlDialect, operation: Update[object], changes: Sequence[str], expected: Sequence[str]
) -> Statement:
    """Render a change of one row, guarded by the values that must still be stored."""
    w = Writer(dialect, operation.table)
    changed = ", ".join(f"{w.column(name)} = {w.value(name)}" for name in changes)
    conditions = [w.equal(operation.by)]
    if expected:
        conditions.append(w.equal(expected, "expected_"))
    return w.statement(f"UPDATE {w.target} SET {changed}{_where(conditions)}{w.returning}")


def upsert(dialect: SqlDialect, operation: Upsert[object]) -> Statement:
    """Render a row that replaces the stored one with the same unique columns."""
    w = Writer(dialect, operation.table)
    fixed = {*operation.by, *operation.keep, operation.table.key}
    changed = [name for name in operation.table.by_name if name not in fixed]
    sql = _insert(w)
    if dialect.returning:
        new = ", ".join(f"{w.column(name)} = excluded.{w.column(name)}" for name in changed)
        return w.statement(f"{sql} ON CONFLICT {_columns(w, operation.by)} DO UPDATE SET {new}{w.returning}")
    meant = _meant(w, operation.by)
    new = ", ".join(f"{w.column(name)} = IF({meant}, {_new(w, name)}, {w.target}.{w.column(name)})" for name in changed)
    return w.statement(f"{sql}{_alias(w)} ON DUPLICATE KEY UPDATE {new}")


def increment(dialect: SqlDialect, operation: Increment[object]) -> Statement:
    """Render an addition to a counter that may not exist yet, or is between the values `floor` and `room`.

    Without RETURNING a new counter begins with the value `start` instead, and nothing is added yet.
    """
    w = Writer(dialect, operation.table)
    column = w.column(operation.column)
    if dialect.returning:
        sql = _insert(w)
        total = f"{w.target}.{column} + excluded.{column}"
        guard = _where([_within(w, f"{w.target}.{column}")])
        return w.statement(
            f"{sql} ON CONFLICT {_columns(w, operation.by)} DO UPDATE SET {column} = {total}{guard}{w.returning}"
        )
    sql = _insert(w, {operation.column: "start"})
    stored = f"{w.target}.{column}"
    guard = f"{_meant(w, operation.by)} AND {_within(w, stored)}"
    total = f"IF({guard}, {stored} + {w.value(operation.column)}, {stored})"
    return w.statement(f"{sql}{_alias(w)} ON DUPLICATE KEY UPDATE {column} = {total}")


def add(dialect: SqlDialect, operation: Increment[object]) -> Statement:
    """Render an addition to a counter of a stored row, if it is between the values `floor` and `room`."""
    w = Writer(dialect, operation.table)
    column = w.column(operation.column)
    sql = f"UPDATE {w.target} SET {column} = {column} + {w.value(operation.column)}"
    conditions = [w.equal(operation.by), *(condition(w, f) for f in operation.alive)]
    guard = _within(w, column)
    if operation.bound:
        # In the order of a CASE: a sum that overflows fails, and conditions joined by AND may be tried in any order.
        bound = w.column(operation.bound)
        sum_fits = f"({bound} IS NULL OR {column} + {w.value(operation.column)} <= {bound})"
        guard = f"CASE WHEN {guard} THEN {sum_fits} ELSE FALSE END"
    return w.statement(f"{sql}{_where([*conditions, guard])}{w.returning}")


def mark(dialect: SqlDialect, operation: Consume[object]) -> Statement:
    """Render the marking of a row that is not marked yet."""
    w = Writer(dialect, operation.table)
    marked = w.column(str(operation.mark))
    conditions = [w.equal(operation.by), f"{marked} = FALSE", *(condition(w, f) for f in operation.alive)]
    return w.statement(f"UPDATE {w.target} SET {marked} = TRUE{_where(conditions)}{w.returning}")


def take(dialect: SqlDialect, operation: Consume[object]) -> Statement:
    """Render the deletion of a row that is given back."""
    w = Writer(dialect, operation.table)
    conditions = [w.equal(operation.by), *(condition(w, f) for f in operation.alive)]
    returning = f" RETURNING {w.columns}" if dialect.delete_returning else ""
    return w.statement(f"DELETE FROM {w.target}{_where(conditions)}{returning}")


def lock(dialect: SqlDialect, operation: Consume[object]) -> Statement:
    """Render a read of one row that keeps others from it until the transaction ends."""
    found = alive(dialect, operation)
    return Statement(f"{found.sql} FOR UPDATE", found.names)


def alive(dialect: SqlDialect, operation: Consume[object] | Increment[object]) -> Statement:
    """Render a read of the row that an operation would change, if it is alive."""
    w = Writer(dialect, operation.table)
    conditions = [w.equal(operation.by), *(condition(w, f) for f in operation.alive)]
    return w.statement(f"SELECT {w.columns} FROM {w.target}{_where(conditions)}")


def _current(w: Writer, operation: Find[R] | Count) -> str:
    """Return what makes a read see past the snapshot of MySQL's REPEATABLE READ; MariaDB does not know FOR SHARE."""
    mysql = w.dialect.flavour in ("mysql", "mariadb")
    return " LOCK IN SHARE MODE" if operation.current and mysql else ""


def _within(w: Writer, counter: str) -> str:
    """Return the condition that a sum will fit, on the stored value: the sum itself may not be asked for."""
    return f"{counter} BETWEEN {w.value('floor')} AND {w.value('room')}"


def _alias(w: Writer) -> str:
    """Name the new row: MySQL 8.0.20 deprecates VALUES(), and MariaDB has nothing else."""
    return " AS new" if w.dialect.flavour == "mysql" else ""


def _new(w: Writer, column: str) -> str:
    return f"new.{w.column(column)}" if w.dialect.flavour == "mysql" else f"VALUES({w.column(column)})"


def _meant(w: Writer, by: Iterable[str]) -> str:
    """Return the condition that the stored row is the one that is meant: MySQL takes that of any unique key."""
    return " AND ".join(f"{w.target}.{w.column(name)} = {_new(w, name)}" for name in by)


def _insert(w: Writer, renamed: Mapping[str, str] = MappingProxyType({})) -> str:
    names = tuple(w.table.by_name)
    values = _values(w, [renamed.get(name, name) for name in names])
    return f"INSERT INTO {w.target} {_columns(w, names)} VALUES {values}"


def _values(w: Writer, names: Iterable[str]) -> str:
    return f"({', '.join(map(w.value, names))})"


def _columns(w: Writer, names: Iterable[str]) -> str:
    return "(" + ", ".join(map(w.column, names)) + ")"


def _where(conditions: Sequence[str]) -> str:
    return " WHERE " + " AND ".join(conditions) if conditions else ""


def condition(w: Writer, f: Filter, choices: int = 0) -> str:
    """Return the condition that a filter puts on rows; a pattern takes the value called `name:`, too."""
    if f.comparison == "in":
        values = ", ".join(w.value(f"{f.name}_{i}") for i in range(choices))
        return f"{w.column(f.column)} IN ({values})"
    if f.comparison == "pattern":
        column, star = w.column(f.column), w.dialect.position(w.column(f.column), "*")
        opening = f"{w.dialect.first(column, f'{star} - 1')} = {w.dialect.first(w.value(f'{f.name}:'), f'{star} - 1')}"
        return f"({star} > 0 AND {opening} OR {column} = {w.value(f.name)})"
    if f.either:
        first = f"{w.column(f.column)} = {w.value(f.name)}"
        return f"({first} OR {w.column(f.either)} = {w.value(f.name)})"
    condition = f"{w.column(f.column)} {f.comparison} {w.value(f.name)}"
    return f"({w.column(f.column)} IS NULL OR {condition})" if f.or_null else condition


def _behind(w: Writer, operation: Find[R]) -> str:
    """Return the condition of a keyset page over (column, key).

    A row-value comparison, (a, b) < (?, ?), scans the whole table on MySQL and MariaDB; this form uses the index.
    """
    first, key = operation.order
    sign = "<" if operation.descending else ">"
    column, last = w.column(first), w.column(key)
    return (
        f"{column} {sign}= {w.value(f'after_{first}')} AND"
        f" ({column} {sign} {w.value(f'after_{first}')} OR {last} {sign} {w.value(f'after_{key}')})"
    )
