"""Independent readers of a database: a driver and SQL, and nothing of an adapter."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Any

from kavach_core.testing import Observer
from kavach_schema.tables import TABLES_BY_NAME


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
