"""Decisions of many callers at once: recorded in groups, and one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

from bench.checks import WrongResult
from bench.comparison import Throughput, throughput
from bench.decisions.compared import by_kavach
from bench.decisions.names import BY_THREADS, IN_GROUPS, ONE_BY_ONE, SLOWLY, TASKS, THREADS
from bench.decisions.slow_commits import delay_on_sqlite, delayed_on_postgres
from bench.decisions.stored import CALL, UNTRUSTED, Stored, token_of
from kavach_core import create_async_kavach
from kavach_core.engine._async.group_commit import AsyncGroupCommit
from kavach_core.engine._sync.group_commit import GroupCommit
from kavach_sqlalchemy import create_async_engine, create_sqlalchemy_adapter


def groups_beside_single_commits(stored: Stored, repeat: int) -> list[Throughput]:
    """Measure decisions of tasks and of threads, and of tasks where a commit takes a millisecond."""
    found = [
        asyncio.run(_tasks(stored, IN_GROUPS, repeat, slow=False)),
        _threads(stored, repeat),
    ]
    if stored.provider == "sqlite":
        found.append(asyncio.run(_tasks(stored, SLOWLY, repeat, slow=True)))
    elif stored.provider == "postgres":
        with delayed_on_postgres(stored) as waits:
            if waits:
                found.append(asyncio.run(_tasks(stored, SLOWLY, repeat, slow=False)))
    stored.remove_new_rows()
    return found


def _turns(repeat: int) -> range:
    return range(max(2, min(5, repeat // 20)))


def _one_by_one(records: Any, group: Any, callers: int) -> Any:
    """Return what commits each decision alone; where the database has several writers, nobody waits for another one."""
    turns = callers if records._storage.capabilities.concurrent_writers else 1
    return group(records._write_group, most=1, turns=turns)


async def _tasks(stored: Stored, way: str, repeat: int, *, slow: bool) -> Throughput:
    rounds = max(1, repeat // 40)
    async with _async_kavach(stored, slow) as kavach:
        records = kavach._authorization._records
        groups, alone = records._group, _one_by_one(records, AsyncGroupCommit, TASKS)

        async def task(number: int) -> None:
            for _ in range(rounds):
                if not (await kavach.authorize_by_token(token_of(number), **CALL)).allowed:
                    raise WrongResult("a call was denied that is allowed")

        async def rate(group: Any) -> float:
            records._group = group
            started = perf_counter()
            await asyncio.gather(*map(task, range(TASKS)))
            return TASKS * rounds / (perf_counter() - started)

        await rate(alone)
        await rate(groups)
        rates = []
        for _ in _turns(repeat):
            theirs = await rate(alone)
            rates.append((await rate(groups), theirs))
    return throughput(stored.provider, stored.database.server, way, ONE_BY_ONE, rates)


@asynccontextmanager
async def _async_kavach(stored: Stored, slow: bool) -> AsyncIterator[Any]:
    engine = create_async_engine(stored.provider, stored.database.adapter_url(asyncio=True))
    if slow:
        delay_on_sqlite(engine)
    kavach = await create_async_kavach(storage=create_sqlalchemy_adapter(engine), trust=UNTRUSTED)
    try:
        yield kavach
    finally:
        await kavach.close()
        await engine.dispose()


def _threads(stored: Stored, repeat: int) -> Throughput:
    rounds = max(1, repeat // 40)
    kavach: Any = stored.kavach(trust=False)
    records, decide = kavach._authorization._records, by_kavach(kavach)
    groups, alone = records._group, _one_by_one(records, GroupCommit, THREADS)

    def thread(number: int) -> bool:
        return all(decide(token_of(number)) for _ in range(rounds))

    def rate(group: Any) -> float:
        records._group = group
        started = perf_counter()
        if not all(pool.map(thread, range(THREADS))):
            raise WrongResult("a call was denied that is allowed")
        return THREADS * rounds / (perf_counter() - started)

    with ThreadPoolExecutor(THREADS) as pool:
        rate(alone)
        rate(groups)
        rates = []
        for _ in _turns(repeat):
            theirs = rate(alone)
            rates.append((rate(groups), theirs))
    return throughput(stored.provider, stored.database.server, BY_THREADS, ONE_BY_ONE, rates)
