"""A transaction of our own: what `client.tx()` begins, with an isolation level, for which that has no argument."""

from __future__ import annotations

from typing import Any


class AsyncOwnTransaction:
    """Begin and end a transaction of an engine; each method is one request."""

    def __init__(self, client: Any, request: str) -> None:
        """Use a connected client; `request` says how the transaction is to be."""
        self._client = client
        self._request = request
        self._id: Any = None

    async def start(self) -> Any:
        """Begin, and return the client that is inside."""
        self._id = await self._client._engine.start_transaction(content=self._request)
        inside = self._client._copy()
        inside._tx_id = self._id
        return inside

    async def commit(self) -> None:
        """Commit."""
        await self._client._engine.commit_transaction(self._id)

    async def rollback(self) -> None:
        """Roll back."""
        await self._client._engine.rollback_transaction(self._id)
