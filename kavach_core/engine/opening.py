"""The storage behind `database={...}`: the SQLAlchemy adapter, imported when it is asked for and not before."""

from __future__ import annotations

from types import ModuleType

from kavach_core.engine.settings import DatabaseSettings
from kavach_core.errors import MissingDependency
from kavach_core.storage import AsyncStorage, Storage


def open_storage(settings: DatabaseSettings) -> Storage:
    """Return a connected storage, its tables created or checked."""
    storage: Storage = _adapter().open_storage(
        settings.provider,
        settings.url,
        prefix=settings.prefix,
        schema=settings.schema_name,
        skip_migrations=settings.skip_migrations,
    )
    try:
        storage.prepare_schema()
    except BaseException:
        storage.close()
        raise
    return storage


async def open_async_storage(settings: DatabaseSettings) -> AsyncStorage:
    """Return a connected storage for asyncio, its tables created or checked."""
    storage: AsyncStorage = _adapter().open_async_storage(
        settings.provider,
        settings.url,
        prefix=settings.prefix,
        schema=settings.schema_name,
        skip_migrations=settings.skip_migrations,
    )
    try:
        await storage.prepare_schema()
    except BaseException:
        await storage.close()
        raise
    return storage


def _adapter() -> ModuleType:
    try:
        import kavach_sqlalchemy
    except ImportError as error:
        raise MissingDependency(
            "database={...} needs SQLAlchemy; run: pip install 'kavach-core[sqlalchemy]', or pass storage=..."
        ) from error
    return kavach_sqlalchemy
