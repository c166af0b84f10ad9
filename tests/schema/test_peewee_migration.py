"""`kavach schema peewee`: a migration in the host's folder, which Peewee's own runner runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("peewee")

from playhouse.migrate import SchemaMigrator
from playhouse.migrations import Runner
from sqlalchemy import Engine, inspect, text

from database_fixture import Database
from described import described
from kavach_core.cli import main
from kavach_peewee import create_peewee_adapter, models
from kavach_schema.tables import TABLES
from kavach_sqlalchemy import check_schema, create_sqlalchemy_adapter
from peewee_databases import DRIVERS, make_database

HOST = """from peewee import CharField, Model
def up(migrator, db):
    class HostOrder(Model):
        id = CharField(primary_key=True)
        class Meta:
            database = db
            table_name = "host_orders"
    db.create_tables([HostOrder])
"""

PROGRAM = Path(__file__).with_name("migrating.py")

pytestmark = pytest.mark.not_in_memory


class Host:
    """A host's Peewee database, and its folder of migrations with one of its own."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder / "migrations"
        self.folder.mkdir()
        (self.folder / "0001_orders.py").write_text(HOST)
        driver = DRIVERS[database.provider][0][1]
        self.database = make_database(database.provider, database.url, driver, pooled=False)
        self.runner = Runner(self.database, str(self.folder))

    def kavach(self, *arguments: str) -> int:
        """Run `kavach schema peewee`."""
        return main(["schema", "peewee", "--directory", str(self.folder), *arguments])

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*.py"))

    def module(self) -> ModuleType:
        """Load the migration that Kavach wrote."""
        found: ModuleType = self.runner.migrations()[-1].load()
        return found

    @contextmanager
    def connected(self) -> Iterator[Any]:
        with self.database.connection_context():
            yield self.database


@pytest.fixture
def host(tmp_path: Path, database: Database) -> Host:
    return Host(tmp_path, database)


def our_tables(engine: Engine, schema: str | None = None) -> set[str]:
    return set(inspect(engine).get_table_names(schema=schema)) - {"host_orders", "schema_migration"}


def test_the_migration_makes_the_tables_that_kavach_makes(host: Host, engine: Engine) -> None:
    assert host.kavach() == 0
    assert host.files == ["0001_orders.py", "0002_create_kavach_tables.py"]
    with host.connected() as database:
        assert host.runner.up() == ["0001_orders", "0002_create_kavach_tables"]
        assert not host.runner.up()
        create_peewee_adapter(database, skip_migrations=True).prepare_schema()
    assert check_schema(engine) == []
    by_migration = described(engine)
    with host.connected():
        assert host.runner.down() == ["0002_create_kavach_tables"]
    assert our_tables(engine) == set()
    assert "host_orders" in inspect(engine).get_table_names()
    create_sqlalchemy_adapter(engine).prepare_schema()
    assert described(engine) == by_migration


def test_it_can_be_run_again_and_adds_what_is_missing(host: Host, engine: Engine) -> None:
    host.kavach()
    migration = host.module()
    with host.connected() as database:
        migration.up(SchemaMigrator.from_database(database), database)
    whole = described(engine)
    on = " ON kavach_agents" if engine.dialect.name == "mysql" else ""
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE kavach_trust_scores"))
        connection.execute(text(f"DROP INDEX kavach_agents_token_hash_key{on}"))
    for _ in range(2):
        with host.connected() as database:
            migration.up(SchemaMigrator.from_database(database), database)
        assert described(engine) == whole


def test_it_lets_tables_be_that_kavach_made(host: Host, engine: Engine) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    whole = described(engine)
    host.kavach()
    with host.connected():
        host.runner.up()
    assert described(engine) == whole


def test_a_prefix_is_kept(host: Host, engine: Engine) -> None:
    assert host.kavach("--prefix", "app_", "--message", "Add agents.") == 0
    assert host.files[-1] == "0002_add_agents.py"
    with host.connected():
        host.runner.up()
    assert our_tables(engine) == {table.name.replace("kavach_", "app_") for table in TABLES}
    assert check_schema(engine, prefix="app_") == []


def test_a_schema_of_postgresql_is_kept(host: Host, engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA iam"))
        assert host.kavach("--schema", "iam") == 0
        migration = host.module()
        for _ in range(2):
            with host.connected() as database:
                migration.up(SchemaMigrator.from_database(database), database)
        assert check_schema(engine, schema="iam") == []
        assert our_tables(engine) == set()
        with host.connected():
            assert [model for model in models(host.database, schema="iam") if not model.table_exists()] == []
            migration.down(SchemaMigrator.from_database(host.database), host.database)
        assert our_tables(engine, "iam") == set()


def test_it_is_completed_after_kill_9(host: Host, engine: Engine, database: Database) -> None:
    host.kavach()
    command = [sys.executable, str(PROGRAM), database.provider, database.url, str(host.folder), f"{len(TABLES) + 11}"]
    path = {**os.environ, "PYTHONPATH": str(PROGRAM.parents[1])}
    killed = subprocess.run(command, capture_output=True, text=True, check=False, env=path)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    each_by_itself = engine.dialect.name == "mysql"
    assert (our_tables(engine) != set()) is each_by_itself
    with host.connected():
        host.runner.up()
    assert check_schema(engine) == []


@pytest.mark.one_database
def test_it_needs_no_kavach(host: Host) -> None:
    host.kavach()
    imports = [line for line in (host.folder / host.files[-1]).read_text().splitlines() if "import" in line]
    assert imports == [
        "from peewee import SQL, Field, Model, NodeList, PostgresqlDatabase, SqliteDatabase",
        "from playhouse.migrate import SchemaMigrator",
    ]


@pytest.mark.one_database
def test_a_second_migration_is_refused(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    host.kavach()
    assert host.kavach() == 1
    assert "creates these tables already" in capsys.readouterr().err
    assert len(host.files) == 2
    assert host.kavach("--prefix", "other_") == 0


@pytest.mark.one_database
def test_a_message_is_only_a_message(host: Host) -> None:
    assert host.kavach("--message", 'a """ b \\N{x} {c}\nd') == 0
    assert str(host.module().__doc__).startswith("A ''' b N{x} {c} d.\n")


@pytest.mark.one_database
def test_mistakes_are_told_in_one_line(host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for arguments, told in (
        (["--prefix", "a b"], "table prefix"),
        (["--directory", str(tmp_path / "file")], "cannot write into"),
    ):
        assert main(["schema", "peewee", *arguments]) == 1
        out, error = capsys.readouterr()
        assert (out, error.count("\n"), told in error) == ("", 1, True)
    assert host.files == ["0001_orders.py"]
