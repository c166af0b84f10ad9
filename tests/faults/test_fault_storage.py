"""An audit trail that cannot be written, because it is locked or the disk is full: `audit_unavailable`, never an allow."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from colours import Opened
from database_fixture import Database
from engine.support import Host, open_host, settle
from faults.support import AGENT, CALL, Recorded, recorded

pytestmark = pytest.mark.not_in_memory

IMPATIENT = {
    "sqlite": "PRAGMA busy_timeout = 100",
    "postgres": "SET lock_timeout = '100ms'",
    "mysql": "SET lock_wait_timeout = 1, innodb_lock_wait_timeout = 1",
}
"""How a host says that it does not wait for locks for ever."""


async def saying(host: Host, statement: str) -> None:
    """Let all connections of the host's engine begin with a statement."""
    from sqlalchemy import event

    def say(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()

    event.listen(getattr(host.engine, "sync_engine", host.engine), "connect", say)
    await settle(host.engine.dispose())


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Keep the audit table locked for all others, as a migration or a backup does."""
    from servers.connections import connect_mysql, connect_postgres

    if database.provider == "sqlite":
        with closing(sqlite3.connect(database.url.removeprefix("sqlite:///"))) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield
    elif database.provider == "postgres":
        with connect_postgres(database.url) as postgres, postgres.transaction():
            postgres.execute("LOCK TABLE kavach_audit_logs IN ACCESS EXCLUSIVE MODE")
            yield
    else:
        with connect_mysql(database.url) as mysql, mysql.cursor() as cursor:
            cursor.execute(f"LOCK TABLES {database.url.rpartition('/')[2]}.kavach_audit_logs WRITE")
            yield


async def test_while_the_audit_table_is_locked_nothing_is_allowed(opened: Opened) -> None:
    host = await open_host(opened)
    await saying(host, IMPATIENT[opened.database.provider])
    kavach = await host.kavach()
    agent = await kavach.agent.create(**AGENT)
    with locked(opened.database):
        result = await kavach.authorize(agent.id, **CALL)
        assert (result.allowed, result.code, result.audit_id) == (False, "audit_unavailable", None)
    result = await kavach.authorize(agent.id, **CALL)
    assert recorded(opened.database) == Recorded(frozenset([result.audit_id]), 1)
    await settle(host.engine.dispose())


@pytest.mark.one_database
async def test_on_a_full_disk_nothing_is_allowed(opened: Opened) -> None:
    """SQLite's own bound stands for the disk; tests of a killed server fill those of the servers."""
    host = await open_host(opened)
    kavach = await host.kavach()
    agent = await kavach.agent.create(**AGENT)
    ((pages,),) = await host.sql("PRAGMA page_count")
    await saying(host, f"PRAGMA max_page_count = {pages + 2}")
    code = await until_full(lambda: kavach.authorize(agent.id, **CALL), opened.database)
    assert code == "audit_unavailable"
    await settle(host.engine.dispose())


async def until_full(call: Callable[[], Any], database: Database) -> str | None:
    """Call until a call is denied, and some times more; return the code that all denials have."""
    results = [await call() for _ in range(200)]
    allowed = [result.audit_id for result in results if result.allowed]
    assert recorded(database) == Recorded(frozenset(allowed), len(allowed))
    (code,) = {result.code for result in results if not result.allowed}
    return str(code)
