"""Run the whole benchmark on one database: create it, fill it, measure both jobs in both colours, remove it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from random import Random
from typing import Any, Literal

from bench.checks import WrongResult
from bench.data import agent_rows, chosen_hashes, new_audit_log
from bench.databases import Database, Provider, temporary_database
from bench.measure import WARM_UP, Sample, Subject, measure, measure_async
from bench.raw import Raw, raw_driver
from bench.raw_asyncio import raw_async_driver
from bench.subjects import finders, own_storage, writers
from bench.subjects_asyncio import async_finders, async_writers
from bench.subjects_peewee import PeeweeHost, peewee_finders, peewee_writers
from bench.subjects_peewee_asyncio import AsyncPeeweeHost, async_peewee_finders, async_peewee_writers
from kavach_sqlalchemy import create_async_engine, create_sqlalchemy_adapter

Job = Literal["find_agent_by_token_hash", "create_audit_log"]
Colour = Literal["sync", "asyncio"]
Inputs = Callable[[int], list[Any]]


@dataclass(frozen=True)
class Comparison:
    """The samples of all ways to do one job on one database."""

    database: Provider
    server: str
    job: Job
    colour: Colour
    samples: list[Sample]


def run(provider: Provider, *, rows: int, repeat: int) -> Iterator[Comparison]:
    """Measure with `rows` agents stored and about `repeat` calls of each subject."""
    with temporary_database(provider) as database, ExitStack() as stack:
        storage = own_storage(database, stack)
        storage.prepare_schema()
        raw = stack.enter_context(raw_driver(database))
        raw.seed(agent_rows(rows))
        host = stack.enter_context(database.host_engine())
        peewee = PeeweeHost(database, stack)
        on_prisma = _prisma(database, raw, stack) if find_spec("prisma") else ([], [])
        find, write = _inputs(rows)

        with ExitStack() as scope:
            subjects = [*finders(raw, storage, host, scope), *peewee_finders(peewee), *on_prisma[0]]
            found = measure(subjects, find, repeat)
        yield Comparison(provider, database.server, "find_agent_by_token_hash", "sync", found)
        with ExitStack() as scope:
            subjects = [*writers(raw, storage, host, scope), *peewee_writers(peewee, raw), *on_prisma[1]]
            written = measure(subjects, write, repeat)
        yield Comparison(provider, database.server, "create_audit_log", "sync", written)
        found, async_written = asyncio.run(_run_async(database, raw, find, write, repeat))
        _check_count(raw, [*written, *async_written])
        yield Comparison(provider, database.server, "find_agent_by_token_hash", "asyncio", found)
        yield Comparison(provider, database.server, "create_audit_log", "asyncio", async_written)


def _prisma(database: Database, raw: Raw, stack: ExitStack) -> tuple[list[Subject], list[Subject]]:
    """Return the subjects on Prisma, whose engine needs Node.js: they are measured where its client is installed."""
    from bench.subjects_prisma import PrismaHost, prisma_finders, prisma_writers

    host = PrismaHost(database, stack)
    return prisma_finders(host), prisma_writers(host, raw)


async def _run_async(
    database: Database, checking: Raw, find: Inputs, write: Inputs, repeat: int
) -> tuple[list[Sample], list[Sample]]:
    async with AsyncExitStack() as stack:
        raw = await stack.enter_async_context(raw_async_driver(database))
        engine = create_async_engine(database.provider, database.adapter_url(asyncio=True))
        stack.push_async_callback(engine.dispose)
        host = database.host_async_engine()
        stack.push_async_callback(host.dispose)
        storage = create_sqlalchemy_adapter(engine)
        peewee = await AsyncPeeweeHost.connected(database, stack)
        finding = [*async_finders(raw, storage, host), *async_peewee_finders(peewee)]
        writing = [*async_writers(raw, storage, host, checking), *async_peewee_writers(peewee, checking)]
        return await measure_async(finding, find, repeat), await measure_async(writing, write, repeat)


def _inputs(rows: int) -> tuple[Inputs, Inputs]:
    random = Random(1)
    numbers = count()
    return (
        lambda size: chosen_hashes(random, rows, size),
        lambda size: [new_audit_log(next(numbers), rows) for _ in range(size)],
    )


def _check_count(raw: Raw, samples: list[Sample]) -> None:
    expected = sum(WARM_UP + sum(map(len, sample.rounds)) for sample in samples)
    if (stored := raw.count_audit_logs()) != expected:
        raise WrongResult(f"{stored} audit rows are stored, and {expected} were written")
