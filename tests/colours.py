"""One source of tests for both colours: a synchronous object is lifted, so that tests await either.

A test that takes `opened` runs with each driver of each database chosen with `--database`, on SQLAlchemy, or
on the adapters that its marker `adapters` names.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

import pytest

from database_fixture import PROVIDERS, Database, driver_url, names_for

Colour = Literal["sync", "asyncio"]
Adapter = Literal["sqlalchemy", "peewee", "prisma"]

DRIVERS: dict[str, list[tuple[Colour, str]]] = {
    "sqlite": [("sync", "pysqlite"), ("asyncio", "aiosqlite")],
    "postgres": [("sync", "psycopg"), ("asyncio", "psycopg"), ("asyncio", "asyncpg")],
    "mysql": [("sync", "mysqldb"), ("sync", "pymysql"), ("asyncio", "asyncmy")],
}

PRISMA_DRIVERS: dict[str, list[tuple[Colour, str]]] = {"sqlite": [("sync", "engine")]}
"""One colour: starting an engine takes longer than most tests; tests/prisma_adapter has both, on each database."""


class Lifted:
    """A synchronous object with the face of its asyncio twin: methods are coroutines that never wait."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.value, name)
        if name == "transaction":
            return lambda: _lift_block(found())
        if name.startswith("stream_"):
            return lambda **filters: _lift_iterator(found(**filters))
        if callable(found):

            async def call(*arguments: Any, **keywords: Any) -> Any:
                return found(*arguments, **keywords)

            return call
        return Lifted(found) if type(found).__module__.startswith("kavach_core.engine._sync") else found

    async def __aenter__(self) -> Lifted:
        self.value.__enter__()
        return self

    async def __aexit__(self, *error: Any) -> Any:
        return self.value.__exit__(*error)


@asynccontextmanager
async def _lift_block(block: AbstractContextManager[Any]) -> AsyncIterator[Any]:
    with block as value:
        yield Lifted(value)


async def _lift_iterator(iterator: Iterator[Any]) -> AsyncIterator[Any]:
    for item in iterator:
        yield item


@dataclass(frozen=True)
class Host:
    """What a host has opened, closed as storages are."""

    stack: AsyncExitStack

    async def close(self) -> None:
        await self.stack.aclose()


@dataclass(frozen=True)
class Opened:
    """A way to open storages and Kavachs on one empty database with one driver."""

    database: Database
    colour: Colour
    driver: str
    closing: list[Any]
    adapter: Adapter = "sqlalchemy"

    @property
    def url(self) -> str:
        """The database's URL with the driver named."""
        return driver_url(self.database.provider, self.database.url, self.driver)

    @property
    def settings(self) -> dict[str, Any]:
        """The setting `database` of create_kavach()."""
        return {"provider": self.database.provider, "url": self.url}

    async def kavach(self, **settings: Any) -> Any:
        """Open a Kavach with the asyncio face; it is closed after the test."""
        from kavach_core import create_async_kavach, create_kavach

        if "storage" not in settings and self.adapter == "sqlalchemy":
            settings = {"database": self.settings, **settings}
        else:
            storage = settings["storage"] if "storage" in settings else await self.bare_storage()
            settings["storage"] = getattr(storage, "value", storage)
        if self.colour == "asyncio":
            opened: Any = await create_async_kavach(**settings)
        else:
            opened = Lifted(create_kavach(**settings))
        self.closing.append(opened)
        return opened

    async def storage(self, **options: Any) -> Any:
        """Open a storage with the asyncio face and its tables created; it is closed after the test."""
        opened = await self.bare_storage(**options)
        if self.colour == "sync":
            opened = Lifted(opened)
        self.closing.append(opened)
        await opened.prepare_schema()
        return opened

    async def bare_storage(self, **options: Any) -> Any:
        """Open a storage as it is, of its own colour; nothing is created, and the caller closes it."""
        provider = self.database.provider
        if self.adapter == "prisma":
            from kavach_prisma import create_prisma_adapter
            from prisma_adapter.hosts import connected_host

            stack = AsyncExitStack()
            host = await stack.enter_async_context(connected_host(provider, self.database.url, self.colour))
            self.closing.append(Host(stack))
            return create_prisma_adapter(host.prisma, **options)
        if self.adapter == "peewee":
            from kavach_peewee import create_peewee_adapter
            from peewee_databases import Closing, make_database

            database = make_database(provider, self.database.url, self.driver)
            self.closing.append(Closing(database))
            return create_peewee_adapter(database, **options)
        import kavach_sqlalchemy

        if self.colour == "asyncio":
            return kavach_sqlalchemy.open_async_storage(provider, self.url, **options)
        return kavach_sqlalchemy.open_storage(provider, self.url, **options)

    async def together(self, work: Callable[[int], Awaitable[Any]], times: int) -> list[Any]:
        """Run `work(0)`, `work(1)`, ... at once, in tasks or in threads; return results and errors in that order."""
        if self.colour == "asyncio":
            return await asyncio.gather(*(work(i) for i in range(times)), return_exceptions=True)
        with ThreadPoolExecutor(times) as threads:
            calls = [threads.submit(_finish, work(i)) for i in range(times)]
            return [call.exception() or call.result() for call in calls]


