"""What a database tells of its tables, asked by SQLAlchemy's inspector and not by the code under test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, inspect

from colours import Opened
from database_fixture import Database
from kavach_sqlalchemy import create_engine

SYNC = {"sqlite": "pysqlite", "postgres": "psycopg", "mysql": "pymysql"}


def open_engine(database: Database) -> Iterator[Engine]:
    """Yield a synchronous engine on a database."""
    found = create_engine(database.provider, Opened(database, "sync", SYNC[database.provider], []).url)
    yield found
    found.dispose()


def described(engine: Engine, prefix: str = "kavach_", schema: str | None = None) -> dict[str, Any]:
    """Return all that the database tells of our tables."""
    found: dict[str, Any] = {}
    inspector = inspect(engine)
    for name in inspector.get_table_names(schema=schema):
        if name.startswith(prefix):
            found[name] = {
                "columns": {
                    column["name"]: (str(column["type"]), column["nullable"], column["default"])
                    for column in inspector.get_columns(name, schema=schema)
                },
                "key": inspector.get_pk_constraint(name, schema=schema)["constrained_columns"],
                "indexes": sorted(
                    (index["name"], index["column_names"], bool(index["unique"]))
                    for index in inspector.get_indexes(name, schema=schema)
                ),
            }
            if engine.dialect.name == "mysql":
                found[name]["options"] = inspector.get_table_options(name)
    return found
