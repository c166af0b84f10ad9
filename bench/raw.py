"""The floor: each synchronous driver alone, on one connection that stays open, as fast as it goes.

Nothing commits but the statement itself; `insert_in_transaction` is what a program pays that must enclose it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from bench.data import AGENT_COLUMNS, Row
from bench.databases import SESSION, Database, Provider
from bench.statements import statements


@dataclass(frozen=True, slots=True)
class Raw:
    """One connection and the calls that the benchmark makes on it."""

    driver: str
    find_agent: Callable[[str], Any]
    insert_audit_log: Callable[[Row], object]
    insert_in_transaction: Callable[[Row], object]
    find_audit_log: Callable[[str], Any]
    count_audit_logs: Callable[[], int]
    seed: Callable[[Iterable[Row]], None]
    """Write agents in bulk, and bring the database to rest."""
    fetch_page: Callable[[Row | None], Any]
    """Fetch 50 audit rows, newest first, behind a given one."""
    row_before: Callable[[int], Row]
    """Return the audit row with so many newer ones before it."""
    fetch: Callable[[str, Row], Any]
    """Fetch all rows of any statement."""
    execute: Callable[[str, Row], int]
    """Send any statement that writes, and return how many rows it found."""
    run: Callable[[str], object]
    settle: Callable[[], object]
    """Bring the database to rest after many rows were written."""


@contextmanager
def raw_driver(database: Database) -> Iterator[Raw]:
    """Open a connection of the provider's fastest driver."""
    with _OPEN[database.provider](database) as raw:
        yield raw


@contextmanager
def _sqlite(database: Database) -> Iterator[Raw]:
    connection = sqlite3.connect(database.path, isolation_level=None, timeout=30)
    for statement in SESSION["sqlite"]:
        connection.execute(statement)
    sql = statements("sqlite", "?")

    def insert_in_transaction(row: Row) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(sql.insert_audit_log, row)
        connection.execute("COMMIT")

    def seed(rows: Iterable[Row]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(sql.insert_agent, rows)
        connection.execute("COMMIT")
        settle()

    def settle() -> None:
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def fetch_page(after: Row | None) -> Any:
        if after is None:
            return connection.execute(sql.first_page).fetchall()
        return connection.execute(sql.next_page, (after[-1], after[-1], after[0])).fetchall()

    try:
        yield Raw(
            "sqlite3",
            lambda token_hash: connection.execute(sql.find_agent, (token_hash,)).fetchone(),
            lambda row: connection.execute(sql.insert_audit_log, row),
            insert_in_transaction,
            lambda key: connection.execute(sql.find_audit_log, (key,)).fetchone(),
            lambda: int(connection.execute(sql.count_audit_logs).fetchone()[0]),
            seed,
            fetch_page,
            lambda number: connection.execute(sql.row_before, (number,)).fetchone(),
            lambda sql, values: connection.execute(sql, values).fetchall(),
            lambda sql, values: connection.execute(sql, values).rowcount,
            connection.execute,
            settle,
        )
    finally:
        connection.close()


@contextmanager
def _psycopg(database: Database) -> Iterator[Raw]:
    psycopg = import_module("psycopg")
    connection = psycopg.connect(database.url, autocommit=True)
    sql = statements("postgres", "%s")

    def insert_in_transaction(row: Row) -> None:
        connection.execute("BEGIN")
        connection.execute(sql.insert_audit_log, row, prepare=True)
        connection.execute("COMMIT")

    def seed(rows: Iterable[Row]) -> None:
        names = ", ".join(f'"{name}"' for name in AGENT_COLUMNS)
        with connection.cursor() as cursor, cursor.copy(f"COPY kavach_agents ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        settle()

    def settle() -> None:
        connection.execute("VACUUM ANALYZE kavach_agents")
        connection.execute("VACUUM ANALYZE kavach_permissions")
        connection.execute("VACUUM ANALYZE kavach_audit_logs")
        connection.execute("CHECKPOINT")

    def fetch_page(after: Row | None) -> Any:
        if after is None:
            return connection.execute(sql.first_page, prepare=True).fetchall()
        return connection.execute(sql.next_page, (after[-1], after[-1], after[0]), prepare=True).fetchall()

    try:
        yield Raw(
            "psycopg",
            lambda token_hash: connection.execute(sql.find_agent, (token_hash,), prepare=True).fetchone(),
            lambda row: connection.execute(sql.insert_audit_log, row, prepare=True),
            insert_in_transaction,
            lambda key: connection.execute(sql.find_audit_log, (key,)).fetchone(),
            lambda: int(connection.execute(sql.count_audit_logs).fetchone()[0]),
            seed,
            fetch_page,
            lambda number: connection.execute(sql.row_before, (number,)).fetchone(),
            lambda sql, values: connection.execute(sql, values, prepare=True).fetchall(),
            lambda sql, values: int(connection.execute(sql, values, prepare=True).rowcount),
            connection.execute,
            settle,
        )
    finally:
        connection.close()


@contextmanager
def _mysqlclient(database: Database) -> Iterator[Raw]:
    found_rows = import_module("MySQLdb.constants.CLIENT").FOUND_ROWS  # as SQLAlchemy asks for
    connection = import_module("MySQLdb").connect(
        **database.address, charset="utf8mb4", autocommit=True, client_flag=found_rows
    )
    sql = statements("mysql", "%s")

    def fetch(statement: str, *parameters: object) -> Any:
        cursor = connection.cursor()
        cursor.execute(statement, parameters)
        return cursor.fetchone()

    def fetch_all(statement: str, parameters: Row) -> Any:
        cursor = connection.cursor()
        cursor.execute(statement, parameters)
        return cursor.fetchall()

    def execute(statement: str, parameters: Row) -> int:
        return int(connection.cursor().execute(statement, parameters))

    def run(statement: str, row: Row | None = None) -> None:
        connection.cursor().execute(statement, row)

    def insert_in_transaction(row: Row) -> None:
        run("BEGIN")
        run(sql.insert_audit_log, row)
        run("COMMIT")

    def seed(rows: Iterable[Row]) -> None:
        run("BEGIN")
        connection.cursor().executemany(sql.insert_agent, rows)
        run("COMMIT")
        settle()

    def settle() -> None:
        fetch("ANALYZE TABLE kavach_agents")
        fetch("ANALYZE TABLE kavach_permissions")
        fetch("ANALYZE TABLE kavach_audit_logs")

    def fetch_page(after: Row | None) -> Any:
        cursor = connection.cursor()
        if after is None:
            cursor.execute(sql.first_page)
        else:
            cursor.execute(sql.next_page, (after[-1], after[-1], after[0]))
        return cursor.fetchall()

    for statement in SESSION["mysql"]:
        run(statement)
    try:
        yield Raw(
            "mysqlclient",
            lambda token_hash: fetch(sql.find_agent, token_hash),
            lambda row: run(sql.insert_audit_log, row),
            insert_in_transaction,
            lambda key: fetch(sql.find_audit_log, key),
            lambda: int(fetch(sql.count_audit_logs)[0]),
            seed,
            fetch_page,
            lambda number: fetch(sql.row_before, number),
            fetch_all,
            execute,
            run,
            settle,
        )
    finally:
        connection.close()


_OPEN: Final[dict[Provider, Callable[[Database], Any]]] = {
    "sqlite": _sqlite,
    "postgres": _psycopg,
    "mysql": _mysqlclient,
}
