"""The suite on every storage of ours: on each database that was chosen, with each driver, in both colours."""

from __future__ import annotations

import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("sqlalchemy")

from conformance import harnesses, mysql_harnesses
from kavach_core.testing import StorageSuite


class TestMemory(StorageSuite):
    harness = harnesses.Memory


class TestAsyncMemory(StorageSuite):
    harness = harnesses.AsyncMemory


class TestSqliteMemory(StorageSuite):
    harness = harnesses.SqliteMemory


class TestAsyncSqliteMemory(StorageSuite):
    harness = harnesses.AsyncSqliteMemory


class TestSqliteFile(StorageSuite):
    harness = harnesses.SqliteFile


class TestAsyncSqliteFile(StorageSuite):
    harness = harnesses.AsyncSqliteFile


class TestPsycopg(StorageSuite):
    harness = harnesses.Psycopg


class TestAsyncPsycopg(StorageSuite):
    harness = harnesses.AsyncPsycopg


class TestAsyncpg(StorageSuite):
    harness = harnesses.Asyncpg


class TestMariadb(StorageSuite):
    harness = harnesses.Mariadb


class TestAsyncMariadb(StorageSuite):
    harness = harnesses.AsyncMariadb


class TestMariadbWithoutReturning(StorageSuite):
    harness = harnesses.MariadbWithoutReturning


class TestAsyncMariadbWithoutReturning(StorageSuite):
    harness = harnesses.AsyncMariadbWithoutReturning


class TestMysql(StorageSuite):
    harness = mysql_harnesses.Mysql


class TestAsyncMysql(StorageSuite):
    harness = mysql_harnesses.AsyncMysql
