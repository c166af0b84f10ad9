"""Connections on Peewee: what the host opened stays open, what we opened is closed; pools, proxies, errors."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

pytest.importorskip("peewee")

import peewee
from playhouse.pool import PooledSqliteDatabase
from playhouse.sqliteq import SqliteQueueDatabase

from colours import Opened
from kavach_core.errors import BackendUnavailable, ConfigurationError, ConflictError, SchemaMismatch, StorageError
from kavach_peewee import create_peewee_adapter
from kavach_schema.tables.agents import AGENTS
from peewee_databases import make_database
from storage.peewee_host import PeeweeHost
from storage.samples import row

pytestmark = [pytest.mark.not_in_memory, pytest.mark.adapters("peewee")]

CANARY = "canary-5f3a"


@pytest.fixture
async def host(opened: Opened) -> AsyncIterator[PeeweeHost]:
    found = PeeweeHost(opened)
    yield found
    await found.close()


async def add(storage: Any, agent_id: str) -> Any:
    return await storage.create_agent(**row(AGENTS, id=agent_id))


async def test_what_an_operation_opened_it_closes(host: PeeweeHost) -> None:
    storage = host.adapter()
    await add(storage, "a")
    assert host.database.is_closed()
    async with storage.transaction() as transaction:
        await add(transaction, "b")
        assert not host.database.is_closed()
    assert host.database.is_closed()


async def test_what_the_host_opened_stays_open(host: PeeweeHost) -> None:
    storage = host.adapter()
    async with host.connected():
        connection = host.database.connection()
        await add(storage, "a")
        async with storage.transaction() as transaction:
            await add(transaction, "b")
        await storage.close()
        assert not host.database.is_closed()
        assert host.database.connection() is connection
    assert len(await storage.list_agents()) == 2


async def test_an_error_keeps_no_cursor_of_the_connection(host: PeeweeHost) -> None:
    """The collector may free it in another thread, which then waits for whatever this connection waits for."""
    storage = host.adapter()
    async with host.connected():
        await add(storage, "a")
        gc.disable()
        try:
            with pytest.raises(ConflictError) as caught:
                await add(storage, "a")
            cursors = [found for found in gc.get_objects() if type(found).__name__ == "Cursor"]
            connection = getattr(host.database.connection(), "conn", host.database.connection())
            assert [found for found in cursors if getattr(found, "connection", None) is connection] == []
            assert caught.value.__cause__ is not None
        finally:
            gc.enable()


async def test_without_autoconnect_it_works_as_well(opened: Opened) -> None:
    host = PeeweeHost(opened, autoconnect=False)
    storage = host.adapter()
    await add(storage, "a")
    assert host.database.is_closed()
    async with host.connected():
        assert len(await storage.list_agents()) == 1
    await host.close()


async def test_a_database_without_a_pool_works_as_well(opened: Opened) -> None:
    if opened.colour == "asyncio":
        pytest.skip("databases for asyncio always have a pool")
    host = PeeweeHost(opened, pooled=False)
    storage = host.adapter()
    await add(storage, "a")
    assert host.database.is_closed()
    assert [agent.id for agent in await storage.list_agents()] == ["a"]


async def test_a_proxy_stands_for_its_database(host: PeeweeHost) -> None:
    proxy: Any = peewee.DatabaseProxy()
    with pytest.raises(ConfigurationError, match="initialize"):
        create_peewee_adapter(proxy)
    proxy.initialize(host.database)
    storage = host.adapter(proxy)
    await add(storage, "a")
    async with host.atomic():
        await add(storage.using(proxy), "b")
    assert len(await storage.list_agents()) == 2


async def test_the_hosts_query_hooks_see_our_statements(host: PeeweeHost) -> None:
    storage = host.adapter()
    await storage.prepare_schema()
    seen: list[str] = []
    host.database.query_hooks.append(lambda event: seen.append(event.sql))
    await storage.find_agent_by_id("x")
    assert len(seen) == 1
    assert "kavach_agents" in seen[0]


@pytest.mark.empty_database
async def test_prefix_and_schema_name_the_tables(host: PeeweeHost, opened: Opened) -> None:
    schema: str | None = None
    if opened.database.provider == "postgres":
        schema = "agents"
        async with host.connected():
            await host.sql("DROP SCHEMA IF EXISTS agents CASCADE")
            await host.sql("CREATE SCHEMA agents")
    else:
        with pytest.raises(ConfigurationError, match="no schemas"):
            await host.adapter(schema="agents").prepare_schema()
    storage = host.adapter(prefix="acme_", schema=schema)
    await add(storage, "a")
    async with host.connected():
        assert len(await host.sql(f"SELECT id FROM {schema + '.' if schema else ''}acme_agents")) == 1
        if schema:
            await host.sql("DROP SCHEMA agents CASCADE")
    assert await host.adapter().list_agents() == []


@pytest.mark.empty_database
async def test_missing_tables_are_named_where_the_host_makes_them(host: PeeweeHost) -> None:
    with pytest.raises(SchemaMismatch, match="kavach_"):
        await host.adapter(skip_migrations=True).list_agents()


@pytest.mark.empty_database
async def test_a_table_dropped_meanwhile_is_a_schema_mismatch(host: PeeweeHost) -> None:
    storage = host.adapter()
    await add(storage, "a")
    async with host.connected():
        await host.sql("DROP TABLE kavach_agents")
    for call in (storage.list_agents, lambda: add(storage, "b")):
        with pytest.raises(SchemaMismatch, match="kavach_agents") as caught:
            await call()
        assert not isinstance(caught.value.__cause__, peewee.PeeweeException | None)


@pytest.mark.server
async def test_a_server_that_is_away_may_come_back(opened: Opened) -> None:
    error = await _failure(opened, "127.0.0.1:1/d")
    assert isinstance(error, BackendUnavailable)
    assert error.retryable


@pytest.mark.server
async def test_a_database_that_is_not_there_is_refused(opened: Opened) -> None:
    place = opened.database.url.partition("@")[2].partition("/")[0]
    assert isinstance(await _failure(opened, f"{place}/kavach_nowhere"), BackendUnavailable)


async def _failure(opened: Opened, place: str) -> StorageError:
    """Return the error of the first call on a database elsewhere, with a password that MUST NOT be seen."""
    database = make_database(opened.database.provider, f"x://kavach:{CANARY}@{place}", opened.driver)
    host = PeeweeHost(opened)
    with pytest.raises(StorageError) as caught:
        await host.adapter(database).find_agent_by_id("x")
    assert CANARY not in f"{caught.value!r} {caught.value.args}"
    assert caught.value.__cause__ is not None
    await host.close()
    return caught.value


@pytest.mark.server
async def test_a_read_after_the_pools_connections_broke_succeeds(host: PeeweeHost, opened: Opened) -> None:
    import asyncio

    from storage.restart import end_connections

    storage = host.adapter()
    agent = await add(storage, "a")
    await opened.together(lambda _: storage.find_agent_by_id("a"), 4)
    await asyncio.to_thread(end_connections, opened.database)
    assert await opened.together(lambda _: storage.find_agent_by_id("a"), 4) == [agent] * 4


@pytest.mark.one_database
async def test_a_pool_that_is_used_up_may_be_tried_again(opened: Opened, tmp_path: Any) -> None:
    pool = PooledSqliteDatabase(str(tmp_path / "full.db"), max_connections=1)
    storage: Any = create_peewee_adapter(pool)
    pool._in_use[0] = object()
    with pytest.raises(BackendUnavailable, match="pool") as caught:
        storage.list_agents()
    assert caught.value.retryable
    pool._in_use.clear()
    assert storage.list_agents() == []
    pool.close_all()


@pytest.mark.one_database
def test_a_database_in_memory_outlives_an_operation(opened: Opened) -> None:
    database = peewee.SqliteDatabase(":memory:")
    storage: Any = create_peewee_adapter(database)
    storage.create_agent(**row(AGENTS, id="a"))
    assert [agent.id for agent in storage.list_agents()] == ["a"]
    database.close()


@pytest.mark.one_database
def test_a_database_without_a_name_is_refused(opened: Opened) -> None:
    storage: Any = create_peewee_adapter(peewee.SqliteDatabase(None))
    with pytest.raises(ConfigurationError, match=r"init\(\)"):
        storage.list_agents()


@pytest.mark.one_database
def test_what_is_no_database_with_transactions_is_refused(opened: Opened, tmp_path: Any) -> None:
    wrong: Any = ["sqlite://", object(), SqliteQueueDatabase(str(tmp_path / "queue.db"), autostart=False)]
    for handle in wrong:
        with pytest.raises(ConfigurationError):
            create_peewee_adapter(handle)
    with pytest.raises(ConfigurationError, match="prefix"):
        create_peewee_adapter(peewee.SqliteDatabase(":memory:"), prefix="a b")
