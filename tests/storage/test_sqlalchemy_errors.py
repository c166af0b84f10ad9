"""What goes wrong outside of us: servers that are away, locked files, broken connections; errors hold no secret."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import traceback
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from colours import Lifted, Opened
from kavach_core.errors import BackendUnavailable, SchemaMismatch, StorageError, TransactionAborted
from kavach_schema.tables.agents import AGENTS
from kavach_sqlalchemy import create_sqlalchemy_adapter, open_async_storage, open_storage
from storage.host import Host, engine_of
from storage.restart import end_connections
from storage.samples import row

CANARY = "canary-5f3a"


def ours(error: BaseException) -> str:
    """Return all that an error of ours says by itself, its notes included."""
    return f"{error!r} {error} {''.join(traceback.format_exception_only(error))} {error.args}"


def elsewhere(opened: Opened, *, host: str = "127.0.0.1", port: int | None = None, user: str, name: str) -> str:
    """Return the URL of a server of the same kind, with a password that MUST NOT be seen."""
    from urllib.parse import urlsplit

    parts = urlsplit(opened.url)
    return f"{parts.scheme}://{user}:{CANARY}@{host}:{port or parts.port}/{name}"


async def fails(opened: Opened, url: str) -> StorageError:
    """Return the error of the first call on a storage with another URL."""
    provider = opened.database.provider
    if opened.colour == "sync":
        storage: Any = Lifted(open_storage(provider, url))
    else:
        storage = open_async_storage(provider, url)
    with pytest.raises(StorageError) as caught:
        await storage.find_agent_by_id("x")
    await storage.close()
    assert CANARY not in ours(caught.value)
    assert caught.value.__cause__ is not None
    return caught.value


@pytest.mark.server
async def test_a_server_that_is_away_may_come_back(opened: Opened) -> None:
    error = await fails(opened, elsewhere(opened, port=1, user="u", name="d"))
    assert isinstance(error, BackendUnavailable)
    assert error.retryable


@pytest.mark.server
async def test_a_database_that_is_not_there_is_refused(opened: Opened) -> None:
    user = "postgres" if opened.database.provider == "postgres" else "root"
    error = await fails(opened, elsewhere(opened, user=user, name="kavach_nowhere"))
    assert isinstance(error, BackendUnavailable)


@pytest.mark.server
async def test_a_user_who_is_not_let_in_is_refused(opened: Opened) -> None:
    error = await fails(opened, elsewhere(opened, user="kavach_nobody", name="d"))
    assert isinstance(error, BackendUnavailable)


@pytest.mark.empty_database
async def test_a_table_dropped_meanwhile_is_a_schema_mismatch(opened: Opened, storage: Any) -> None:
    await storage.create_agent(**row(AGENTS))
    await run(opened, storage, "DROP TABLE kavach_agents")
    for call in (storage.list_agents, lambda: storage.create_agent(**row(AGENTS))):
        with pytest.raises(SchemaMismatch, match="kavach_agents"):
            await call()


@pytest.mark.empty_database
async def test_a_column_dropped_meanwhile_is_a_schema_mismatch(opened: Opened, storage: Any) -> None:
    await run(opened, storage, "ALTER TABLE kavach_audit_logs DROP COLUMN code")
    with pytest.raises(SchemaMismatch, match="kavach_audit_logs"):
        await storage.query_audit_logs()


async def test_stored_text_that_is_no_json_is_an_error_of_the_storage(opened: Opened, storage: Any) -> None:
    if opened.database.provider != "sqlite":
        pytest.skip("servers let no such text into their JSON columns")
    await storage.create_agent(**row(AGENTS))
    await run(opened, storage, f"UPDATE kavach_agents SET metadata = '{{{CANARY}'")
    with pytest.raises(StorageError, match="no JSON") as caught:
        await storage.list_agents()
    assert CANARY not in ours(caught.value)


async def run(opened: Opened, storage: Any, sql: str) -> None:
    """Run a statement on a connection of the storage's own pool."""
    from sqlalchemy.util import greenlet_spawn

    engine = engine_of(opened, storage)

    def execute() -> None:
        with engine.connect() as connection:
            connection.execute(text(sql))

    if opened.colour == "sync":
        execute()
    else:
        await greenlet_spawn(execute)


@pytest.mark.server
async def test_a_read_after_the_connections_broke_succeeds(opened: Opened, storage: Any) -> None:
    agent = await storage.create_agent(**row(AGENTS))
    await opened.together(lambda _: storage.find_agent_by_id(agent.id), 4)
    end_connections(opened.database)
    results = await opened.together(lambda _: storage.find_agent_by_id(agent.id), 4)
    assert results == [agent] * 4


