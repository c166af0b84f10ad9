"""Delegation: what agents hand to each other, and what each may do by it now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from uuid_utils import uuid7

from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine._async.tenants import limit_async_depth
from kavach_core.engine.reading import Clock, agent_status, delegation_value, future, grants, link
from kavach_core.engine.settings import DEFAULT_MAX_DEPTH, Rules
from kavach_core.engine.values import Delegation
from kavach_core.errors import DelegationError, InactiveAgentError, InvalidInput, NotFoundError
from kavach_core.policy.delegation import Held, Link, choose_source, derive, lines_in_force, reach
from kavach_core.policy.permissions import Grant, Permission, PermissionLike, read_permissions
from kavach_core.storage import AsyncStorage
from kavach_core.storage.facts import AgentFacts
from kavach_schema import records

T = TypeVar("T")

BATCH: Final = 500
"""Ids that one statement names."""


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
        parent_chain_id: str | None = None,
    ) -> Delegation:
        """Hand permissions of one agent to another until `expires_at`, and return the delegation.

        Each permission MUST be contained in one that `from_agent` holds now, all in its own or all in those received by
        one delegation, which becomes the parent of this one; the constraints of that one go along. Its own come first,
        then the delegation with the most hops left; `parent_chain_id` chooses another one. `max_depth` is how many hops
        there may be from the agent whose own permission it is.

        Raises `NotFoundError`, `InactiveAgentError`, `InactiveTenantError`, `InvalidInput`, and `DelegationError` for
        what is not held, for a chain that would be too deep or outlive the one that it rests on, for an agent of
        another owner or tenant, and for a circle.
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

        async def work(storage: AsyncStorage) -> records.DelegationChain:
            giver = await self._active(storage, from_agent, now)
            receiver = await self._active(storage, to_agent, now)
            if (giver.owner_id, giver.tenant_id) != (receiver.owner_id, receiver.tenant_id):
                raise DelegationError("the agents belong to different owners or tenants")
            most = await limit_async_depth(storage, giver.tenant_id, max_depth)
            held = await self._held(storage, from_agent, now, *await _read(storage, from_agent))
            if parent_chain_id is not None:
                held = [source for source in held if source.line and source.line[-1].id == parent_chain_id]
                if not held:
                    raise DelegationError("parent_chain_id names no delegation in force to the giving agent")
            line = choose_source(
                held,
                wanted,
                receiver=to_agent,
                expires_at=expires_at,
                max_depth=most,
                wildcard=self._rules.wildcard,
            )
            depth, deepest = reach(line, most)
            return await storage.create_delegation_chain(
                id=str(uuid7()),
                from_agent_id=from_agent,
                to_agent_id=to_agent,
                parent_chain_id=line[-1].id if line else None,
                permissions=[permission.stored() for permission in wanted],
                depth=depth,
                max_depth=deepest,
                expires_at=expires_at,
                created_at=now,
            )

        return delegation_value(await run_async_transaction(self._storage, work))

    async def get(self, chain_id: str) -> Delegation | None:
        """Return the delegation with this id, whatever its status, or None."""
        row = await self._storage.find_delegation_chain(chain_id)
        return None if row is None else delegation_value(row)

    async def get_effective_permissions(self, agent_id: str) -> list[Permission]:
        """Return what an agent may do now: its own permissions and those it received, constraints aside.

        Empty for an agent that is missing, revoked or expired.
        """
        now = self._clock()
        row = await self._storage.find_agent_by_id(agent_id)
        if row is None or agent_status(row, now) != "active":
            return []
        found: list[Permission] = []
        for grant in await self.grants_of(self._storage, agent_id, now):
            if grant.permission not in found:
                found.append(grant.permission)
        return found

    async def list_chains(
        self,
        agent_id: str | None = None,
        *,
        from_agent: str | None = None,
        to_agent: str | None = None,
        status: str | None = None,
    ) -> list[Delegation]:
        """Return the delegations from or to an agent by creation, oldest first, revoked and expired ones included.

        `agent_id` matches either end, `from_agent` and `to_agent` match one; at least one of the three is required.
        `status` is "active" or "revoked". Raises `InvalidInput`.
        """
        rows = await self._storage.find_delegation_chains_by_agent(
            agent_id, from_agent_id=from_agent, to_agent_id=to_agent, status=status
        )
        return [delegation_value(row) for row in rows]

    async def revoke(self, chain_id: str) -> Delegation:
        """Revoke a delegation for good with all that rests on it, and return it; nothing else is touched.

        All of it has no effect from the moment that this one is revoked. Raises `NotFoundError`.
        """

        async def work(storage: AsyncStorage) -> records.DelegationChain:
            row = await storage.update_delegation_chain(chain_id, status="revoked")
            if row is None:
                raise NotFoundError("no delegation has this id")
            seen = generation = {chain_id}
            while generation:
                below = [
                    row async for row in rows_in_async_batches(generation, storage.find_delegation_chains_by_parents)
                ]
                for child in below:
                    if child.status != "revoked":
                        await storage.update_delegation_chain(child.id, status="revoked")
                generation = {child.id for child in below} - seen
                seen = seen | generation
            return row

        return delegation_value(await run_async_transaction(self._storage, work))

    async def grants_of(self, storage: AsyncStorage, agent_id: str, now: datetime) -> list[Grant]:
        """Return the grants in force for an active agent."""
        return _all(await self._held(storage, agent_id, now, *await _read(storage, agent_id)))

    async def grants_in(self, storage: AsyncStorage, facts: AgentFacts, now: datetime) -> list[Grant]:
        """Return the grants in force for an active agent that facts are known of; what is upstream of it is read."""
        return _all(await self._held(storage, facts.agent.id, now, facts.delegation_chains, facts.permissions))

    async def _active(self, storage: AsyncStorage, agent_id: str, now: datetime) -> records.Agent:
        row = await storage.find_agent_by_id(agent_id)
        if row is None:
            raise NotFoundError("no agent has this id")
        if (status := agent_status(row, now)) != "active":
            raise InactiveAgentError(f"the agent is {status}; a delegation needs two active agents")
        return row

    async def _held(
        self,
        storage: AsyncStorage,
        agent_id: str,
        now: datetime,
        chains: Sequence[records.DelegationChain],
        own: Sequence[records.Permission],
    ) -> list[Held]:
        """Return an agent's own grants, and those received by each chain, checked against all that is upstream now.

        `chains` are the active ones to it. Nothing that it received rests on its `own` permissions, so these need not
        be all.
        """
        links, received = await self._links(storage, chains, now)
        givers = {link.giver for link in links.values()}
        agents = [row async for row in rows_in_async_batches(givers, storage.find_agents_by_ids)]
        active = {row.id for row in agents if agent_status(row, now) == "active"}
        lines = lines_in_force(links, active, now)
        holders = {line[0].giver for line in lines.values()}
        upstream: dict[str, list[records.Permission]] = {}
        async for row in rows_in_async_batches(holders, storage.find_permissions_by_agent_ids):
            upstream.setdefault(row.agent_id, []).append(row)
        wildcard = self._rules.wildcard
        compiled = {id: grants(rows, wildcard) for id, rows in upstream.items()}
        handed_on: dict[str, list[Grant]] = {}
        for line in lines.values():
            derive(line, compiled, wildcard, handed_on)
        by_chain = [Held(lines[id], handed_on[id]) for id in received if id in lines]
        return [Held((), grants(own, wildcard)), *by_chain]

    async def _links(
        self, storage: AsyncStorage, chains: Sequence[records.DelegationChain], now: datetime
    ) -> tuple[dict[str, Link], list[str]]:
        """Read all that these chains rest on, a generation at a time; say which of them are not expired."""
        links = {row.id: link(row) for row in chains if row.expires_at > now}
        received = list(links)
        while missing := {found.parent_id for found in links.values() if found.parent_id is not None} - links.keys():
            above = [row async for row in rows_in_async_batches(missing, storage.find_delegation_chains_by_ids)]
            if not above:
                break
            links |= {row.id: link(row) for row in above}
        return links, received


async def _read(storage: AsyncStorage, agent_id: str) -> tuple[list[records.DelegationChain], list[records.Permission]]:
    chains = await storage.find_delegation_chains_by_agent(to_agent_id=agent_id, status="active")
    return chains, await storage.find_permissions_by_agent_id(agent_id)


def _all(held: Iterable[Held]) -> list[Grant]:
    return [grant for each in held for grant in each.grants]


async def rows_in_async_batches(
    ids: Iterable[str], find: Callable[[Sequence[str]], Awaitable[list[T]]]
) -> AsyncIterator[T]:
    """Yield the rows of these ids, found so many at a time that no statement grows too long."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), BATCH):
        for row in await find(ordered[start : start + BATCH]):
            yield row
