"""Creating and checking the tables, and the `MetaData` that hosts get: one schema, however it is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text

from colours import Opened
from database_fixture import Database
from described import described, open_engine
from kavach_core.errors import ConfigurationError, ConflictError, SchemaMismatch
from kavach_schema.tables import TABLES
from kavach_schema.tables.agents import AGENTS
from kavach_sqlalchemy import create_sqlalchemy_adapter, metadata
from storage.samples import row

pytestmark = pytest.mark.empty_database


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """Return a synchronous engine on the test's database."""
    yield from open_engine(database)


def drop_all(engine: Engine) -> None:
    with engine.connect() as connection:
        names = [table.name for table in TABLES]
        for dropped in [[name] for name in names] if engine.dialect.name == "sqlite" else [names]:
            connection.execute(text(f"DROP TABLE {', '.join(dropped)}"))


def test_our_tables_and_those_of_the_metadata_are_the_same(engine: Engine) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    ours = described(engine)
    assert len(ours) == len(TABLES)
    drop_all(engine)
    metadata().create_all(engine)
    assert described(engine) == ours


def test_every_column_and_index_of_the_model_is_in_the_database(engine: Engine) -> None:
    """ST1, ST3: native types on every server."""
    create_sqlalchemy_adapter(engine).prepare_schema()
    found = described(engine)
    for table in TABLES:
        stored = found[table.name]
        assert {name: values[1] for name, values in stored["columns"].items()} == {
            column.name: column.nullable for column in table.columns
        }
        assert stored["key"] == [table.key]
        indexes = [(index.name, [*index.columns], index.unique) for index in table.constraints()]
        assert stored["indexes"] == sorted(indexes)


def test_rows_written_through_the_metadata_are_read_by_the_storage(engine: Engine) -> None:
    metadata().create_all(engine)
    storage = create_sqlalchemy_adapter(engine, skip_migrations=True)
    values = row(AGENTS, metadata={"a": [1.5, None]})
    with engine.begin() as connection:
        connection.execute(metadata().tables["kavach_agents"].insert().values(values))
        found = connection.execute(metadata().tables["kavach_agents"].select()).mappings().one()
    agent = storage.find_agent_by_id(values["id"])
    assert agent is not None
    assert agent.model_dump() == values == dict(found)


def test_without_migrations_a_missing_table_is_named(engine: Engine) -> None:
    with pytest.raises(SchemaMismatch, match="table kavach_users is missing"):
        create_sqlalchemy_adapter(engine, skip_migrations=True).find_agent_by_id("x")
    assert described(engine) == {}


def test_without_migrations_a_missing_column_is_named(engine: Engine) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    with engine.connect() as connection:
        connection.execute(text("ALTER TABLE kavach_audit_logs DROP COLUMN code"))
    with pytest.raises(SchemaMismatch, match=r"column kavach_audit_logs\.code is missing"):
        create_sqlalchemy_adapter(engine, skip_migrations=True).prepare_schema()


def test_tables_that_are_there_are_left_as_they_are(engine: Engine) -> None:
    first = create_sqlalchemy_adapter(engine)
    agent = first.create_agent(**row(AGENTS))
    before = described(engine)
    second = create_sqlalchemy_adapter(engine)
    assert second.find_agent_by_id(agent.id) == agent
    assert described(engine) == before


def test_missing_tables_are_added_to_those_that_are_there(engine: Engine) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    before = described(engine)
    with engine.connect() as connection:
        connection.execute(text("DROP TABLE kavach_permissions"))
    create_sqlalchemy_adapter(engine).prepare_schema()
    assert described(engine) == before


def test_two_prefixes_are_two_sets_of_tables(engine: Engine) -> None:
    ours, theirs = create_sqlalchemy_adapter(engine, prefix="a_"), create_sqlalchemy_adapter(engine, prefix="b_")
    values = row(AGENTS)
    agent = ours.create_agent(**values)
    assert theirs.find_agent_by_id(agent.id) is None
    theirs.create_agent(**values)
    assert {len(described(engine, prefix)) for prefix in ("a_", "b_")} == {len(TABLES)}
    assert described(engine) == {}


def test_a_conflict_names_its_columns_under_any_prefix(engine: Engine) -> None:
    storage = create_sqlalchemy_adapter(engine, prefix="other_")
    values = row(AGENTS)
    storage.create_agent(**values)
    with pytest.raises(ConflictError) as caught:
        storage.create_agent(**row(AGENTS, token_hash=values["token_hash"]))
    assert (caught.value.table, caught.value.columns) == ("kavach_agents", ("token_hash",))


def test_the_metadata_of_a_prefix_fits_the_storage_with_it(engine: Engine) -> None:
    metadata(prefix="x_").create_all(engine)
    create_sqlalchemy_adapter(engine, prefix="x_", skip_migrations=True).prepare_schema()


@pytest.mark.parametrize("prefix", ['a"b', "a`", "a b", "a;", "é", "a.b", "a" * 60])
def test_a_prefix_that_is_no_name_is_refused(engine: Engine, prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="prefix"):
        create_sqlalchemy_adapter(engine, prefix=prefix)


def test_a_schema_holds_the_tables_on_postgresql_only(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        with pytest.raises(ConfigurationError, match="prefix"):
            create_sqlalchemy_adapter(engine, schema="iam").prepare_schema()
        return
    with engine.connect() as connection:
        connection.execute(text("CREATE SCHEMA iam"))
    storage = create_sqlalchemy_adapter(engine, schema="iam")
    agent = storage.create_agent(**row(AGENTS))
    assert storage.find_agent_by_id(agent.id) == agent
    assert (len(described(engine, schema="iam")), described(engine)) == (len(TABLES), {})
    create_sqlalchemy_adapter(engine, schema="iam", skip_migrations=True).prepare_schema()
    with pytest.raises(SchemaMismatch):
        create_sqlalchemy_adapter(engine, skip_migrations=True).prepare_schema()


def test_a_schema_that_is_not_there_is_a_mismatch(engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        with pytest.raises(SchemaMismatch):
            create_sqlalchemy_adapter(engine, schema="nowhere").prepare_schema()


@pytest.mark.not_in_memory
@pytest.mark.adapters("sqlalchemy", "peewee")
@pytest.mark.filterwarnings("ignore:Table .* already exists")  # of aiomysql, about IF NOT EXISTS
async def test_storages_that_start_at_once_all_find_their_tables(opened: Opened) -> None:
    async def work(number: int) -> Any:
        storage = await opened.storage()
        return await storage.create_agent(**row(AGENTS, id=f"agent-{number}"))

    agents = await opened.together(work, 4)
    assert [getattr(agent, "id", agent) for agent in agents] == [f"agent-{number}" for number in range(4)]


@pytest.mark.not_in_memory
async def test_what_was_written_is_there_after_reopening(opened: Opened) -> None:
    """ST4: the original never writes the file."""
    first = await opened.storage()
    agent = await first.create_agent(**row(AGENTS))
    await first.close()
    second = await opened.storage(skip_migrations=True)
    assert await second.find_agent_by_id(agent.id) == agent
