"""A backend inside a transaction that is open: the host's `tx`, or a block of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast

from kavach_core.errors import TransactionContextLost, TransactionError
from kavach_core.storage.operations import Operation, table_of
from kavach_prisma._async.link import AsyncLink, make_async_link
from kavach_prisma._client import capabilities_of, require_transaction
from kavach_schema.render.ddl import Naming

T = TypeVar("T")


class AsyncBoundBackend:
    """Run operations in an open transaction, one at a time; what has ended refuses to go on."""

    in_transaction = True

    def __init__(self, client: Any, naming: Naming, link: AsyncLink | None) -> None:
        """Use a transaction's client; with a link it is a block of ours, without one the host's."""
        self._client = client
        self._naming = naming
        self._joined = link is None
        self._link = link
        self._ended = False
        self._savepoint_is_open = False
        self.capabilities = capabilities_of(client)

    @classmethod
    def joined(cls, handle: object, naming: Naming) -> AsyncBoundBackend:
        """Return a backend in the transaction that the host began with `client.tx()`."""
        require_transaction(handle, naming, asyncio=iscoroutinefunction(cls.execute))
        return cls(handle, naming, None)

    async def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation; a conflict leaves the transaction usable."""
        link = await self._open()
        plan = link.planner.plan(operation, values)
        with link.state:
            before = link.sent
            result = cast("T", await link.run_inside(plan, table_of(operation)))
            if self._joined and link.sent == before:
                await link.say("SELECT 1")  # nobody but the engine knows whether the host's transaction has ended
            return result

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncBoundBackend]:
        """Open a savepoint."""
        link = await self._open()
        with link.state:
            self._savepoint_is_open = True
        try:
            async with link.savepoint():
                bound = AsyncBoundBackend(self._client, self._naming, link)
                try:
                    yield bound
                finally:
                    bound.end()
        finally:
            self._savepoint_is_open = False

    def using(self, handle: object) -> AsyncBoundBackend:
        """Join the transaction of another handle; refused in a block of ours."""
        if not self._joined:
            raise TransactionError(
                "this storage is bound to a transaction; call using() on the storage that it came from"
            )
        return AsyncBoundBackend.joined(handle, self._naming)

    async def prepare_schema(self) -> None:
        """Do nothing: tables are not created inside a transaction."""

    async def close(self) -> None:
        """Do nothing: whoever began the transaction ends it."""

    def end(self) -> None:
        """Refuse everything from now on."""
        self._ended = True

    async def _open(self) -> AsyncLink:
        if self._ended:
            raise TransactionContextLost(
                "this transaction has ended; use the storage that it came from, or open a new one"
            )
        if self._savepoint_is_open:
            # It would be undone with the savepoint; and savepoints of several tasks would undo each other.
            raise TransactionError("a savepoint of this transaction is open; use the storage that is bound to it")
        if self._link is None:
            self._link = await make_async_link(self._client, self._naming)
        return self._link
