"""What an adapter implements: execute an operation, open a transaction, prepare the schema, close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol, TypeVar

from kavach_core.storage.capabilities import Capabilities
from kavach_core.storage.operations import Delete, Operation

T = TypeVar("T")


class AsyncBackend(Protocol):
    """Execute the closed set of operations on one database."""

    @property
    def capabilities(self) -> Capabilities:
        """Return what this backend offers."""
        ...

    @property
    def in_transaction(self) -> bool:
        """Tell whether operations are part of a transaction that is open already, ours or the host's."""
        ...

    async def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation, wholly or not at all.

        What each operation MUST do is said in `operations`; outside of a transaction its effect is durable on return.

        Raises `InvalidInput` before anything is sent, `ConflictError`, `TransactionError` or `BackendUnavailable`.
        """
        ...

    def transaction(self) -> AbstractAsyncContextManager[AsyncBackend]:
        """Open a transaction, or a savepoint inside one; yield a backend bound to it.

        It MUST commit on leaving, and roll back when the block raises.
        """
        ...

    def using(self, handle: object) -> AsyncBackend:
        """Return a backend that works inside the transaction of the host's handle, which the host ends.

        Raises `CapabilityError` where the backend joins no host, `ConfigurationError` for a handle that it cannot use.
        """
        ...

    async def prepare_schema(self) -> None:
        """Create the tables that are missing or, where the host manages them, check that they are there.

        Raises `SchemaMismatch` with the name of the first table or column that is missing.
        """
        ...

    async def close(self) -> None:
        """Release what the backend opened itself, and nothing that it was given."""
        ...


class AsyncMethods:
    """The base of the documented methods: they need a backend and nothing else."""

    def __init__(self, backend: AsyncBackend) -> None:
        """Speak to a backend."""
        self._backend = backend
        self._execute = backend.execute

    async def _delete_owner(self, owner: Delete, belongings: Sequence[Delete], key: str) -> bool:
        """Delete a row with all that belongs to it, wholly or not at all; tell whether there was one.

        Where a transaction is open and the storage has no savepoints, that transaction MUST be rolled back on errors.
        """
        nested = self._backend.in_transaction and not self._backend.capabilities.savepoints
        async with nullcontext(self._backend) if nested else self._backend.transaction() as transaction:
            for deletion in belongings:
                await transaction.execute(deletion, {"owner": key})
            return await transaction.execute(owner, {"id": key}) > 0
