"""Tables are created by one process at a time, whichever adapter each of them uses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event
from typing import Any

import pytest

pytest.importorskip("sqlalchemy")

from sqlalchemy import Engine, inspect, text

from conformance.databases import empty_database
from kavach_core.errors import BackendUnavailable, StorageError
from kavach_core.testing.lift import finished
from kavach_sqlalchemy import check_schema, create_engine, upgrade_schema
from prisma_adapter.hosts import connected_host

pytestmark = pytest.mark.not_in_memory


@contextmanager
def upgrade_elsewhere(engine: Engine) -> Iterator[None]:
    """Keep another process's upgrade waiting before its first table; let it go on at the end."""
    begun, go_on = Event(), Event()

    def wait(_: str) -> None:
        begun.set()
        assert go_on.wait(30)

    with ThreadPoolExecutor(1) as pool:
        upgrading = pool.submit(upgrade_schema, engine, before_each=wait)
        try:
            assert begun.wait(30)
            yield
        finally:
            go_on.set()
        assert upgrading.result()


async def prepared(storage: Any) -> None:
    await finished(await asyncio.to_thread(storage.prepare_schema))


async def test_a_start_waits_until_another_process_has_changed_the_tables(place: tuple[str, Any]) -> None:
    name, interface = place
    with empty_database(name) as (provider, url):
        engine = create_engine(provider, url)
        async with connected_host(provider, url, interface) as host:
            with upgrade_elsewhere(engine):
                starting = asyncio.ensure_future(prepared(host.storage))
                assert await asyncio.wait({starting}, timeout=1) == (set(), {starting})
                assert inspect(engine).get_table_names() == []
            await starting
        assert check_schema(engine) == []
        engine.dispose()


async def test_a_start_that_is_cancelled_while_it_waits_leaves_no_lock(place: tuple[str, Any]) -> None:
    """MySQL's would be the connection's, which the engine keeps."""
    name, interface = place
    if interface == "sync":
        pytest.skip("a thread cannot be cancelled")
    with empty_database(name) as (provider, url):
        engine = create_engine(provider, url)
        async with connected_host(provider, url, interface) as host:
            with upgrade_elsewhere(engine):
                starting = asyncio.ensure_future(host.storage.prepare_schema())
                await asyncio.sleep(0.5)
                starting.cancel()
                await asyncio.sleep(0.5)
            with suppress(asyncio.CancelledError):
                await starting
            assert starting.cancelled()
            assert await asyncio.wait_for(asyncio.to_thread(upgrade_schema, engine), 20) == []
        engine.dispose()


async def test_a_start_that_fails_leaves_no_lock(place: tuple[str, Any]) -> None:
    name, interface = place
    if name not in ("mariadb", "mysql"):
        pytest.skip("the lock ends with the transaction")
    with empty_database(name) as (provider, url):
        engine = create_engine(provider, url)
        with engine.begin() as connection:
            connection.execute(text("SET foreign_key_checks = 0"))
            connection.execute(text("CREATE TABLE host (n INT, FOREIGN KEY (n) REFERENCES kavach_users (id))"))
        async with connected_host(provider, url, interface) as host:
            with pytest.raises(StorageError) as caught:
                await prepared(host.storage)
            assert not isinstance(caught.value, BackendUnavailable)
            with engine.begin() as connection:
                connection.execute(text("DROP TABLE host"))
            assert await asyncio.wait_for(asyncio.to_thread(upgrade_schema, engine), 20)
        engine.dispose()
