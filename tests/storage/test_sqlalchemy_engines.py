"""Storages on an engine: the host's own in any isolation, one of ours by URL, and what is no handle at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from colours import Opened
from kavach_core.errors import ConfigurationError, ConflictError, TransactionError
from kavach_core.storage import AsyncStorage, Storage
from kavach_schema.tables.agents import AGENTS, AUDIT_LOGS, PERMISSIONS, RATE_LIMITS, TRUST_SCORES
from kavach_sqlalchemy import create_sqlalchemy_adapter, open_storage
from kavach_sqlalchemy._urls import POOL_SIZE
from storage.host import Host, engine_of, finished
from storage.samples import at, roll_back, row

ISOLATIONS: dict[str, dict[str, Any]] = {"default": {}, "autocommit": {"isolation_level": "AUTOCOMMIT"}}


@pytest.fixture(params=ISOLATIONS)
async def host(request: pytest.FixtureRequest, opened: Opened) -> AsyncIterator[Host]:
    found = Host(opened, **ISOLATIONS[request.param])
    yield found
    await found.close()


@pytest.mark.not_in_memory
async def test_each_operation_on_the_hosts_engine_is_committed(opened: Opened, host: Host) -> None:
    storage, other = host.adapter(host.engine), await opened.storage()
    agent = await storage.create_agent(**row(AGENTS))
    assert await other.find_agent_by_id(agent.id) == agent
    changed = await storage.update_agent(agent.id, name="changed")
    await storage.create_permissions([row(PERMISSIONS, agent_id="a"), row(PERMISSIONS, agent_id="a")])
    await storage.upsert_trust_score(**row(TRUST_SCORES, agent_id="a", score=7))
    await storage.increment_rate_limit(**row(RATE_LIMITS, agent_id="a", resource="r", window_start=at(0), count=2))
    await storage.create_audit_log(**row(AUDIT_LOGS))
    assert await other.find_agent_by_id(agent.id) == changed
    assert len(await other.find_permissions_by_agent_id("a")) == 2
    assert (await other.find_trust_score("a")).score == 7
    assert (await other.find_rate_limit("a", resource="r", window_start=at(0))).count == 2
    assert await other.count_audit_logs() == 1
    assert await storage.delete_agent(agent.id)
    assert await other.find_agent_by_id(agent.id) is None
    assert host.pool.checkedout() == 0


@pytest.mark.not_in_memory
async def test_transactions_on_the_hosts_engine_commit_and_roll_back(opened: Opened, host: Host) -> None:
    storage, other = host.adapter(host.engine), await opened.storage()
    async with storage.transaction() as transaction:
        await transaction.create_agent(**row(AGENTS, id="a"))
        with pytest.raises(ConflictError):
            await transaction.create_agent(**row(AGENTS, id="a"))
        await roll_back(transaction, lambda inner: inner.create_agent(**row(AGENTS, id="b")))
        assert await other.list_agents() == []
    await roll_back(storage, lambda transaction: transaction.create_agent(**row(AGENTS, id="c")))
    assert [agent.id for agent in await other.list_agents()] == ["a"]
    assert host.pool.checkedout() == 0


@pytest.mark.not_in_memory
async def test_errors_on_the_hosts_engine_give_its_connections_back(host: Host) -> None:
    storage = host.adapter(host.engine)
    await storage.create_agent(**row(AGENTS, id="a"))
    for _ in range(20):
        with pytest.raises(ConflictError):
            await storage.create_agent(**row(AGENTS, id="a"))
    with pytest.raises(ConflictError):
        await storage.create_permissions([row(PERMISSIONS, id="a"), row(PERMISSIONS, id="a")])
    assert host.pool.checkedout() == 0
    async with host.handle("connection") as handle:
        await host.order(handle, "order")
        await finished(handle.commit())
    assert await host.orders() == ["order"]


@pytest.mark.not_in_memory
async def test_closing_a_storage_leaves_the_hosts_engine_open(host: Host) -> None:
    storage = host.adapter(host.engine)
    await storage.list_agents()
    pool = host.pool
    await storage.close()
    assert host.pool is pool
    assert await host.orders() == []


async def test_an_engine_opened_by_url_leaves_no_connection_out(opened: Opened, storage: Any) -> None:
    engine = engine_of(opened, storage)

    async def work(number: int) -> None:
        await storage.create_agent(**row(AGENTS, id=f"agent-{number}"))
        await roll_back(storage, lambda transaction: transaction.create_agent(**row(AGENTS, id=f"late-{number}")))

    assert await opened.together(work, 12) == [None] * 12
    assert engine.pool.checkedout() == 0


async def test_connections_of_a_burst_are_kept_for_the_next(opened: Opened, storage: Any) -> None:
    """SQLAlchemy's own pool closes all above five after each use."""
    engine = engine_of(opened, storage)
    face = engine if opened.colour == "sync" else AsyncEngine(engine)
    made: list[object] = []
    event.listen(engine, "connect", lambda connection, _: made.append(connection))
    for _ in range(3):
        connections = [await finished(face.connect()) for _ in range(POOL_SIZE)]
        for connection in connections:
            await finished(connection.close())
    assert 5 < len(made) <= POOL_SIZE


