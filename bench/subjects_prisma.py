"""The same ways on prisma-client-py: the adapter beside the client's own methods, all through one engine."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from importlib import import_module
from typing import Any, Final

from bench.checks import audit_log_checks, check_agent
from bench.data import AGENT_COLUMNS, AUDIT_COLUMNS, NewAuditLog, agent_record
from bench.databases import Database, Provider, find_shared_modules
from bench.measure import Subject
from bench.raw import Raw
from bench.statements import statements
from kavach_prisma import create_prisma_adapter
from kavach_schema.records import Agent
from kavach_schema.render.prisma import Provider as PrismaProvider
from kavach_schema.render.prisma import field_name, render_models
from kavach_schema.tables import TABLES

_PROVIDERS: Final[dict[Provider, PrismaProvider]] = {"sqlite": "sqlite", "postgres": "postgresql", "mysql": "mysql"}

_SCHEMA: Final = """datasource db {{
  provider = "{provider}"
  url      = env("DATABASE_URL")
}}

{models}"""


class PrismaHost:
    """A host's connected client, generated from our models, and our storage on it."""

    def __init__(self, database: Database, stack: ExitStack) -> None:
        """Generate the client and connect it until the stack is closed."""
        find_shared_modules()
        import prisma_setup

        os.environ.update(prisma_setup.prepare())
        provider = _PROVIDERS[database.provider]
        schema = _SCHEMA.format(provider=provider, models=render_models(TABLES, provider))
        folder = prisma_setup.generate_client(schema, "sync")
        sys.path.append(str(folder.parent))
        package: Any = import_module(folder.name)
        url = f"file:{database.path}" if database.provider == "sqlite" else database.url
        self.provider: Provider = database.provider
        self.json: Any = package.Json
        self.client: Any = package.Prisma(datasource={"url": url})
        self.client.connect()
        stack.callback(self.client.disconnect)
        self.storage: Any = create_prisma_adapter(self.client)


def prisma_finders(host: PrismaHost) -> list[Subject]:
    """Return the ways to find an agent by its token's hash."""
    agents = host.client.kavachagent
    sql = statements(host.provider, "$" if host.provider == "postgres" else "?").find_agent

    def model(token_hash: str) -> Any:
        return agents.find_unique(where={"tokenHash": token_hash})

    def raw(token_hash: str) -> Any:
        return host.client.query_raw(sql, token_hash)

    own = "Prisma, find_unique()"
    return [
        Subject("Prisma adapter", "adapter", host.storage.find_agent_by_token_hash, check_agent, own),
        Subject("Prisma, query_raw()", "other", raw, lambda wanted, rows: check_agent(wanted, _of_row(rows[0])), own),
        Subject(own, "other", model, lambda wanted, found: check_agent(wanted, _of_model(found)), own),
    ]


def _of_row(row: dict[str, Any]) -> Agent:
    return _agent([row[name] for name in AGENT_COLUMNS])


def _of_model(found: Any) -> Agent:
    return _agent([getattr(found, field_name(name)) for name in AGENT_COLUMNS])


def _agent(values: list[Any]) -> Agent:
    at = AGENT_COLUMNS.index("metadata")
    if not isinstance(values[at], str):  # a type of its own, which Prisma has parsed
        values[at] = json.dumps(values[at])
    return agent_record([int(value) if name.endswith("_at") else value for name, value in _named(values)])


def _named(values: list[Any]) -> zip[tuple[str, Any]]:
    return zip(AGENT_COLUMNS, values, strict=True)


def prisma_writers(host: PrismaHost, raw: Raw) -> list[Subject]:
    """Return the ways to write an audit row durably."""
    written, returned = audit_log_checks(raw.find_audit_log)
    logs = host.client.kavachauditlog
    fields = [field_name(name) for name in AUDIT_COLUMNS]

    def model(new: NewAuditLog) -> None:
        data = {name: value for name, value in zip(fields, new.stored, strict=True) if value is not None}
        if host.provider != "sqlite":
            data["parameters"] = host.json(new.values["parameters"])
        logs.create(data=data)

    own = "Prisma, create()"
    return [
        Subject("Prisma adapter", "adapter", lambda new: host.storage.create_audit_log(**new.values), returned, own),
        Subject(own, "other", model, written, own),
    ]
