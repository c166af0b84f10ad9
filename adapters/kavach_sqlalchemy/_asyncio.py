"""The backends under asyncio: SQLAlchemy's greenlet layer is entered once per operation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.util import greenlet_spawn

from kavach_core.errors import ConfigurationError
from kavach_core.storage import Backend
from kavach_core.storage.capabilities import Capabilities
from kavach_core.storage.operations import Operation

T = TypeVar("T")


class AsyncioBackend:
    """Run a backend's operations in the running event loop; its engine or handle MUST be one for asyncio."""

    def __init__(self, backend: Backend) -> None:
        """Wrap a backend."""
        self._backend = backend

    @property
    def capabilities(self) -> Capabilities:
        """Return what the backend offers."""
        return self._backend.capabilities

    @property
    def in_transaction(self) -> bool:
        """Tell whether the backend is bound to an open transaction."""
        return self._backend.in_transaction

    async def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation."""
        return await greenlet_spawn(self._backend.execute, operation, values)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncioBackend]:
        """Open a transaction, or a savepoint inside one."""
        scope = self._backend.transaction()
        bound = await greenlet_spawn(scope.__enter__)
        try:
            yield AsyncioBackend(bound)
        except BaseException as error:
            if not await greenlet_spawn(scope.__exit__, type(error), error, error.__traceback__):
                raise
        else:
            await greenlet_spawn(scope.__exit__, None, None, None)

    def using(self, handle: object) -> AsyncioBackend:
        """Join the transaction of an asyncio session or connection."""
        match handle:
            case AsyncSession():
                return AsyncioBackend(self._backend.using(handle.sync_session))
            case AsyncConnection() if handle.sync_connection is not None:
                return AsyncioBackend(self._backend.using(handle.sync_connection))
            case _:
                raise ConfigurationError(
                    f"using() takes an open AsyncSession or AsyncConnection, not {type(handle).__name__}"
                )

    async def prepare_schema(self) -> None:
        """Create or check the tables."""
        await greenlet_spawn(self._backend.prepare_schema)

    async def close(self) -> None:
        """Release what the backend opened."""
        await greenlet_spawn(self._backend.close)
