"""The one entry: a Peewee database becomes a storage of the right colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import peewee

from kavach_core.storage import AsyncStorage, Storage
from kavach_core.storage.sql import naming_of
from kavach_peewee._backend import DatabaseBackend
from kavach_peewee._database import is_asyncio, resolved
from kavach_schema.render.ddl import DEFAULT_PREFIX

if TYPE_CHECKING:
    from playhouse.pwasyncio import AsyncDatabaseMixin


@overload
def create_peewee_adapter(
    database: AsyncDatabaseMixin,
    *,
    skip_migrations: bool = False,
    prefix: str = DEFAULT_PREFIX,
    schema: str | None = None,
) -> AsyncStorage: ...


@overload
def create_peewee_adapter(
    database: peewee.Database,
    *,
    skip_migrations: bool = False,
    prefix: str = DEFAULT_PREFIX,
    schema: str | None = None,
) -> Storage: ...


@overload
def create_peewee_adapter(
    database: peewee.DatabaseProxy,
    *,
    skip_migrations: bool = False,
    prefix: str = DEFAULT_PREFIX,
    schema: str | None = None,
) -> Storage | AsyncStorage: ...


def create_peewee_adapter(
    database: AsyncDatabaseMixin | peewee.Database | peewee.DatabaseProxy,
    *,
    skip_migrations: bool = False,
    prefix: str = DEFAULT_PREFIX,
    schema: str | None = None,
) -> Storage | AsyncStorage:
    """Return the storage on a Peewee database, pooled or not, or on the one that an initialized proxy stands for.

    Inside the host's `database.atomic()` its operations are part of that transaction; outside, each is one of its own.
    A connection that is open is used and left open; where none is open, one is opened for each operation and closed
    after it. Missing tables are created before the first operation; with `skip_migrations` they are only checked.
    `prefix` replaces `kavach_` in table names; `schema` is a PostgreSQL schema.

    Raises `ConfigurationError` for any other object, a bad prefix, or a database that Kavach does not run on.
    """
    naming = naming_of(prefix, schema)
    backend = DatabaseBackend(database, naming=naming, skip_migrations=skip_migrations)
    if not is_asyncio(resolved(database)):
        return Storage(backend)
    from kavach_peewee._asyncio import asyncio_storage

    return asyncio_storage(backend)
