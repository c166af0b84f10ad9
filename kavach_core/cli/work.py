"""Where a command works: on a database or on a server, with one face for both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from cyclopts import Parameter

from kavach_core.cli.ending import Misused
from kavach_core.errors import ConfigurationError

if TYPE_CHECKING:
    from kavach_core import Kavach
    from kavach_core.cli.direct import Direct
    from kavach_core.client import KavachSyncClient

DATABASE: Final = "KAVACH_DATABASE"
SERVER: Final = "KAVACH_SERVER"
TOKEN: Final = "KAVACH_TOKEN"  # noqa: S105 - a name


@dataclass(frozen=True)
class Place:
    """Where to work; without options it is what KAVACH_DATABASE or KAVACH_SERVER says."""

    database: Annotated[str | None, Parameter(name=["--database", "-d"])] = None
    """The database: the path of an SQLite file, or a URL such as postgresql://user@host/name."""

    server: Annotated[str | None, Parameter(name=["--server", "-s"])] = field(default=None, kw_only=True)
    """The API of a server, such as https://example.com/api/kavach. Its token is in KAVACH_TOKEN or --token-file."""

    token_file: Annotated[Path | None, Parameter(name=["--token-file"])] = field(default=None, kw_only=True)
    """A file with the token for the server: a command line is seen by everybody on the machine."""

    prefix: Annotated[str, Parameter(name=["--prefix"])] = field(default="kavach_", kw_only=True)
    """What the names of the database's tables begin with."""

    schema: Annotated[str | None, Parameter(name=["--schema"])] = field(default=None, kw_only=True)
    """The schema of PostgreSQL that the tables live in."""

    def named(self) -> Place:
        """Return the place with what the environment says where no option does; raises `Misused` unless it is one."""
        found = self
        if self.database is None and self.server is None:
            database, server = (os.environ.get(name) or None for name in (DATABASE, SERVER))
            found = replace(self, database=database, server=server)
        if (found.database is None) == (found.server is None):
            raise Misused(f"name either --database or --server, or set {DATABASE} or {SERVER}")
        return found


Where: TypeAlias = Annotated[Place, Parameter(name="*")]

ANYWHERE: Final = Place()

Permissions: TypeAlias = Annotated[tuple[str, ...], Parameter(name=["--permission", "-p"], negative=())]

Json: TypeAlias = Annotated[bool, Parameter(name=["--json"], negative=(), help="Print JSON, for programs.")]


@contextmanager
def working(place: Place) -> Iterator[Direct | KavachSyncClient]:
    """Yield a database or a server behind one face."""
    place = place.named()
    if place.server is None:
        from kavach_core.cli.direct import Direct

        with opened(place) as kavach:
            yield Direct(kavach)
        return
    from kavach_core.client import KavachSyncClient

    with KavachSyncClient(place.server, _token(place.token_file)) as client:
        yield client


@contextmanager
def opened(place: Place) -> Iterator[Kavach]:
    """Yield a Kavach on a database as it is: no table is made and no setting changed."""
    from kavach_core.cli.target import plain_engine

    place = place.named()
    if place.database is None:
        raise Misused("this command works on a database only; pass --database")
    with plain_engine(place.database) as engine:
        from kavach_core import create_kavach
        from kavach_sqlalchemy import create_sqlalchemy_adapter

        adapter = create_sqlalchemy_adapter(engine, skip_migrations=True, prefix=place.prefix, schema=place.schema)
        yield create_kavach(storage=adapter)


def _token(file: Path | None) -> str | None:
    """Return the token for a server; raises `ConfigurationError`."""
    if file is None:
        return os.environ.get(TOKEN) or None
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {file}; pass a file that holds the token alone") from error
