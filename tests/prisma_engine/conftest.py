"""Clients of the engine: one for each chosen database and interface, kept for a module, on tables without rows.

Starting an engine takes longer than most tests here.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from database_fixture import PROVIDERS, Database, names_for

if TYPE_CHECKING:
    from prisma_engine.clients import Client

collect_ignore_glob = [] if importlib.util.find_spec("prisma") else ["*.py"]

INTERFACES = {"postgres": ("asyncio",), "mariadb": ("asyncio",)}
"""Both elsewhere. An engine cannot tell them apart, and what can be cancelled tells more."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "_tables" in metafunc.fixturenames:
        chosen = [
            pytest.param((name, interface), id=f"{name}-{interface}", marks=pytest.mark.database)
            for name in names_for(metafunc)
            if name != "sqlite-memory"
            for interface in INTERFACES.get(name, ("sync", "asyncio"))
        ]
        metafunc.parametrize("_tables", chosen, indirect=True, scope="module")


@pytest.fixture(scope="session", autouse=True)
def _prisma() -> Iterator[None]:
    import prisma_setup

    with pytest.MonkeyPatch.context() as patch:
        for name, value in prisma_setup.prepare().items():
            patch.setenv(name, value)
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _tables(
    request: pytest.FixtureRequest, _prisma: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Client]:
    from prisma_engine.clients import TABLES, done, new_client

    name, interface = request.param
    if name == "sqlite-file":
        database = Database(name, "sqlite", f"sqlite:///{tmp_path_factory.mktemp('prisma') / 'host.db'}")
    else:
        _, url = request.getfixturevalue(f"_{name}_database")
        database = Database(name, PROVIDERS[name], url)
    client = new_client(database, interface)
    await done(client.prisma.connect())
    for statement in TABLES[database.provider]:
        await done(client.prisma.execute_raw(statement))
    yield client
    for table in ("Item", "Owner"):
        await done(client.prisma.execute_raw(f"DROP TABLE {client.quoted(table)}"))
    await done(client.prisma.disconnect())


@pytest_asyncio.fixture(loop_scope="module")
async def client(_tables: Client) -> AsyncIterator[Client]:
    """Yield a connected client of either interface on empty tables."""
    from prisma_engine.clients import done

    yield _tables
    await done(_tables.prisma.item.delete_many())
    await done(_tables.prisma.owner.delete_many())


@pytest.fixture(autouse=True)
def _no_native_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what a developer's shell says about Prisma's engine out of the tests."""
    for name in [name for name in os.environ if name.startswith(("PRISMA_DML", "OVERWRITE_DATASOURCES"))]:
        monkeypatch.delenv(name)
