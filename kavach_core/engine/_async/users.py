"""People who sign in by e-mail and password: sign up, in and out, change the password, ban.

A password is hashed and verified outside of transactions, since that takes long on purpose. What was verified is then
compared and set in the transaction that signs in or changes it, so that no change in between is missed: the row of the
password is the lock of both, and no session of an old password outlives its change.

Which of the reasons it was that a sign-in failed is told to nobody: an unknown account takes the same steps as a
wrong password.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from pydantic import JsonValue
from uuid_utils import uuid7

from kavach_core.engine._async.attempts import claim_async_attempt, clear_async_attempts
from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine._async.sessions import AsyncSessions
from kavach_core.engine.passwords import Passwords, run_off_loop
from kavach_core.engine.people import SignedIn, User, ban_in_force, user_value
from kavach_core.engine.reading import Clock, check, future, plain
from kavach_core.engine.settings import TRIES, Rules
from kavach_core.engine.tokens import hash_token
from kavach_core.errors import AuthenticationError, InvalidInput, NotFoundError
from kavach_core.policy.sign_in import Attempt, network_of, new_password_bytes, normal_email, password_bytes
from kavach_core.storage import AsyncStorage
from kavach_schema.inputs import PasswordChanges, UserChanges
from kavach_schema.model import UNSET, Unset
from kavach_schema.tables.identity import USERS
from kavach_schema.tables.sign_in import LOGIN_HISTORY

T = TypeVar("T")

_METHOD: Final = "email"

_REMEMBERED: Final = 50
"""How many of the latest sign-ins say from where an account is known to come."""


class AsyncUsers:
    """The users of a Kavach."""

    def __init__(self, storage: AsyncStorage, rules: Rules, clock: Clock, sessions: AsyncSessions) -> None:
        """Use a storage under rules; `sessions` are where sign-ins begin one."""
        self._storage = storage
        self._rules = rules.users
        self._clock = clock
        self._sessions = sessions
        self._passwords = Passwords(rules.users.settings)

    @property
    def sign_up_open(self) -> bool:
        """Tell whether the HTTP API creates accounts for anybody."""
        return self._rules.settings.sign_up

    async def create(
        self,
        *,
        email: str,
        name: str | None = None,
        id: str | None = None,
        external_id: str | None = None,
        external_provider: str | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
    ) -> User:
        """Store a user whom the host's own sign-in knows, without a password, and return it.

        Raises `ConflictError` where the id or the e-mail address is taken, and `InvalidInput`.
        """
        if id == "":
            raise InvalidInput("id must not be empty")
        now = self._clock()
        row = await self._storage.create_user(
            id=str(uuid7()) if id is None else id,
            email=normal_email(email),
            name=name,
            external_id=external_id,
            external_provider=external_provider,
            metadata=plain(metadata, "metadata"),
            created_at=now,
            updated_at=now,
        )
        return user_value(row, now)

    async def sign_up(
        self,
        *,
        email: str,
        password: str,
        name: str | None = None,
        ip: str | None = None,
        user_agent: str | None = None,
    ) -> SignedIn:
        """Create a user with a password, begin a session, and return both; the session's token is shown this once.

        Raises `ConflictError` where the e-mail address has an account, however its letters are spelled, `InvalidInput`,
        and `TooManyAttempts` where too many came from the network address `ip`.
        """
        address = normal_email(email)
        secret = new_password_bytes(password, self._rules.settings.min_password_length)
        now = self._clock()
        check(USERS, email=address, name=name)
        check(LOGIN_HISTORY, ip=ip, user_agent=user_agent)
        if ip is not None:
            await self._claim([self._rules.attempts.address(ip, now)], now)
        password_hash = await run_off_loop(self._passwords, partial(self._passwords.hash, secret))

        async def work(storage: AsyncStorage) -> SignedIn:
            row = await storage.create_user(id=str(uuid7()), email=address, name=name, created_at=now, updated_at=now)
            await storage.upsert_password(user_id=row.id, password_hash=password_hash, created_at=now, updated_at=now)
            session = await self._sessions.open(storage, row.id, _METHOD, ip, user_agent, now)
            return SignedIn(user=user_value(row, now), session=session)

        return await run_async_transaction(self._storage, work)

    async def sign_in(
        self, *, email: str, password: str, ip: str | None = None, user_agent: str | None = None
    ) -> SignedIn:
        """Begin a session for whoever knows the password, and return it with the user; its token is shown this once.

        Raises `AuthenticationError` for an unknown account, a wrong password and a banned user alike,
        `TooManyAttempts`, and `InvalidInput` for what can be no e-mail address or no password.
        """
        address = normal_email(email)
        secret = password_bytes(password)
        now = self._clock()
        check(LOGIN_HISTORY, ip=ip, user_agent=user_agent)
        found = await self._storage.find_user_by_email(address)
        user_id = "" if found is None else found.id
        attempts = await self._attempts(address, user_id, ip, now)
        await self._claim(attempts, now)

        async def work(storage: AsyncStorage) -> SignedIn:
            row = await storage.find_user_by_id(user_id)
            if row is None or ban_in_force(row, now):
                raise _refused()
            await clear_async_attempts(storage, attempts)
            session = await self._sessions.open(storage, user_id, _METHOD, ip, user_agent, now)
            return SignedIn(user=user_value(row, now), session=session)

        return await self._proven(user_id, secret, None, work)

    async def sign_out(self, token: str) -> bool:
        """End the session of a token at once; tell whether there was one."""
        row = await self._storage.find_session_by_token_hash(hash_token(token))
        return row is not None and await self._storage.delete_session(row.id)

    async def get(self, user_id: str) -> User | None:
        """Return the user with this id, or None."""
        row = await self._storage.find_user_by_id(user_id)
        return None if row is None else user_value(row, self._clock())

    async def get_by_email(self, email: str) -> User | None:
        """Return the user with this e-mail address, however its letters are spelled, or None."""
        row = await self._storage.find_user_by_email(normal_email(email))
        return None if row is None else user_value(row, self._clock())

    async def update(
        self,
        user_id: str,
        *,
        name: str | Unset | None = UNSET,
        metadata: Mapping[str, JsonValue] | Unset | None = UNSET,
    ) -> User:
        """Change what is given, and return the user; raises `NotFoundError` and `InvalidInput`."""
        changes: UserChanges = {"updated_at": self._clock()}
        if name is not UNSET:
            changes["name"] = name
        if metadata is not UNSET:
            changes["metadata"] = plain(metadata, "metadata")
        return await self._change(self._storage, user_id, changes)

    async def change_password(
        self, user_id: str, *, current_password: str, new_password: str, keep_session: str | None = None
    ) -> None:
        """Replace the password of whoever knows the one of now; all sessions end but the one of id `keep_session`.

        Raises `AuthenticationError`, `TooManyAttempts` and `InvalidInput`.
        """
        current = password_bytes(current_password)
        new = new_password_bytes(new_password, self._rules.settings.min_password_length)
        now = self._clock()
        attempts = [self._rules.attempts.account(user_id, now)]
        await self._claim(attempts, now)

        async def work(storage: AsyncStorage) -> int:
            await clear_async_attempts(storage, attempts)
            return await self._sessions.end_others(storage, user_id, keep_session)

        await self._proven(user_id, current, new, work)

    async def set_password(self, user_id: str, *, password: str) -> None:
        """Give a user a password without asking for the old one, as after a reset; all sessions end.

        Raises `NotFoundError` and `InvalidInput`.
        """
        new = new_password_bytes(password, self._rules.settings.min_password_length)
        password_hash = await run_off_loop(self._passwords, partial(self._passwords.hash, new))
        now = self._clock()

        async def work(storage: AsyncStorage) -> None:
            if await storage.find_user_by_id(user_id) is None:
                raise _missing()
            await storage.upsert_password(user_id=user_id, password_hash=password_hash, created_at=now, updated_at=now)
            await self._sessions.end_others(storage, user_id, None)

        await run_async_transaction(self._storage, work)

    async def ban(self, user_id: str, *, reason: str | None = None, expires_at: datetime | None = None) -> User:
        """Ban a user until `expires_at`, None is for good: sessions end at once, API keys and sign-ins are refused.

        Raises `NotFoundError` and `InvalidInput`.
        """
        now = self._clock()
        until = None if expires_at is None else future(expires_at, now, "expires_at")
        changes: UserChanges = {"banned": True, "ban_reason": reason, "ban_expires_at": until, "updated_at": now}

        async def work(storage: AsyncStorage) -> User:
            banned = await self._change(storage, user_id, changes)
            await self._sessions.end_others(storage, user_id, None)
            return banned

        return await run_async_transaction(self._storage, work)

    async def unban(self, user_id: str) -> User:
        """Lift a user's ban; raises `NotFoundError`."""
        changes: UserChanges = {
            "banned": False,
            "ban_reason": None,
            "ban_expires_at": None,
            "updated_at": self._clock(),
        }
        return await self._change(self._storage, user_id, changes)

    async def _change(self, storage: AsyncStorage, user_id: str, changes: UserChanges) -> User:
        row = await storage.update_user(user_id, **changes)
        if row is None:
            raise _missing()
        return user_value(row, self._clock())

    async def _attempts(self, address: str, user_id: str, ip: str | None, now: datetime) -> list[Attempt]:
        """Return what a sign-in counts on: an address from which the account was signed in to has its own counter.

        So nobody elsewhere can lock a person out of the places that they come from.
        """
        rules = self._rules.attempts
        history = await self._storage.list_login_history_by_user(user_id, limit=_REMEMBERED)
        if ip is None:
            return [rules.account(address, now)]
        known = network_of(ip) in {network_of(row.ip) for row in history if row.ip is not None}
        return [rules.account(address, now, ip if known else None), rules.address(ip, now)]

    async def _claim(self, attempts: list[Attempt], now: datetime) -> None:
        await claim_async_attempt(self._storage, self._rules.attempts, attempts, now)

    async def _proven(
        self, user_id: str, secret: bytes, new: bytes | None, work: Callable[[AsyncStorage], Awaitable[T]]
    ) -> T:
        """Verify a password, and run `work` in a transaction in which it is still that; `new` replaces it there.

        Where another sign-in renewed the hash meanwhile, or it was changed, it is verified again.
        """
        for _ in range(TRIES):
            stored = await self._storage.find_password(user_id)
            known = None if stored is None else stored.password_hash
            right = await run_off_loop(self._passwords, partial(self._passwords.verify, known, secret))
            if stored is None or not right:
                break
            changes: PasswordChanges = {"password_hash": stored.password_hash}
            if new is not None or self._passwords.outdated(stored.password_hash):
                hashing = partial(self._passwords.hash, secret if new is None else new)
                changes = {"password_hash": await run_off_loop(self._passwords, hashing), "updated_at": self._clock()}

            async def guarded(
                storage: AsyncStorage,
                verified: str = stored.password_hash,
                changes: PasswordChanges = changes,
            ) -> tuple[T] | None:
                if await storage.update_password(user_id, expected_password_hash=verified, **changes) is None:
                    return None
                return (await work(storage),)

            if (done := await run_async_transaction(self._storage, guarded)) is not None:
                return done[0]
        raise _refused()


def _refused() -> AuthenticationError:
    return AuthenticationError("the e-mail address or the password is wrong")


def _missing() -> NotFoundError:
    return NotFoundError("no user has this id")
