"""The suite on the Prisma adapter: on each database that was chosen, in both colours."""

from __future__ import annotations

import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("prisma")

from conformance.prisma_harness import AsyncPrismaHarness, SyncPrismaHarness
from kavach_core.testing import Level, StorageSuite

LOCKED = "on sqlite a transaction of prisma's holds the lock of writers from its beginning, also while it only reads"

ONE_WRITER = {
    "test_a_bound_storage_joins_nobody": LOCKED,
    "test_the_storage_itself_is_not_joined": LOCKED,
    "test_two_hosts_do_not_see_each_other": LOCKED,
}


class TestSqlite(StorageSuite):
    class harness(SyncPrismaHarness):
        database = "sqlite-file"
        level = Level.TRANSACTIONAL
        skips = ONE_WRITER


class TestAsyncSqlite(StorageSuite):
    class harness(AsyncPrismaHarness):
        database = "sqlite-file"
        level = Level.TRANSACTIONAL
        skips = ONE_WRITER


class TestPostgres(StorageSuite):
    class harness(SyncPrismaHarness):
        database = "postgres"


class TestAsyncPostgres(StorageSuite):
    class harness(AsyncPrismaHarness):
        database = "postgres"


class TestMariadb(StorageSuite):
    class harness(SyncPrismaHarness):
        database = "mariadb"


class TestAsyncMariadb(StorageSuite):
    class harness(AsyncPrismaHarness):
        database = "mariadb"


class TestMysql(StorageSuite):
    class harness(SyncPrismaHarness):
        database = "mysql"


class TestAsyncMysql(StorageSuite):
    class harness(AsyncPrismaHarness):
        database = "mysql"
