"""Our rows in the host's `atomic()`: part of it in the thread or task that began it, refused in every other."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest

pytest.importorskip("peewee")

import peewee

from colours import Opened
from kavach_core.errors import BackendUnavailable, ConfigurationError, TransactionContextLost, TransactionError
from kavach_schema.tables.agents import AGENTS
from storage.peewee_host import PeeweeHost
from storage.samples import Failure, row

pytestmark = [pytest.mark.not_in_memory, pytest.mark.adapters("peewee")]


@pytest.fixture
async def host(opened: Opened) -> AsyncIterator[PeeweeHost]:
    found = PeeweeHost(opened)
    yield found
    await found.close()


async def add(storage: Any, agent_id: str) -> Any:
    return await storage.create_agent(**row(AGENTS, id=agent_id))


async def agents(host: PeeweeHost) -> list[str]:
    return [agent.id for agent in await host.adapter().list_agents()]


async def rolled_back(host: PeeweeHost, work: Callable[[], Any]) -> None:
    """Do some work in a transaction of the host's that fails."""

    async def run() -> None:
        async with host.atomic():
            await work()
            raise Failure

    with pytest.raises(Failure):
        await run()


async def test_inside_atomic_the_storage_is_part_of_it(host: PeeweeHost) -> None:
    storage = host.adapter()
    assert not storage.in_transaction
    async with host.atomic():
        assert storage.in_transaction
        await host.order("order")
        await add(storage, "agent")
        async with storage.transaction() as inner:
            await add(inner, "inner")
    assert (await host.orders(), await agents(host)) == (["order"], ["agent", "inner"])


async def test_the_hosts_failure_removes_its_rows_and_ours(host: PeeweeHost) -> None:
    storage = host.adapter()
    await add(storage, "before")

    async def work() -> None:
        await host.order("order")
        await add(storage, "agent")
        await storage.update_agent("before", name="changed")
        async with storage.transaction() as inner:
            await add(inner, "inner")

    await rolled_back(host, work)
    assert (await host.orders(), await agents(host)) == ([], ["before"])
    assert (await storage.find_agent_by_id("before")).name != "changed"


async def test_a_savepoint_of_the_hosts_takes_our_rows_with_it(host: PeeweeHost) -> None:
    storage = host.adapter()
    async with host.atomic():
        await add(storage, "kept")

        async def work() -> None:
            await add(storage, "gone")

        await rolled_back(host, work)
        await host.order("order")
    assert (await host.orders(), await agents(host)) == (["order"], ["kept"])


async def test_a_view_lives_as_long_as_the_hosts_transaction(host: PeeweeHost) -> None:
    storage = host.adapter()
    async with host.atomic() as transaction:
        views = [storage.using(host.database), storage.using(transaction)]
        async with host.atomic():
            for number, view in enumerate(views):
                assert view.in_transaction
                await add(view, f"agent-{number}")
    async with host.atomic():
        for view in views:
            with pytest.raises(TransactionContextLost):
                await view.list_agents()
    assert await agents(host) == ["agent-0", "agent-1"]


async def test_outside_of_a_transaction_nothing_can_be_joined(host: PeeweeHost) -> None:
    with pytest.raises(TransactionContextLost, match=r"inside database\.atomic"):
        host.adapter().using(host.database)


async def test_only_databases_of_the_same_colour_are_joined(host: PeeweeHost) -> None:
    storage = host.adapter()
    for handle in ("sqlite://", None, peewee.SqliteDatabase(":memory:") if host.asyncio else object()):
        with pytest.raises(ConfigurationError):
            storage.using(handle)


async def test_callbacks_of_the_host_run_after_our_commit_and_not_after_a_rollback(host: PeeweeHost) -> None:
    storage = host.adapter()
    seen: list[str] = []
    async with storage.transaction() as transaction:
        await add(transaction, "agent")
        host.database.after_commit(lambda: seen.append("committed"))
        assert seen == []
    assert seen == ["committed"]

    async def failing() -> None:
        async with storage.transaction():
            host.database.after_commit(lambda: seen.append("rolled back"))
            raise Failure

    with pytest.raises(Failure):
        await failing()
    assert seen == ["committed"]


async def test_another_thread_is_refused(host: PeeweeHost) -> None:
    storage = host.adapter()
    errors: list[BaseException] = []

    async def work() -> None:
        view = storage.using(host.database)
        await add(view, "inside")
        if host.asyncio:
            with pytest.raises(TransactionContextLost):
                await asyncio.create_task(add(view, "outside"))
            return

        def elsewhere() -> None:
            try:
                view.value.list_agents()
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert [type(error) for error in errors] == [TransactionContextLost]

    await rolled_back(host, work)
    assert await agents(host) == []


@pytest.mark.tasks
@pytest.mark.parametrize("start", [asyncio.gather, asyncio.create_task], ids=["gather", "create_task"])
@pytest.mark.parametrize("used", [False, True], ids=["first", "used"])
@pytest.mark.parametrize("query", [False, True], ids=["alone", "query"])
async def test_a_task_started_inside_the_transaction_is_refused(
    host: PeeweeHost, start: Callable[..., Any], used: bool, query: bool
) -> None:
    """It has a connection of its own: what it wrote would stay after the host's rollback."""
    storage = host.adapter()
    await storage.prepare_schema()

    async def handler() -> None:
        if query and used:
            await host.sql("SELECT 1")  # Peewee now has a state of this task, and no way back to the other one
        await add(storage, "outside")

    async def work() -> None:
        if used:
            await storage.list_agents()
        with pytest.raises(TransactionContextLost, match="started inside a transaction"):
            await start(handler())
        await host.order("order")

    await rolled_back(host, work)
    assert (await host.orders(), await agents(host)) == ([], [])
    await asyncio.create_task(add(storage, "after"))
    assert await agents(host) == ["after"]


