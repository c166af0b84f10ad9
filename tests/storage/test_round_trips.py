"""How often each call goes to the server and back, counted on the wire, and on SQLite what reaches the database.

A transaction that is begun around a single read, a ping, or a savepoint that need not be is a round trip more, and in
production round trips are the cost. Figures are exact: a change that adds one must change one here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from colours import Lifted, Opened
from kavach_peewee import create_peewee_adapter
from kavach_schema.tables.agents import AGENTS, AUDIT_LOGS, TRUST_SCORES
from kavach_sqlalchemy import create_async_engine, create_engine, create_sqlalchemy_adapter
from proxy import Proxy
from storage.host import HANDLES, Host, finished
from storage.samples import row

SETTLED = 12
"""Calls after which a driver has prepared what it prepares."""

Call = Callable[[], Awaitable[object]]


async def find(storage: Any) -> None:
    assert await storage.find_agent_by_token_hash("nobody") is None


async def insert(storage: Any) -> None:
    await storage.create_audit_log(**row(AUDIT_LOGS))


async def page(storage: Any) -> None:
    await storage.query_audit_logs(limit=2)


async def update(storage: Any) -> None:
    await storage.update_agent("agent", name="changed")


async def upsert(storage: Any) -> None:
    await storage.upsert_trust_score(**row(TRUST_SCORES, agent_id="agent"))


async def decide(storage: Any) -> None:
    async with storage.transaction() as transaction:
        await find(transaction)
        await insert(transaction)


OWN = {
    find: {"postgres": 1, "mysql": 1},
    insert: {"postgres": 1, "mysql": 1},
    page: {"postgres": 1, "mysql": 1},
    update: {"postgres": 1, "mysql": 4},  # begin, lock, update, commit
    upsert: {"postgres": 1, "mysql": 4},
    decide: {"postgres": 4, "mysql": 4},  # begin, find, insert, commit
}
"""Round trips on a connection of our own."""


class Counted:
    """The database behind a proxy that counts."""

    def __init__(self, opened: Opened, proxy: Proxy) -> None:
        url = make_url(opened.database.url).set(host="127.0.0.1", port=proxy.port)
        database = replace(opened.database, url=url.render_as_string(hide_password=False))
        self.opened = replace(opened, database=database)
        self.proxy = proxy

    async def of(self, call: Call) -> int:
        for _ in range(SETTLED):
            await call()
        before = self.proxy.flights
        await call()
        return self.proxy.flights - before


@pytest.fixture
async def counted(opened: Opened) -> AsyncIterator[Counted]:
    url = make_url(opened.database.url)
    with Proxy(
        url.host or "127.0.0.1", url.port or {"postgres": 5432, "mysql": 3306}[opened.database.provider]
    ) as proxy:
        yield Counted(opened, proxy)


@pytest.mark.server
async def test_calls_make_no_more_round_trips_than_they_need(counted: Counted) -> None:
    storage = await counted.opened.storage()
    await storage.create_agent(**row(AGENTS, id="agent"))
    provider = counted.opened.database.provider
    found = {call.__name__: await counted.of(lambda call=call: call(storage)) for call in OWN}  # type: ignore[misc]
    assert found == {call.__name__: trips[provider] for call, trips in OWN.items()}
    await storage.close()


@pytest.mark.server
@pytest.mark.parametrize("kind", HANDLES)
async def test_calls_in_the_hosts_transaction_are_one_round_trip(counted: Counted, kind: str) -> None:
    host = Host(counted.opened)
    await (await counted.opened.storage()).close()
    async with host.handle(kind) as handle:
        joined = host.adapter(handle)
        found = {call.__name__: await counted.of(lambda call=call: call(joined)) for call in (find, insert, page)}  # type: ignore[misc]
        await finished(handle.rollback())
    await host.close()
    assert found == {"find": 1, "insert": 1, "page": 1}


async def test_sqlite_is_told_nothing_but_the_statement(opened: Opened) -> None:
    if opened.database.provider != "sqlite":
        return
    said: list[str] = []

    def listen(connection: Any, _: object) -> None:
        driver = getattr(connection, "driver_connection", connection)
        getattr(driver, "_conn", driver).set_trace_callback(lambda sql: said.append(sql.split()[0]))

    create: Any = create_async_engine if opened.colour == "asyncio" else create_engine
    engine = create("sqlite", opened.url)
    event.listen(engine.sync_engine if isinstance(engine, AsyncEngine) else engine, "connect", listen)
    bare: Any = create_sqlalchemy_adapter(engine)
    storage = bare if opened.colour == "asyncio" else Lifted(bare)
    await storage.create_agent(**row(AGENTS, id="agent"))
    found = {}
    for call in OWN:
        said.clear()
        await call(storage)
        found[call.__name__] = [*said]
    assert found == {
        "find": ["SELECT"],
        "insert": ["INSERT"],
        "page": ["SELECT"],
        "update": ["UPDATE"],
        "upsert": ["INSERT"],
        "decide": ["BEGIN", "SELECT", "INSERT", "COMMIT"],
    }
    await finished(engine.dispose())


@pytest.mark.server
@pytest.mark.adapters("peewee")
async def test_peewees_calls_on_an_open_connection_are_one_round_trip(counted: Counted) -> None:
    from peewee_databases import Closing, make_database

    opened = counted.opened
    database = make_database(opened.database.provider, opened.database.url, opened.driver)
    bare: Any = create_peewee_adapter(database)
    storage = bare if opened.colour == "asyncio" else Lifted(bare)
    await finished(database.aconnect() if opened.colour == "asyncio" else database.connect())
    found = {call.__name__: await counted.of(lambda call=call: call(storage)) for call in (find, insert, page, decide)}  # type: ignore[misc]
    await Closing(database).close()
    # playhouse.pwasyncio has asyncpg prepare each statement anew, and forget it.
    each = 3 if opened.driver == "asyncpg" else 1
    begun = 2 if opened.database.provider == "mysql" else 1  # its level is set by a statement
    assert found == {"find": each, "insert": each, "page": each, "decide": begun + 2 * each + 1}
