"""The harnesses of the Peewee adapter on MySQL."""

from __future__ import annotations

from conformance.peewee_harness import AsyncPeeweeHarness, SyncPeeweeHarness


class PeeweeMysql(SyncPeeweeHarness):
    database = "mysql"
    driver = "pymysql"


class AsyncPeeweeMysql(AsyncPeeweeHarness):
    database = "mysql"
    driver = "aiomysql"
