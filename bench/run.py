"""Measure the storage on one database: create it, fill it to each size, measure every job there, remove it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from importlib.util import find_spec
from itertools import count
from random import Random
from typing import Any

from bench.checks import WrongResult
from bench.comparison import Colour, Comparison, Size
from bench.data import agent_row, chosen_hashes, new_audit_log
from bench.databases import Database, Provider, temporary_database
from bench.export import measure_export
from bench.measure import WARM_UP, Sample, Subject, measure, measure_async
from bench.raw import Raw, raw_driver
from bench.raw_asyncio import raw_async_driver
from bench.subjects import finders, own_storage, writers
from bench.subjects_asyncio import async_finders, async_writers
from bench.subjects_peewee import PeeweeHost, peewee_finders, peewee_writers
from bench.subjects_peewee_asyncio import AsyncPeeweeHost, async_peewee_finders, async_peewee_writers
from bench.trail import DEEP, PAGE, page_at, page_readers, seed_trail
from kavach_sqlalchemy import create_async_engine, create_sqlalchemy_adapter

Inputs = Callable[[int], list[Any]]
Told = Callable[[dict[str, Any]], None]


def run(provider: Provider, sizes: Sequence[Size], *, repeat: int, exported: Told) -> Iterator[Comparison]:
    """Measure at each size, the least first, about `repeat` calls of each subject; `exported` is told of the export."""
    with temporary_database(provider) as database, ExitStack() as stack:
        storage = own_storage(database, stack)
        storage.prepare_schema()
        raw = stack.enter_context(raw_driver(database))
        host = stack.enter_context(database.host_engine())
        peewee = PeeweeHost(database, stack)
        on_prisma = _prisma(database, raw, stack) if find_spec("prisma") else ([], [])
        stored = Size(0, 0)
        for size in sizes:
            raw.seed(map(agent_row, range(stored.agents, size.agents)))
            seed_trail(raw, provider, stored.audit_logs, size.audit_logs)
            stored = size
            find, write = _inputs(size.agents)

            def compared(job: str, colour: Colour, samples: list[Sample], size: Size = size) -> Comparison:
                return Comparison(provider, database.server, size, job, colour, samples)

            with ExitStack() as scope:
                subjects = [*finders(raw, storage, host, scope), *peewee_finders(peewee), *on_prisma[0]]
                yield compared("find_agent_by_token_hash", "sync", measure(subjects, find, repeat))
            for job, number in _pages(size):
                with ExitStack() as scope:
                    page = page_at(raw, number)
                    subjects = page_readers(raw, storage, host, peewee, scope)
                    yield compared(job, "sync", measure(subjects, lambda n: [page] * n, repeat // 2))  # noqa: B023 - measured at once
            if size is sizes[-1]:
                exported(measure_export(database, min(3, 1 + repeat // 1000)))
            before = raw.count_audit_logs()
            with ExitStack() as scope:
                subjects = [*writers(raw, storage, host, scope), *peewee_writers(peewee, raw), *on_prisma[1]]
                written = measure(subjects, write, repeat // 2)
            yield compared("create_audit_log", "sync", written)
            found, async_written = asyncio.run(_run_async(database, raw, find, write, repeat // 2))
            _check_count(raw, before, [*written, *async_written])
            yield compared("find_agent_by_token_hash", "asyncio", found)
            yield compared("create_audit_log", "asyncio", async_written)
            raw.run("DELETE FROM kavach_audit_logs WHERE agent_id NOT LIKE 'agent-%'")


def _pages(size: Size) -> Iterator[tuple[str, int]]:
    yield "page 1 of audit rows", 1
    if size.audit_logs >= DEEP * PAGE:
        yield "deep page of audit rows", DEEP


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


def _check_count(raw: Raw, before: int, samples: list[Sample]) -> None:
    expected = before + sum(WARM_UP + sum(map(len, sample.rounds)) for sample in samples)
    if (stored := raw.count_audit_logs()) != expected:
        raise WrongResult(f"{stored} audit rows are stored, and {expected} were written")
