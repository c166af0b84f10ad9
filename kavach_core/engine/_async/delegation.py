"""Delegation: what agents hand to each other, and what each may do by it now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from uuid_utils import uuid7

from kavach_core.engine.reading import Clock, agent_status, chain_permissions, delegation_value, future, grants
from kavach_core.engine.settings import DEFAULT_MAX_DEPTH, Rules
from kavach_core.engine.values import Delegation
from kavach_core.errors import DelegationError, InactiveAgentError, InvalidInput, NotFoundError
from kavach_core.policy.permissions import Grant, Permission, PermissionLike, read_permissions
from kavach_core.storage import AsyncStorage
from kavach_schema import records

Held = list[tuple[Grant, records.DelegationChain | None]]
"""Grants in force for an agent, each with the chain that it came by; None for its own."""


class AsyncDelegations:
    """The delegations of a Kavach."""

    def __init__(self, storage: AsyncStorage, rules: Rules, clock: Clock) -> None:
        """Use a storage under rules."""
        self._storage = storage
        self._rules = rules
        self._clock = clock

    async def delegate(
        self,
        *,
        from_agent: str,
        to_agent: str,
        permissions: Iterable[PermissionLike],
        expires_at: datetime,
        max_depth: int = DEFAULT_MAX_DEPTH,
    ) -> Delegation:
        """Hand permissions of one agent to another until `expires_at`, and return the delegation.

        Each permission MUST be contained in one that `from_agent` holds now, its own or received; the constraints of
        that one go along. `max_depth` is how many hops there may be from the agent whose own permission it is.

        Raises `NotFoundError`, `InactiveAgentError`, `InvalidInput`, and `DelegationError` for what is not held, for
        a chain that would be too deep or outlive the one that it rests on, for an agent of another owner or tenant,
        and for a circle.
        """
        now = self._clock()
        expires_at = future(expires_at, now, "expires_at")
        wanted = read_permissions(permissions, self._rules.wildcard)
        if not wanted:
            raise InvalidInput("permissions: nothing is delegated; name at least one")
        if isinstance(max_depth, bool) or not isinstance(max_depth, int) or max_depth < 1:
            raise InvalidInput("max_depth: must be an integer of 1 or more")
        if from_agent == to_agent:
            raise DelegationError("an agent cannot delegate to itself")
        async with self._storage.transaction() as storage:
            giver = await self._active(storage, from_agent, now)
            receiver = await self._active(storage, to_agent, now)
            if (giver.owner_id, giver.tenant_id) != (receiver.owner_id, receiver.tenant_id):
                raise DelegationError("the agents belong to different owners or tenants")
            held = await self._held(storage, from_agent, now, path=())
            if any(to_agent in grant.route for grant, _ in held):
                raise DelegationError("the receiving agent is upstream of the giving one; a circle grants nothing")
            depth = 1
            for permission in wanted:
                hop, most = self._place(permission, held, expires_at)
                depth, max_depth = max(depth, hop), min(max_depth, most)
            if depth > max_depth:
                raise DelegationError("the chain would be deeper than its max_depth allows")
            row = await storage.create_delegation_chain(
                id=str(uuid7()),
                from_agent_id=from_agent,
                to_agent_id=to_agent,
                permissions=[permission.stored() for permission in wanted],
                depth=depth,
                max_depth=max_depth,
                expires_at=expires_at,
                created_at=now,
            )
        return delegation_value(row)

    async def get_effective_permissions(self, agent_id: str) -> list[Permission]:
        """Return what an agent may do now: its own permissions and those it received, constraints aside.

        Empty for an agent that is missing, revoked or expired.
        """
        now = self._clock()
        row = await self._storage.find_agent_by_id(agent_id)
        if row is None or agent_status(row, now) != "active":
            return []
        held = await self._held(self._storage, agent_id, now, path=())
        found: list[Permission] = []
        for grant, _ in held:
            if grant.permission not in found:
                found.append(grant.permission)
        return found

    async def list_chains(self, agent_id: str) -> list[Delegation]:
        """Return the delegations from or to an agent by creation, oldest first, revoked and expired ones included."""
        rows = await self._storage.find_delegation_chains_by_agent(agent_id)
        return [delegation_value(row) for row in rows]

    async def revoke(self, chain_id: str) -> Delegation:
        """Revoke a delegation for good, and return it; what rests on it is of no more effect.

        Raises `NotFoundError`.
        """
        row = await self._storage.update_delegation_chain(chain_id, status="revoked")
        if row is None:
            raise NotFoundError("no delegation has this id")
        return delegation_value(row)

    async def grants_of(self, storage: AsyncStorage, agent_id: str, now: datetime) -> list[Grant]:
        """Return the grants in force for an active agent, for a decision on `storage`."""
        return [grant for grant, _ in await self._held(storage, agent_id, now, path=())]

    async def _active(self, storage: AsyncStorage, agent_id: str, now: datetime) -> records.Agent:
        row = await storage.find_agent_by_id(agent_id)
        if row is None:
            raise NotFoundError("no agent has this id")
        if (status := agent_status(row, now)) != "active":
            raise InactiveAgentError(f"the agent is {status}; a delegation needs two active agents")
        return row

    async def _held(self, storage: AsyncStorage, agent_id: str, now: datetime, *, path: tuple[str, ...]) -> Held:
        """Return an agent's own grants and those received, each checked against what its giver holds now.

        `path` are the agents downstream on the way here: a circle ends where it closes.
        """
        own = await storage.find_permissions_by_agent_id(agent_id)
        held: Held = [(grant, None) for grant in grants(own, self._rules.wildcard)]
        givers: dict[str, Held] = {}
        for chain in await storage.find_delegation_chains_by_agent(to_agent_id=agent_id, status="active"):
            if chain.expires_at <= now or chain.from_agent_id in path:
                continue
            if chain.from_agent_id not in givers:
                giver = await storage.find_agent_by_id(chain.from_agent_id)
                active = giver is not None and agent_status(giver, now) == "active"
                below = (*path, agent_id)
                givers[chain.from_agent_id] = (
                    await self._held(storage, chain.from_agent_id, now, path=below) if active else []
                )
            held += [(grant, chain) for grant in self._derived(chain, givers[chain.from_agent_id])]
        return held

    def _derived(self, chain: records.DelegationChain, theirs: Held) -> list[Grant]:
        """Return the grants that a chain hands on, once for each grant of the giver that contains it."""
        wildcard = self._rules.wildcard
        return [
            Grant(
                permission,
                wildcard,
                chain.to_agent_id,
                source.conditions,
                (*source.route, chain.from_agent_id),
                chain.id,
            )
            for permission in chain_permissions(chain)
            for source, origin in theirs
            if (origin is None or origin.depth < chain.depth <= origin.max_depth)
            and source.contains(permission, wildcard)
        ]

    def _place(self, permission: Permission, held: Held, expires_at: datetime) -> tuple[int, int]:
        """Return the least depth at which a permission can be handed on, and the depth that its source allows."""
        sources = [chain for grant, chain in held if grant.contains(permission, self._rules.wildcard)]
        if not sources:
            raise DelegationError("the agent does not hold a permission that it would delegate")
        if None in sources:
            return 1, DEPTH_OF_OWN
        lasting = [chain for chain in sources if chain is not None and chain.expires_at >= expires_at]
        if not lasting:
            raise DelegationError("the delegation would outlive the one that it rests on; choose an earlier expires_at")
        source = max(lasting, key=lambda chain: chain.max_depth - chain.depth)
        return source.depth + 1, source.max_depth


DEPTH_OF_OWN: Final = 2**31
"""The bound on the depth of what an agent hands on of its own: none but the caller's."""
