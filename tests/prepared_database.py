"""The fixture `database` of the folders whose conftest.py takes it from here: tables are there, rows are not.

Creating 45 tables costs more than most tests here, so servers keep them and SQLite copies a file. A test marked
`empty_database` gets a database without tables, as elsewhere.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from database_fixture import PROVIDERS, Database
from kavach_schema.render.ddl import Flavour, create_table, quote
from kavach_schema.tables import TABLES
from servers.databases import MYSQL_THREADS

HOST_TABLE = "CREATE TABLE host_orders (id VARCHAR(64) PRIMARY KEY, note VARCHAR(255))"


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Yield a database with our tables and `host_orders`, all without rows."""
    name: str = request.param
    provider = PROVIDERS[name]
    empty = request.node.get_closest_marker("empty_database") is not None
    if name == "sqlite-memory":
        yield Database(name, provider, ":memory:")
    elif name == "sqlite-file":
        path = tmp_path / "kavach.db"
        if not empty:
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield Database(name, provider, f"sqlite:///{path}")
    elif empty:
        from servers import empty_database

        server, url = request.getfixturevalue(f"_{name}_database")
        empty_database(server, url)
        yield Database(name, provider, url)
        empty_database(server, url)
    else:
        url, clean = request.getfixturevalue("prepared_servers")(name)
        clean()
        yield Database(name, provider, url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "kavach.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in _statements("sqlite"):
            connection.execute(statement)
    return path


Prepared = tuple[str, Callable[[], None]]


@pytest.fixture(scope="session")
def prepared_servers() -> Iterator[Callable[[str], Prepared]]:
    """Yield a function that returns, for the name of a server, a database with tables and a way to clean it."""
    from servers import fresh_database
    from servers.start import start

    found: dict[str, Prepared] = {}
    with ExitStack() as stack:

        def prepared(name: str) -> Prepared:
            if name not in found:
                url = stack.enter_context(fresh_database(stack.enter_context(start(name))))
                prepare = _prepare_postgres if name == "postgres" else _prepare_mysql
                found[name] = (url, prepare(url, "mariadb" if name == "mariadb" else "mysql"))
            return found[name]

        yield prepared


def _statements(flavour: Flavour) -> list[str]:
    return [HOST_TABLE, *(statement for table in TABLES for statement in create_table(table, flavour))]


def _deletions(flavour: Flavour) -> list[str]:
    return ["DELETE FROM host_orders", *(f"DELETE FROM {quote(table.name, flavour)}" for table in TABLES)]


def _prepare_postgres(url: str, _: Flavour) -> Callable[[], None]:
    from servers.connections import connect_postgres

    end_others = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    everything = ";".join([end_others, *_deletions("postgresql")]).encode()

    def clean() -> None:
        with connect_postgres(url) as connection:
            connection.execute(everything)

    with connect_postgres(url) as connection:
        connection.execute(";".join(_statements("postgresql")).encode())
    return clean


def _prepare_mysql(url: str, flavour: Flavour) -> Callable[[], None]:
    from servers.connections import connect_mysql

    name = url.rpartition("/")[2]

    def run(statements: list[str]) -> None:
        with connect_mysql(url) as connection, connection.cursor() as cursor:
            cursor.execute(MYSQL_THREADS[flavour], (name,))
            for (thread,) in cursor.fetchall():
                with suppress(connection.OperationalError):  # it ended by itself
                    cursor.execute(f"KILL {thread}")
            cursor.execute(f"USE {name}")
            for statement in statements:
                cursor.execute(statement)

    run(_statements(flavour))
    return lambda: run(_deletions(flavour))
