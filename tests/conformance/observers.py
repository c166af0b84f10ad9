"""Independent readers of a database: a driver and SQL, and nothing of an adapter."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Any

from kavach_core.testing import Observer
from kavach_schema.tables import TABLES_BY_NAME

_POSTGRES_OPEN = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
)

_INNODB_OPEN = re.compile(rb"^---TRANSACTION \S+, ACTIVE (?:(?!^---).)*?thread id (\d+)", re.MULTILINE | re.DOTALL)
"""Not `information_schema.innodb_trx`, which stays as it was while somebody reads it ten times a second."""


class DriverObserver:
    """Read rows on connections of the driver's own."""

    def __init__(self, connected: Callable[[], AbstractContextManager[Any]], placeholder: str) -> None:
        self._connected = connected
        self._placeholder = placeholder

    def row(self, table: str, column: str, value: str) -> Mapping[str, object] | None:
        assert TABLES_BY_NAME[table].key == column
        with self._connected() as connection, closing(connection.cursor()) as cursor:
            cursor.execute(f"SELECT * FROM {table} WHERE {column} = {self._placeholder}", (value,))
            names = [described[0] for described in cursor.description]
            found = cursor.fetchone()
            return None if found is None else dict(zip(names, found, strict=True))


@contextmanager
def sqlite_observer(path: str) -> Iterator[Observer]:
    """Open a SQLite file, or a database in this process's memory (`file:...?vfs=memdb`), and yield its reader."""
    with closing(sqlite3.connect(path, uri=path.startswith("file:"), timeout=30)) as connection:
        yield DriverObserver(lambda: nullcontext(connection), "?")


@contextmanager
def server_observer(provider: str, url: str) -> Iterator[Observer]:
    """Open a connection on which every statement sees what is committed now, and yield its reader."""
    from servers.connections import connect_mysql, connect_postgres

    connected: AbstractContextManager[Any]
    if provider == "postgres":
        connected = connect_postgres(url)
    else:
        connected = connect_mysql(url)
        connected.select_db(url.rpartition("/")[2])
    with connected as connection:
        yield DriverObserver(lambda: nullcontext(connection), "%s")


@contextmanager
def open_transactions(provider: str, url: str) -> Iterator[Callable[[], int]]:
    """Yield what counts the transactions that the database itself says are open.

    Of a SQLite file it is known only whether somebody holds the lock of writers; MySQL tells only of those that wrote.
    """
    if provider == "sqlite":
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0)) as connection:
            yield lambda: _count_sqlite(connection)
        return
    from servers.connections import connect_mysql, connect_postgres

    if provider == "postgres":
        with connect_postgres(url) as postgres:
            yield lambda: _count_postgres(postgres)
    else:
        with connect_mysql(url) as mysql:
            mysql.use_unicode = False  # the server cuts what others send, also in the middle of a character
            yield lambda: _count_mysql(mysql, url.rpartition("/")[2].encode())


def _count_sqlite(connection: sqlite3.Connection) -> int:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return 1
    connection.rollback()
    return 0


def _count_postgres(connection: Any) -> int:
    (count,) = connection.execute(_POSTGRES_OPEN).fetchone()
    return int(count)


def _count_mysql(connection: Any, database: bytes) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW ENGINE INNODB STATUS")
        busy = _INNODB_OPEN.findall(cursor.fetchone()[2])
        cursor.execute("SHOW PROCESSLIST")
        return sum(b"%d" % thread in busy for thread, _, _, name, *_ in cursor.fetchall() if name == database)
