"""Engines for a database URL, with the settings that Kavach wants of a connection of its own.

Statements commit by themselves and a connection goes back to the pool without a word, so that a read is one round trip;
SQLite gets WAL, foreign keys and durable commits, MySQL strict mode.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import sqlalchemy
from sqlalchemy import URL, Engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.ext.asyncio import create_async_engine as create_bare_async_engine

from kavach_core.errors import ConfigurationError, MissingDependency

CONNECT_TIMEOUT: Final = 10
"""Seconds until a server that does not answer counts as unreachable."""

POOL_SIZE: Final = 15
"""Connections of an engine at most: as many as SQLAlchemy's default, which closes all above five after each use."""

BUSY_TIMEOUT: Final = 30
"""Seconds that a writer waits for another one on SQLite."""


@dataclass(frozen=True, slots=True)
class _Provider:
    schemes: tuple[str, ...]
    drivers: dict[str, str]
    async_drivers: dict[str, str]
    extra: str


_PROVIDERS: Final = {
    "sqlite": _Provider(("sqlite",), {"pysqlite": "sqlite3"}, {"aiosqlite": "aiosqlite"}, "sqlalchemy"),
    "postgres": _Provider(
        ("postgresql", "postgres"),
        {"psycopg": "psycopg"},
        {"asyncpg": "asyncpg", "psycopg": "psycopg"},
        "postgres",
    ),
    "mysql": _Provider(
        ("mysql", "mariadb"),
        {"mysqldb": "MySQLdb", "pymysql": "pymysql"},
        {"asyncmy": "asyncmy", "aiomysql": "aiomysql"},
        "mysql",
    ),
}
"""For each provider its URL schemes and its drivers with the module of each, the preferred one first."""

_WAL_TRIES: Final = 100
"""How often the first connections to a SQLite file try to switch it to WAL while others hold it."""

_PRAGMAS: Final = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
)

_MADE_BY_KAVACHOS: Final = (
    "SELECT 1 FROM sqlite_master WHERE name = 'kavach_agents' AND sql LIKE '%REFERENCES kavach_users%'"
)
"""Finds tables whose foreign keys would refuse owners that only the host knows, and the record of an unknown caller."""

_MYSQL_SESSION: Final = (
    "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
)


def create_engine(provider: str, url: str) -> Engine:
    """Return a new engine for "sqlite", "postgres" or "mysql" with the best installed driver, unless the URL names one.

    Nothing is connected yet. Raises `ConfigurationError` for an unknown provider or a malformed URL, and
    `MissingDependency` with the extra to install.
    """
    target, options = _resolve(provider, url, asyncio=False)
    engine = sqlalchemy.create_engine(target, **options)
    _prepare_connections(engine, provider)
    return engine


def create_async_engine(provider: str, url: str) -> AsyncEngine:
    """Return a new engine for asyncio; as `create_engine` otherwise."""
    target, options = _resolve(provider, url, asyncio=True)
    engine = create_bare_async_engine(target, **options)
    _prepare_connections(engine.sync_engine, provider)
    return engine


def create_plain_engine(provider: str, url: str, *, existing: bool = True) -> Engine:
    """Return a new engine that changes no setting of the database, as looking at one should not.

    With `existing` a file of SQLite that is not there is not created, but a `ConfigurationError`.
    """
    target, options = _resolve(provider, url, asyncio=False)
    if existing and provider == "sqlite" and target.database and "uri" not in target.query:
        if not Path(target.database).is_file():
            raise ConfigurationError(f"there is no file {target.database}; check the path")
        target = target.set(database=f"file:{quote(target.database)}", query={"mode": "rw", "uri": "true"})
    engine = sqlalchemy.create_engine(target, **options)
    if engine.url.query.get("vfs") == "memdb":
        _anchor(engine)
    return engine


