"""From another adapter to Prisma: its tables are taken over as they are, and Kavach itself may stay where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

import pytest

from conformance.databases import empty_database
from database_fixture import Provider
from kavach_core import create_kavach
from kavach_core.storage import AsyncStorage, Storage
from kavach_core.testing.lift import Lifted, finished
from kavach_core.testing.methods import read, write
from kavach_core.testing.samples import sample
from kavach_prisma import create_prisma_adapter
from kavach_schema.tables import TABLES
from prisma_adapter.hosts import connected_host

pytestmark = pytest.mark.not_in_memory


@contextmanager
def sqlalchemy_storage(provider: Provider, url: str, *, skip_migrations: bool = False) -> Iterator[Storage]:
    from kavach_sqlalchemy import open_storage

    with closing(open_storage(provider, url, skip_migrations=skip_migrations)) as storage:
        yield storage


@contextmanager
def peewee_storage(provider: Provider, url: str, *, skip_migrations: bool = False) -> Iterator[Storage]:
    from kavach_peewee import create_peewee_adapter
    from peewee_databases import DRIVERS, make_database

    with closing(make_database(provider, url, DRIVERS[provider][0][1], pooled=False)) as database:
        yield create_peewee_adapter(database, skip_migrations=skip_migrations)


Opens = Callable[..., AbstractContextManager[Storage]]

EACH = pytest.mark.parametrize(
    "opens", [pytest.param(sqlalchemy_storage, id="sqlalchemy"), pytest.param(peewee_storage, id="peewee")]
)


def lifted(storage: Storage | AsyncStorage) -> Any:
    return Lifted(storage) if isinstance(storage, Storage) else storage


@EACH
async def test_tables_that_another_adapter_created(place: tuple[str, Any], opens: Opens) -> None:
    """Each row of each table that one wrote, the other MUST read as the same record."""
    pytest.importorskip(opens.__name__.removesuffix("_storage"))
    name, interface = place
    with empty_database(name) as (provider, url), opens(provider, url) as theirs:
        theirs.prepare_schema()
        rows = [(table, sample(table)) for table in TABLES]
        written = [await write(lifted(theirs), table, values) for table, values in rows]
        async with connected_host(provider, url, interface) as host:
            ours = lifted(create_prisma_adapter(host.prisma, skip_migrations=True))
            assert [await read(ours, table, values) for table, values in rows] == written
            agents = {row.id for row in await finished(host.prisma.kavachagent.find_many())}
            assert agents == {values["id"] for table, values in rows if table.name == "kavach_agents"}
            rows = [(table, sample(table)) for table in TABLES]
            written = [await write(ours, table, values) for table, values in rows]
            assert [await read(lifted(theirs), table, values) for table, values in rows] == written


@EACH
async def test_kavach_stays_on_the_other_adapter(place: tuple[str, Any], opens: Opens) -> None:
    """With `skip_migrations`, for Prisma owns the schema now."""
    pytest.importorskip(opens.__name__.removesuffix("_storage"))
    name, interface = place
    with empty_database(name) as (provider, url):
        async with connected_host(provider, url, interface) as host:
            direct: Any = create_prisma_adapter(host.prisma)
            await finished(direct.prepare_schema())
            with opens(provider, url, skip_migrations=True) as theirs:
                kavach = create_kavach(storage=theirs)
                agent = kavach.agent.create(owner_id="user-1", name="builder", type="service", permissions=[])
                found = await finished(direct.find_agent_by_id(agent.id))
                assert (found.name, found.status) == ("builder", "active")
                await finished(direct.update_agent(agent.id, status="revoked"))
                assert kavach.authorize(agent.id, action="read", resource="docs").code == "agent_revoked"
                logs = await finished(direct.query_audit_logs(agent_id=agent.id))
                assert [log.code for log in logs] == ["agent_revoked"]
