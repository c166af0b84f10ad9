"""The same ways on Peewee: the adapter beside ordinary Peewee code, on a connection that the host keeps open."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import peewee

from bench.checks import audit_log_checks, check_agent
from bench.data import NewAuditLog
from bench.databases import SESSION, Database
from bench.measure import Subject
from bench.raw import Raw
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
    return [
        Subject("Peewee adapter", "adapter", host.storage.find_agent_by_token_hash, check_agent, own),
        Subject("Peewee adapter, in atomic() per call", "adapter", joined, check_agent, own),
        Subject(own, "other", orm, lambda wanted, row: check_agent(wanted, _agent(row)), own),
    ]


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
    return [
        Subject("Peewee adapter", "adapter", lambda new: host.storage.create_audit_log(**new.values), returned, own),
        Subject("Peewee adapter, in atomic() per call", "adapter", joined, returned, own),
        Subject(own, "other", orm, written, own),
    ]
