"""Harnesses for the Peewee adapter: one for each database, driver and colour."""

from __future__ import annotations

import sqlite3
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
from typing import Any, ClassVar

from conformance.databases import empty_database
from conformance.observers import server_observer, sqlite_observer
from database_fixture import Provider
from kavach_core.storage import AsyncStorage, Storage
from kavach_core.testing import Harness, HostTransaction, Observer
from kavach_peewee import create_peewee_adapter
from kavach_schema.tables import TABLES_BY_NAME
from peewee_databases import closed, make_database, memory_name

_CREATE = "CREATE TABLE IF NOT EXISTS host_orders (value VARCHAR(200) NOT NULL)"


class PeeweeHarness(Harness):
    """What both colours share: a database, what was opened on it, and an observer."""

    database: ClassVar[str]
    driver: ClassVar[str]
    _provider: Provider

    def __init__(self) -> None:
        self._opened: list[Any] = []

    @contextmanager
    def _database(self) -> Iterator[None]:
        with ExitStack() as stack:
            self._provider, self._url = stack.enter_context(empty_database(self.database))
            if self.database == "sqlite-memory":
                # One database for all connections of this process, as long as one of them is open.
                self._url = memory_name()
                connection = sqlite3.connect(self._url, uri=True, check_same_thread=False)
                stack.enter_context(closing(connection))
            yield

    def _new(self, **options: Any) -> Any:
        if self.driver == "asyncpg":
            # What goes back to the pool is rolled back, but need not forget its settings: an adapter that left some
            # behind would be seen, and each call is one round trip instead of two.
            options["reset"] = _keep
        database = make_database(self._provider, self._url, self.driver, **options)
        self._opened.append(database)
        return database

    @property
    def _insert(self) -> str:
        return f"INSERT INTO host_orders (value) VALUES ({'?' if self._provider == 'sqlite' else '%s'})"

    @contextmanager
    def observer(self) -> Iterator[Observer]:
        if self._provider == "sqlite":
            with sqlite_observer(self._url.removeprefix("sqlite:///")) as observer:
                yield observer
        else:
            with server_observer(self._provider, self._url) as observer:
                yield observer

    @contextmanager
    def statements(self) -> Iterator[Statements]:
        counted = Statements()
        database = self._opened[0]
        database.query_hooks.append(counted.add)
        yield counted
        database.query_hooks.remove(counted.add)


async def _keep(connection: object) -> None:
    """Leave the session of a connection as it is."""


@dataclass
class Statements:
    """How many statements were sent."""

    count: int = 0

    def add(self, event: Any) -> None:
        if event.sql.split(maxsplit=1)[0] not in ("SAVEPOINT", "RELEASE", "ROLLBACK"):
            self.count += 1


def _one_row(database: Any, table: str, column: str, value: str) -> tuple[str, tuple[str]]:
    assert TABLES_BY_NAME[table].key == column
    return f"SELECT * FROM {table} WHERE {column} = {database.param}", (value,)


def _first(cursor: Any) -> Mapping[str, object] | None:
    names = [described[0] for described in cursor.description]
    found = cursor.fetchone()
    return None if found is None else dict(zip(names, found, strict=True))


class HostFailure(Exception):
    """What ends a host's transaction without a commit."""


class SyncPeeweeHarness(PeeweeHarness):
    colour = "sync"

    @contextmanager
    def open(self) -> Iterator[Storage]:
        with self._database(), self._storage() as storage:
            yield storage

    def second(self) -> AbstractContextManager[Storage] | None:
        # In memory SQLite lets nobody read beside a writer.
        return None if self.database == "sqlite-memory" else self._storage()

    @contextmanager
    def _storage(self) -> Iterator[Storage]:
        database = self._new()
        storage = create_peewee_adapter(database)
        storage.prepare_schema()
        yield storage
        database.close_all()

    @contextmanager
    def host(self) -> Iterator[SyncHost]:
        database = self._new()
        with database.connection_context():
            database.execute_sql(_CREATE)
        yield SyncHost(self)
        database.close_all()

    def leaks(self) -> int:
        return sum(len(database._in_use) for database in self._opened if hasattr(database, "_in_use"))


