"""Temporary databases, one for each provider, and the settings that every connection to them gets."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, cast

import sqlalchemy
from sqlalchemy import Engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

Provider = Literal["sqlite", "postgres", "mysql"]

PROVIDERS: Final[tuple[Provider, ...]] = ("sqlite", "postgres", "mysql")

SESSION: Final[dict[Provider, tuple[str, ...]]] = {
    "sqlite": ("PRAGMA foreign_keys = ON", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"),
    "postgres": (),
    "mysql": (
        "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    ),
}
"""What `kavach_sqlalchemy.create_engine` says on each new connection: the raw driver and the host's engine do too."""

_DRIVERS: Final[dict[Provider, tuple[str, str]]] = {
    "sqlite": ("sqlite+pysqlite", "sqlite+aiosqlite"),
    "postgres": ("postgresql+psycopg", "postgresql+asyncpg"),
    "mysql": ("mysql+mysqldb", "mysql+asyncmy"),
}


@dataclass(frozen=True)
class Database:
    """An empty database for one run."""

    provider: Provider
    url: str
    server: str
    """Product and version."""

    @property
    def path(self) -> str:
        """Return the file of a SQLite database."""
        return self.url.removeprefix("sqlite:///")

    @property
    def address(self) -> dict[str, Any]:
        """Return host, port, user, password and database of a server's database, without what is not set."""
        url = make_url(self.url)
        known = {
            "host": url.host,
            "port": url.port,
            "user": url.username,
            "password": url.password,
            "database": url.database,
        }
        return {name: value for name, value in known.items() if value is not None}

    def adapter_url(self, *, asyncio: bool = False) -> str:
        """Return the URL with the driver that the raw loops use."""
        return make_url(self.url).set(drivername=_DRIVERS[self.provider][asyncio]).render_as_string(False)

    @contextmanager
    def host_engine(self) -> Iterator[Engine]:
        """Open the engine of an application that has its own: SQLAlchemy's defaults and our connection settings."""
        engine = sqlalchemy.create_engine(self._host_url(asyncio=False))
        self._prepare(engine)
        try:
            yield engine
        finally:
            engine.dispose()

    def host_async_engine(self) -> AsyncEngine:
        """Return the same for asyncio; the caller disposes of it."""
        engine = create_async_engine(self._host_url(asyncio=True))
        self._prepare(engine.sync_engine)
        return engine

    def _host_url(self, *, asyncio: bool) -> str:
        url = self.adapter_url(asyncio=asyncio)
        return f"{url}?charset=utf8mb4" if self.provider == "mysql" else url

    def _prepare(self, engine: Engine) -> None:
        def prepare(connection: DBAPIConnection, _: object) -> None:
            cursor = connection.cursor()
            for statement in SESSION[self.provider]:
                cursor.execute(statement)
            cursor.close()

        if SESSION[self.provider]:
            event.listen(engine, "connect", prepare)


@contextmanager
def temporary_database(provider: Provider) -> Iterator[Database]:
    """Create a database, a file or one on a server that is found or started, and remove it at the end."""
    if provider == "sqlite":
        with TemporaryDirectory(prefix="kavach-bench-") as folder:
            yield Database(provider, f"sqlite:///{folder}/kavach.db", f"sqlite {sqlite3.sqlite_version}")
        return
    find_shared_modules()
    from servers import fresh_database
    from servers.start import start

    with start("postgres" if provider == "postgres" else "mariadb") as server, fresh_database(server) as url:
        yield Database(provider, url, server.flavour)


def find_shared_modules() -> None:
    """Make importable what the tests and the benchmark share; `make bench` has done so."""
    root = Path(__file__).parents[1]
    for folder in ("tests", "tools"):
        if (path := str(root / folder)) not in sys.path:
            sys.path.append(path)


def chosen_providers(names: str) -> list[Provider]:
    """Return the providers of a list with commas, each once; raises `ValueError` for an unknown one."""
    chosen = list(dict.fromkeys(name.strip() for name in names.split(",")))
    if unknown := [name for name in chosen if name not in PROVIDERS]:
        raise ValueError(f"unknown database {', '.join(unknown)}; use some of {','.join(PROVIDERS)}")
    return cast("list[Provider]", chosen)
