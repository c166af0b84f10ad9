"""Our rows in the host's transaction: they commit and roll back with the host's own, and never by us."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from colours import Opened
from kavach_core.errors import ConflictError, InvalidInput, TransactionContextLost
from kavach_schema.tables.agents import AGENTS, PERMISSIONS, RATE_LIMITS
from storage.host import HANDLES, Host, Order, finished
from storage.samples import Failure, fail_after, roll_back, row

pytestmark = [pytest.mark.not_in_memory, pytest.mark.parametrize("kind", HANDLES)]


@pytest.fixture
async def host(opened: Opened) -> AsyncIterator[Host]:
    found = Host(opened)
    yield found
    await found.close()


async def agents(host: Host) -> list[str]:
    async with host.handle("connection") as handle:
        return [agent.id for agent in await host.adapter(handle).list_agents()]


async def add(storage: Any, agent_id: str) -> Any:
    return await storage.create_agent(**row(AGENTS, id=agent_id))


async def test_the_hosts_commit_keeps_its_rows_and_ours(host: Host, kind: str) -> None:
    async with host.handle(kind) as handle:
        storage = host.adapter(handle)
        await host.order(handle, "order")
        await add(storage, "agent")
        await storage.create_permissions([row(PERMISSIONS), row(PERMISSIONS)])
        await storage.increment_rate_limit(**row(RATE_LIMITS))
        await finished(handle.commit())
    assert (await host.orders(), await agents(host)) == (["order"], ["agent"])


async def test_the_hosts_rollback_removes_its_rows_and_ours(host: Host, kind: str) -> None:
    async with host.handle(kind) as handle:
        storage = host.adapter(handle)
        await add(storage, "agent")
        await host.order(handle, "order")
        await storage.update_agent("agent", name="changed")
        await finished(handle.rollback())
    assert (await host.orders(), await agents(host)) == ([], [])


async def test_without_the_hosts_commit_nothing_is_stored(host: Host, kind: str) -> None:
    async with host.handle(kind) as handle:
        await add(host.adapter(handle), "agent")
    assert await agents(host) == []


async def test_we_neither_commit_nor_close(host: Host, kind: str) -> None:
    async with host.handle(kind) as handle:
        storage = host.adapter(handle)
        await add(storage, "agent")
        async with storage.transaction() as inner:
            await add(inner, "inner")
        await storage.close()
        assert await agents(host) == []
        assert handle.in_transaction()
        await host.order(handle, "order")
        await finished(handle.commit())
    assert (await host.orders(), await agents(host)) == (["order"], ["agent", "inner"])


async def test_each_reads_the_others_rows_before_the_commit(host: Host, kind: str) -> None:
    async with host.handle(kind) as handle:
        storage = host.adapter(handle)
        await add(storage, "agent")
        count = await finished(handle.execute(_count_agents()))
        assert count.scalar_one() == 1
        await finished(handle.execute(_rename_agent("renamed")))
        assert (await storage.find_agent_by_id("agent")).name == "renamed"


def _count_agents() -> Any:
    from sqlalchemy import text

    return text("SELECT count(*) FROM kavach_agents")


def _rename_agent(name: str) -> Any:
    from sqlalchemy import text

    return text("UPDATE kavach_agents SET name = :name").bindparams(name=name)


async def test_a_conflict_leaves_the_hosts_work_alive(host: Host, kind: str) -> None:
    """PostgreSQL would give up all that the host did."""
    async with host.handle(kind) as handle:
        storage = host.adapter(handle)
        await host.order(handle, "before")
        first = await add(storage, "agent")
        for _ in range(2):
            with pytest.raises(ConflictError):
                await add(storage, "agent")
            with pytest.raises(ConflictError):
                await storage.create_agent(**row(AGENTS, token_hash=first.token_hash))
            with pytest.raises(InvalidInput):
                await add(storage, "\0")
        await host.order(handle, "after")
        await finished(handle.commit())
    assert (await host.orders(), await agents(host)) == (["after", "before"], ["agent"])


async def test_a_savepoint_as_the_first_write_is_gone_after_the_hosts_rollback(host: Host, kind: str) -> None:
    """On SQLite the release of a savepoint that is the first write commits: sqlalchemy#8795."""
    async with host.handle(kind) as handle:
        storage = host.adapter(handle)
        await host.orders(handle)
        async with storage.transaction() as inner:
            await add(inner, "inner")
        await finished(handle.rollback())
    assert await agents(host) == []


