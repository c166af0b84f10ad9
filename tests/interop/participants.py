"""Every adapter in either colour with each of its drivers, opened on one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from colours import DRIVERS, Colour, Opened
from conformance.databases import empty_database
from database_fixture import PROVIDERS, Database
from kavach_core.storage import Storage
from kavach_core.testing.lift import Lifted, finished
from peewee_databases import DRIVERS as PEEWEE_DRIVERS
from servers.connections import connect_postgres


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
async def opened(
    name: str, participants: Sequence[Participant], *, prefix: str = "kavach_", schema: str | None = None
) -> AsyncIterator[Mapping[Participant, Any]]:
    """Open storages with the asyncio face for all participants, which create the tables of one database at once."""
    async with AsyncExitStack() as stack:
        database = Database(name, *stack.enter_context(empty_database(name)))
        if schema:
            with connect_postgres(database.url) as connection:
                connection.execute(f"CREATE SCHEMA {schema}".encode())
        naming = {"prefix": prefix, "schema": schema}
        found = {each: await _unprepared(each, database, stack, naming) for each in participants}
        await asyncio.gather(*map(_prepare, found.values()))
        yield {each: Lifted(storage) if each.colour == "sync" else storage for each, storage in found.items()}


async def _unprepared(participant: Participant, database: Database, stack: AsyncExitStack, naming: Any) -> Any:
    closing: list[Any] = []
    way = Opened(database, participant.colour, participant.driver, closing, participant.adapter)
    storage = await way.bare_storage(**naming)
    for each in (*closing, storage):
        stack.push_async_callback(_close, each)
    return storage


async def _close(thing: Any) -> None:
    await finished(thing.close())


async def _prepare(storage: Any) -> None:
    if isinstance(storage, Storage):
        await asyncio.to_thread(storage.prepare_schema)
    else:
        await storage.prepare_schema()
