"""The whole face of a storage, on any backend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from kavach_core.storage._async.accounting import AsyncAccountingMethods
from kavach_core.storage._async.agents import AsyncAgentMethods
from kavach_core.storage._async.decisions import AsyncDecisionMethods
from kavach_core.storage._async.oauth import AsyncOAuthMethods
from kavach_core.storage._async.organizations import AsyncOrganizationMethods
from kavach_core.storage._async.people import AsyncPeopleMethods
from kavach_core.storage._async.sign_in import AsyncSignInMethods
from kavach_core.storage.capabilities import Capabilities


class AsyncStorage(
    AsyncPeopleMethods,
    AsyncOrganizationMethods,
    AsyncSignInMethods,
    AsyncOAuthMethods,
    AsyncAgentMethods,
    AsyncDecisionMethods,
    AsyncAccountingMethods,
):
    """Read and write every Kavach table; adapters return one.

    Each method MUST act wholly or not at all. A missing row is None, False or 0, never an error. Text is compared
    exactly. Values are checked before anything is sent.

    Raises `InvalidInput` for values that a column cannot hold, `ConflictError` for a taken key, `TransactionError`
    and `BackendUnavailable` (see `kavach_core.errors`).
    """

    @property
    def capabilities(self) -> Capabilities:
        """Return what this storage offers."""
        return self._backend.capabilities

    @property
    def in_transaction(self) -> bool:
        """Tell whether this storage is bound to a transaction that is open already, ours or the host's."""
        return self._backend.in_transaction

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Self]:
        """Open a transaction and yield a storage bound to it; inside a transaction, open a savepoint.

        Leaving the block commits; an error rolls back what was done in it, and nothing else. The bound storage is for
        one task, and is of no use after the block.
        """
        async with self._backend.transaction() as backend:
            yield type(self)(backend)

    def using(self, handle: object) -> Self:
        """Return a view of this storage that joins the transaction of the host's handle; it costs next to nothing.

        The handle is what the adapter's ORM gives a host: a session, a connection, a database inside its transaction.
        Rows written through the view commit or roll back with the host's: here nothing is committed, rolled back or
        closed. A conflict leaves the host's transaction usable. When that transaction has ended, so has the view
        (`TransactionContextLost`): take a new one for the next.

        Raises `CapabilityError` where the storage joins no host, `ConfigurationError` for any other handle.
        """
        return type(self)(self._backend.using(handle))

    async def prepare_schema(self) -> None:
        """Create the tables that are missing or, with `skip_migrations`, check that they are there.

        An adapter on an engine does this by itself before its first statement. Raises `SchemaMismatch` with the name
        of the first table or column that is missing.
        """
        await self._backend.prepare_schema()

    async def close(self) -> None:
        """Release what the storage opened itself; what it was given stays open."""
        await self._backend.close()
