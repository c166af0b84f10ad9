"""What the engine tells about its connections: `get_metrics()`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from prisma_engine.clients import Client, done, transaction

pytestmark = [pytest.mark.not_in_memory, pytest.mark.asyncio(loop_scope="module")]

SESSIONS = {
    "postgres": "SELECT count(*) AS n FROM pg_stat_activity"
    " WHERE datname = current_database() AND backend_type = 'client backend'",
    "mysql": "SELECT count(*) AS n FROM information_schema.processlist WHERE db = DATABASE()",
}


async def gauges(client: Client) -> dict[str, int]:
    """Return the pool's gauges without what their names share."""
    metrics = await done(client.prisma.get_metrics())
    return {gauge.key.removeprefix("prisma_pool_connections_"): int(gauge.value) for gauge in metrics.gauges}


async def test_each_transaction_keeps_a_connection_busy_until_its_end(client: Client) -> None:
    async def busy() -> int:
        found = await gauges(client)
        assert found["open"] == found["busy"] + found["idle"]
        return found["busy"]

    assert await busy() == 0
    async with transaction(client) as tx:
        assert await busy() == 1
        await done(tx.item.create(data={"id": "1"}))
        assert await busy() == 1
    assert await busy() == 0

    async def fail() -> None:
        async with transaction(client) as tx:
            await done(tx.item.create(data={"id": "1"}))

    with pytest.raises(client.errors.UniqueViolationError):
        await fail()
    assert await busy() == 0


async def test_what_the_time_limit_ends_is_busy_no_more(client: Client) -> None:
    manager = client.prisma.tx(timeout=timedelta(milliseconds=1))
    tx = await done(manager.start())

    async def go_on() -> None:
        while True:
            await done(tx.item.count())

    with pytest.raises(client.errors.TransactionExpiredError):
        await go_on()
    assert (await gauges(client))["busy"] == 0


async def test_open_connections_are_the_servers_sessions(client: Client) -> None:
    if client.provider == "sqlite":
        pytest.skip("SQLite has no server")
    async with transaction(client), transaction(client):
        (row,) = await done(client.prisma.query_raw(SESSIONS[client.provider]))
        assert (await gauges(client))["open"] == int(row["n"]) >= 3


async def test_labels_and_formats(client: Client) -> None:
    metrics: Any = await done(client.prisma.get_metrics(global_labels={"app": "é"}))
    assert {gauge.labels["app"] for gauge in metrics.gauges} == {"é"}
    with pytest.raises(client.submodule("engine.errors").EngineRequestError, match="JSON only"):
        await done(client.prisma.get_metrics(format="prometheus"))
