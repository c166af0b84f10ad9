"""What kind of database a Peewee database is."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

import peewee

from kavach_core.errors import ConfigurationError
from kavach_core.storage.capabilities import Capabilities
from kavach_core.storage.sql import ParamStyle, SqlDialect
from kavach_peewee._database import Database, is_asyncio
from kavach_schema.render.ddl import Flavour, Naming

_servers: Final[WeakKeyDictionary[Database, Flavour]] = WeakKeyDictionary()
"""Which of MySQL and MariaDB a database turned out to be: they are told apart by asking the server."""


def known_flavour(database: Database) -> Flavour | None:
    """Return what a database is; None for MySQL or MariaDB before `learn_flavour`."""
    if isinstance(database, peewee.SqliteDatabase):
        return "sqlite"
    if isinstance(database, peewee.PostgresqlDatabase):
        return "postgresql"
    if isinstance(database, peewee.MySQLDatabase):
        return _servers.get(database)
    raise ConfigurationError(f"kavach runs on sqlite, postgresql and mysql, not on {type(database).__name__}")


def learn_flavour(database: Database, version: str) -> Flavour:
    """Return what a server is by what it says about itself, and remember it."""
    return _servers.setdefault(database, "mariadb" if "maria" in version.lower() else "mysql")


def sql_dialect(database: Database, flavour: Flavour, naming: Naming) -> SqlDialect:
    """Describe a database and its driver."""
    if naming.schema and flavour != "postgresql":
        raise ConfigurationError(f"{flavour} has no schemas; leave out schema=..., and use prefix=...")
    return SqlDialect(flavour, _paramstyle(database), naming)


def _paramstyle(database: Database) -> ParamStyle:
    if is_asyncio(database) and isinstance(database, peewee.PostgresqlDatabase):
        return "numeric_dollar"  # asyncpg's own: Peewee would translate each statement again
    return "qmark" if database.param == "?" else "format"


def capabilities_of(database: Database) -> Capabilities:
    """Return what a storage on this database offers."""
    known_flavour(database)
    server = not isinstance(database, peewee.SqliteDatabase)
    return Capabilities(
        transactions=True,
        savepoints=True,
        joins_host=True,
        concurrent_writers=server,
        returning=not isinstance(database, peewee.MySQLDatabase),
    )
