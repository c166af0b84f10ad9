"""Harnesses for the Prisma adapter: one for each database and interface, on the engine that the tests find."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import pytest

import prisma_setup
from conformance.databases import empty_database
from conformance.observers import open_transactions, server_observer, sqlite_observer
from kavach_core.storage import AsyncStorage, Storage
from kavach_core.testing import Harness, HostTransaction, Observer
from kavach_prisma import create_prisma_adapter
from kavach_schema.render.prisma import render_models
from kavach_schema.tables import TABLES, TABLES_BY_NAME
from prisma_engine.clients import PRISMA_PROVIDERS, package_for

SCHEMA = """datasource db {{
  provider = "{provider}"
  url      = env("DATABASE_URL")
}}

{models}
model HostOrder {{
  id    Int    @id @default(autoincrement())
  value String{text}

  @@map("host_orders")
}}

model Subscription {{
  id   String @id{text}
  plan String{text}

  @@map("host_subscriptions")
}}
"""

CREATE = {
    "sqlite": "CREATE TABLE IF NOT EXISTS host_orders (id INTEGER PRIMARY KEY, value TEXT NOT NULL)",
    "postgres": "CREATE TABLE IF NOT EXISTS host_orders (id SERIAL PRIMARY KEY, value TEXT NOT NULL)",
    "mysql": "CREATE TABLE IF NOT EXISTS host_orders"
    " (id INT PRIMARY KEY AUTO_INCREMENT, value VARCHAR(200) NOT NULL) CHARSET utf8mb4",
}

PATIENCE = timedelta(seconds=50)
"""How long transactions here may wait, and twice that they may last: races on two cores take longer than elsewhere."""

_SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK")


class PrismaHarness(Harness):
    """What both colours share: a database, the generated package, its clients, and an observer."""

    database: ClassVar[str]

    def __init__(self) -> None:
        self._clients: list[Any] = []

    @contextmanager
    def _prepared(self) -> Iterator[None]:
        with ExitStack() as stack:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            for name, value in prisma_setup.prepare().items():
                patch.setenv(name, value)
            self._provider, self._url = stack.enter_context(empty_database(self.database))
            if self._provider == "sqlite":
                with closing(sqlite3.connect(self._path)) as connection:
                    connection.execute("PRAGMA journal_mode = WAL")
            self.package = package_for(self._provider, self.colour, host_schema(PRISMA_PROVIDERS[self._provider]))
            self._open_transactions = stack.enter_context(open_transactions(self._provider, self._url))
            yield

    @property
    def _path(self) -> str:
        return self._url.removeprefix("sqlite:///")

    def _client(self) -> Any:
        url = f"file:{self._path}" if self._provider == "sqlite" else self._url
        options = "socket_timeout=50" if self._provider == "sqlite" else "connection_limit=20&pool_timeout=50"
        client = self.package.Prisma(
            datasource={"url": f"{url}?{options}"}, connect_timeout=timedelta(seconds=30), http={"timeout": 60}
        )
        self._clients.append(client)
        return client

    @contextmanager
    def observer(self) -> Iterator[Observer]:
        server = self._provider != "sqlite"
        with server_observer(self._provider, self._url) if server else sqlite_observer(self._path) as observer:
            yield observer

    @property
    def _asked(self) -> list[Any]:
        """The clients whose engines know of more open transactions than the database; to ask one takes 2 ms."""
        return [client for client in self._clients if client.is_connected()] if self._provider == "mysql" else []

    @contextmanager
    def statements(self) -> Iterator[Statements]:
        counted = Statements()
        with pytest.MonkeyPatch.context() as patch:
            counted.watch(patch, type(self._clients[0]._engine))
            yield counted


def host_schema(provider: Any) -> str:
    """Return the schema of a host: our models, and one of its own."""
    text = " @db.VarChar(200)" if provider == "mysql" else ""
    return SCHEMA.format(provider=provider, models=render_models(TABLES, provider), text=text)


def busy(metrics: Any) -> int:
    """Return how many connections of an engine's pool are in use: each transaction has one."""
    (gauge,) = [gauge for gauge in metrics.gauges if gauge.key == "prisma_pool_connections_busy"]
    return int(gauge.value)


def select(handle: Any, table: str, column: str) -> str:
    assert TABLES_BY_NAME[table].key == column
    return f"SELECT * FROM {table} WHERE {column} = {'$1' if handle._active_provider == 'postgresql' else '?'}"


