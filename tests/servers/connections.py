"""Plain driver connections to servers, apart from the code under test."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql

from servers.record import Server, ServerUnavailable

TIMEOUT = 5
ERRORS = (psycopg.OperationalError, pymysql.err.OperationalError)


def connect_postgres(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect in autocommit; without a database in the URL, to `postgres`."""
    parts = urlsplit(url)
    database = parts.path.strip("/") or "postgres"
    address = parts._replace(scheme="postgresql", path=f"/{database}").geturl()
    return psycopg.connect(address, autocommit=True, connect_timeout=TIMEOUT)


def connect_mysql(url: str) -> pymysql.Connection[Any]:
    """Connect in autocommit, to the server only."""
    parts = urlsplit(url)
    host = parts.hostname or "127.0.0.1"
    return pymysql.connect(
        host=host,
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        autocommit=True,
        connect_timeout=TIMEOUT,
        ssl_disabled=host in ("127.0.0.1", "localhost"),  # TLS costs 30 ms per connection
    )


def ask_postgres(url: str) -> Server:
    """Return the PostgreSQL server that answers at `url`, or raise one of `ERRORS`."""
    with connect_postgres(url) as connection:
        major = connection.info.server_version // 10000
    return Server("postgres", _without_database(url, "postgresql"), f"postgres {major}")


def ask_mysql(url: str) -> Server:
    """Return the MariaDB or MySQL server that answers at `url`, or raise one of `ERRORS`."""
    with connect_mysql(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        (version,) = cursor.fetchone()
    name = "mariadb" if "mariadb" in version.lower() else "mysql"
    major, minor, *_ = version.split(".")
    return Server("mysql", _without_database(url, "mysql"), f"{name} {major}.{minor}")


def _without_database(url: str, scheme: str) -> str:
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise ServerUnavailable("options in the URL of a test server are not supported")
    return parts._replace(scheme=scheme, path="").geturl()
