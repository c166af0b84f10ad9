"""Peewee databases on what the fixture `database` and the harnesses offer: every kind, driver and colour."""

from __future__ import annotations

import importlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from time import sleep
from typing import Any, Literal
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from database_fixture import Provider

Colour = Literal["sync", "asyncio"]

DRIVERS: dict[Provider, list[tuple[Colour, str]]] = {
    "sqlite": [("sync", "sqlite3"), ("asyncio", "aiosqlite")],
    "postgres": [("sync", "psycopg2"), ("sync", "psycopg"), ("asyncio", "asyncpg")],
    "mysql": [("sync", "pymysql"), ("asyncio", "aiomysql")],
}

_KINDS = {"sqlite": "SqliteDatabase", "postgres": "PostgresqlDatabase", "mysql": "MySQLDatabase"}

PRAGMAS = {"journal_mode": "wal", "synchronous": "off"}


def make_database(provider: Provider, url: str, driver: str, *, pooled: bool = True, **options: Any) -> Any:
    """Return a database object of the host's; nothing is connected yet."""
    asyncio = any(colour == "asyncio" and name == driver for colour, name in DRIVERS[provider])
    module = "playhouse.pwasyncio" if asyncio else "playhouse.pool" if pooled else "peewee"
    prefix = "Async" if asyncio else "Pooled" if pooled else ""
    kind = getattr(importlib.import_module(module), prefix + _KINDS[provider])
    if pooled:
        size = {"pool_size": 20} if asyncio else {"max_connections": 40, "timeout": 10}
        options = {**size, **options}
    if provider != "sqlite":
        return kind(**_server_options(provider, url, driver), **options)
    name = memory_name() if url == ":memory:" else url.removeprefix("sqlite:///")
    if name.startswith("file:"):
        options["uri"] = True
    if pooled and not asyncio:
        options["check_same_thread"] = False  # a pool hands connections from thread to thread
    if "memdb" not in name:
        _write_ahead(name)
    database = kind(name, pragmas={} if "memdb" in name else PRAGMAS, **options)
    database.timeout = 30
    if url == ":memory:":
        database.anchor = sqlite3.connect(name, uri=True, check_same_thread=False)
    return database


def _write_ahead(name: str) -> None:
    """Switch a file to WAL, as a migration does: SQLite waits for nobody there, and one of two openers would fail."""
    with closing(sqlite3.connect(name)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = wal")
                return
            except sqlite3.OperationalError:
                sleep(0.01)


def memory_name() -> str:
    """Return the name of a new database in memory, which lives as long as one connection to it is open."""
    return f"file:/kavach-{uuid4()}?vfs=memdb"


def _server_options(provider: Provider, url: str, driver: str) -> dict[str, Any]:
    parts = urlsplit(url)
    found = {
        "database": parts.path.lstrip("/"),
        "host": parts.hostname,
        "port": parts.port,
        "user": unquote(parts.username or ""),
    }
    if parts.password:
        found["password"] = unquote(parts.password)
    if provider == "postgres" and driver == "psycopg":
        found["prefer_psycopg3"] = True
    if driver == "pymysql":
        found["ssl_disabled"] = True  # as in driver_url
    return {name: value for name, value in found.items() if value is not None}


async def closed(database: Any) -> None:
    """Close all connections of a database object of either colour."""
    if hasattr(database, "close_pool"):
        await database.close_pool()
    elif hasattr(database, "close_all"):
        database.close_all()
    else:
        database.close()
    if (anchor := getattr(database, "anchor", None)) is not None:
        anchor.close()


@dataclass(frozen=True)
class Closing:
    """A database object of the host's, closed as storages are."""

    database: Any

    async def close(self) -> None:
        await closed(self.database)
