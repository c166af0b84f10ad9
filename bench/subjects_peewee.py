"""The same ways on Peewee: the adapter beside ordinary Peewee code, on a connection that the host keeps open."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import peewee

from bench.checks import audit_log_checks, check_agent, check_agent_row
from bench.data import NewAuditLog, Row
from bench.databases import SESSION, Database
from bench.measure import Subject
from bench.raw import Raw
from bench.statements import statements
from kavach_core.storage import Storage
from kavach_peewee import Models, create_peewee_adapter, models
from kavach_schema.records import Agent, AuditLog


class PeeweeHost:
    """A host's database with its connection open, our models on it, and our storage."""

    def __init__(self, database: Database, stack: ExitStack) -> None:
        """Connect until the stack is closed."""
        self.database = _open(database)
        stack.enter_context(self.database.connection_context())
        for statement in SESSION[database.provider]:
            self.database.execute_sql(statement)
        self.models: Models = models(self.database)
        self.storage: Storage = create_peewee_adapter(self.database)
        self.provider = database.provider
        self.driver = type(self.database.connection()).__module__.partition(".")[0]

    def raw(self, sql: str, *parameters: object) -> Any:
        """Fetch rows on Peewee's own connection, with nothing but its driver."""
        cursor = self.database.connection().cursor()
        cursor.execute(sql, parameters)
        return cursor.fetchall()

    def raw_page_reader(self) -> tuple[str, Callable[[Row | None], Any]] | None:
        """Return the name and the page reader of Peewee's driver, where it is not the raw loop's."""
        if self.provider != "mysql" or self.driver == "MySQLdb":
            return None
        sql = statements("mysql", "%s")

        def fetch_page(after: Row | None) -> Any:
            if after is None:
                return self.raw(sql.first_page)
            return self.raw(sql.next_page, after[-1], after[-1], after[0])

        return f"raw {self.driver}, as Peewee", fetch_page


def _open(database: Database) -> Any:
    if database.provider == "sqlite":
        return peewee.SqliteDatabase(database.path)
    if database.provider == "postgres":
        return peewee.PostgresqlDatabase(**database.address, prefer_psycopg3=True)
    return peewee.MySQLDatabase(**database.address)


def peewee_finders(host: PeeweeHost) -> list[Subject]:
    """Return the ways to find an agent by its token's hash."""
    model = host.models.Agent

    def orm(token_hash: str) -> Any:
        return model.get(model.token_hash == token_hash)

    def joined(token_hash: str) -> Agent | None:
        with host.database.atomic():
            return host.storage.find_agent_by_token_hash(token_hash)

    own = "Peewee, Model.get()"
    find = host.storage.find_agent_by_token_hash
    floor, floors = _floor(host, lambda token_hash: host.raw(statements("mysql", "%s").find_agent, token_hash)[0])
    return [
        *([Subject(floors[0], "other", floors[1], check_agent_row)] if floors else []),
        Subject("Peewee adapter", "adapter", find, check_agent, own, floor),
        Subject("Peewee adapter, in atomic() per call", "adapter", joined, check_agent, own, floor),
        Subject(own, "other", orm, lambda wanted, row: check_agent(wanted, _agent(row)), own, floor),
    ]


def _floor(host: PeeweeHost, call: Any) -> tuple[str | None, tuple[str, Any] | None]:
    """Name the raw driver of Peewee on MySQL, where it is not the one of the raw loops."""
    if host.provider != "mysql" or host.driver == "MySQLdb":
        return None, None
    name = f"raw {host.driver}, as Peewee"
    return name, (name, call)


def _agent(row: Any) -> Agent:
    return Agent(**row.__data__)


def peewee_writers(host: PeeweeHost, raw: Raw) -> list[Subject]:
    """Return the ways to write an audit row durably."""
    written, returned = audit_log_checks(raw.find_audit_log)

    def joined(new: NewAuditLog) -> AuditLog:
        with host.database.atomic():
            return host.storage.create_audit_log(**new.values)

    def orm(new: NewAuditLog) -> None:
        host.models.AuditLog.create(**new.values)

    own = "Peewee, Model.create()"
    insert = statements("mysql", "%s").insert_audit_log
    floor, floors = _floor(host, lambda new: host.raw(insert, *new.stored))

    def adapter(new: NewAuditLog) -> AuditLog:
        return host.storage.create_audit_log(**new.values)

    return [
        *([Subject(floors[0], "other", floors[1], written)] if floors else []),
        Subject("Peewee adapter", "adapter", adapter, returned, own, floor),
        Subject("Peewee adapter, in atomic() per call", "adapter", joined, returned, own, floor),
        Subject(own, "other", orm, written, own, floor),
    ]
