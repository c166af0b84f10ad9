"""Harnesses for the SQLAlchemy adapter: one for each database, driver and colour."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
)
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import pytest
import sqlalchemy
from sqlalchemy import Engine, TextClause, event, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.ext.asyncio import create_async_engine as create_plain_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from conformance.databases import empty_database
from conformance.observers import server_observer, sqlite_observer
from database_fixture import Provider, driver_url
from kavach_core.storage import AsyncStorage, Storage
from kavach_core.storage.sql import Request, Rows
from kavach_core.testing import Harness, HostTransaction, Observer
from kavach_schema.render.ddl import Naming
from kavach_schema.tables import TABLES_BY_NAME
from kavach_sqlalchemy import create_async_engine, create_engine, create_sqlalchemy_adapter
from kavach_sqlalchemy._drivers import sql_dialect
from kavach_sqlalchemy._link import Link

Handle = Literal["connection", "session"]

_CREATE = "CREATE TABLE IF NOT EXISTS host_orders (value VARCHAR(200) NOT NULL)"
_INSERT = text("INSERT INTO host_orders (value) VALUES (:value)")
_VALUES = text("SELECT value FROM host_orders")


def _hurry(cursor: Any) -> None:
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.close()


def _row(table: str, column: str) -> TextClause:
    assert TABLES_BY_NAME[table].key == column
    return text(f"SELECT * FROM {table} WHERE {column} = :value")


class SqlalchemyHarness(Harness):
    """What both colours share: a database, engines on it, and an observer."""

    database: ClassVar[str]
    driver: ClassVar[str]
    handle: ClassVar[Handle] = "session"
    returning: ClassVar[bool] = True
    """False forces MariaDB to be used as MySQL is, without RETURNING."""
    _provider: Provider

    def __init__(self) -> None:
        self._engines: list[Engine] = []

    @contextmanager
    def _database(self) -> Iterator[None]:
        with empty_database(self.database) as (self._provider, self._url):
            yield

    @property
    def _driver_url(self) -> str:
        return driver_url(self._provider, self._url, self.driver)

    def _known(self, engine: Engine) -> None:
        """Use an engine: its connections are watched, and RETURNING is taken away if the harness is without."""
        self._engines.append(engine)
        if self._provider == "sqlite":
            # Tests need not survive a power cut.
            event.listen(engine, "connect", lambda connection, _: _hurry(connection.cursor()))
        if not self.returning:

            @event.listens_for(engine, "first_connect", insert=False)
            def forget(*_: object) -> None:
                engine.dialect.delete_returning = False
                assert sql_dialect(engine.dialect, Naming()).delete_returning is False

    @contextmanager
    def observer(self) -> Iterator[Observer]:
        if self._provider != "sqlite":
            reader = server_observer(self._provider, self._url)
        elif self.database == "sqlite-file":
            reader = sqlite_observer(make_url(self._url).database or "")
        else:
            reader = sqlite_observer(f"{self._engines[0].url.database}?vfs=memdb")
        with reader as observer:
            yield observer

    @contextmanager
    def statements(self) -> Iterator[Statements]:
        counted = Statements()

        send = Link._send

        def send_counted(link: Link, request: Request) -> Rows:
            counted.add(request.sql)
            return send(link, request)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Link, "_send", send_counted)
            yield counted

    def leaks(self) -> int:
        return sum(engine.pool.checkedout() for engine in self._engines if isinstance(engine.pool, QueuePool))


@dataclass
class Statements:
    """How many statements were sent."""

    count: int = 0

    def add(self, sql: str) -> None:
        if sql.split(maxsplit=1)[0] not in ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"):
            self.count += 1


class SyncSqlalchemyHarness(SqlalchemyHarness):
    colour = "sync"

    @contextmanager
    def open(self) -> Iterator[Storage]:
        with self._database(), self._storage(self._driver_url) as storage:
            yield storage

    @contextmanager
    def _storage(self, url: str) -> Iterator[Storage]:
        with disposed(create_engine(self._provider, url)) as engine:
            self._known(engine)
            storage = create_sqlalchemy_adapter(engine)
            storage.prepare_schema()
            yield storage

    def second(self) -> AbstractContextManager[Storage] | None:
        return None if self.database == "sqlite-memory" else self._storage(self._driver_url)

    @contextmanager
    def host(self) -> Iterator[SyncHost]:
        url = self._engines[0].url if self.database == "sqlite-memory" else self._driver_url
        with disposed(sqlalchemy.create_engine(url)) as engine:
            self._known(engine)
            with engine.begin() as connection:
                connection.execute(text(_CREATE))
            yield SyncHost(engine, self.handle)


class AsyncSqlalchemyHarness(SqlalchemyHarness):
    colour = "asyncio"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncStorage]:
        with self._database():
            async with self._storage(self._driver_url) as storage:
                yield storage

    @asynccontextmanager
    async def _storage(self, url: str) -> AsyncIterator[AsyncStorage]:
        async with disposed_in_loop(create_async_engine(self._provider, url)) as engine:
            self._known(engine.sync_engine)
            storage = create_sqlalchemy_adapter(engine)
            await storage.prepare_schema()
            yield storage

    def second(self) -> AbstractAsyncContextManager[AsyncStorage] | None:
        return None if self.database == "sqlite-memory" else self._storage(self._driver_url)

    @asynccontextmanager
    async def host(self) -> AsyncIterator[AsyncHost]:
        url = self._engines[0].url if self.database == "sqlite-memory" else self._driver_url
        async with disposed_in_loop(create_plain_async_engine(url)) as engine:
            self._known(engine.sync_engine)
            async with engine.begin() as connection:
                await connection.execute(text(_CREATE))
            yield AsyncHost(engine, self.handle)


@contextmanager
def disposed(engine: Engine) -> Iterator[Engine]:
    with closing(ExitStack()) as stack:
        stack.callback(engine.dispose)
        yield engine


@asynccontextmanager
async def disposed_in_loop(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    try:
        yield engine
    finally:
        await engine.dispose()


class SyncHost:
    """A host application with a table of its own."""

    def __init__(self, engine: Engine, handle: Handle) -> None:
        self._engine = engine
        self._handle = handle

    @contextmanager
    def begin(self) -> Iterator[HostTransaction]:
        opened: AbstractContextManager[Any] = (
            Session(self._engine) if self._handle == "session" else self._engine.connect()
        )
        with opened as handle:
            yield SyncTransaction(handle)


@dataclass
class SyncTransaction:
    """A transaction of the host's."""

    handle: Any

    def insert(self, value: str) -> None:
        self.handle.execute(_INSERT, {"value": value})

    def values(self) -> Sequence[str]:
        return [*self.handle.execute(_VALUES).scalars()]

    def row(self, table: str, column: str, value: str) -> Mapping[str, object] | None:
        found = self.handle.execute(_row(table, column), {"value": value}).mappings().one_or_none()
        return None if found is None else dict(found)

    def commit(self) -> None:
        self.handle.commit()

    def rollback(self) -> None:
        self.handle.rollback()


class AsyncHost:
    """The same under asyncio."""

    def __init__(self, engine: AsyncEngine, handle: Handle) -> None:
        self._engine = engine
        self._handle = handle

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[HostTransaction]:
        opened: AbstractAsyncContextManager[Any] = (
            AsyncSession(self._engine) if self._handle == "session" else self._engine.connect()
        )
        async with opened as handle:
            yield AsyncTransaction(handle)


@dataclass
class AsyncTransaction:
    """The same under asyncio."""

    handle: Any

    async def insert(self, value: str) -> None:
        await self.handle.execute(_INSERT, {"value": value})

    async def values(self) -> Sequence[str]:
        return [*(await self.handle.execute(_VALUES)).scalars()]

    async def row(self, table: str, column: str, value: str) -> Mapping[str, object] | None:
        found = (await self.handle.execute(_row(table, column), {"value": value})).mappings().one_or_none()
        return None if found is None else dict(found)

    async def commit(self) -> None:
        await self.handle.commit()

    async def rollback(self) -> None:
        await self.handle.rollback()
