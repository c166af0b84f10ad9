"""What is Prisma's own: time limits, `tx` objects, PostgreSQL's spoiled transactions, a dead engine, odd clients."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from kavach_core.errors import (
    BackendUnavailable,
    ConfigurationError,
    ConflictError,
    TransactionAborted,
    TransactionContextLost,
    TransactionError,
)
from kavach_core.storage import AsyncStorage, Storage
from kavach_core.testing.lift import entered, finished
from kavach_core.testing.samples import sample
from kavach_prisma import create_prisma_adapter
from kavach_schema.tables.agents import AGENTS, RATE_LIMITS
from prisma_adapter.hosts import PrismaHost

pytestmark = [pytest.mark.not_in_memory, pytest.mark.asyncio(loop_scope="module")]


async def is_stored(host: PrismaHost, row: dict[str, Any]) -> bool:
    return await finished(host.storage.find_agent_by_id(row["id"])) is not None


async def test_the_storage_has_the_clients_colour(host: PrismaHost) -> None:
    expected = AsyncStorage if asyncio.iscoroutinefunction(host.prisma.connect) else Storage
    assert type(host.storage) is expected
    assert not host.storage.in_transaction
    async with host.tx() as tx:
        assert type(create_prisma_adapter(tx)) is expected
        assert create_prisma_adapter(tx).in_transaction
        assert host.storage.using(tx).in_transaction


@pytest.mark.parametrize("late", ["query", "commit"])
async def test_prismas_time_limit_aborts(host: PrismaHost, late: str) -> None:
    short: Any = create_prisma_adapter(host.prisma, timeout=timedelta(milliseconds=200))
    await finished(short.prepare_schema())
    row = sample(AGENTS)

    async def dawdle() -> None:
        async with entered(short.transaction()) as bound:
            await finished(bound.create_agent(**row))
            await asyncio.sleep(0.6)
            if late == "query":
                await finished(bound.find_agent_by_id(row["id"]))

    with pytest.raises(TransactionAborted, match="time limit"):
        await dawdle()
    assert not await is_stored(host, row)


async def test_the_hosts_time_limit_aborts(host: PrismaHost) -> None:
    row = sample(AGENTS)
    manager = host.prisma.tx(timeout=timedelta(milliseconds=200))
    view: Any = create_prisma_adapter(await finished(manager.start()))
    await finished(view.create_agent(**row))
    await asyncio.sleep(0.6)
    with pytest.raises(TransactionAborted, match="time limit"):
        await finished(view.count_agents())
    assert not await is_stored(host, row)


async def test_a_conflict_leaves_the_hosts_transaction_usable(host: PrismaHost) -> None:
    row, other = sample(AGENTS), sample(AGENTS)
    async with host.tx() as tx:
        view: Any = create_prisma_adapter(tx)
        await finished(view.create_agent(**row))
        with pytest.raises(ConflictError) as caught:
            await finished(view.create_agent(**{**other, "token_hash": row["token_hash"]}))
        assert caught.value.columns == ("token_hash",)
        assert getattr(caught.value.__cause__, "code", None) == "P2010"
        await finished(view.create_agent(**other))
    assert await is_stored(host, row)
    assert await is_stored(host, other)


async def test_transactions_raise_different_counters_at_the_same_time(host: PrismaHost) -> None:
    """At MySQL's own isolation level the first would lock the row that comes next in the index too."""
    if host.provider == "sqlite":
        pytest.skip("SQLite knows one writer")
    counters = [sample(RATE_LIMITS, agent_id=f"{place}-{uuid4()}", count=1) for place in ("first", "next")]
    for counter in counters:
        await finished(host.storage.increment_rate_limit(**counter))
    async with entered(host.storage.transaction()) as one, entered(host.storage.transaction()) as other:
        raised = [
            await finished(storage.increment_rate_limit(**{**counter, "id": sample(RATE_LIMITS)["id"]}))
            for storage, counter in zip((one, other), counters, strict=True)
        ]
    assert [row.count for row in raised] == [2, 2]


async def test_a_spoiled_transaction_is_not_said_to_be_committed(host: PrismaHost) -> None:
    if host.provider != "postgres":
        pytest.skip("only PostgreSQL spoils a transaction at an error")
    row = sample(AGENTS)

    async def work() -> None:
        async with entered(host.storage.transaction()) as bound:
            await finished(bound.create_agent(**row))
            with pytest.raises(host.error("RawQueryError")):
                await finished(bound._backend._client.execute_raw("SELECT 1 FROM nowhere"))
            with pytest.raises(TransactionError):
                await finished(bound.count_agents())

    with pytest.raises(TransactionError, match="spoiled"):
        await work()
    assert not await is_stored(host, row)


async def test_a_view_of_an_ended_transaction_is_refused_also_for_nothing_to_write(host: PrismaHost) -> None:
    async with host.tx() as tx:
        view: Any = create_prisma_adapter(tx)
        assert await finished(view.create_permissions([])) == []
    with pytest.raises(TransactionContextLost):
        await finished(view.create_permissions([]))


async def test_line_separators_come_back_alone(host: PrismaHost) -> None:
    name = "a\u0085b\u2028c\u2029d"
    row = sample(AGENTS, name=name)
    await finished(host.storage.create_agent(**row))
    assert (await finished(host.storage.find_agent_by_id(row["id"]))).name == name


async def test_what_is_no_transaction_is_refused(host: PrismaHost) -> None:
    with pytest.raises(ConfigurationError, match="tx"):
        host.storage.using(host.prisma)
    for odd in (object(), None, host.package):
        with pytest.raises(ConfigurationError, match="client"):
            create_prisma_adapter(odd)  # type: ignore[call-overload]
        with pytest.raises(ConfigurationError, match="client"):
            host.storage.using(odd)


async def test_a_client_that_is_not_connected_is_said_so(host: PrismaHost) -> None:
    storage: Any = create_prisma_adapter(host.client())
    with pytest.raises(BackendUnavailable, match="connect"):
        await finished(storage.count_agents())


async def test_a_dead_engine_is_unavailable_and_the_client_may_connect_again(host: PrismaHost) -> None:
    client = host.client()
    await finished(client.connect())
    storage: Any = create_prisma_adapter(client)
    row, half = sample(AGENTS), sample(AGENTS)
    await finished(storage.create_agent(**row))

    async def work() -> None:
        async with entered(storage.transaction()) as bound:
            await finished(bound.create_agent(**half))
            client._engine.process.kill()
            client._engine.process.wait()
            await finished(bound.find_agent_by_id(row["id"]))

    with pytest.raises(BackendUnavailable, match="engine"):
        await work()
    with pytest.raises(BackendUnavailable, match="engine"):
        await finished(storage.count_agents())
    await finished(client.disconnect())
    await finished(client.connect())
    assert (await finished(storage.find_agent_by_id(row["id"]))).id == row["id"]
    assert not await is_stored(host, half)
    await finished(client.disconnect())
