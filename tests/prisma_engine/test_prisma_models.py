"""Our models in Prisma's hands: the schema is accepted, and a generated client reads and writes our tables."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, make_url, select

import prisma_setup
from conformance.prisma_harness import host_schema
from database_fixture import Database, Provider
from kavach_schema.model import Column, Table
from kavach_schema.render.ddl import Flavour, create_table
from kavach_schema.render.metadata import metadata
from kavach_schema.render.prisma import PROVIDERS, field_name, merge_models
from kavach_schema.render.prisma import Provider as PrismaProvider
from kavach_schema.tables import TABLES
from prisma_engine.clients import PRISMA_PROVIDERS, Client, package_for, schema_for, url_of

GENERATED = Path(__file__).parents[2] / "schema" / "generated"

URLS = {"sqlite": "file:./host.db", "postgresql": "postgresql://localhost/host", "mysql": "mysql://localhost/host"}

DRIVERS = {"sqlite": "sqlite", "postgres": "postgresql+psycopg", "mysql": "mysql+pymysql"}

MOMENT = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)

VALUES: dict[str, Any] = {"text": "é🎉 x", "integer": 2**31 - 1, "boolean": True, "time": MOMENT}

JSON_SAMPLES = {"list": ["a", "b"], "dict": {"k": [1, None, {"x": "é"}]}}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_prisma_validates_and_formats_the_schema(
    provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", URLS[provider])
    path = Path(shutil.copy(GENERATED / f"schema.{provider}.prisma", tmp_path / "schema.prisma"))
    before = path.read_text()
    for command in ("validate", "format"):
        done = prisma_setup.run_cli([command, "--schema", str(path)])
        assert done.returncode == 0, done.stdout + done.stderr
    assert path.read_text() == before


@pytest.mark.parametrize("provider", PROVIDERS)
def test_prisma_validates_a_merged_schema(
    provider: PrismaProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRISMA_TEST_URL", URLS[provider])
    ours: dict[PrismaProvider, Provider] = {prisma: name for name, prisma in PRISMA_PROVIDERS.items()}
    path = tmp_path / "schema.prisma"
    path.write_text(merge_models(schema_for(ours[provider]), TABLES).text)
    done = prisma_setup.run_cli(["validate", "--schema", str(path)])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def observer(database: Database) -> Iterator[Connection]:
    """Yield a connection of SQLAlchemy to a database with our tables."""
    engine = create_engine(make_url(database.url).set(drivername=DRIVERS[database.provider]))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in TABLES:
            for statement in create_table(table, _flavour(database)):
                connection.exec_driver_sql(statement)
        yield connection
    engine.dispose()


def _flavour(database: Database) -> Flavour:
    flavours: dict[str, Flavour] = {"sqlite-file": "sqlite", "postgres": "postgresql"}
    return flavours.get(database.name) or ("mariadb" if database.name == "mariadb" else "mysql")


@pytest.fixture
def client(database: Database, observer: Connection) -> Iterator[Client]:
    """Yield a client generated from our models and those of a host."""
    found = package_for(database.provider, "sync", host_schema(PRISMA_PROVIDERS[database.provider]))
    connected = found.Prisma(datasource={"url": url_of(database)})
    connected.connect()
    yield Client(connected, found, database, "sync")
    connected.disconnect()


def sample(column: Column, table: Table[object]) -> Any:
    if column.kind == "json":
        return JSON_SAMPLES["list" if column.annotation.startswith("list") else "dict"]
    if column.name == table.key:
        return "key-1"
    return VALUES[column.kind]


def given(client: Client, column: Column, value: Any) -> Any:
    """Return a value as the generated client takes it."""
    if column.kind == "time":
        return int(value.timestamp())
    if column.kind == "json":
        return json.dumps(value, ensure_ascii=False) if client.provider == "sqlite" else client.json(value)
    return value


@pytest.mark.not_in_memory
def test_every_model_writes_what_sqlalchemy_reads(client: Client, observer: Connection) -> None:
    tables = metadata().tables
    for table in TABLES:
        delegate = getattr(client.prisma, table.model.lower())
        row = {column.name: sample(column, table) for column in table.columns}
        data = {field_name(name): given(client, table.by_name[name], value) for name, value in row.items()}
        delegate.create(data=data)
        (seen,) = observer.execute(select(tables[table.name])).mappings()
        assert dict(seen) == row, table.name
        key = field_name(table.key)
        read = delegate.find_unique(where={key: "key-1"})
        for column in table.columns:
            found = getattr(read, field_name(column.name))
            expected = row[column.name]
            if column.kind == "time":
                expected = int(expected.timestamp())
            elif column.kind == "json" and client.provider == "sqlite":
                found = json.loads(found)
            assert found == expected, (table.name, column.name)


@pytest.mark.not_in_memory
def test_every_model_reads_what_sqlalchemy_wrote_by_default(client: Client, observer: Connection) -> None:
    """Only what must be given is given: defaults and NULL are the same on both sides."""
    tables = metadata().tables
    for table in TABLES:
        row = {column.name: sample(column, table) for column in table.columns if not column.optional}
        observer.execute(tables[table.name].insert().values(row))
        delegate = getattr(client.prisma, table.model.lower())
        mine = delegate.find_unique(where={field_name(table.key): "key-1"}).model_dump()
        delegate.delete(where={field_name(table.key): "key-1"})
        data = {field_name(name): given(client, table.by_name[name], value) for name, value in row.items()}
        assert delegate.create(data=data).model_dump() == mine, table.name


@pytest.mark.not_in_memory
def test_conflicts_name_the_column_or_the_index(client: Client) -> None:
    row = {"id": "1", "name": "n", "slug": "s", "createdAt": 1, "updatedAt": 1}
    client.prisma.kavachtenant.create(data=row)
    with pytest.raises(client.errors.UniqueViolationError) as caught:
        client.prisma.kavachtenant.create(data={**row, "id": "2"})
    target = "kavach_tenants_slug_key" if client.provider == "mysql" else ["slug"]
    assert caught.value.meta["target"] == target
    window = {"agentId": "a", "resource": "r", "windowStart": 1}
    client.prisma.kavachratelimit.create(data={"id": "1", **window})
    with pytest.raises(client.errors.UniqueViolationError) as caught:
        client.prisma.kavachratelimit.create(data={"id": "2", **window})
    compound = ["agent_id", "resource", "window_start"]
    assert caught.value.meta["target"] == (
        "_".join(["kavach_rate_limits", *compound, "key"]) if client.provider == "mysql" else compound
    )
    assert client.prisma.kavachratelimit.find_unique(where={"agentId_resource_windowStart": window}).count == 0
