"""Sessions of people: made at sign-in, renewed by use, listed, revoked.

The token is shown once and stored as a hash. A session is renewed by one conditional update: of parallel requests one
renews it and none ends it.
"""

from __future__ import annotations

from datetime import datetime

from uuid_utils import uuid7

from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine.people import Session, ban_in_force, session_value
from kavach_core.engine.reading import Clock, check, expired
from kavach_core.engine.settings import Rules
from kavach_core.engine.tokens import SESSION_PREFIX, hash_token, new_token
from kavach_core.errors import AuthenticationError, NotFoundError
from kavach_core.policy.sign_in import renewed_expiry
from kavach_core.storage import AsyncStorage
from kavach_schema.tables.sign_in import LOGIN_HISTORY


class AsyncSessions:
    """The sessions of a Kavach."""

    def __init__(self, storage: AsyncStorage, rules: Rules, clock: Clock) -> None:
        """Use a storage under rules."""
        self._storage = storage
        self._rules = rules.users
        self._clock = clock

    async def create(
        self, user_id: str, *, method: str, ip: str | None = None, user_agent: str | None = None
    ) -> Session:
        """Begin a session of a user whom the host has signed in in a way of its own, named by `method`.

        The token is shown this once. Raises `NotFoundError`, `AuthenticationError` for a banned user, and
        `InvalidInput`.
        """
        now = self._clock()

        async def work(storage: AsyncStorage) -> Session:
            user = await storage.find_user_by_id(user_id)
            if user is None:
                raise NotFoundError("no user has this id")
            if ban_in_force(user, now):
                raise AuthenticationError("the user is banned; lift the ban first")
            return await self.open(storage, user_id, method, ip, user_agent, now)

        return await run_async_transaction(self._storage, work)

    async def get(self, token: str) -> Session | None:
        """Return the session of a token, and renew it; None where it ended, was revoked, or its user is banned."""
        token_hash = hash_token(token)
        row = await self._storage.find_session_by_token_hash(token_hash)
        now = self._clock()
        if row is None or expired(row.expires_at, now):
            return None
        user = await self._storage.find_user_by_id(row.user_id)
        if user is None or ban_in_force(user, now):
            return None
        later = renewed_expiry(
            row.created_at, row.expires_at, now, self._rules.session_expiry, self._rules.session_lifetime
        )
        if later is not None:
            renewed = await self._storage.update_session(row.id, expected_expires_at=row.expires_at, expires_at=later)
            # None: another request renewed it, or it was revoked meanwhile.
            row = renewed or await self._storage.find_session_by_token_hash(token_hash)
        return None if row is None else session_value(row)

    async def list(self, user_id: str) -> list[Session]:
        """Return a user's sessions that have not ended, oldest first."""
        now = self._clock()
        rows = await self._storage.list_sessions_by_user(user_id, limit=1000)
        return [session_value(row) for row in rows if not expired(row.expires_at, now)]

    async def revoke(self, session_id: str, *, user_id: str | None = None) -> bool:
        """End a session at once, with `user_id` only where it is that user's; tell whether there was one."""
        return await self._storage.delete_session(session_id, user_id=user_id)

    async def revoke_all(self, user_id: str, *, keep: str | None = None) -> int:
        """End all sessions of a user but the one whose id is `keep`, and return how many there were."""

        async def work(storage: AsyncStorage) -> int:
            return await self.end_others(storage, user_id, keep)

        return await run_async_transaction(self._storage, work)

    async def open(
        self,
        storage: AsyncStorage,
        user_id: str,
        method: str,
        ip: str | None,
        user_agent: str | None,
        now: datetime,
    ) -> Session:
        """Write a session, and the sign-in into the login history; MUST run in the transaction of the sign-in."""
        token = new_token(SESSION_PREFIX)
        check(LOGIN_HISTORY, method=method, ip=ip, user_agent=user_agent)
        row = await storage.create_session(
            id=str(uuid7()),
            user_id=user_id,
            token_hash=token.hash,
            expires_at=now + min(self._rules.session_expiry, self._rules.session_lifetime),
            metadata={"ip": ip, "userAgent": user_agent},
            created_at=now,
        )
        await storage.create_login_history(
            id=str(uuid7()), user_id=user_id, method=method, ip=ip, user_agent=user_agent, timestamp=now
        )
        return session_value(row, token.token)

    async def end_others(self, storage: AsyncStorage, user_id: str, keep: str | None) -> int:
        """Delete a user's sessions but the one to be kept, and return their number; MUST run in a transaction."""
        if keep is None:
            return await storage.delete_sessions_by_user(user_id)
        count = 0
        while page := [row for row in await storage.list_sessions_by_user(user_id, limit=1000) if row.id != keep]:
            for row in page:
                count += await storage.delete_session(row.id)
        return count