async def test_a_write_that_brings_its_own_savepoint_is_gone_after_the_hosts_rollback(host: Host, kind: str) -> None:
    async with host.handle(kind) as handle:
        await host.adapter(handle).create_permissions([row(PERMISSIONS, agent_id="a"), row(PERMISSIONS, agent_id="a")])
        await finished(handle.rollback())
    async with host.handle(kind) as handle:
        assert await host.adapter(handle).find_permissions_by_agent_id("a") == []


async def test_a_failed_savepoint_of_ours_leaves_the_hosts_rows(host: Host, kind: str) -> None:
    async with host.handle(kind) as handle:
        storage = host.adapter(handle)
        await host.order(handle, "order")
        await roll_back(storage, lambda inner: add(inner, "inner"))
        await add(storage, "outer")
        await finished(handle.commit())
    assert (await host.orders(), await agents(host)) == (["order"], ["outer"])


async def test_savepoints_of_ours_nest_in_the_hosts_transaction(host: Host, kind: str) -> None:
    async with host.handle(kind) as handle:
        storage = host.adapter(handle)
        async with storage.transaction() as first:
            await add(first, "1")
            async with first.transaction() as second:
                await add(second, "2")
                await roll_back(second, lambda third: add(third, "3"))
        await finished(handle.commit())
    assert await agents(host) == ["1", "2"]


async def test_the_hosts_rows_in_our_failed_savepoint_go_with_it(host: Host, kind: str) -> None:
    async with host.handle(kind) as handle:
        storage = host.adapter(handle)
        await host.order(handle, "before")

        async def work(inner: Any) -> None:
            await add(inner, "inner")
            await host.order(handle, "inside")

        with pytest.raises(Failure):
            await fail_after(storage, work)
        await finished(handle.commit())
    assert (await host.orders(), await agents(host)) == (["before"], [])


async def test_a_storage_ends_with_the_transaction_that_it_joined(host: Host, kind: str) -> None:
    for end in ("commit", "rollback"):
        async with host.handle(kind) as handle:
            storage = host.adapter(handle)
            await storage.list_agents()
            await finished(getattr(handle, end)())
            with pytest.raises(TransactionContextLost):
                await add(storage, "late")
            await add(host.adapter(handle), "in the next")
            await finished(handle.rollback())
    assert await agents(host) == []


async def test_a_closed_handle_is_refused(host: Host, kind: str) -> None:
    if kind == "session":
        pytest.skip("a closed session may be used again")
    async with host.handle(kind) as handle:
        storage = host.adapter(handle)
    with pytest.raises(TransactionContextLost):
        await add(storage, "late")


async def test_a_joined_storage_says_so(host: Host, kind: str) -> None:
    async with host.handle(kind) as handle:
        storage = host.adapter(handle)
        assert storage.in_transaction
        assert storage.capabilities.joins_host


async def test_using_joins_from_a_storage_on_the_engine(host: Host, kind: str) -> None:
    own = host.adapter(host.engine)
    await own.prepare_schema()
    using = getattr(own, "value", own).using
    async with host.handle(kind) as handle:
        joined = using(handle)
        joined = joined if host.asyncio else type(own)(joined)
        await host.order(handle, "order")
        await add(joined, "agent")
        await finished(handle.rollback())
    assert (await host.orders(), await agents(host)) == ([], [])


async def test_pending_objects_are_flushed_before_our_statement(host: Host, kind: str) -> None:
    if kind == "connection":
        pytest.skip("a connection has no objects")
    async with host.handle(kind) as session:
        session.add(Order(id="pending"))
        await host.adapter(session).list_agents()
        assert not session.new
    async with host.handle(kind, autoflush=False) as session:
        session.add(Order(id="pending"))
        await host.adapter(session).list_agents()
        assert session.new


async def test_no_connection_is_left_behind(host: Host, kind: str) -> None:
    async with host.handle(kind) as handle:
        storage = host.adapter(handle)
        await add(storage, "a")
        with pytest.raises(ConflictError):
            await add(storage, "a")
        await roll_back(storage, lambda inner: add(inner, "b"))
    assert host.pool.checkedout() == 0