@dataclass
class Statements:
    """How many statements were sent."""

    count: int = 0

    def watch(self, patch: pytest.MonkeyPatch, engine: Any) -> None:
        original = engine.query

        def counting(engine: Any, content: str, **options: Any) -> Any:
            self.count += not any(f'query: \\"{word}' in content for word in _SAVEPOINTS)
            return original(engine, content, **options)

        patch.setattr(engine, "query", counting)


class SyncPrismaHarness(PrismaHarness):
    colour = "sync"

    @contextmanager
    def open(self) -> Iterator[Storage]:
        with self._prepared(), self._storage() as storage:
            yield storage

    @contextmanager
    def _storage(self) -> Iterator[Storage]:
        client = self._client()
        client.connect()
        try:
            storage = create_prisma_adapter(client, max_wait=PATIENCE, timeout=2 * PATIENCE)
            storage.prepare_schema()
            yield storage
        finally:
            client.disconnect()

    second = _storage

    @contextmanager
    def host(self) -> Iterator[SyncHost]:
        client = self._clients[0]
        client.execute_raw(CREATE[self._provider])
        yield SyncHost(client)

    def leaks(self) -> int:
        return self._open_transactions() or sum(busy(client.get_metrics()) for client in self._asked)


class AsyncPrismaHarness(PrismaHarness):
    colour = "asyncio"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncStorage]:
        with self._prepared():
            async with self._storage() as storage:
                yield storage

    @asynccontextmanager
    async def _storage(self) -> AsyncIterator[AsyncStorage]:
        client = self._client()
        await client.connect()
        try:
            storage = create_prisma_adapter(client, max_wait=PATIENCE, timeout=2 * PATIENCE)
            await storage.prepare_schema()
            yield storage
        finally:
            await client.disconnect()

    second = _storage

    @asynccontextmanager
    async def host(self) -> AsyncIterator[AsyncHost]:
        client = self._clients[0]
        await client.execute_raw(CREATE[self._provider])
        yield AsyncHost(client)

    async def leaks(self) -> int:
        return self._open_transactions() or sum([busy(await client.get_metrics()) for client in self._asked])


@dataclass
class SyncHost:
    """A host application with a model of its own, on the client that the storage has too."""

    client: Any

    @contextmanager
    def begin(self) -> Iterator[HostTransaction]:
        manager = self.client.tx(max_wait=PATIENCE, timeout=2 * PATIENCE)
        transaction = SyncTransaction(manager.start(), manager)
        try:
            yield transaction
        finally:
            if transaction.open:
                transaction.rollback()


@dataclass
class SyncTransaction:
    """A transaction of the host's."""

    handle: Any
    manager: Any
    open: bool = True

    def insert(self, value: str) -> None:
        self.handle.hostorder.create(data={"value": value})

    def values(self) -> Sequence[str]:
        return [row.value for row in self.handle.hostorder.find_many()]

    def row(self, table: str, column: str, value: str) -> Mapping[str, object] | None:
        found = self.handle.query_raw(select(self.handle, table, column), value)
        return found[0] if found else None

    def commit(self) -> None:
        self.open = False
        self.manager.commit()

    def rollback(self) -> None:
        self.open = False
        self.manager.rollback()


async def uncancelled(request: Coroutine[Any, Any, Any]) -> Any:
    """Wait for the answer of a request also when this task is cancelled meanwhile.

    prisma-client-py does not: a transaction that it begins just then stays open until its time limit.
    """
    task = asyncio.ensure_future(request)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


@dataclass
class AsyncHost:
    """The same under asyncio."""

    client: Any

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[HostTransaction]:
        manager = self.client.tx(max_wait=PATIENCE, timeout=2 * PATIENCE)
        try:
            transaction = AsyncTransaction(await uncancelled(manager.start()), manager)
        except asyncio.CancelledError:
            await manager.rollback()
            raise
        try:
            yield transaction
        finally:
            if transaction.open:
                await transaction.rollback()


@dataclass
class AsyncTransaction:
    """The same under asyncio."""

    handle: Any
    manager: Any
    open: bool = True

    async def insert(self, value: str) -> None:
        await self.handle.hostorder.create(data={"value": value})

    async def values(self) -> Sequence[str]:
        return [row.value for row in await self.handle.hostorder.find_many()]

    async def row(self, table: str, column: str, value: str) -> Mapping[str, object] | None:
        found = await self.handle.query_raw(select(self.handle, table, column), value)
        return found[0] if found else None

    async def commit(self) -> None:
        self.open = False
        await uncancelled(self.manager.commit())

    async def rollback(self) -> None:
        self.open = False
        await uncancelled(self.manager.rollback())
