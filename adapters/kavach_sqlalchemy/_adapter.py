"""The one entry: whatever SQLAlchemy object the host has becomes a storage of the right colour."""

from __future__ import annotations

from typing import overload

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from kavach_core.errors import ConfigurationError
from kavach_core.storage import AsyncStorage, Backend, Storage
from kavach_core.storage.sql import naming_of
from kavach_schema.render.ddl import DEFAULT_PREFIX, Naming
from kavach_sqlalchemy._asyncio import asyncio_storage
from kavach_sqlalchemy._engine import EngineBackend
from kavach_sqlalchemy._joined import JoinedBackend
from kavach_sqlalchemy._urls import create_async_engine, create_engine


@overload
def create_sqlalchemy_adapter(
    handle: Engine | Connection | Session,
    *,
    skip_migrations: bool = False,
    prefix: str = DEFAULT_PREFIX,
    schema: str | None = None,
) -> Storage: ...


@overload
def create_sqlalchemy_adapter(
    handle: AsyncEngine | AsyncConnection | AsyncSession,
    *,
    skip_migrations: bool = False,
    prefix: str = DEFAULT_PREFIX,
    schema: str | None = None,
) -> AsyncStorage: ...


def create_sqlalchemy_adapter(
    handle: Engine | Connection | Session | AsyncEngine | AsyncConnection | AsyncSession,
    *,
    skip_migrations: bool = False,
    prefix: str = DEFAULT_PREFIX,
    schema: str | None = None,
) -> Storage | AsyncStorage:
    """Return the storage on an engine, or inside the transaction of a connection or a session.

    On an engine each operation is a transaction of its own, and missing tables are created before the first one; with
    `skip_migrations` they are only checked. On a connection or a session the host's transaction decides: nothing is
    committed, rolled back or closed here, and the tables MUST exist. `prefix` replaces `kavach_` in table names;
    `schema` is a PostgreSQL schema.

    Raises `ConfigurationError` for any other object, a bad prefix, or a database that Kavach does not run on.
    """
    naming = naming_of(prefix, schema)
    match handle:
        case Engine():
            return Storage(_on_engine(handle, naming, skip_migrations))
        case AsyncEngine():
            return asyncio_storage(_on_engine(handle.sync_engine, naming, skip_migrations))
        case Connection() | Session():
            return Storage(JoinedBackend(handle, naming))
        case AsyncConnection():
            return _async_joined(handle.sync_connection, naming)
        case AsyncSession():
            return _async_joined(handle.sync_session, naming)
        case _:
            raise ConfigurationError(
                f"create_sqlalchemy_adapter() takes an engine, a connection or a session, not {type(handle).__name__}"
            )


def open_storage(
    provider: str,
    url: str,
    *,
    skip_migrations: bool = False,
    prefix: str = DEFAULT_PREFIX,
    schema: str | None = None,
) -> Storage:
    """Return the storage on a new engine for a URL (see `create_engine`); closing it disposes of the engine."""
    naming = naming_of(prefix, schema)
    engine = create_engine(provider, url)
    return Storage(EngineBackend(engine, naming=naming, skip_migrations=skip_migrations, owned=True))


def open_async_storage(
    provider: str,
    url: str,
    *,
    skip_migrations: bool = False,
    prefix: str = DEFAULT_PREFIX,
    schema: str | None = None,
) -> AsyncStorage:
    """Return the storage for asyncio on a new engine; as `open_storage` otherwise."""
    naming = naming_of(prefix, schema)
    engine = create_async_engine(provider, url).sync_engine
    backend = EngineBackend(engine, naming=naming, skip_migrations=skip_migrations, owned=True)
    return asyncio_storage(backend)


def _on_engine(engine: Engine, naming: Naming, skip_migrations: bool) -> Backend:
    return EngineBackend(engine, naming=naming, skip_migrations=skip_migrations, owned=False)


def _async_joined(handle: Connection | Session | None, naming: Naming) -> AsyncStorage:
    if handle is None:
        raise ConfigurationError("the connection is not open; enter its block, or await it, first")
    return asyncio_storage(JoinedBackend(handle, naming))
