"""Hosts for the tests of the Prisma adapter: a connected client of either interface on each chosen database."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from database_fixture import names_for

if TYPE_CHECKING:
    from prisma_adapter.hosts import PrismaHost

collect_ignore_glob = [] if importlib.util.find_spec("prisma") else ["*.py"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if {"host", "place"} & {*metafunc.fixturenames}:
        chosen = [
            pytest.param((name, interface), id=f"{name}-{interface}", marks=pytest.mark.database)
            for name in names_for(metafunc)
            if name != "sqlite-memory"
            for interface in ("sync", "asyncio")
        ]
        if "host" in metafunc.fixturenames:
            metafunc.parametrize("host", chosen, indirect=True, scope="module")
        else:
            metafunc.parametrize("place", chosen)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host(request: pytest.FixtureRequest) -> AsyncIterator[PrismaHost]:
    """Yield a host whose database is empty when its module begins."""
    from prisma_adapter.hosts import prisma_host

    name, interface = request.param
    async with prisma_host(name, interface) as opened:
        yield opened
