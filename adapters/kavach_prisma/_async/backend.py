"""The backend on a client: each operation alone, or in a transaction of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar, cast

from kavach_core.errors import BackendUnavailable, StorageError, TransactionAborted
from kavach_core.storage.operations import Operation, reads_only, table_of
from kavach_core.storage.sql.schema import check_tables, create_tables, lock_schema, missing_tables, unlock_schema
from kavach_prisma._async.bound import AsyncBoundBackend
from kavach_prisma._async.link import AsyncLink, make_async_link
from kavach_prisma._client import capabilities_of
from kavach_prisma._errors import is_lost
from kavach_prisma._transaction import Limits
from kavach_schema.render.ddl import Naming

T = TypeVar("T")

_TRIES: Final = 5
"""How often an operation that is a transaction of its own is run when the database rolls it back for another one."""


class AsyncClientBackend:
    """Run operations through a connected client, whose engine has the connections to the database."""

    in_transaction = False

    def __init__(self, client: Any, naming: Naming, limits: Limits, *, skip_migrations: bool) -> None:
        """Use a client; nothing is sent before the first operation."""
        self._client = client
        self._naming = naming
        self._skip_migrations = skip_migrations
        self._limits = limits
        self._link: AsyncLink | None = None
        self.capabilities = capabilities_of(client)

    async def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation, and again where nothing is lost by it.

        That is when it lost against another transaction, and for a read when the engine's connection was broken.
        """
        link = self._link or await self._prepared()
        for number in range(1, _TRIES + 1):
            last = number == _TRIES
            plan = link.planner.plan(operation, values)
            try:
                if plan.atomic:
                    async with link.transaction(self._limits) as inside:
                        return cast("T", await inside.run(plan, table_of(operation)))
                return cast("T", await link.run(plan, table_of(operation)))
            except TransactionAborted:
                if last:
                    raise
            except BackendUnavailable as error:
                if last or not reads_only(operation) or not is_lost(error.__cause__):
                    raise
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncBoundBackend]:
        """Open a transaction."""
        link = self._link or await self._prepared()
        async with link.transaction(self._limits) as inside:
            bound = AsyncBoundBackend(inside.client, self._naming, inside)
            try:
                yield bound
            finally:
                bound.end()

    def using(self, handle: object) -> AsyncBoundBackend:
        """Join the transaction that a client's `tx()` yielded."""
        return AsyncBoundBackend.joined(handle, self._naming)

    async def prepare_schema(self) -> None:
        """Create or check the tables once."""
        if self._link is None:
            await self._prepared()

    async def close(self) -> None:
        """Do nothing: the client is the host's."""

    async def _prepared(self) -> AsyncLink:
        link = await make_async_link(self._client, self._naming)
        if self._skip_migrations:
            await link.steps(check_tables(link.dialect))
        elif await link.steps(missing_tables(link.dialect)):
            async with link.transaction(self._limits.for_creating_tables()) as inside:
                try:
                    await inside.steps(lock_schema(link.dialect))
                    await inside.steps(create_tables(link.dialect))
                finally:
                    with suppress(StorageError):  # the lock of a connection that broke is free already
                        await inside.steps(unlock_schema(link.dialect))
        self._link = link
        return link
