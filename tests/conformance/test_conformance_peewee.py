"""The suite on the Peewee adapter: on each database that was chosen, with each driver, in both colours."""

from __future__ import annotations

import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("peewee")

from conformance import peewee_harnesses, peewee_mysql_harnesses
from kavach_core.testing import StorageSuite


class TestPeeweeSqliteMemory(StorageSuite):
    harness = peewee_harnesses.PeeweeSqliteMemory


class TestAsyncPeeweeSqliteMemory(StorageSuite):
    harness = peewee_harnesses.AsyncPeeweeSqliteMemory


class TestPeeweeSqliteFile(StorageSuite):
    harness = peewee_harnesses.PeeweeSqliteFile


class TestAsyncPeeweeSqliteFile(StorageSuite):
    harness = peewee_harnesses.AsyncPeeweeSqliteFile


class TestPeeweePsycopg2(StorageSuite):
    harness = peewee_harnesses.PeeweePsycopg2


class TestPeeweePsycopg(StorageSuite):
    harness = peewee_harnesses.PeeweePsycopg


class TestAsyncPeeweePostgres(StorageSuite):
    harness = peewee_harnesses.AsyncPeeweePostgres


class TestPeeweeMariadb(StorageSuite):
    harness = peewee_harnesses.PeeweeMariadb


class TestAsyncPeeweeMariadb(StorageSuite):
    harness = peewee_harnesses.AsyncPeeweeMariadb


class TestPeeweeMysql(StorageSuite):
    harness = peewee_mysql_harnesses.PeeweeMysql


class TestAsyncPeeweeMysql(StorageSuite):
    harness = peewee_mysql_harnesses.AsyncPeeweeMysql
