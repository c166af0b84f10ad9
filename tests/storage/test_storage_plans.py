"""Every documented query uses an index, by each database's own account of its plan.

ST6: the original has no index on any hot column, and slows down with every row.

The questions come from the contract: an operation that is declared without a fitting index fails here. Tables are
filled and analysed first, so that the plans are those of a database in use.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from database_fixture import Database
from kavach_core.storage.operations import Consume, Count, Delete, Find, Gather, Get, Increment, Update
from kavach_core.storage.sql import Planner, SqlDialect
from kavach_schema import records
from kavach_schema.model import Column, Table
from kavach_schema.render.ddl import Flavour, create_table, quote
from kavach_schema.tables import TABLES
from storage.samples import at, operations, row

ROWS = 5000
"""Of many fewer rows MariaDB would rather read and sort them all."""

FEW = {"status", "type", "result", "action", "role", "purpose", "method"}
"""Columns with three different values; other columns that are not unique have a hundred."""

NO_INDEX = {
    # A whole count looks at every row; so does one by a column of few values, and no page of it is asked for.
    ("COUNT_AGENTS", frozenset[str]()),
    ("COUNT_AGENTS", frozenset({"type"})),
    ("COUNT_AUDIT_LOGS", frozenset[str]()),
    ("COUNT_AUDIT_LOGS", frozenset({"result"})),
    ("COUNT_AUDIT_LOGS", frozenset({"actions"})),
}

SORTED = {
    "FIND_BUDGET_POLICIES_FOR",
    "FIND_COUNTERS_BY_SUBJECTS",
    # No index has the rows of several agents, or those that are named, in one order.
    "FIND_AGENTS_BY_IDS",
    "FIND_DELEGATION_CHAINS_BY_IDS",
    "FIND_DELEGATION_CHAINS_BY_PARENTS",
    "FIND_PERMISSIONS_BY_AGENT_IDS",
    "FIND_TRUST_SCORES_BY_IDS",
    "FIND_DELEGATION_CHAINS_BY_AGENT",
}


@dataclass(frozen=True)
class Question:
    """A call of an operation whose plan is asked for."""

    name: str
    operation: Any
    values: dict[str, Any]
    given: frozenset[str]


def test_every_operation_uses_an_index(database: Database) -> None:
    with _asking(database) as (flavour, complaints):
        planner = Planner(SqlDialect(flavour, "qmark" if flavour == "sqlite" else "format"))
        bad = []
        for question in _questions():
            request = next(planner.plan(question.operation, question.values).steps)
            if found := complaints(question, request.sql, request.parameters):
                bad.append((question.name, sorted(question.given), found))
    assert bad == []


def test_the_exceptions_are_operations() -> None:
    names = {name for name, _ in operations()}
    assert {name for name, _ in NO_INDEX} | SORTED <= names


def _questions() -> Iterator[Question]:
    for name, operation in operations(Get, Find, Gather, Count, Delete, Update, Consume, Increment):
        for given in _combinations(operation):
            if (name, given) not in NO_INDEX:
                yield Question(name, operation, _values(operation, given), given)


def _combinations(operation: Any) -> list[frozenset[str]]:
    """Return the sets of optional values to ask with: none, each alone, all, and pages."""
    match operation:
        case Increment() if operation.create:
            return []
        case Find() | Count():
            optional = [f.name for f in operation.filters if (f.optional and f.name != "agent_id") or not f.optional]
            optional = [f.name for f in operation.filters if f.optional]
            sets = [frozenset[str](), *(frozenset({name}) for name in optional), frozenset(optional)]
            if operation.table.name == "kavach_delegation_chains":
                sets = [found for found in sets if found - {"status"}]  # refused without an agent
            if operation.table.name == "kavach_approval_requests":
                sets = [found | {"status"} for found in sets]  # pending ones only
            if isinstance(operation, Find):
                sets += [found | {"after"} for found in sets]
            return list(dict.fromkeys(sets))
        case Delete():
            return [frozenset(), frozenset({"limit"})]
        case _:
            return [frozenset()]


def _values(operation: Any, given: frozenset[str]) -> dict[str, Any]:
    table = operation.table
    stored = {c.name: _sample(table, c) for c in table.columns}
    if isinstance(operation, Get | Gather):
        named = {name: stored[name] for name in operation.by}
        asked = [f for along in getattr(operation, "along", ()) for f in along.asked]
        return named | {f.name: "x1" for f in asked}
    if isinstance(operation, Update):
        change = next(c for c in reversed(table.by_name) if c not in operation.by)
        return {**{name: stored[name] for name in operation.by}, change: row(table)[change]}
    if isinstance(operation, Consume | Increment):
        counted = {operation.column: 1} if isinstance(operation, Increment) else {}
        alive = {f.name: stored[f.column] for f in operation.alive}
        return {**{name: stored[name] for name in operation.by}, **counted, **alive}
    values: dict[str, Any] = {}
    for f in operation.filters:
        if f.optional and f.name not in given:
            continue
        value = stored[f.column]
        if f.comparison in ("<", "<="):
            value = at(1020) if "since" in given else at(20)
        elif f.comparison == ">=":
            value = at(1000) if "until" in given else at(ROWS - 20)
        values[f.name] = [value, f"{value}x"] if f.comparison == "in" else value
    if isinstance(operation, Find) or "limit" in given:
        values["limit"] = 20
    if "after" in given:
        record: Any = getattr(records, table.record)
        values["after"] = record.from_row(stored)
    return values


def _sample(table: Table[Any], column: Column) -> Any:
    """Return the value of a column in row 1000."""
    match column.kind:
        case "time":
            return at(1000)
        case "integer":
            return 1000
        case "boolean":
            return False
        case "json":
            return []
        case "text":
            return f"x{1000 % _different(table, column)}"
    raise AssertionError(column)


def _different(table: Table[Any], column: Column) -> int:
    groups = ((table.key,), *table.uniques)
    if any(column.name in columns and (len(columns) == 1 or columns[0] != column.name) for columns in groups):
        return ROWS + 1
    return 3 if column.name in FEW else 100


def _fill(table: Table[Any], flavour: Flavour) -> str:
    """Return the statement that writes rows 1 to `ROWS`."""

    def value(column: Column) -> str:
        match column.kind:
            case "time":
                return f"{int(at(0).timestamp())} + i"
            case "integer":
                return "i"
            case "boolean":
                return "false" if flavour == "postgresql" else "0"
            case "json":
                return "'[]'::jsonb" if flavour == "postgresql" else "'[]'"
            case "text":
                number = f"i % {_different(table, column)}"
                return f"concat('x', {number})" if flavour != "sqlite" else f"'x' || ({number})"
        raise AssertionError(column)

    names = ", ".join(quote(c.name, flavour) for c in table.columns)
    return (
        f"INSERT INTO {quote(table.name, flavour)} ({names})"
        f" WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
        f" SELECT {', '.join(map(value, table.columns))} FROM n"
    )


Complain = Callable[[Question, str, Any], str | None]


@contextmanager
def _asking(database: Database) -> Iterator[tuple[Flavour, Complain]]:
    if database.provider == "sqlite":
        with _asking_sqlite() as complaints:
            yield "sqlite", complaints
    elif database.provider == "postgres":
        with _asking_postgres(database.url) as complaints:
            yield "postgresql", complaints
    else:
        with _asking_mysql(database.url, "mysql" if database.name == "mysql" else "mariadb") as complaints:
            yield "mysql" if database.name == "mysql" else "mariadb", complaints


@contextmanager
def _asking_sqlite() -> Iterator[Complain]:
    connection = sqlite3.connect(":memory:")
    for table in TABLES:
        for statement in (*create_table(table, "sqlite"), _fill(table, "sqlite")):
            connection.execute(statement)
    connection.execute("ANALYZE")

    def complaints(question: Question, sql: str, parameters: Any) -> str | None:
        steps = [found[3] for found in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]
        if any(step.startswith("SCAN") and "USING" not in step for step in steps):
            return str(steps)
        sorts = any("TEMP B-TREE" in step for step in steps)
        return str(steps) if sorts and question.name not in SORTED else None

    yield complaints
    connection.close()


@contextmanager
def _asking_postgres(url: str) -> Iterator[Complain]:
    from servers.connections import connect_postgres

    with connect_postgres(url) as connection:
        for table in TABLES:
            connection.execute(_fill(table, "postgresql").encode())
        connection.execute("VACUUM ANALYZE")

        def complaints(question: Question, sql: str, parameters: Any) -> str | None:
            reply: Any = connection.execute(f"EXPLAIN (FORMAT JSON) {sql}".encode(), parameters).fetchone()
            plan = json.dumps(reply[0])
            return plan if "Seq Scan" in plan else None

        yield complaints


@contextmanager
def _asking_mysql(url: str, flavour: Flavour) -> Iterator[Complain]:
    from servers.connections import connect_mysql

    with connect_mysql(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"USE {url.rpartition('/')[2]}")
        variable = "cte_max_recursion_depth" if flavour == "mysql" else "max_recursive_iterations"
        cursor.execute(f"SET SESSION {variable} = {ROWS + 1}")
        for table in TABLES:
            cursor.execute(_fill(table, flavour))
            cursor.execute(f"ANALYZE TABLE {quote(table.name, flavour)}")

        def complaints(question: Question, sql: str, parameters: Any) -> str | None:
            cursor.execute(f"EXPLAIN FORMAT=TRADITIONAL {sql}", parameters)
            names = [column[0] for column in cursor.description]
            steps = [dict(zip(names, found, strict=True)) for found in cursor.fetchall()]
            return str(steps) if any(s["type"] == "ALL" or s["key"] is None for s in steps if s["table"]) else None

        yield complaints