def _finish(coroutine: Awaitable[Any]) -> Any:
    """Run a coroutine over lifted objects to its end: it never waits."""
    assert isinstance(coroutine, Coroutine)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("a lifted coroutine waited")


def _adapters(metafunc: pytest.Metafunc) -> Iterator[tuple[Adapter, tuple[str, ...], dict[Any, Any]]]:
    """Yield each adapter that a test runs on, as far as its ORM is installed, with its mark in ids and its drivers."""
    marker = metafunc.definition.get_closest_marker("adapters")
    names = marker.args if marker is not None else ("sqlalchemy",)
    if "sqlalchemy" in names and (marker is None or find_spec("sqlalchemy")):
        yield "sqlalchemy", (), DRIVERS
    if "peewee" in names and find_spec("peewee"):
        from peewee_databases import DRIVERS as PEEWEE_DRIVERS

        yield "peewee", ("peewee",), PEEWEE_DRIVERS
    if "prisma" in names and find_spec("prisma"):
        yield "prisma", ("prisma",), PRISMA_DRIVERS


def _of_each_colour(drivers: list[tuple[Colour, str]]) -> list[tuple[Colour, str]]:
    first: dict[Colour, str] = dict(reversed(drivers))
    return [*first.items()]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "adapters(*names): runs on these adapters, and not on SQLAlchemy only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with each driver; those of the engine, which cannot tell them apart, with one of each colour."""
    if "opened" in metafunc.fixturenames:
        chosen = _of_each_colour if "engine" in metafunc.definition.path.parts else list
        metafunc.parametrize(
            ("database", "opened"),
            [
                pytest.param(name, (*using, adapter), id="-".join((name, *label, *using)), marks=pytest.mark.database)
                for name in names_for(metafunc)
                for adapter, label, drivers in _adapters(metafunc)
                for using in chosen(drivers[PROVIDERS[name]])
            ],
            indirect=True,
        )


@pytest.fixture
async def opened(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Opened]:
    """Yield the way to open things on an empty database, and close what was opened."""
    colour, driver, adapter = request.param
    found = Opened(database, colour, driver, [], adapter)
    yield found
    for thing in reversed(found.closing):
        await thing.close()


@pytest.fixture
async def storage(opened: Opened) -> Any:
    """Return a storage on an empty database, with the asyncio face."""
    return await opened.storage()


@pytest.fixture
async def kavach(opened: Opened) -> Any:
    """Return a Kavach on an empty database, with the asyncio face."""
    return await opened.kavach()