class SyncHost:
    """A host application with a table of its own; each transaction has a database object, as each thread would."""

    def __init__(self, harness: SyncPeeweeHarness) -> None:
        self._harness = harness

    @contextmanager
    def begin(self) -> Iterator[HostTransaction]:
        database = self._harness._new(pooled=False)
        with database.connection_context():
            transaction = SyncTransaction(database, self._harness._insert)
            try:
                yield transaction
            finally:
                transaction.rollback()


class SyncTransaction:
    """A transaction of the host's, open in this thread."""

    def __init__(self, database: Any, insert: str) -> None:
        self.handle = database
        self._insert = insert
        self._block: Any = database.atomic()
        self._block.__enter__()

    def insert(self, value: str) -> None:
        self.handle.execute_sql(self._insert, (value,))

    def values(self) -> Sequence[str]:
        return [value for (value,) in self.handle.execute_sql("SELECT value FROM host_orders").fetchall()]

    def row(self, table: str, column: str, value: str) -> Mapping[str, object] | None:
        return _first(self.handle.execute_sql(*_one_row(self.handle, table, column, value)))

    def commit(self) -> None:
        self._end(None)

    def rollback(self) -> None:
        self._end(HostFailure())

    def _end(self, error: Exception | None) -> None:
        block, self._block = self._block, None
        if block is not None:
            block.__exit__(error and type(error), error, None)


class AsyncPeeweeHarness(PeeweeHarness):
    colour = "asyncio"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncStorage]:
        with self._database():
            async with self._storage() as storage:
                yield storage

    def second(self) -> AbstractAsyncContextManager[AsyncStorage] | None:
        return None if self.database == "sqlite-memory" else self._storage()

    @asynccontextmanager
    async def _storage(self) -> AsyncIterator[AsyncStorage]:
        database = self._new()
        storage = create_peewee_adapter(database)
        await storage.prepare_schema()
        yield storage
        await closed(database)

    @asynccontextmanager
    async def host(self) -> AsyncIterator[AsyncHost]:
        host = AsyncHost(self)
        for _ in range(4):
            await host.add_database()
        async with host.free[0] as database:
            await database.aexecute_sql(_CREATE)
        yield host
        for database in host.free:
            await closed(database)

    def leaks(self) -> int:
        return sum(state.conn is not None for database in self._opened for state in database._state._states.values())


class AsyncHost:
    """The same under asyncio; connections are made beforehand: Peewee leaks one that a cancellation interrupts."""

    def __init__(self, harness: AsyncPeeweeHarness) -> None:
        self._harness = harness
        self.free: list[Any] = []

    async def add_database(self) -> None:
        database = self._harness._new(pool_size=1)
        async with database:
            self.free.append(database)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[HostTransaction]:
        if not self.free:
            await self.add_database()
        database = self.free.pop()
        try:
            async with database:
                transaction = AsyncTransaction(database, self._harness._insert)
                await transaction.begin()
                try:
                    yield transaction
                finally:
                    await transaction.rollback()
        finally:
            self.free.append(database)


class AsyncTransaction:
    """A transaction of the host's, open in this task."""

    def __init__(self, database: Any, insert: str) -> None:
        self.handle = database
        self._insert = insert
        self._block: Any = None

    async def begin(self) -> None:
        self._block = self.handle.atomic()
        await self._block.__aenter__()

    async def insert(self, value: str) -> None:
        await self.handle.aexecute_sql(self._insert, (value,))

    async def values(self) -> Sequence[str]:
        cursor = await self.handle.aexecute_sql("SELECT value FROM host_orders")
        return [value for (value,) in cursor.fetchall()]

    async def row(self, table: str, column: str, value: str) -> Mapping[str, object] | None:
        return _first(await self.handle.aexecute_sql(*_one_row(self.handle, table, column, value)))

    async def commit(self) -> None:
        await self._end(None)

    async def rollback(self) -> None:
        await self._end(HostFailure())

    async def _end(self, error: Exception | None) -> None:
        block, self._block = self._block, None
        if block is not None:
            await block.__aexit__(error and type(error), error, None)
