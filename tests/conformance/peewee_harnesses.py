"""The harnesses of the Peewee adapter, but for those on MySQL."""

from __future__ import annotations

from conformance.peewee_harness import AsyncPeeweeHarness, SyncPeeweeHarness
from kavach_core.testing import Level

_IN_MEMORY = {
    "test_the_storage_itself_is_not_joined": "in memory SQLite lets nobody write beside a reader, as atomic() makes one"
}


class PeeweeSqliteMemory(SyncPeeweeHarness):
    database = "sqlite-memory"
    level = Level.CORE
    skips = _IN_MEMORY
    driver = "sqlite3"


class AsyncPeeweeSqliteMemory(AsyncPeeweeHarness):
    database = "sqlite-memory"
    level = Level.CORE
    skips = _IN_MEMORY
    driver = "aiosqlite"


class PeeweeSqliteFile(SyncPeeweeHarness):
    database = "sqlite-file"
    driver = "sqlite3"


class AsyncPeeweeSqliteFile(AsyncPeeweeHarness):
    database = "sqlite-file"
    driver = "aiosqlite"


class PeeweePsycopg2(SyncPeeweeHarness):
    database = "postgres"
    driver = "psycopg2"


class PeeweePsycopg(SyncPeeweeHarness):
    database = "postgres"
    driver = "psycopg"


class AsyncPeeweePostgres(AsyncPeeweeHarness):
    database = "postgres"
    driver = "asyncpg"


class PeeweeMariadb(SyncPeeweeHarness):
    database = "mariadb"
    driver = "pymysql"


class AsyncPeeweeMariadb(AsyncPeeweeHarness):
    database = "mariadb"
    driver = "aiomysql"