async def test_a_bound_storage_joins_nobody_else(opened: Opened, storage: Any) -> None:
    async with storage.transaction() as transaction:
        using = getattr(transaction, "value", transaction).using
        with pytest.raises(TransactionError):
            using(Session() if opened.colour == "sync" else AsyncSession())


NO_HANDLES: dict[str, Any] = {
    "none": None,
    "url": "sqlite://",
    "class": Session,
    "factory": sessionmaker(),
    "registry": scoped_session(sessionmaker()),
    "raw connection": object(),
}


@pytest.mark.parametrize("handle", NO_HANDLES.values(), ids=NO_HANDLES)
def test_what_is_no_handle_is_refused(handle: Any) -> None:
    with pytest.raises(ConfigurationError, match="takes an engine, a connection or a session"):
        create_sqlalchemy_adapter(handle)


def test_a_session_without_an_engine_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no engine"):
        create_sqlalchemy_adapter(Session())


def test_using_takes_a_session_or_a_connection_only() -> None:
    storage = open_storage("sqlite", ":memory:")
    with pytest.raises(ConfigurationError, match="not Engine"):
        storage.using(create_engine("sqlite://"))
    storage.close()


def test_an_asynchronous_connection_that_is_not_open_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="not open"):
        create_sqlalchemy_adapter(create_async_engine("sqlite+aiosqlite://").connect())


def test_the_colour_follows_the_handle() -> None:
    assert type(create_sqlalchemy_adapter(create_engine("sqlite://"))) is Storage
    assert type(create_sqlalchemy_adapter(create_async_engine("sqlite+aiosqlite://"))) is AsyncStorage


@pytest.mark.not_in_memory
async def test_a_connection_that_commits_by_itself_is_not_joined(opened: Opened) -> None:
    await opened.storage()
    host = Host(opened, isolation_level="AUTOCOMMIT")
    async with host.handle("connection") as handle:
        with pytest.raises(TransactionError, match="commits each statement by itself"):
            await host.adapter(handle).create_agent(**row(AGENTS))
        assert await host.adapter(host.engine).list_agents() == []
    await host.close()


def test_the_hosts_own_settings_of_sqlite_stay(tmp_path: Any) -> None:
    """Foreign keys, journal and durability of an engine that is not ours are the host's."""
    engine = create_engine(f"sqlite:///{tmp_path / 'host.db'}")
    create_sqlalchemy_adapter(engine).create_agent(**row(AGENTS))
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "delete"
    engine.dispose()


def test_an_in_memory_engine_of_the_host_works() -> None:
    engine = create_engine("sqlite://")
    storage = create_sqlalchemy_adapter(engine)
    agent = storage.create_agent(**row(AGENTS))
    assert storage.find_agent_by_id(agent.id) == agent
    engine.dispose()


def test_the_second_storage_of_a_host_prepares_nothing_anew(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from kavach_core.storage.sql import render
    from kavach_sqlalchemy import create_engine as create_our_engine

    driver = {"sqlite": "pysqlite", "postgres": "psycopg", "mysql": "pymysql"}[database.provider]
    engine = create_our_engine(database.provider, Opened(database, "sync", driver, []).url)
    create_sqlalchemy_adapter(engine).list_agents(owner_id="a", limit=3)
    monkeypatch.setattr(render, "find", lambda *_: pytest.fail("rendered again"))
    create_sqlalchemy_adapter(engine).list_agents(owner_id="b", limit=4)
    engine.dispose()
