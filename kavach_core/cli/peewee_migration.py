"""Write a migration that creates the Kavach tables into the host's folder of Peewee migrations."""

from __future__ import annotations

from pathlib import Path

from kavach_core.errors import ConfigurationError, MissingDependency
from kavach_schema.render.ddl import Naming
from kavach_schema.render.peewee_migration import render_migration
from kavach_schema.tables import TABLES

try:
    from peewee import SqliteDatabase
    from playhouse.migrations import Runner
except ModuleNotFoundError as missing:
    raise MissingDependency("this command needs Peewee; run: pip install 'kavach-core[peewee]'") from missing


def write_migration(directory: Path, naming: Naming, *, message: str) -> Path:
    """Write the migration with the next number into `directory`, which is made if it is missing; return its path.

    Raises `ConfigurationError` where a migration creates these tables already, or the folder cannot be written to.
    """
    runner = Runner(SqliteDatabase(None), str(directory))  # it names and numbers files; nothing is connected
    try:
        _refuse_second(runner, naming)
        return Path(runner.create(message, body=render_migration(TABLES, message, naming)))
    except OSError as error:
        raise ConfigurationError(f"cannot write into {directory}: {error.strerror}") from error


def _refuse_second(runner: Runner, naming: Naming) -> None:
    table = f'table_name = "{naming.table(TABLES[0].name)}"'
    for migration in runner.migrations():
        if table in Path(migration.path).read_text():
            raise ConfigurationError(
                f"migration {migration.name} creates these tables already; "
                "for what a newer Kavach adds, run: kavach schema upgrade URL"
            )
