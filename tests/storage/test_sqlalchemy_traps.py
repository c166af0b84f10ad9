"""What docs/transactions.md warns of on SQLAlchemy: deadlocks, second engines, snapshots, objects of the host's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.orm import DeclarativeBase

from colours import Opened
from kavach_core.errors import BackendUnavailable, ConflictError, StorageError, TransactionAborted
from kavach_core.storage.sql import Planner, Request
from kavach_schema.tables.agents import AGENTS, PERMISSIONS, RATE_LIMITS
from kavach_sqlalchemy import metadata
from kavach_sqlalchemy._link import Link
from storage.host import HANDLES, Host, finished
from storage.samples import row

pytestmark = [pytest.mark.not_in_memory]

each_handle = pytest.mark.parametrize("kind", HANDLES)


@pytest.fixture
async def host(opened: Opened) -> AsyncIterator[Host]:
    found = Host(opened)
    yield found
    await found.close()


async def agents(host: Host) -> dict[str, str]:
    return {agent.id: agent.name for agent in await host.adapter(host.engine).list_agents()}


async def two_in_each_others_way(host: Host, opened: Opened, second_update: Any) -> list[Any]:
    """Let two hosts change two agents in opposite order; return what became of each."""
    own = host.adapter(host.engine)
    for agent_id in ("a", "b"):
        await own.create_agent(**row(AGENTS, id=agent_id, name="old"))
    meet: Any = asyncio.Barrier(2) if host.asyncio else threading.Barrier(2)

    async def work(number: int) -> None:
        first, second = ("a", "b") if number else ("b", "a")
        async with host.handle("session") as handle:
            view = host.adapter(handle)
            await view.update_agent(first, name=f"{number}")
            await finished(meet.wait())
            await second_update(handle, view, second, f"{number}")
            await finished(handle.commit())

    return await opened.together(work, 2)


@pytest.mark.server
async def test_after_a_deadlock_nothing_is_repeated_and_the_view_writes_nothing_more(
    host: Host, opened: Opened
) -> None:
    """On MySQL the transaction is gone: what is written next would be in another one, which the host commits."""

    async def update(handle: Any, view: Any, agent_id: str, name: str) -> None:
        try:
            await view.update_agent(agent_id, name=name)
        except TransactionAborted as aborted:
            for each in (view, host.adapter(handle)):
                with pytest.raises(TransactionAborted, match="rolled this transaction back"):
                    await each.create_agent(**row(AGENTS, id="late"))
            await finished(handle.rollback())
            assert len(await host.adapter(handle).list_agents()) == 2
            raise aborted

    results = await two_in_each_others_way(host, opened, update)
    assert [type(result) for result in results if result is not None] == [TransactionAborted]
    winner = f"{results.index(None)}"
    assert await agents(host) == {"a": winner, "b": winner}


@pytest.mark.server
async def test_a_deadlock_in_a_savepoint_of_ours_says_what_it_is(host: Host, opened: Opened) -> None:
    """On MySQL the savepoint is gone with the transaction, on PostgreSQL the host may go on from it."""

    async def update(handle: Any, view: Any, agent_id: str, name: str) -> None:
        try:
            async with view.transaction() as inner:
                await inner.update_agent(agent_id, name=name)
        except TransactionAborted as aborted:
            with suppress(TransactionAborted):
                await view.create_agent(**row(AGENTS, id="late"))
                assert opened.database.provider == "postgres"
            await finished(handle.rollback())
            raise aborted

    results = await two_in_each_others_way(host, opened, update)
    assert [type(result) for result in results if result is not None] == [TransactionAborted]
    assert "late" not in await agents(host)


@each_handle
async def test_another_engine_is_another_transaction(host: Host, opened: Opened, kind: str) -> None:
    patience = {"connect_args": {"timeout": 0}} if opened.database.provider == "sqlite" else {}
    other = Host(opened, **patience)
    storage = other.adapter(other.engine)
    async with host.handle(kind) as handle:
        await host.order(handle, "order")
        if opened.database.provider == "sqlite":
            with pytest.raises(BackendUnavailable) as busy:
                await storage.create_agent(**row(AGENTS, id="agent", name="stays"))
            assert busy.value.retryable
        else:
            await storage.create_agent(**row(AGENTS, id="agent", name="stays"))
        await finished(handle.rollback())
    stays = {} if opened.database.provider == "sqlite" else {"agent": "stays"}
    assert (await host.orders(), await agents(host)) == ([], stays)
    await other.close()


@each_handle
async def test_a_view_is_of_the_handles_database_and_not_of_its_storages(host: Host, opened: Opened, kind: str) -> None:
    other = Host(opened)
    own = other.adapter(other.engine)
    using = getattr(own, "value", own).using
    async with host.handle(kind) as handle:
        view = using(handle)
        await finished(view.create_agent(**row(AGENTS, id="agent")))
        await finished(handle.rollback())
    assert await agents(host) == {}
    await other.close()


class Base(DeclarativeBase):
    metadata = metadata()


class Agent(Base):
    __table__ = Base.metadata.tables["kavach_agents"]


async def test_objects_of_the_hosts_notice_our_changes_when_they_are_expired(host: Host) -> None:
    await host.adapter(host.engine).create_agent(**row(AGENTS, id="agent", name="old"))
    async with host.handle("session") as session:
        mapped = await finished(session.get(Agent, "agent"))
        await host.adapter(session).update_agent("agent", name="new")
        assert mapped.name == "old"
        session.expire(mapped)
        await finished(session.refresh(mapped))
        assert mapped.name == "new"


@pytest.mark.server
async def test_a_snapshot_of_mysql_hides_agents_that_were_made_since(host: Host, opened: Opened) -> None:
    own = host.adapter(host.engine)
    async with host.handle("session") as session:
        view = host.adapter(session)
        assert await view.count_agents() == 0
        await own.create_agent(**row(AGENTS, id="agent"))
        assert await view.count_agents() == (0 if opened.database.provider == "mysql" else 1)
    async with host.handle("connection") as connection:
        level = connection.execution_options(isolation_level="READ COMMITTED")
        connection = await finished(level)
        view = host.adapter(connection)
        assert await view.count_agents() == 1
        await own.create_agent(**row(AGENTS, id="another"))
        assert await view.count_agents() == 2


async def test_a_write_that_may_conflict_has_a_savepoint_where_an_error_would_spoil_the_transaction(
    opened: Opened, storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = said_by_links(monkeypatch)
    async with storage.transaction() as transaction:
        said.clear()
        await transaction.upsert_rate_limit(**row(RATE_LIMITS))
        await transaction.find_agent_by_id("x")
        heard = [*said]
    # MySQL, too: it takes several statements for this, of which the first must not stay when another one fails.
    assert heard == ([] if opened.database.provider == "sqlite" else ["SAVEPOINT", "RELEASE"])


async def test_a_new_row_has_a_savepoint_only_where_its_key_is_taken(
    opened: Opened, storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = await storage.create_permission(**row(PERMISSIONS))
    said = said_by_links(monkeypatch)
    async with storage.transaction() as transaction:
        said.clear()
        kept = await transaction.create_permission(**row(PERMISSIONS))
        assert said == []
        with pytest.raises(ConflictError) as caught:
            await transaction.create_permission(**row(PERMISSIONS, id=taken.id))
        assert said == (["SAVEPOINT", "ROLLBACK", "RELEASE"] if opened.database.provider == "postgres" else [])
    assert caught.value.columns == ("id",)
    assert await storage.find_permissions_by_agent_id(kept.agent_id) == [kept]


@pytest.mark.server
async def test_what_was_committed_since_the_hosts_snapshot_conflicts_and_spoils_nothing(
    opened: Opened, storage: Any
) -> None:
    host = Host(opened, isolation_level="REPEATABLE READ")
    async with host.handle("connection") as connection:
        joined = host.adapter(connection)
        await joined.list_agents()
        taken = await storage.create_permission(**row(PERMISSIONS))
        with pytest.raises(ConflictError):
            await joined.create_permission(**row(PERMISSIONS, id=taken.id))
        kept = await joined.create_permission(**row(PERMISSIONS))
        await finished(connection.commit())
    assert await storage.find_permissions_by_agent_id(kept.agent_id) == [kept]
    await host.close()


async def test_a_new_row_that_fails_for_anything_else_keeps_its_transaction_from_committing(
    opened: Opened, storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL answers the COMMIT of a spoiled transaction with a rollback, and no error."""
    if opened.database.provider != "postgres":
        return

    def broken(self: Planner, operation: Any) -> Any:
        plan = prepared(self, operation)
        return lambda values: replace(plan(values), yielding=Request("INSERT INTO kavach_agents VALUES (1)"))

    prepared = Planner._insert
    monkeypatch.setattr(Planner, "_insert", broken)
    monkeypatch.setattr(planner_of(storage), "_prepared", {})

    async def go_on_after_it() -> None:
        async with storage.transaction() as transaction:
            with suppress(StorageError):
                await transaction.create_permission(**row(PERMISSIONS))

    with pytest.raises(TransactionAborted):
        await go_on_after_it()


def planner_of(storage: Any) -> Planner:
    backend = getattr(storage, "value", storage)._backend
    planner: Planner = getattr(backend, "_backend", backend)._planner
    return planner


def said_by_links(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return where the first words of statements without parameters are noted."""
    said: list[str] = []
    say = Link.say

    def listening(link: Link, sql: str) -> None:
        said.append(sql.split()[0])
        say(link, sql)

    monkeypatch.setattr(Link, "say", listening)
    return said
