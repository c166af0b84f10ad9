"""Agents: create, read, change, rotate, revoke."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Unpack

from pydantic import JsonValue
from uuid_utils import uuid7

from kavach_core.engine._async.hooks import AsyncLifecycle
from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine.reading import Clock, agent_place, agent_status, agent_value, check, expired, future, plain
from kavach_core.engine.settings import ALWAYS, TRIES, Rules
from kavach_core.engine.tokens import new_token
from kavach_core.engine.values import AGENT_TYPES, Agent
from kavach_core.errors import ConfigurationError, InactiveAgentError, InvalidInput, LimitExceeded, NotFoundError
from kavach_core.policy.permissions import Permission, PermissionLike, read_permissions
from kavach_core.storage import AsyncStorage
from kavach_schema import records
from kavach_schema.filters import AgentFilter
from kavach_schema.inputs import AgentChanges, PermissionInput
from kavach_schema.model import UNSET, Unset
from kavach_schema.tables.agents import AGENTS

MAX_PAGE: Final = 1000

_OWNER_LOCK: Final = "kavach:max_per_user"
"""Whose counter is locked while an owner's agents are counted; it counts the agents ever created."""


class AsyncAgents:
    """The agents of a Kavach."""

    def __init__(self, storage: AsyncStorage, rules: Rules, clock: Clock, lifecycle: AsyncLifecycle) -> None:
        """Use a storage under rules; `lifecycle` is told of agents that come and go."""
        self._storage = storage
        self._rules = rules
        self._clock = clock
        self._lifecycle = lifecycle

    async def create(
        self,
        *,
        owner_id: str,
        name: str,
        type: str,
        permissions: Iterable[PermissionLike],
        expires_at: datetime | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
        tenant_id: str | None = None,
        id: str | None = None,
    ) -> Agent:
        """Create an agent with its permissions, all or nothing, and return it with its token.

        The token is shown this once. `owner_id` is any text that the host's own sign-in knows. Without `expires_at`
        the agent lives as long as the setting `token_expiry` says.

        Raises `InvalidInput`, `ConflictError` where `id` is taken, and `LimitExceeded` where the owner has
        `max_per_user` active agents; exactly that many can exist, however many are created at once.
        """
        if not self._rules.agents.enabled:
            raise ConfigurationError("agents are disabled; set agents={'enabled': True}")
        if type not in AGENT_TYPES:
            raise InvalidInput(f"type: unknown agent type; use one of {', '.join(AGENT_TYPES)}")
        now = self._clock()
        agent_id = str(uuid7()) if id is None else id
        if not agent_id or not name:
            raise InvalidInput("id and name must not be empty")
        check(AGENTS, id=agent_id, owner_id=owner_id, name=name, tenant_id=tenant_id)
        if expires_at is not None:
            expires_at = future(expires_at, now, "expires_at")
        elif self._rules.lifetime is not None:
            expires_at = now + self._rules.lifetime
        described = plain(metadata, "metadata")
        wanted = read_permissions(permissions, self._rules.wildcard)
        token = new_token()

        async def work(storage: AsyncStorage) -> Agent:
            await self._claim_place(storage, owner_id, now)
            row = await storage.create_agent(
                id=agent_id,
                owner_id=owner_id,
                tenant_id=tenant_id,
                name=name,
                type=type,
                token_hash=token.hash,
                token_prefix=token.prefix,
                expires_at=expires_at,
                metadata=described,
                created_at=now,
                updated_at=now,
            )
            granted = await storage.create_permissions(_permission_rows(agent_id, wanted, now))
            return agent_value(row, granted, now, token.token)

        agent = await run_async_transaction(self._storage, work)
        await self._lifecycle.created(agent)
        return agent

    async def get(self, agent_id: str) -> Agent | None:
        """Return the agent with this id, whatever its status, or None."""
        row = await self._storage.find_agent_by_id(agent_id)
        return None if row is None else await self._complete(row)

    async def list(
        self,
        *,
        limit: int = 100,
        offset: int | None = None,
        after: Agent | None = None,
        **filters: Unpack[AgentFilter],
    ) -> list[Agent]:
        """Return agents by creation, oldest first, at most `limit` of them (1 to 1000), in two queries.

        A filter that is None does not apply. For the next page pass the last agent as `after`. `status` is the stored
        one: an agent whose time has come is found as active until something marks it. Raises `InvalidInput`.
        """
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_PAGE:
            raise InvalidInput(f"limit: must be an integer from 1 to {MAX_PAGE}; pass the last agent as after")
        rows = await self._storage.list_agents(limit=limit, offset=offset, after=agent_place(after), **filters)
        found = await self._storage.find_permissions_by_agent_ids([row.id for row in rows])
        by_agent: dict[str, list[records.Permission]] = {row.id: [] for row in rows}
        for permission in found:
            by_agent[permission.agent_id].append(permission)
        now = self._clock()
        return [agent_value(row, by_agent[row.id], now) for row in rows]

    async def update(
        self,
        agent_id: str,
        *,
        name: str | Unset = UNSET,
        permissions: Iterable[PermissionLike] | Unset = UNSET,
        expires_at: datetime | Unset | None = UNSET,
        metadata: Mapping[str, JsonValue] | Unset | None = UNSET,
    ) -> Agent:
        """Change what is given, all or nothing, and return the agent; permissions are replaced as a whole.

        Raises `NotFoundError`, `InactiveAgentError` for a revoked or expired agent, and `InvalidInput`.
        """
        now = self._clock()
        changes: AgentChanges = {"updated_at": now}
        if name is not UNSET:
            if not name:
                raise InvalidInput("name must not be empty")
            changes["name"] = name
        if expires_at is not UNSET:
            changes["expires_at"] = None if expires_at is None else future(expires_at, now, "expires_at")
        if metadata is not UNSET:
            changes["metadata"] = plain(metadata, "metadata")
        wanted = None if permissions is UNSET else read_permissions(permissions, self._rules.wildcard)

        async def work(storage: AsyncStorage) -> Agent:
            self._refuse_inactive(await storage.find_agent_by_id(agent_id))
            row = await storage.update_agent(agent_id, expected_status="active", **changes)
            if row is None:
                raise InactiveAgentError("the agent was revoked meanwhile")
            if wanted is not None:
                await storage.delete_permissions_by_agent_id(agent_id)
                await storage.create_permissions(_permission_rows(agent_id, wanted, now))
            return agent_value(row, await storage.find_permissions_by_agent_id(agent_id), now)

        return await run_async_transaction(self._storage, work)

    async def rotate(self, agent_id: str) -> Agent:
        """Give an agent a new token, and return the agent with it; the old token is dead at once.

        The agent's life is renewed as the setting `token_expiry` says, and never shortened.

        Raises `NotFoundError`, and `InactiveAgentError` for a revoked or expired agent.
        """
        for _ in range(TRIES):
            row = self._refuse_inactive(await self._storage.find_agent_by_id(agent_id))
            now = self._clock()
            token = new_token()
            changes: AgentChanges = {"token_hash": token.hash, "token_prefix": token.prefix, "updated_at": now}
            if row.expires_at is not None and self._rules.lifetime is not None:
                changes["expires_at"] = max(row.expires_at, now + self._rules.lifetime)
            rotated = await self._storage.update_agent(
                agent_id, expected_status="active", expected_token_hash=row.token_hash, **changes
            )
            if rotated is not None:
                return await self._complete(rotated, token.token)
        raise InactiveAgentError("the agent's token is being rotated by others; try again")

    async def revoke(self, agent_id: str) -> Agent:
        """Revoke an agent for good, and return it; from now on every call of it is denied.

        What it delegated is of no more effect either. Revoking again changes nothing. Raises `NotFoundError`.
        """
        row = await self._storage.find_agent_by_id(agent_id)
        alive = row is not None and row.status != "revoked"
        if alive:
            row = await self._storage.update_agent(agent_id, status="revoked", updated_at=self._clock())
        if row is None:
            raise _missing()
        agent = await self._complete(row)
        if alive:
            await self._lifecycle.revoked(agent)
        return agent

    async def _complete(self, row: records.Agent, token: str = "") -> Agent:
        permissions = await self._storage.find_permissions_by_agent_id(row.id)
        return agent_value(row, permissions, self._clock(), token)

    def _refuse_inactive(self, row: records.Agent | None) -> records.Agent:
        if row is None:
            raise _missing()
        status = agent_status(row, self._clock())
        if status != "active":
            raise InactiveAgentError(f"the agent is {status}; create a new one")
        return row

    async def _claim_place(self, storage: AsyncStorage, owner_id: str, now: datetime) -> None:
        """Make sure that the owner may have one more agent, and keep others from counting until this is committed."""
        most = self._rules.agents.max_per_user
        if most is None:
            return
        await storage.increment_rate_limit(
            id=str(uuid7()), agent_id=_OWNER_LOCK, resource=owner_id, window_start=ALWAYS, count=1
        )
        count = await storage.count_current_agents(owner_id, status="active")
        if count >= most:
            count -= await self._mark_expired(storage, owner_id, now)
        if count >= most:
            raise LimitExceeded(f"the owner has {most} active agents, the most allowed; revoke one first")

    async def _mark_expired(self, storage: AsyncStorage, owner_id: str, now: datetime) -> int:
        """Store that agents whose time has come are expired, and return how many there were."""
        marked = 0
        last = None
        while page := await storage.list_agents(owner_id=owner_id, status="active", limit=1000, after=last):
            last = page[-1]
            for row in page:
                if expired(row.expires_at, now):
                    changed = await storage.update_agent(
                        row.id, expected_status="active", status="expired", updated_at=now
                    )
                    marked += changed is not None
        return marked


def _permission_rows(agent_id: str, wanted: Sequence[Permission], now: datetime) -> list[PermissionInput]:
    return [
        {
            "id": str(uuid7()),
            "agent_id": agent_id,
            "resource": permission.resource,
            "actions": permission.actions,
            "constraints": permission.stored().get("constraints"),  # type: ignore[typeddict-item]
            "created_at": now,
        }
        for permission in wanted
    ]


def _missing() -> NotFoundError:
    return NotFoundError("no agent has this id")
