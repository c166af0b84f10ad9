"""The harnesses on MySQL, which `make test` does not start: `kavach conformance conformance.mysql_harnesses`."""

from __future__ import annotations

from conformance.sqlalchemy_harness import AsyncSqlalchemyHarness, SyncSqlalchemyHarness


class Mysql(SyncSqlalchemyHarness):
    database = "mysql"
    driver = "pymysql"


class AsyncMysql(AsyncSqlalchemyHarness):
    database = "mysql"
    driver = "asyncmy"
    handle = "connection"