def _resolve(provider: str, url: str, *, asyncio: bool) -> tuple[URL, dict[str, Any]]:
    known = _PROVIDERS.get(provider)
    if known is None:
        raise ConfigurationError(f"unknown provider {provider!r}; use one of {', '.join(sorted(_PROVIDERS))}")
    is_path = provider == "sqlite" and "://" not in url
    try:
        parsed = URL.create("sqlite", database=url) if is_path else make_url(url)
    except (ArgumentError, ValueError):
        # No cause: its message repeats the URL, which may hold a password.
        raise ConfigurationError(
            f"malformed url for {provider}; write {known.schemes[0]}://user@host/database"
        ) from None
    scheme, _, driver = parsed.drivername.partition("+")
    if scheme not in known.schemes:
        raise ConfigurationError(f"a url for {provider} begins with {known.schemes[0]}://, not {scheme}://")
    driver = _driver(known, driver, asyncio=asyncio)
    parsed = parsed.set(drivername=f"{known.schemes[0]}+{driver}")
    options: dict[str, Any] = {
        "isolation_level": "AUTOCOMMIT",
        "skip_autocommit_rollback": True,
        "pool_size": POOL_SIZE,
        "max_overflow": 0,
    }
    if provider == "sqlite":
        if parsed.host:
            raise ConfigurationError("a url for sqlite names no host; write sqlite:///relative or sqlite:////absolute")
        options["connect_args"] = {"timeout": BUSY_TIMEOUT}
        if parsed.database in (None, "", ":memory:"):
            # A database of its own for each engine, shared by the connections of its pool.
            parsed = parsed.set(database=f"file:/kavach-{uuid4()}", query={"vfs": "memdb", "uri": "true"})
    elif not parsed.database:
        raise ConfigurationError(f"the url names no database; write {known.schemes[0]}://user@host/database")
    else:
        name = "timeout" if driver == "asyncpg" else "connect_timeout"
        options["connect_args"] = {name: CONNECT_TIMEOUT}
        if provider == "mysql":
            parsed = parsed.update_query_dict({"charset": "utf8mb4"})
    return parsed, options


def _driver(provider: _Provider, named: str, *, asyncio: bool) -> str:
    """Return the driver that the URL names, or the first that is installed."""
    drivers = provider.async_drivers if asyncio else provider.drivers
    if named and named not in drivers:
        colour = "asyncio" if asyncio else "synchronous"
        raise ConfigurationError(f"the driver {named!r} is not for {colour} use; use one of {', '.join(drivers)}")
    for driver in [named] if named else drivers:
        if find_spec(drivers[driver]):
            return driver
    raise MissingDependency(
        f"no driver for {provider.schemes[0]} is installed; run: pip install 'kavach-core[{provider.extra}]'"
    )


def _prepare_connections(engine: Engine, provider: str) -> None:
    statements = {"sqlite": _PRAGMAS, "mysql": _MYSQL_SESSION}.get(provider, ())

    def prepare(connection: DBAPIConnection, _: object) -> None:
        cursor = connection.cursor()
        if provider == "sqlite":
            _write_ahead(engine, cursor)
        for statement in statements:
            cursor.execute(statement)
        if provider == "sqlite":
            cursor.execute(_MADE_BY_KAVACHOS)
            if cursor.fetchone():
                cursor.execute("PRAGMA foreign_keys = OFF")
        cursor.close()

    if statements:
        event.listen(engine, "connect", prepare)
    if engine.url.query.get("vfs") == "memdb":
        _anchor(engine)


def _write_ahead(engine: Engine, cursor: DBAPICursor) -> None:
    """Switch a SQLite file to WAL.

    SQLite does not wait for others here, whatever the busy timeout (https://sqlite.org/c3ref/busy_handler.html): it
    fails at once while another connection reads or writes. So wait for the write lock, which does know the timeout.
    """
    for _ in range(_WAL_TRIES):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except engine.dialect.loaded_dbapi.OperationalError:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
        else:
            return
    cursor.execute("PRAGMA journal_mode = WAL")


def _anchor(engine: Engine) -> None:
    """Keep an in-memory database alive while its pool has no connection, until the engine is disposed of."""
    connection = sqlite3.connect(f"{engine.url.database}?vfs=memdb", uri=True, check_same_thread=False)
    event.listen(engine, "engine_disposed", lambda _: connection.close())
