"""Service tokens: what programs of the operator call the HTTP API with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from uuid_utils import uuid7

from kavach_core.engine.reading import Clock, expired, future
from kavach_core.engine.tokens import SERVICE_PREFIX, hash_token, new_token
from kavach_core.engine.values import ServiceToken
from kavach_core.errors import InvalidInput, NotFoundError
from kavach_core.policy.scopes import read_scopes
from kavach_core.storage import AsyncStorage
from kavach_schema import records

_MAX_PAGE: Final = 1000

_NOTED_EVERY: Final = timedelta(minutes=1)
"""How exact `last_used_at` is: a call that only reads MUST NOT cost a write each time."""


class AsyncServiceTokens:
    """The service tokens of a Kavach."""

    def __init__(self, storage: AsyncStorage, clock: Clock) -> None:
        """Use a storage."""
        self._storage = storage
        self._clock = clock

    async def create(
        self, *, name: str, scopes: Iterable[str], tenant_id: str | None = None, expires_at: datetime | None = None
    ) -> ServiceToken:
        """Create a service token and return it; its text is shown this once.

        Whoever may call this hands out what the scopes say: it is for operators, and no route of the API does it.
        Raises `InvalidInput`.
        """
        now = self._clock()
        if not name:
            raise InvalidInput("name must not be empty")
        token = new_token(SERVICE_PREFIX)
        row = await self._storage.create_service_token(
            id=str(uuid7()),
            name=name,
            token_hash=token.hash,
            token_prefix=token.prefix,
            scopes=list(read_scopes(scopes)),
            tenant_id=tenant_id,
            expires_at=None if expires_at is None else future(expires_at, now, "expires_at"),
            created_at=now,
        )
        return _value(row, token.token)

    async def list(
        self, *, limit: int = 100, offset: int | None = None, after: ServiceToken | None = None
    ) -> list[ServiceToken]:
        """Return service tokens by creation, oldest first, expired ones included, at most `limit` (1 to 1000).

        For the next page pass the last one as `after`. Raises `InvalidInput`.
        """
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _MAX_PAGE:
            raise InvalidInput(f"limit: must be an integer from 1 to {_MAX_PAGE}")
        place = None if after is None else records.ServiceToken(**after.model_dump(exclude={"token"}), token_hash="")
        return [_value(row) for row in await self._storage.list_service_tokens(limit=limit, offset=offset, after=place)]

    async def revoke(self, token_id: str) -> None:
        """Delete a service token: the next call with it is refused. Raises `NotFoundError`."""
        if not await self._storage.delete_service_token(token_id):
            raise NotFoundError("no service token has this id")

    async def find(self, token: str) -> ServiceToken | None:
        """Return the service token with this text and note its use; None where there is none, or it has expired.

        It is found by its hash, so how long that takes says nothing about others.
        """
        if not token.startswith(SERVICE_PREFIX):
            return None
        now = self._clock()
        row = await self._storage.find_service_token_by_hash(hash_token(token))
        if row is None or expired(row.expires_at, now):
            return None
        if row.last_used_at is None or now - row.last_used_at >= _NOTED_EVERY:
            await self._storage.update_service_token(row.id, last_used_at=now)
        return _value(row)


def _value(row: records.ServiceToken, token: str = "") -> ServiceToken:
    return ServiceToken(**row.model_dump(exclude={"token_hash"}), token=token)
