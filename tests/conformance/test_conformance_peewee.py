"""The suite on the Peewee adapter: on each database that was chosen, with each driver, in both colours."""

from __future__ import annotations

import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("peewee")

from conformance.peewee_harness import AsyncPeeweeHarness, SyncPeeweeHarness
from kavach_core.testing import Level, StorageSuite

IN_MEMORY = {
    "test_the_storage_itself_is_not_joined": "in memory SQLite lets nobody write beside a reader, as atomic() makes one"
}


class TestPeeweeSqliteMemory(StorageSuite):
    class harness(SyncPeeweeHarness):
        database = "sqlite-memory"
        level = Level.CORE
        skips = IN_MEMORY
        driver = "sqlite3"


class TestAsyncPeeweeSqliteMemory(StorageSuite):
    class harness(AsyncPeeweeHarness):
        database = "sqlite-memory"
        level = Level.CORE
        skips = IN_MEMORY
        driver = "aiosqlite"


class TestPeeweeSqliteFile(StorageSuite):
    class harness(SyncPeeweeHarness):
        database = "sqlite-file"
        driver = "sqlite3"


class TestAsyncPeeweeSqliteFile(StorageSuite):
    class harness(AsyncPeeweeHarness):
        database = "sqlite-file"
        driver = "aiosqlite"


class TestPeeweePsycopg2(StorageSuite):
    class harness(SyncPeeweeHarness):
        database = "postgres"
        driver = "psycopg2"


class TestPeeweePsycopg(StorageSuite):
    class harness(SyncPeeweeHarness):
        database = "postgres"
        driver = "psycopg"


class TestAsyncPeeweePostgres(StorageSuite):
    class harness(AsyncPeeweeHarness):
        database = "postgres"
        driver = "asyncpg"


class TestPeeweeMariadb(StorageSuite):
    class harness(SyncPeeweeHarness):
        database = "mariadb"
        driver = "pymysql"


class TestAsyncPeeweeMariadb(StorageSuite):
    class harness(AsyncPeeweeHarness):
        database = "mariadb"
        driver = "aiomysql"


class TestPeeweeMysql(StorageSuite):
    class harness(SyncPeeweeHarness):
        database = "mysql"
        driver = "pymysql"


class TestAsyncPeeweeMysql(StorageSuite):
    class harness(AsyncPeeweeHarness):
        database = "mysql"
        driver = "aiomysql"
