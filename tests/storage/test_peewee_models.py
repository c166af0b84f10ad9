"""Our tables as Peewee models: the same tables as the DDL's, and the same rows as the storage's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

pytest.importorskip("peewee")

import peewee
from playhouse.schema_diff import diff_models

from colours import Opened
from kavach_core.errors import SchemaMismatch
from kavach_core.testing.lift import finished
from kavach_core.testing.samples import complete, sample
from kavach_peewee import models
from kavach_schema.tables import TABLES
from kavach_schema.tables.agents import AGENTS
from peewee_databases import DRIVERS, make_database
from storage.peewee_host import PeeweeHost
from storage.samples import row

pytestmark = [pytest.mark.not_in_memory, pytest.mark.adapters("peewee")]


@pytest.fixture
async def host(opened: Opened) -> AsyncIterator[PeeweeHost]:
    found = PeeweeHost(opened)
    yield found
    await found.close()


async def run(host: PeeweeHost, work: Any) -> Any:
    """Run some work of the host's in its own style, on a connection that is open for it."""
    async with host.connected():
        return await finished(host.database.run(work) if host.asyncio else work())


@pytest.mark.empty_database
async def test_the_models_create_the_tables_that_the_storage_checks(host: PeeweeHost) -> None:
    found = models(host.database)
    assert len(found) == len(TABLES)
    await run(host, lambda: host.database.create_tables(found))
    storage = host.adapter(skip_migrations=True)
    await storage.prepare_schema()
    agent = await storage.create_agent(**row(AGENTS))
    assert await storage.find_agent_by_id(agent.id) == agent
    await run(host, lambda: host.database.create_tables(found))


@pytest.mark.empty_database
async def test_tables_are_created_alike_by_either(host: PeeweeHost, opened: Opened) -> None:
    found = models(host.database)
    await run(host, lambda: host.database.create_tables(found))
    by_models = described(opened)
    await run(host, lambda: host.database.drop_tables(found))
    await host.adapter().prepare_schema()
    assert described(opened) == by_models


@pytest.mark.empty_database
async def test_a_prefix_and_a_schema_name_the_tables_of_the_models(host: PeeweeHost, opened: Opened) -> None:
    schema = "iam" if opened.database.provider == "postgres" else None
    if schema:
        async with host.connected():
            await host.sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
            await host.sql(f"CREATE SCHEMA {schema}")
    found = models(host.database, prefix="app_", schema=schema)
    await run(host, lambda: host.database.create_tables(found))
    storage = host.adapter(prefix="app_", schema=schema, skip_migrations=True)
    agent = await storage.create_agent(**row(AGENTS))
    assert (await run(host, lambda: found.Agent.get_by_id(agent.id))).name == agent.name
    with pytest.raises(SchemaMismatch):
        await host.adapter(skip_migrations=True).prepare_schema()
    await run(host, lambda: host.database.drop_tables(found))


@contextmanager
def inspected(opened: Opened) -> Iterator[Any]:
    """Open a database that is not for asyncio: Peewee's own queries about indexes fail on asyncpg."""
    provider = opened.database.provider
    database = make_database(provider, opened.database.url, DRIVERS[provider][0][1], pooled=False)
    with database.connection_context():
        yield database


def described(opened: Opened) -> Any:
    """Return what Peewee reads of the stored tables."""
    with inspected(opened) as database:
        return [
            [sorted(map(repr, read(table.name))) for read in (database.get_columns, database.get_indexes)]
            for table in TABLES
        ]


async def test_a_schema_diff_finds_nothing_to_do(host: PeeweeHost, opened: Opened) -> None:
    with inspected(opened) as database:
        diff = diff_models(database, [*models(database)])
    assert not diff, str(diff)


async def test_each_reads_what_the_other_wrote(host: PeeweeHost) -> None:
    made = models(host.database)
    for table in TABLES:
        model = getattr(made, table.record)
        values = complete(table, sample(table))

        def through_the_model(model: Any = model, values: Any = values) -> dict[str, Any]:
            model.insert(**values).execute()
            read: dict[str, Any] = model.select().dicts().get()
            return read

        assert await run(host, through_the_model) == values, table.name


async def test_the_storage_and_the_models_share_rows(host: PeeweeHost) -> None:
    found = models(host.database)
    storage = host.adapter()
    agent = await storage.create_agent(**row(AGENTS, metadata={"a": [1, None, "é"]}))
    read = await run(host, lambda: found.Agent.get_by_id(agent.id))
    assert (read.name, read.metadata, read.created_at) == (agent.name, agent.metadata, agent.created_at)
    await run(
        host, lambda: found.Agent.update(name="changed").where(found.Agent.created_at <= agent.created_at).execute()
    )
    changed = await storage.find_agent_by_id(agent.id)
    assert changed.name == "changed"
    assert changed.metadata == {"a": [1, None, "é"]}


@pytest.mark.one_database
def test_models_belong_to_one_database(opened: Opened) -> None:
    first, second = (peewee.SqliteDatabase(":memory:") for _ in range(2))
    ours, theirs = models(first), models(second, prefix="acme_")
    assert ours.Agent is not theirs.Agent
    assert ours.Agent._meta.table_name == "kavach_agents"
    assert theirs.Agent._meta.table_name == "acme_agents"
    assert ours.Agent._meta.database is first
    with pytest.raises(AttributeError):
        _ = ours.Nothing


@pytest.mark.one_database
def test_a_naive_datetime_is_refused(opened: Opened) -> None:
    database = peewee.SqliteDatabase(":memory:")
    agent = models(database).Agent
    with pytest.raises(ValueError, match="aware"):
        agent.select().where(agent.created_at < datetime(2026, 1, 1)).sql()
    _, parameters = agent.select(agent.id).where(agent.created_at < datetime(2026, 1, 1, tzinfo=UTC)).sql()
    assert parameters == [1767225600]
