"""The steps by which the database came to be, each done once: `python -m app.migrations`."""

from __future__ import annotations

from peewee import SqliteDatabase, TextField
from playhouse.migrate import SqliteMigrator, migrate

from kavach_peewee import models

from .database import database

CREATE_PROJECTS = """CREATE TABLE projects (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL UNIQUE,
    owner VARCHAR(100) NOT NULL,
    agent_id VARCHAR(36) NOT NULL
)"""


def create_projects(database: SqliteDatabase) -> None:
    """Make the application's own table, as it was at first."""
    database.execute_sql(CREATE_PROJECTS)


def create_kavach_tables(database: SqliteDatabase) -> None:
    """Make Kavach's tables."""
    database.create_tables(models(database))


def add_summary(database: SqliteDatabase) -> None:
    """Make room for what agents write."""
    migrate(SqliteMigrator(database).add_column("projects", "summary", TextField(default="")))


STEPS = (create_projects, create_kavach_tables, add_summary)

if __name__ == "__main__":
    with database.connection_context(), database.atomic("EXCLUSIVE"):
        for step in STEPS[database.user_version :]:
            step(database)
        database.user_version = len(STEPS)
