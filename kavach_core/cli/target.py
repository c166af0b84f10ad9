"""The database that is named on a command line: ":memory:", the path of an SQLite file, or a URL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from cyclopts import Parameter

from kavach_core.errors import ConfigurationError, MissingDependency

if TYPE_CHECKING:
    from sqlalchemy import Engine

Database: TypeAlias = Annotated[str, Parameter(name=["--database", "-d"], env_var="KAVACH_DATABASE")]
"""The option of commands that work on a database only."""

SCHEMES: Final[Mapping[str, str]] = {
    "sqlite": "sqlite",
    "postgresql": "postgres",
    "postgres": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
}
"""The provider of each scheme that a URL may begin with."""


def provider_of(database: str) -> str:
    """Return the provider that a URL is for; what is no URL is a path of SQLite.

    Raises `ConfigurationError` for a scheme that is not known.
    """
    scheme, found, _ = database.partition("://")
    if not found:
        return "sqlite"
    provider = SCHEMES.get(scheme.partition("+")[0])
    if provider is None:
        raise ConfigurationError(f"unknown database scheme {scheme!r}; use one of {', '.join(SCHEMES)}")
    return provider


def place(provider: str, database: str) -> str:
    """Name the database; of a server only the kind, for its URL may hold a password."""
    match provider:
        case "postgres":
            return "PostgreSQL"
        case "mysql":
            return "MySQL or MariaDB"
        case _:
            path = database.removeprefix("sqlite:///")
            return "SQLite in memory" if path in ("", ":memory:") else f"SQLite, {path}"


@contextmanager
def plain_engine(database: str, *, existing: bool = True) -> Iterator[Engine]:
    """Yield an engine that changes no setting of the database; a missing SQLite file is made only if it may be."""
    try:
        from kavach_sqlalchemy._urls import create_plain_engine
    except ImportError as error:
        raise MissingDependency("this command needs SQLAlchemy; run: pip install 'kavach-core[sqlalchemy]'") from error
    engine = create_plain_engine(provider_of(database), database, existing=existing)
    try:
        yield engine
    finally:
        engine.dispose()
