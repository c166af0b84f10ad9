"""What the drivers under SQLAlchemy are called, and how they want their parameters."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Dialect

from kavach_core.errors import ConfigurationError
from kavach_core.storage.capabilities import Capabilities
from kavach_core.storage.sql import ParamStyle, SqlDialect
from kavach_schema.render.ddl import Flavour, Naming

_PARAMSTYLES: Final[dict[str, ParamStyle]] = {
    "qmark": "qmark",
    "format": "format",
    "pyformat": "format",
    "numeric_dollar": "numeric_dollar",
}


def sql_dialect(dialect: Dialect, naming: Naming) -> SqlDialect:
    """Describe a connected SQLAlchemy dialect; before the first connection it cannot tell MariaDB from MySQL."""
    paramstyle = _PARAMSTYLES.get(dialect.paramstyle)
    if paramstyle is None:
        raise ConfigurationError(
            f"the driver {dialect.driver} takes {dialect.paramstyle} parameters, which kavach does not write"
        )
    flavour = _flavour(dialect)
    if naming.schema and flavour != "postgresql":
        raise ConfigurationError(f"{dialect.name} has no schemas; leave out schema=..., and use prefix=...")
    return SqlDialect(flavour, paramstyle, naming, flavour == "mariadb" and not dialect.delete_returning)


def _flavour(dialect: Dialect) -> Flavour:
    if dialect.name in ("mysql", "mariadb"):
        return "mariadb" if getattr(dialect, "is_mariadb", False) else "mysql"
    if dialect.name == "sqlite":
        return "sqlite"
    if dialect.name == "postgresql":
        return "postgresql"
    raise ConfigurationError(f"kavach runs on sqlite, postgresql and mysql, not on {dialect.name}")


def capabilities_of(dialect: Dialect) -> Capabilities:
    """Return what a storage on this database offers."""
    return Capabilities(
        transactions=True,
        savepoints=True,
        joins_host=True,
        concurrent_writers=dialect.name != "sqlite",
        returning=dialect.name in ("sqlite", "postgresql"),
    )
