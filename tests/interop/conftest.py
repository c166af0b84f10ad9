"""The matrix: each writer on each chosen database, before all readers; storages stay open for the module."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from database_fixture import names_for
from interop.participants import Participant, beside_prisma, every_driver, opened


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_name" in metafunc.fixturenames:
        names = [pytest.param(name, id=name, marks=pytest.mark.database) for name in names_for(metafunc)]
        metafunc.parametrize("database_name", names)
    for fixture, participants in (("storages", every_driver), ("storages_and_prisma", beside_prisma)):
        if fixture in metafunc.fixturenames:
            cells = [
                pytest.param(name, writer, id=f"{name}-{writer}", marks=pytest.mark.database)
                for name in names_for(metafunc)
                for writer in participants(name)
            ]
            metafunc.parametrize((fixture, "writer"), cells, indirect=[fixture], scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def storages(request: pytest.FixtureRequest) -> AsyncIterator[Mapping[Participant, Any]]:
    """Yield a storage for each driver of SQLAlchemy and Peewee, all on one database."""
    async with opened(request.param, every_driver(request.param)) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def storages_and_prisma(request: pytest.FixtureRequest) -> AsyncIterator[Mapping[Participant, Any]]:
    """Yield a storage for each adapter and colour, Prisma included, all on one database."""
    async with opened(request.param, beside_prisma(request.param)) as found:
        yield found
