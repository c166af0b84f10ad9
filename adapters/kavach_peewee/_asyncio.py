"""Storages for asyncio: the greenlet layer of `playhouse.pwasyncio` is entered once per operation."""

from __future__ import annotations

from playhouse.pwasyncio import greenlet_spawn

from kavach_core.storage import AsyncStorage, Backend
from kavach_core.storage.greenlets import AsyncioBackend
from kavach_peewee._database import require_asyncio


def asyncio_storage(backend: Backend) -> AsyncStorage:
    """Return the storage for asyncio on a backend, whose database MUST be one of `playhouse.pwasyncio`."""
    return AsyncStorage(AsyncioBackend(backend, greenlet_spawn, require_asyncio))
