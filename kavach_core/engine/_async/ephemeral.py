"""Ephemeral sessions: a token with which an agent has a bounded number of actions for a short time.

An action is counted in the transaction of its decision, before it: the session's row stays locked until that ends, so
calls by one token follow one another. A call that is denied gives its action back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from uuid_utils import uuid7

from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine.reading import Clock, agent_status, check, expired
from kavach_core.engine.tokens import EPHEMERAL_PREFIX, new_token
from kavach_core.engine.values import EphemeralSession, EphemeralStatus
from kavach_core.errors import InactiveAgentError, InvalidInput, NotFoundError
from kavach_core.policy.decisions import Code
from kavach_core.policy.durations import parse_duration
from kavach_core.storage import AsyncStorage
from kavach_core.storage.facts import AgentFacts
from kavach_schema import records
from kavach_schema.tables.agents import EPHEMERAL_SESSIONS

_LONGEST: Final = timedelta(days=1)
_PAGE: Final = 1000

_CODES: Final[dict[EphemeralStatus, Code]] = {
    "expired": "ephemeral_expired",
    "revoked": "ephemeral_revoked",
    # One that is alive by now was given an action back meanwhile.
    "active": "ephemeral_spent",
    "spent": "ephemeral_spent",
}


class AsyncEphemeralSessions:
    """The ephemeral sessions of a Kavach."""

    def __init__(self, storage: AsyncStorage, clock: Clock) -> None:
        """Use a storage."""
        self._storage = storage
        self._clock = clock

    async def create(
        self, agent_id: str, *, expires_in: str = "15m", max_actions: int | None = None
    ) -> EphemeralSession:
        """Create a session of an agent, and return it with its token, which is shown this once.

        With the token `authorize_by_token` decides as for the agent itself, until `expires_in` (such as "90s", a day at
        most) has passed or `max_actions` calls were allowed: exactly that many, however many are tried at once.

        Raises `NotFoundError`, `InactiveAgentError` for a revoked or expired agent, `ConfigurationError` for a
        malformed duration, and `InvalidInput`.
        """
        lifetime = parse_duration(expires_in)
        if lifetime > _LONGEST:
            raise InvalidInput("expires_in: an ephemeral session lives for a day at most")
        if max_actions is not None:
            check(EPHEMERAL_SESSIONS, max_actions=max_actions)
            if max_actions < 1:
                raise InvalidInput("max_actions: must be 1 or more, or None")
        now = self._clock()
        token = new_token(EPHEMERAL_PREFIX)

        async def work(storage: AsyncStorage) -> records.EphemeralSession:
            agent = await storage.find_agent_by_id(agent_id)
            if agent is None:
                raise NotFoundError("no agent has this id")
            if (status := agent_status(agent, now)) != "active":
                raise InactiveAgentError(f"the agent is {status}; create a new one")
            return await storage.create_ephemeral_session(
                id=str(uuid7()),
                agent_id=agent_id,
                owner_id=agent.owner_id,
                token_hash=token.hash,
                expires_at=now + lifetime,
                max_actions=max_actions,
                audit_group_id=str(uuid7()),
                created_at=now,
                updated_at=now,
            )

        return _value(await run_async_transaction(self._storage, work), now, token.token)

    async def get(self, session_id: str) -> EphemeralSession | None:
        """Return the session with this id, whatever its status, or None."""
        row = await self._storage.find_ephemeral_session(session_id)
        return None if row is None else _value(row, self._clock())

    async def list(
        self, agent_id: str, *, limit: int = 100, after: EphemeralSession | None = None
    ) -> list[EphemeralSession]:
        """Return an agent's sessions by creation, oldest first, at most `limit` of them (1 to 1000).

        For the next page pass the last one as `after`. Raises `InvalidInput`.
        """
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _PAGE:
            raise InvalidInput(f"limit: must be an integer from 1 to {_PAGE}; pass the last session as after")
        now = self._clock()
        last = None
        if after is not None:
            shown = after.model_dump(exclude={"token"})
            last = records.EphemeralSession(**shown, token_hash="", updated_at=after.created_at)
        rows = await self._storage.list_ephemeral_sessions_by_agent(agent_id, limit=limit, after=last)
        return [_value(row, now) for row in rows]

    async def revoke(self, session_id: str) -> EphemeralSession:
        """Revoke a session for good, and return it; revoking again changes nothing. Raises `NotFoundError`."""
        now = self._clock()
        row = await self._storage.update_ephemeral_session(session_id, status="revoked", updated_at=now)
        if row is None:
            raise NotFoundError("no ephemeral session has this id")
        return _value(row, now)


async def find_async_facts_of(storage: AsyncStorage, token_hash: str, resource: str) -> AgentFacts | None:
    """Return the facts of the agent whose ephemeral token has this hash, whatever the status of both, or None."""
    session = await storage.find_ephemeral_session_by_token_hash(token_hash)
    return None if session is None else await storage.find_agent_facts_by_id(session.agent_id, resource=resource)


async def use_async_action(storage: AsyncStorage, token_hash: str, now: datetime) -> records.EphemeralSession | Code:
    """Count an action of a session, and return the session, or the code of the denial where it has no more.

    MUST run in the transaction of the decision.
    """
    used = await storage.use_ephemeral_session(token_hash, now=now)
    if used is not None:
        return used
    session = await storage.find_ephemeral_session_by_token_hash(token_hash)
    return "unknown_agent" if session is None else _CODES[_status(session, now)]


async def give_async_action_back(storage: AsyncStorage, used: records.EphemeralSession) -> None:
    """Undo `use_async_action` in the same transaction, which still holds the row."""
    await storage.update_ephemeral_session(used.id, actions_used=used.actions_used - 1)


def _value(row: records.EphemeralSession, now: datetime, token: str = "") -> EphemeralSession:
    return EphemeralSession(
        id=row.id,
        agent_id=row.agent_id,
        owner_id=row.owner_id,
        token=token,
        status=_status(row, now),
        max_actions=row.max_actions,
        actions_used=row.actions_used,
        audit_group_id=row.audit_group_id,
        expires_at=row.expires_at,
        created_at=row.created_at,
    )


def _status(row: records.EphemeralSession, now: datetime) -> EphemeralStatus:
    """Return what a session is now; a status that is not known counts as revoked."""
    if row.status != "active":
        return "revoked"
    if expired(row.expires_at, now):
        return "expired"
    return "spent" if row.max_actions is not None and row.actions_used >= row.max_actions else "active"
