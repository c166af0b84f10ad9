"""The same ways on Peewee's databases for asyncio, one call at a time, on a connection that the host keeps open."""

from __future__ import annotations

from contextlib import AsyncExitStack
from importlib import import_module
from typing import Any

from bench.checks import audit_log_checks, check_agent
from bench.data import NewAuditLog
from bench.databases import SESSION, Database
from bench.measure import Subject
from bench.raw import Raw
from kavach_core.storage import AsyncStorage
from kavach_peewee import Models, create_peewee_adapter, models
from kavach_schema.records import Agent, AuditLog


class AsyncPeeweeHost:
    """A host's database with this task's connection open, our models on it, and our storage."""

    def __init__(self, database: Any) -> None:
        """Use a database that is connected."""
        self.database = database
        self.models: Models = models(database)
        self.storage: AsyncStorage = create_peewee_adapter(database)

    @classmethod
    async def connected(cls, database: Database, stack: AsyncExitStack) -> AsyncPeeweeHost:
        """Connect until the stack is closed."""
        opened = _open(database)
        stack.push_async_callback(opened.close_pool)
        await stack.enter_async_context(opened)
        for statement in SESSION[database.provider]:
            await opened.aexecute_sql(statement)
        return cls(opened)


def _open(database: Database) -> Any:
    pwasyncio = import_module("playhouse.pwasyncio")
    if database.provider == "sqlite":
        return pwasyncio.AsyncSqliteDatabase(database.path)
    if database.provider == "postgres":
        return pwasyncio.AsyncPostgresqlDatabase(**database.address)
    return pwasyncio.AsyncMySQLDatabase(**database.address)


def async_peewee_finders(host: AsyncPeeweeHost) -> list[Subject]:
    """Return the ways to find an agent by its token's hash."""
    model = host.models.Agent

    async def orm(token_hash: str) -> Any:
        return await host.database.get(model.select().where(model.token_hash == token_hash))

    async def joined(token_hash: str) -> Agent | None:
        async with host.database.atomic():
            return await host.storage.find_agent_by_token_hash(token_hash)

    own = "Peewee, database.get()"
    return [
        Subject("Peewee adapter", "adapter", host.storage.find_agent_by_token_hash, check_agent, own),
        Subject("Peewee adapter, in atomic() per call", "adapter", joined, check_agent, own),
        Subject(own, "other", orm, lambda wanted, row: check_agent(wanted, Agent(**row.__data__)), own),
    ]


def async_peewee_writers(host: AsyncPeeweeHost, raw: Raw) -> list[Subject]:
    """Return the ways to write an audit row durably."""
    written, returned = audit_log_checks(raw.find_audit_log)

    async def joined(new: NewAuditLog) -> AuditLog:
        async with host.database.atomic():
            return await host.storage.create_audit_log(**new.values)

    async def orm(new: NewAuditLog) -> None:
        await host.database.run(host.models.AuditLog.create, **new.values)

    own = "Peewee, database.run(Model.create)"
    return [
        Subject("Peewee adapter", "adapter", lambda new: host.storage.create_audit_log(**new.values), returned, own),
        Subject("Peewee adapter, in atomic() per call", "adapter", joined, returned, own),
        Subject(own, "other", orm, written, own),
    ]
