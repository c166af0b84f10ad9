"""Disks of servers, filled without the rights of root, by a bound of the server's own.

PostgreSQL may write no file of more than 4 MB; InnoDB has one file, with a greatest length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pymysql
import pytest

from database_fixture import Database
from servers.connections import connect_mysql, connect_postgres
from servers.private import Recipe

_MEGABYTE = 1024 * 1024
_COLUMNS = "id, agent_id, user_id, action, resource, result, reason, duration_ms, timestamp"


_CHUNKS = (1000, 100, 10, 1)
"""Rows of one statement: fewer and fewer, as long as they have room."""


def small(recipe: Recipe) -> Recipe:
    """Return how to run a server whose disk is soon full."""
    if recipe.name == "PostgreSQL":
        found = recipe.with_options(["--wal-segsize=1"])
        limit = ["prlimit", f"--fsize={4 * _MEGABYTE}"]
        return replace(found, serve=lambda folder, port: [*limit, *found.serve(folder, port)])
    disk = ["--innodb-data-file-path=ibdata1:12M:autoextend:max:40M", "--skip-innodb-file-per-table"]
    return recipe.with_options(disk, disk)


def fill(database: Database) -> None:
    """Delete what was recorded, and write audit rows until there is no room for one more."""
    fill = _fill_postgres if database.provider == "postgres" else _fill_mysql
    fill(database.url)


def _fill_postgres(url: str) -> None:
    values = "SELECT gen_random_uuid(), '', '', '', '', 'denied', repeat('x', 900), 0, 0 FROM generate_series(1, {})"
    with connect_postgres(url) as connection:
        connection.execute("TRUNCATE kavach_audit_logs, kavach_rate_limits")
        for count in _CHUNKS:
            statement = f"INSERT INTO kavach_audit_logs ({_COLUMNS}) {values.format(count)}".encode()
            with pytest.raises(psycopg.Error, match="could not extend file"):
                _repeat(connection.execute, statement)


def _fill_mysql(url: str) -> None:
    name = url.rpartition("/")[2]
    values = "(UUID(), '', '', '', '', 'denied', REPEAT('x', 900), 0, 0)"
    with connect_mysql(url) as connection, connection.cursor() as cursor:
        for table in ("kavach_audit_logs", "kavach_rate_limits"):
            cursor.execute(f"DELETE FROM {name}.{table}")
        for count in _CHUNKS:
            rows = ", ".join([values] * count)
            with pytest.raises(pymysql.err.OperationalError, match="is full"):
                _repeat(cursor.execute, f"INSERT INTO {name}.kavach_audit_logs ({_COLUMNS}) VALUES {rows}")


def _repeat(execute: Callable[[Any], object], statement: str | bytes) -> None:
    while True:
        execute(statement)
