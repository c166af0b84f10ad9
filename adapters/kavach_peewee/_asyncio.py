"""The backends under asyncio: the greenlet layer of `playhouse.pwasyncio` is entered once per operation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

from playhouse.pwasyncio import greenlet_spawn

from kavach_core.storage import Backend
from kavach_core.storage.capabilities import Capabilities
from kavach_core.storage.operations import Operation
from kavach_peewee._database import require_asyncio

T = TypeVar("T")

_run = cast("Callable[..., Coroutine[Any, Any, Any]]", greenlet_spawn)


class AsyncioBackend:
    """Run a backend's operations in the running task; its database MUST be one of `playhouse.pwasyncio`."""

    def __init__(self, backend: Backend) -> None:
        """Wrap a backend."""
        self._backend = backend

    @property
    def capabilities(self) -> Capabilities:
        """Return what the backend offers."""
        return self._backend.capabilities

    @property
    def in_transaction(self) -> bool:
        """Tell whether operations are part of a transaction that is open in this task."""
        return self._backend.in_transaction

    async def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation."""
        return cast("T", await _run(self._backend.execute, operation, values))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncioBackend]:
        """Open a transaction, or a savepoint inside one."""
        scope = self._backend.transaction()
        bound = await _run(scope.__enter__)
        try:
            yield AsyncioBackend(bound)
        except BaseException as error:
            if not await _run(scope.__exit__, type(error), error, error.__traceback__):
                raise
        else:
            await _run(scope.__exit__, None, None, None)

    def using(self, handle: object) -> AsyncioBackend:
        """Join the transaction that a database for asyncio has open in this task."""
        return AsyncioBackend(self._backend.using(require_asyncio(handle)))

    async def prepare_schema(self) -> None:
        """Create or check the tables."""
        await _run(self._backend.prepare_schema)

    async def close(self) -> None:
        """Do nothing: the database is the host's."""
