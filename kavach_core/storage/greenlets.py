"""A synchronous backend under asyncio, for ORMs that run synchronous code in greenlets: SQLAlchemy, Peewee."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

from kavach_core.storage._sync.backend import Backend
from kavach_core.storage.capabilities import Capabilities
from kavach_core.storage.operations import Operation

T = TypeVar("T")


class Spawn(Protocol):
    """Run a function in a greenlet, in which the ORM's calls wait for the event loop; return its result."""

    def __call__(self, function: Callable[..., Any], /, *args: Any) -> Awaitable[Any]:
        """Run a function with these arguments."""
        ...


class AsyncioBackend:
    """Run a backend's operations in the running event loop; the greenlet layer is entered once per operation.

    What the backend works on MUST be the ORM's form for asyncio.
    """

    def __init__(self, backend: Backend, spawn: Spawn, unwrap: Callable[[object], object]) -> None:
        """Wrap a backend; `unwrap` returns what its `using()` takes for a handle for asyncio, or refuses it."""
        self._backend = backend
        self._spawn = spawn
        self._unwrap = unwrap

    @property
    def capabilities(self) -> Capabilities:
        """Return what the backend offers."""
        return self._backend.capabilities

    @property
    def in_transaction(self) -> bool:
        """Tell whether operations are part of a transaction that is open."""
        return self._backend.in_transaction

    async def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation."""
        result: T = await self._spawn(self._backend.execute, operation, values)
        return result

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncioBackend]:
        """Open a transaction, or a savepoint inside one."""
        scope = self._backend.transaction()
        bound = await self._spawn(scope.__enter__)
        try:
            yield self._with(bound)
        except BaseException as error:
            if not await self._spawn(scope.__exit__, type(error), error, error.__traceback__):
                raise
        else:
            await self._spawn(scope.__exit__, None, None, None)

    def using(self, handle: object) -> AsyncioBackend:
        """Join the transaction of a handle for asyncio."""
        return self._with(self._backend.using(self._unwrap(handle)))

    async def prepare_schema(self) -> None:
        """Create or check the tables."""
        await self._spawn(self._backend.prepare_schema)

    async def close(self) -> None:
        """Release what the backend opened."""
        await self._spawn(self._backend.close)

    def _with(self, backend: Backend) -> AsyncioBackend:
        return AsyncioBackend(backend, self._spawn, self._unwrap)