@pytest.mark.server
async def test_a_write_after_the_connection_broke_is_not_repeated_and_the_next_succeeds(
    opened: Opened, storage: Any
) -> None:
    await storage.create_agent(**row(AGENTS, id="a"))
    end_connections(opened.database)
    try:
        await storage.create_agent(**row(AGENTS, id="b"))
    except BackendUnavailable as error:
        assert error.retryable  # noqa: PT017
    await storage.create_agent(**row(AGENTS, id="c"))
    found = {agent.id for agent in await storage.list_agents()}
    assert found in ({"a", "c"}, {"a", "b", "c"})


@pytest.mark.server
async def test_a_transaction_whose_connection_broke_is_gone_and_the_next_succeeds(opened: Opened, storage: Any) -> None:

    async def work() -> None:
        async with storage.transaction() as transaction:
            await transaction.create_agent(**row(AGENTS, id="a"))
            end_connections(opened.database)
            await transaction.create_agent(**row(AGENTS, id="b"))

    with pytest.raises(BackendUnavailable) as caught:
        await work()
    assert caught.value.retryable
    assert await storage.list_agents() == []
    async with storage.transaction() as transaction:
        await transaction.create_agent(**row(AGENTS, id="c"))
    assert [agent.id for agent in await storage.list_agents()] == ["c"]


@pytest.mark.server
async def test_of_two_transactions_in_each_others_way_one_is_aborted(opened: Opened, storage: Any) -> None:
    for agent_id in ("a", "b"):
        await storage.create_agent(**row(AGENTS, id=agent_id, name="old"))
    meet: Any = asyncio.Barrier(2) if opened.colour == "asyncio" else threading.Barrier(2)

    async def work(number: int) -> None:
        first, second = ("a", "b") if number else ("b", "a")
        async with storage.transaction() as transaction:
            await transaction.update_agent(first, name=f"{number}")
            waited = meet.wait()
            if opened.colour == "asyncio":
                await waited
            await transaction.update_agent(second, name=f"{number}")

    results = await opened.together(work, 2)
    assert [type(result) for result in results if result is not None] == [TransactionAborted]
    winner = results.index(None)
    assert {agent.name for agent in await storage.list_agents()} == {f"{winner}"}


@pytest.mark.not_in_memory
async def test_a_pool_without_a_free_connection_says_so(opened: Opened) -> None:
    await opened.storage()
    host = Host(opened, pool_size=1, max_overflow=0, pool_timeout=0.1)
    storage = host.adapter(host.engine)
    async with storage.transaction():
        with pytest.raises(BackendUnavailable, match="connections of the pool") as caught:
            await storage.list_agents()
    assert caught.value.retryable
    assert await storage.list_agents() == []
    await host.close()


def test_a_locked_sqlite_file_is_busy(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.05})
    storage = create_sqlalchemy_adapter(engine)
    storage.list_agents()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for call in (storage.list_agents, lambda: storage.create_agent(**row(AGENTS))):
            with pytest.raises(BackendUnavailable) as caught:
                call()
            assert caught.value.retryable
        other.execute("ROLLBACK")
    storage.create_agent(**row(AGENTS))
    assert len(storage.list_agents()) == 1
    engine.dispose()


def test_a_read_only_sqlite_file_can_be_read_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    writer = create_engine(f"sqlite:///{path}")
    agent = create_sqlalchemy_adapter(writer).create_agent(**row(AGENTS))
    reader = create_engine("sqlite://", creator=lambda: sqlite3.connect(f"file:{path}?mode=ro", uri=True))
    storage = create_sqlalchemy_adapter(reader, skip_migrations=True)
    assert storage.find_agent_by_id(agent.id) == agent
    with pytest.raises(BackendUnavailable) as caught:
        storage.create_agent(**row(AGENTS))
    assert not caught.value.retryable
    for engine in (writer, reader):
        engine.dispose()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"no database " * 1000)
    storage = open_storage("sqlite", str(path))
    with pytest.raises(BackendUnavailable) as caught:
        storage.list_agents()
    assert not caught.value.retryable
    storage.close()
    assert path.read_bytes() == b"no database " * 1000


def test_a_file_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable) as caught:
        open_storage("sqlite", str(tmp_path / "missing" / "x.db")).list_agents()
    assert not caught.value.retryable


def test_a_stored_time_in_milliseconds_is_reported_and_not_guessed() -> None:
    """ST9: the original writes milliseconds into a column of seconds."""
    storage = open_storage("sqlite", ":memory:")
    agent = storage.create_agent(**row(AGENTS))
    engine: Any = storage._backend._engine  # type: ignore[attr-defined]
    with engine.connect() as connection:
        connection.execute(text("UPDATE kavach_agents SET created_at = 1795225591000"))
    with pytest.raises(StorageError, match="milliseconds"):
        storage.find_agent_by_id(agent.id)
    storage.close()
