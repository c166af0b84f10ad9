"""A host application with a generated client, a model of its own, and our tables beside it."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

import prisma_setup
from conformance.databases import empty_database
from conformance.prisma_harness import host_schema
from database_fixture import Provider
from kavach_core.testing.lift import entered, finished
from kavach_prisma import create_prisma_adapter
from prisma_engine.clients import PRISMA_PROVIDERS, package_for

SUBSCRIPTIONS = "CREATE TABLE host_subscriptions (id VARCHAR(200) PRIMARY KEY, plan VARCHAR(200) NOT NULL)"


@dataclass
class PrismaHost:
    """A connected client, the package that it was generated into, its database, and the storage on it."""

    prisma: Any
    package: ModuleType
    provider: Provider
    url: str
    storage: Any = None

    def client(self, **options: Any) -> Any:
        return self.package.Prisma(
            datasource={"url": self.url}, connect_timeout=timedelta(seconds=30), http={"timeout": 60}, **options
        )

    def error(self, name: str) -> type[Exception]:
        found: type[Exception] = getattr(importlib.import_module(f"{self.package.__name__}.errors"), name)
        return found

    @asynccontextmanager
    async def tx(self, **milliseconds: int) -> AsyncIterator[Any]:
        limits = {"max_wait": 20_000, "timeout": 20_000, **milliseconds}
        manager = self.prisma.tx(**{name: timedelta(milliseconds=value) for name, value in limits.items()})
        async with entered(manager) as tx:
            yield tx


@asynccontextmanager
async def prisma_host(name: str, interface: prisma_setup.Interface) -> AsyncIterator[PrismaHost]:
    """Connect a client to a new database, and create our tables and the host's own."""
    with empty_database(name) as (provider, url):
        async with connected_host(provider, url, interface) as host:
            await finished(host.storage.prepare_schema())
            await finished(host.prisma.execute_raw(SUBSCRIPTIONS))
            yield host


@asynccontextmanager
async def connected_host(provider: Provider, url: str, interface: prisma_setup.Interface) -> AsyncIterator[PrismaHost]:
    """Generate a client, connect it to a database as it is, and disconnect it at the end."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in prisma_setup.prepare().items():
            patch.setenv(variable, value)
        package = package_for(provider, interface, host_schema(PRISMA_PROVIDERS[provider]))
        address = f"file:{url.removeprefix('sqlite:///')}" if provider == "sqlite" else url
        opened = PrismaHost(None, package, provider, address)
        opened.prisma = opened.client()
        await finished(opened.prisma.connect())
        try:
            opened.storage = create_prisma_adapter(opened.prisma)
            yield opened
        finally:
            await finished(opened.prisma.disconnect())
