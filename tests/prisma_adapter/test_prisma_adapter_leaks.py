"""The suite notices a Prisma adapter that leaves a transaction open, whether the engine knows of it or not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from time import sleep
from typing import Any, cast

import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("sqlalchemy")

from conformance.databases import empty_database
from conformance.observers import open_transactions
from conformance.prisma_harness import AsyncPrismaHarness, SyncPrismaHarness
from kavach_core.storage import AsyncStorage, Storage
from kavach_core.storage.operations import Get
from kavach_core.testing import Harness, StorageSuite
from kavach_core.testing.lift import finished
from kavach_core.testing.samples import fresh
from servers.connections import connect_mysql

pytestmark = pytest.mark.not_in_memory

Habit = Callable[[Any], Any]


def keeps_to_itself(client: Any) -> Any:
    return client.execute_raw("SELECT 1")


def forgets_a_transaction(client: Any) -> Any:
    return client.tx(timeout=timedelta(minutes=1)).start()


def forgets_to_commit(client: Any) -> Any:
    """Leave to the pool a connection with a transaction of which the engine knows nothing."""
    snapshot = " WITH CONSISTENT SNAPSHOT" if client._active_provider == "mysql" else ""
    return client.execute_raw(f"START TRANSACTION{snapshot}")


class Working:
    """A backend that passes everything on to another one, and does something of its own before a read."""

    habit: Habit = staticmethod(keeps_to_itself)
    done: Any = None

    def __init__(self, inner: Any, client: Any) -> None:
        self.inner = inner
        self.client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def execute(self, operation: Any, values: Any) -> Any:
        if isinstance(operation, Get):
            self.done = self.habit(self.client)
        return self.inner.execute(operation, values)


class AsyncWorking(Working):
    """The same under asyncio."""

    async def execute(self, operation: Any, values: Any) -> Any:
        if isinstance(operation, Get):
            self.done = await finished(self.habit(self.client))
        return await self.inner.execute(operation, values)


class Sync(SyncPrismaHarness):
    @contextmanager
    def _storage(self) -> Iterator[Storage]:
        with super()._storage() as storage:
            broken: Any = Working(storage._backend, self._clients[-1])
            yield Storage(broken)


class Async(AsyncPrismaHarness):
    @asynccontextmanager
    async def _storage(self) -> AsyncIterator[AsyncStorage]:
        async with super()._storage() as storage:
            broken: Any = AsyncWorking(storage._backend, self._clients[-1])
            yield AsyncStorage(broken)


def test_a_transaction_that_is_left_open_is_noticed(place: tuple[str, str]) -> None:
    name, interface = place
    base: type[Harness] = Sync if interface == "sync" else Async

    class Suite(StorageSuite):
        harness = cast("type[Harness]", type("OnPlace", (base,), {"database": name}))

        async def test_a_read(self) -> None:
            assert await self.storage.find_agent_by_id(fresh()) is None

    def run(habit: Habit) -> None:
        broken.habit = habit
        clause: Any = Suite().test_a_read
        clause()

    def end(tx: Any) -> None:
        Suite.opened.runner.run(finished(tx._engine.rollback_transaction(tx._tx_id)))

    Suite.setup_class()
    broken: Any = getattr(Suite.opened.storage, "value", Suite.opened.storage)._backend
    try:
        run(keeps_to_itself)
        with pytest.raises(AssertionError, match="1 connections or transactions are still open"):
            run(forgets_a_transaction)
        end(broken.done)
        run(keeps_to_itself)
        # SQLite's engine allows no transaction but its own, and MySQL tells of none that only reads
        if name in ("postgres", "mariadb"):
            with pytest.raises(AssertionError, match="1 connections or transactions are still open"):
                run(forgets_to_commit)
    finally:
        Suite.teardown_class()


def test_what_others_send_is_no_obstacle(place: tuple[str, str]) -> None:
    """MariaDB tells the first 100 bytes of each statement that runs, and cuts characters for it."""
    name, _ = place
    if name not in ("mariadb", "mysql"):
        pytest.skip("PostgreSQL and SQLite are not asked for what others do")
    with (
        empty_database(name) as (provider, url),
        open_transactions(provider, url) as count,
        connect_mysql(url) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        statement = f"{'SELECT SLEEP(1) /* ':x<99}\N{FOX FACE} */"
        sleeping = pool.submit(other.query, statement)
        while not sleeping.done():
            assert count() == 0
            sleep(0.05)
        sleeping.result()