@pytest.mark.tasks
async def test_wait_for_never_writes_outside(host: PeeweeHost) -> None:
    """Up to Python 3.11 it runs what it waits for in a task of its own."""
    storage = host.adapter()
    await storage.prepare_schema()

    async def work() -> None:
        with suppress(TransactionContextLost):
            await asyncio.wait_for(add(storage, "agent"), 60)

    await rolled_back(host, work)
    assert await agents(host) == []


@pytest.mark.tasks
async def test_tasks_beside_a_transaction_of_ours_work_for_themselves(host: PeeweeHost) -> None:
    """Who has that transaction also has the storage bound to it, so nobody takes the other one by mistake."""
    storage = host.adapter()
    async with storage.transaction():
        assert [*await asyncio.gather(storage.list_agents(), storage.count_agents())] == [[], 0]


async def test_a_thread_with_a_copy_of_the_context_is_refused(host: PeeweeHost) -> None:
    """As `asyncio.to_thread` makes it."""
    if host.asyncio:
        pytest.skip("databases for asyncio are not used in threads")
    storage = host.adapter()
    await storage.prepare_schema()
    errors: list[BaseException] = []

    def elsewhere() -> None:
        try:
            storage.value.create_agent(**row(AGENTS, id="outside"))
        except BaseException as error:
            errors.append(error)

    async def work() -> None:
        await storage.list_agents()
        thread = threading.Thread(target=contextvars.copy_context().run, args=(elsewhere,))
        thread.start()
        thread.join()

    await rolled_back(host, work)
    assert [type(error) for error in errors] == [TransactionContextLost]
    assert await agents(host) == []


async def test_manual_commit_is_refused(host: PeeweeHost) -> None:
    storage = host.adapter()
    await storage.prepare_schema()
    async with host.connected():
        with host.database.manual_commit():
            for call in (storage.list_agents, lambda: add(storage, "agent")):
                with pytest.raises(TransactionError, match="manual_commit"):
                    await call()
            with pytest.raises(TransactionError, match="manual_commit"):
                storage.using(host.database)
        await add(storage, "after")
    assert await agents(host) == ["after"]


async def test_a_transaction_begun_by_sql_is_refused(host: PeeweeHost) -> None:
    """Peewee does not know of it, and its own BEGIN would commit it on MySQL."""
    storage = host.adapter()
    await storage.prepare_schema()
    async with host.connected():
        await host.sql("BEGIN")
        await host.order("order")
        with pytest.raises(TransactionError, match="does not know of"):
            await add(storage, "agent")
        with pytest.raises(TransactionError, match="does not know of"):
            async with storage.transaction():
                pass
        await host.sql("ROLLBACK")
    assert (await host.orders(), await agents(host)) == ([], [])


async def test_a_transaction_that_the_database_has_ended_is_refused(host: PeeweeHost) -> None:
    """As CREATE TABLE and a deadlock end it on MySQL: what is written next would be committed at once."""
    storage = host.adapter()
    await storage.prepare_schema()

    async def work() -> None:
        async with host.atomic():
            view = storage.using(host.database)
            await add(view, "committed")
            await host.sql("COMMIT")
            for refusing in (view, storage):
                with pytest.raises(TransactionContextLost, match="has ended this transaction"):
                    await add(refusing, "outside")
            raise Failure

    with pytest.raises((Failure, peewee.OperationalError)):  # SQLite says that there is nothing to roll back
        await work()
    assert await agents(host) == ["committed"]


@pytest.mark.server
async def test_a_connection_that_breaks_inside_is_not_replaced(host: PeeweeHost) -> None:
    """Peewee for asyncio takes another connection, which has no transaction."""
    from storage.restart import end_connections

    storage = host.adapter()
    await storage.prepare_schema()

    async def work() -> None:
        async with host.atomic():
            view = storage.using(host.database)
            await add(view, "a")
            await asyncio.to_thread(end_connections, host.opened_database)
            for refusing in (view, storage, view):
                with pytest.raises((BackendUnavailable, TransactionContextLost)):
                    await add(refusing, "b")
            raise Failure

    with suppress(Failure, peewee.PeeweeException):
        await work()
    if not host.asyncio and not host.database.is_closed():
        host.database.close()
    assert await agents(host) == []


@pytest.mark.empty_database
async def test_tables_are_not_created_in_the_hosts_transaction(host: PeeweeHost) -> None:
    """MySQL would commit it."""
    storage = host.adapter()
    async with host.atomic():
        with pytest.raises(TransactionError, match="prepare_schema"):
            await storage.list_agents()
    await storage.prepare_schema()
    async with host.atomic():
        await add(host.adapter(), "agent")
    assert await agents(host) == ["agent"]


async def test_databases_do_not_know_of_each_other(host: PeeweeHost, opened: Opened) -> None:
    other = PeeweeHost(opened)
    storage = other.adapter()
    await storage.prepare_schema()
    async with host.atomic():
        assert not storage.in_transaction
        with pytest.raises(TransactionContextLost):
            storage.using(other.database)
        assert await storage.list_agents() == []
    await other.close()
