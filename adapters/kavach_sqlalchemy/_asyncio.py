"""Storages for asyncio: SQLAlchemy's greenlet layer is entered once per operation."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.util import greenlet_spawn

from kavach_core.errors import ConfigurationError
from kavach_core.storage import AsyncStorage, Backend
from kavach_core.storage.greenlets import AsyncioBackend


def asyncio_storage(backend: Backend) -> AsyncStorage:
    """Return the storage for asyncio on a backend, whose engine or handle MUST be one for asyncio."""
    return AsyncStorage(AsyncioBackend(backend, greenlet_spawn, _unwrap))


def _unwrap(handle: object) -> object:
    match handle:
        case AsyncSession():
            return handle.sync_session
        case AsyncConnection() if handle.sync_connection is not None:
            return handle.sync_connection
        case _:
            raise ConfigurationError(
                f"using() takes an open AsyncSession or AsyncConnection, not {type(handle).__name__}"
            )
