"""Every adapter in either colour with each of its drivers, opened on one database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from colours import DRIVERS, Colour, Opened
from conformance.databases import empty_database
from database_fixture import PROVIDERS, Database, Provider
from kavach_core.testing.lift import Lifted
from peewee_databases import DRIVERS as PEEWEE_DRIVERS


@dataclass(frozen=True)
class Participant:
    """An adapter with a driver; Prisma brings its own."""

    adapter: Literal["sqlalchemy", "peewee", "prisma"]
    colour: Colour
    driver: str = ""

    def __str__(self) -> str:
        """Return the name in test ids."""
        return "-".join(filter(None, (self.adapter, self.colour, self.driver)))


PRISMA = (Participant("prisma", "sync"), Participant("prisma", "asyncio"))


def every_driver(name: str) -> list[Participant]:
    """List the adapters that need no generated client, with all drivers for a database."""
    provider = PROVIDERS[name]
    return [
        *(Participant("sqlalchemy", *using) for using in DRIVERS[provider]),
        *(Participant("peewee", *using) for using in PEEWEE_DRIVERS[provider]),
    ]


def beside_prisma(name: str) -> list[Participant]:
    """List the same with one driver for each adapter and colour: how they get on with each other is known already."""
    return [*{(each.adapter, each.colour): each for each in every_driver(name)}.values(), *PRISMA]


@asynccontextmanager
async def opened(name: str, participants: Sequence[Participant]) -> AsyncIterator[Mapping[Participant, Any]]:
    """Open the storages of all participants, with the asyncio face, on one new database."""
    async with AsyncExitStack() as stack:
        provider, url = stack.enter_context(empty_database(name))
        yield {each: await _storage(each, Database(name, provider, url), stack) for each in participants}


async def _storage(participant: Participant, database: Database, stack: AsyncExitStack) -> Any:
    if participant.adapter == "prisma":
        return await _prisma_storage(participant.colour, database.provider, database.url, stack)
    closing: list[Any] = []
    way = Opened(database, participant.colour, participant.driver, closing, participant.adapter)
    storage = await way.storage()
    for each in closing:
        stack.push_async_callback(each.close)
    return storage


async def _prisma_storage(colour: Colour, provider: Provider, url: str, stack: AsyncExitStack) -> Any:
    from prisma_adapter.hosts import connected_host

    host = await stack.enter_async_context(connected_host(provider, url, colour))
    return Lifted(host.storage) if colour == "sync" else host.storage
