"""API keys: what a person's programs call the API with, in the person's name and no further than the key allows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from uuid_utils import uuid7

from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine.people import ApiKey, api_key_value, ban_in_force
from kavach_core.engine.reading import Clock, check, expired, future
from kavach_core.engine.tokens import API_KEY_PREFIX, hash_token, new_token
from kavach_core.errors import InvalidInput, NotFoundError
from kavach_core.storage import AsyncStorage
from kavach_schema.tables.sign_in import API_KEYS

_NOTED: Final = timedelta(minutes=1)
"""How far `last_used_at` may be behind: a busy key is not written with each request."""


class AsyncApiKeys:
    """The API keys of a Kavach."""

    def __init__(self, storage: AsyncStorage, clock: Clock) -> None:
        """Use a storage."""
        self._storage = storage
        self._clock = clock

    async def create(
        self, *, user_id: str, name: str, permissions: Iterable[str] = (), expires_at: datetime | None = None
    ) -> ApiKey:
        """Create a key of a user, and return it; the key itself is shown this once.

        It may do nothing but what `permissions` name. Raises `NotFoundError` and `InvalidInput`.
        """
        now = self._clock()
        allowed = _names(permissions)
        if not name:
            raise InvalidInput("name must not be empty")
        check(API_KEYS, name=name, permissions=allowed)
        until = None if expires_at is None else future(expires_at, now, "expires_at")
        token = new_token(API_KEY_PREFIX)

        async def work(storage: AsyncStorage) -> ApiKey:
            if await storage.find_user_by_id(user_id) is None:
                raise NotFoundError("no user has this id")
            row = await storage.create_api_key(
                id=str(uuid7()),
                user_id=user_id,
                name=name,
                key_hash=token.hash,
                key_prefix=token.prefix,
                permissions=allowed,
                expires_at=until,
                created_at=now,
            )
            return api_key_value(row, token.token)

        return await run_async_transaction(self._storage, work)

    async def list(self, user_id: str, *, limit: int = 100, offset: int | None = None) -> list[ApiKey]:
        """Return a user's keys, expired ones included, oldest first, at most `limit` of them."""
        rows = await self._storage.list_api_keys_by_user(user_id, limit=limit, offset=offset)
        return [api_key_value(row) for row in rows]

    async def verify(self, key: str) -> ApiKey | None:
        """Return what is known of a key, and note its use; None where it expired, was revoked, or its user is banned.

        `last_used_at` is up to a minute behind.
        """
        row = await self._storage.find_api_key_by_hash(hash_token(key))
        now = self._clock()
        if row is None or expired(row.expires_at, now):
            return None
        user = await self._storage.find_user_by_id(row.user_id)
        if user is None or ban_in_force(user, now):
            return None
        if row.last_used_at is None or now - row.last_used_at >= _NOTED:
            # None: it was revoked meanwhile.
            row = await self._storage.update_api_key_last_used(row.id, last_used_at=now)
        return None if row is None else api_key_value(row)

    async def revoke(self, key_id: str, *, user_id: str | None = None) -> bool:
        """Revoke a key for good, with `user_id` only where it is that user's; tell whether there was one."""
        return await self._storage.delete_api_key(key_id, user_id=user_id)


def _names(permissions: Iterable[str]) -> list[str]:
    """Return permissions in order, each once; raises `InvalidInput`."""
    if isinstance(permissions, str):
        raise InvalidInput("permissions: expected a list of names, got str")
    found = list(dict.fromkeys(permissions))
    if not all(isinstance(name, str) and name for name in found):
        raise InvalidInput("permissions: each must be a name")
    return found
