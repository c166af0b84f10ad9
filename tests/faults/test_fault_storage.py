"""An audit trail that is locked, or has no room left on its disk: `audit_unavailable`, and never an allow."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from colours import Opened
from database_fixture import Database
from engine.support import Host, open_host, settle
from faults.support import AGENT, CALL, UNTIL_FULL, Recorded, check_full, recorded

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
    """SQLite's own bound stands for the disk; for servers see test_fault_server.py."""
    host = await open_host(opened)
    kavach = await host.kavach()
    agent = await kavach.agent.create(**AGENT)
    ((pages,),) = await host.sql("PRAGMA page_count")
    await saying(host, f"PRAGMA max_page_count = {pages + 2}")
    check_full(opened.database, [await kavach.authorize(agent.id, **CALL) for _ in range(UNTIL_FULL)])
    await settle(host.engine.dispose())
