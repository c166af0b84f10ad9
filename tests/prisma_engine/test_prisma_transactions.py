"""Transactions: what they keep, how they end, and what ends them."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from prisma_engine.clients import Client, done, new_client, transaction

pytestmark = [pytest.mark.not_in_memory, pytest.mark.asyncio(loop_scope="module")]


async def ids(client: Client) -> str:
    return "".join(row.id for row in await done(client.prisma.item.find_many(order={"id": "asc"})))


async def test_commit_keeps_what_was_written(client: Client) -> None:
    async with transaction(client) as tx:
        await done(tx.item.create(data={"id": "1"}))
        assert await done(tx.item.count()) == 1
        assert await ids(client) == ""
    assert await ids(client) == "1"


async def test_an_exception_rolls_back(client: Client) -> None:
    async def fail() -> None:
        async with transaction(client) as tx:
            await done(tx.item.create(data={"id": "1"}))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await ids(client) == ""


async def test_ended_by_hand(client: Client) -> None:
    for end in ("commit", "rollback"):
        manager = client.prisma.tx()
        tx = await done(manager.start())
        await done(tx.item.create(data={"id": end[0]}))
        await done(getattr(manager, end)())
        with pytest.raises(client.errors.TransactionError):
            await done(tx.item.count())
    assert await ids(client) == "c"


async def test_a_savepoint_undoes_a_part(client: Client) -> None:
    async with transaction(client) as tx:
        await done(tx.item.create(data={"id": "1"}))
        await done(tx.execute_raw("SAVEPOINT here"))
        with pytest.raises(client.errors.UniqueViolationError):
            await done(tx.item.create(data={"id": "1"}))
        await done(tx.execute_raw("ROLLBACK TO SAVEPOINT here"))
        await done(tx.item.create(data={"id": "2"}))
    assert await ids(client) == "12"


async def test_timeout_ends_it_and_keeps_nothing(client: Client) -> None:
    async def dawdle() -> None:
        async with transaction(client, timeout=100) as tx:
            await done(tx.item.create(data={"id": "1"}))
            await asyncio.sleep(0.4)
            await done(tx.item.count())

    with pytest.raises(client.errors.TransactionExpiredError):
        await dawdle()
    assert await ids(client) == ""
    async with transaction(client) as tx:
        await done(tx.item.create(data={"id": "2"}))
    assert await ids(client) == "2"


async def test_commit_after_the_timeout_is_refused(client: Client) -> None:
    async def dawdle() -> None:
        async with transaction(client, timeout=100) as tx:
            await done(tx.item.create(data={"id": "1"}))
            await asyncio.sleep(0.4)

    with pytest.raises(client.submodule("engine.errors").UnprocessableEntityError):
        await dawdle()
    assert await ids(client) == ""


async def test_a_start_that_waits_too_long_is_refused_and_leaves_nothing_open(client: Client) -> None:
    """Only one transaction has room: a late start that went unnoticed would keep the next one out for its timeout."""
    narrow = new_client(client.database, client.interface, connection_limit=1)
    await done(narrow.prisma.connect())
    try:
        held = narrow.prisma.tx(timeout=timedelta(seconds=60))
        await done(held.start())
        for _ in range(3):
            with pytest.raises(client.submodule("engine.errors").EngineRequestError, match="504") as caught:
                await done(
                    narrow.prisma.tx(max_wait=timedelta(milliseconds=100), timeout=timedelta(seconds=60)).start()
                )
            assert "Unable to start a transaction in the given time" in str(caught.value)
        await done(held.rollback())
        async with transaction(narrow, max_wait=5000) as tx:
            await done(tx.item.create(data={"id": "1"}))
    finally:
        await done(narrow.prisma.disconnect())
    assert await ids(client) == "1"


async def test_a_start_whose_caller_gave_up_leaves_nothing_open(client: Client) -> None:
    if client.interface == "sync":
        pytest.skip("a synchronous call cannot be given up")
    narrow = new_client(client.database, client.interface, connection_limit=1)
    await narrow.prisma.connect()
    try:
        held = narrow.prisma.tx(timeout=timedelta(seconds=60))
        await held.start()
        waiting = asyncio.create_task(
            narrow.prisma.tx(max_wait=timedelta(seconds=60), timeout=timedelta(seconds=60)).start()
        )
        await asyncio.sleep(0.3)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await held.rollback()
        async with transaction(narrow, max_wait=5000) as tx:
            await tx.item.create(data={"id": "1"})
    finally:
        await narrow.prisma.disconnect()
    assert await ids(client) == "1"


async def test_many_at_once_lose_nothing(client: Client) -> None:
    await done(client.prisma.item.create(data={"id": "1"}))
    change: Any = {"where": {"id": "1"}, "data": {"n": {"increment": 1}}}
    wait = {"max_wait": timedelta(seconds=60), "timeout": timedelta(seconds=60)}
    if client.interface == "sync":

        def add(_: int) -> None:
            with client.prisma.tx(**wait) as tx:
                tx.item.update(**change)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(add, range(20)))
    else:

        async def add_async() -> None:
            async with client.prisma.tx(**wait) as tx:
                await tx.item.update(**change)

        await asyncio.gather(*(add_async() for _ in range(20)))
    assert (await done(client.prisma.item.find_unique(where={"id": "1"}))).n == 20


async def test_writers_outside_wait_for_a_transaction(client: Client) -> None:
    """On SQLite a transaction locks all writers out; the engine must go on answering while one of them waits."""
    if client.interface == "sync":
        pytest.skip("needs two calls at once")
    async with transaction(client, timeout=60_000) as tx:
        await tx.item.create(data={"id": "1"})
        outside = asyncio.create_task(client.prisma.item.create(data={"id": "2"}))
        await asyncio.sleep(0.2)
        await tx.item.create(data={"id": "3"})
        assert outside.done() is (client.provider != "sqlite")
    await outside
    assert await ids(client) == "123"


async def test_a_commit_that_fails_says_so_and_gives_its_connection_back(client: Client) -> None:
    if client.provider == "mysql":
        pytest.skip("MySQL and MariaDB check no constraint at COMMIT")
    defer = "SET CONSTRAINTS ALL DEFERRED" if client.provider == "postgres" else "PRAGMA defer_foreign_keys = ON"

    async def violate() -> None:
        async with transaction(client) as tx:
            await done(tx.execute_raw(defer))
            await done(tx.item.create(data={"id": "1", "ownerId": "nobody"}))

    for _ in range(12):
        with pytest.raises(client.submodule("engine.errors").EngineRequestError):
            await violate()
    assert await ids(client) == ""
    async with transaction(client) as tx:
        await done(tx.item.create(data={"id": "2"}))
    assert await ids(client) == "2"


REFUSE = (
    "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$",
    'CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON "Item" DEFERRABLE INITIALLY DEFERRED'
    " FOR EACH ROW EXECUTE FUNCTION refuse()",
)


async def test_a_commit_that_fails_for_a_reason_without_a_code_says_so(client: Client) -> None:
    if client.provider != "postgres":
        pytest.skip("needs a trigger that runs at COMMIT")

    async def commit() -> None:
        async with transaction(client) as tx:
            await done(tx.item.create(data={"id": "1"}))

    for statement in REFUSE:
        await done(client.prisma.execute_raw(statement))
    try:
        with pytest.raises(client.submodule("engine.errors").EngineRequestError, match="not today"):
            await commit()
    finally:
        await done(client.prisma.execute_raw("DROP FUNCTION refuse CASCADE"))
    assert await ids(client) == ""
    await commit()
    assert await ids(client) == "1"


async def test_an_unknown_transaction_is_not_found(client: Client) -> None:
    with pytest.raises(client.submodule("engine.errors").EngineRequestError, match="404"):
        await done(client.prisma._engine.commit_transaction("no-such-id"))


async def test_a_deadlock_ends_one_of_two(client: Client) -> None:
    if client.provider == "sqlite" or client.interface == "sync":
        pytest.skip("needs row locks, and two calls at once")
    await client.prisma.item.create_many(data=[{"id": "1"}, {"id": "2"}])

    async def lock(first: str, second: str, met: asyncio.Barrier) -> None:
        async with client.prisma.tx(timeout=timedelta(seconds=60)) as tx:
            await tx.item.update(where={"id": first}, data={"n": 1})
            await met.wait()
            await tx.item.update(where={"id": second}, data={"n": 1})

    met = asyncio.Barrier(2)
    ends = await asyncio.gather(lock("1", "2", met), lock("2", "1", met), return_exceptions=True)
    (error,) = (end for end in ends if end is not None)
    assert isinstance(error, client.errors.DataError)
    if client.provider == "mysql":
        assert getattr(error, "code", None) == "P2034"
    else:
        assert "40P01" in str(error)  # Prisma 5.17 knows this code of PostgreSQL's as no write conflict


async def test_isolation_level(client: Client) -> None:
    if client.provider == "sqlite":
        pytest.skip("SQLite has one level")
    body = '{"timeout": 5000, "max_wait": 2000, "isolation_level": "Serializable"}'
    found = await done(client.prisma._engine.start_transaction(content=body))
    tx = client.prisma._copy()
    tx._tx_id = found
    question = (
        "SHOW transaction_isolation"
        if client.provider == "postgres"
        else "SELECT trx_isolation_level AS level FROM information_schema.innodb_trx"
        " WHERE trx_mysql_thread_id = CONNECTION_ID()"
    )
    await done(tx.item.create(data={"id": "1"}))
    (row,) = await done(tx.query_raw(question))
    await done(client.prisma._engine.rollback_transaction(found))
    assert "serializable" in str(row).lower()
