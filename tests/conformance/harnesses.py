"""The harnesses of the reference storage and of the SQLAlchemy adapter, but for those on MySQL."""

from __future__ import annotations

from conformance.memory import AsyncMemoryHarness, MemoryHarness
from conformance.sqlalchemy_harness import AsyncSqlalchemyHarness, SyncSqlalchemyHarness
from kavach_core.testing import Level


class Memory(MemoryHarness):
    """The reference storage."""


class AsyncMemory(AsyncMemoryHarness):
    """The reference storage under asyncio."""


class SqliteMemory(SyncSqlalchemyHarness):
    """In memory SQLite lets nobody read beside a writer: there can be no second storage."""

    database = "sqlite-memory"
    level = Level.CORE
    driver = "pysqlite"


class AsyncSqliteMemory(AsyncSqlalchemyHarness):
    """As `TestSqliteMemory`."""

    database = "sqlite-memory"
    level = Level.CORE
    driver = "aiosqlite"
    handle = "connection"


class SqliteFile(SyncSqlalchemyHarness):
    database = "sqlite-file"
    driver = "pysqlite"
    handle = "connection"


class AsyncSqliteFile(AsyncSqlalchemyHarness):
    database = "sqlite-file"
    driver = "aiosqlite"


class Psycopg(SyncSqlalchemyHarness):
    database = "postgres"
    driver = "psycopg"


class AsyncPsycopg(AsyncSqlalchemyHarness):
    database = "postgres"
    driver = "psycopg"


class Asyncpg(AsyncSqlalchemyHarness):
    database = "postgres"
    driver = "asyncpg"
    handle = "connection"


class Mariadb(SyncSqlalchemyHarness):
    database = "mariadb"
    driver = "pymysql"
    handle = "connection"


class AsyncMariadb(AsyncSqlalchemyHarness):
    database = "mariadb"
    driver = "asyncmy"


class MariadbWithoutReturning(SyncSqlalchemyHarness):
    database = "mariadb"
    driver = "pymysql"
    returning = False


class AsyncMariadbWithoutReturning(AsyncSqlalchemyHarness):
    database = "mariadb"
    driver = "asyncmy"
    handle = "connection"
    returning = False
