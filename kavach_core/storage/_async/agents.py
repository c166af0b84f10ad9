"""Methods on agents, their permissions, delegation chains and trust scores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from kavach_core.errors import InvalidInput
from kavach_core.storage import contract
from kavach_core.storage._async.backend import AsyncMethods
from kavach_core.storage.facts import AgentFacts
from kavach_schema.filters import AgentFilter
from kavach_schema.inputs import (
    AgentChanges,
    AgentInput,
    DelegationChainChanges,
    DelegationChainInput,
    PermissionInput,
    TrustScoreChanges,
    TrustScoreInput,
)
from kavach_schema.records import Agent, DelegationChain, Permission, TrustScore


class AsyncAgentMethods(AsyncMethods):
    """Agents, permissions, delegation chains and trust scores."""

    async def find_agent_by_id(self, agent_id: str) -> Agent | None:
        """Return the agent with this id, whatever its status, or None."""
        return await self._execute(contract.FIND_AGENT_BY_ID, {"id": agent_id})

    async def find_agent_by_token_hash(self, token_hash: str) -> Agent | None:
        """Return the agent whose token has this hash, whatever its status, or None."""
        return await self._execute(contract.FIND_AGENT_BY_TOKEN_HASH, {"token_hash": token_hash})

    async def find_agent_facts_by_id(self, agent_id: str, *, resource: str) -> AgentFacts | None:
        """Return the agent with this id and all that decides on a call of it on this resource, or None.

        All is as of one moment: what others commit meanwhile is seen wholly or not at all.
        """
        values = {"id": agent_id, "resource": resource, "chain_status": "active"}
        return AgentFacts.of(await self._execute(contract.FIND_AGENT_FACTS_BY_ID, values))

    async def find_agent_facts_by_token_hash(self, token_hash: str, *, resource: str) -> AgentFacts | None:
        """Return the same for the agent whose token has this hash."""
        values = {"token_hash": token_hash, "resource": resource, "chain_status": "active"}
        return AgentFacts.of(await self._execute(contract.FIND_AGENT_FACTS_BY_TOKEN_HASH, values))

    async def find_agents_by_ids(self, agent_ids: Sequence[str]) -> list[Agent]:
        """Return the agents with these ids, whatever their status, by creation, oldest first."""
        if not agent_ids:
            return []
        return await self._execute(contract.FIND_AGENTS_BY_IDS, {"agent_ids": agent_ids})

    async def list_agents(
        self,
        *,
        limit: int = 100,
        offset: int | None = None,
        after: Agent | None = None,
        **filters: Unpack[AgentFilter],
    ) -> list[Agent]:
        """Return agents by creation, oldest first; `after` is the last agent of the page before."""
        values: dict[str, object] = {**filters, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_AGENTS, values)

    async def count_agents(self, **filters: Unpack[AgentFilter]) -> int:
        """Return how many agents match."""
        return await self._execute(contract.COUNT_AGENTS, filters)

    async def count_current_agents(
        self, *, status: str, owner_id: str | None = None, tenant_id: str | None = None
    ) -> int:
        """Return how many agents of an owner, of a tenant, or of both together have a status.

        What others have committed is seen, also in a transaction that reads all else as it was at its start: a limit
        that such a transaction checks holds.
        """
        values = {"owner_id": owner_id, "tenant_id": tenant_id, "status": status}
        return await self._execute(contract.COUNT_CURRENT_AGENTS, values)

    async def create_agent(self, **values: Unpack[AgentInput]) -> Agent:
        """Write a new agent and return it; raises `ConflictError` where the id or the token hash is taken."""
        return await self._execute(contract.CREATE_AGENT, values)

    async def update_agent(
        self,
        agent_id: str,
        *,
        expected_status: str | None = None,
        expected_token_hash: str | None = None,
        **changes: Unpack[AgentChanges],
    ) -> Agent | None:
        """Change the named fields and return the agent, or None where there is none.

        With an expected value, only while the agent still has it: of several such changes exactly one wins. Raises
        `ConflictError` where a new token hash is taken.
        """
        values: dict[str, object] = {"id": agent_id, **changes}
        values["expected_status"] = expected_status
        values["expected_token_hash"] = expected_token_hash
        return await self._execute(contract.UPDATE_AGENT, values)

    async def delete_agent(self, agent_id: str) -> bool:
        """Delete an agent and all rows that belong to it, in one transaction; tell whether there was one.

        Audit logs and cost events stay.
        """
        return await self._delete_owner(contract.DELETE_AGENT, contract.DELETE_ROWS_OF_AGENT, agent_id)

    async def find_permissions_by_agent_id(self, agent_id: str) -> list[Permission]:
        """Return all permissions of an agent in the order in which they were granted."""
        values = {"agent_id": agent_id}
        return await self._execute(contract.FIND_PERMISSIONS_BY_AGENT_ID, values)

    async def find_permissions_by_agent_ids(self, agent_ids: Sequence[str]) -> list[Permission]:
        """Return all permissions of several agents in the order in which they were granted."""
        if not agent_ids:
            return []
        values = {"agent_ids": agent_ids}
        return await self._execute(contract.FIND_PERMISSIONS_BY_AGENT_IDS, values)

    async def create_permission(self, **values: Unpack[PermissionInput]) -> Permission:
        """Write a new permission and return it; raises `ConflictError` where the id is taken."""
        return await self._execute(contract.CREATE_PERMISSION, values)

    async def create_permissions(self, rows: Sequence[PermissionInput]) -> list[Permission]:
        """Write new permissions, all or none, and return them; raises `ConflictError` where an id is taken."""
        return await self._execute(contract.CREATE_PERMISSIONS, {"rows": rows})

    async def delete_permission(self, permission_id: str) -> bool:
        """Delete a permission and tell whether there was one."""
        return await self._execute(contract.DELETE_PERMISSION, {"id": permission_id}) > 0

    async def delete_permissions_by_agent_id(self, agent_id: str) -> int:
        """Delete all permissions of an agent and return how many there were."""
        values = {"agent_id": agent_id}
        return await self._execute(contract.DELETE_PERMISSIONS_BY_AGENT_ID, values)

    async def find_delegation_chain(self, chain_id: str) -> DelegationChain | None:
        """Return the delegation chain with this id, whatever its status, or None."""
        return await self._execute(contract.FIND_DELEGATION_CHAIN, {"id": chain_id})

    async def find_delegation_chains_by_ids(self, chain_ids: Sequence[str]) -> list[DelegationChain]:
        """Return the delegation chains with these ids, whatever their status, by creation, oldest first."""
        if not chain_ids:
            return []
        return await self._execute(contract.FIND_DELEGATION_CHAINS_BY_IDS, {"chain_ids": chain_ids})

    async def find_delegation_chains_by_parents(self, parent_ids: Sequence[str]) -> list[DelegationChain]:
        """Return the chains that rest on one of these, whatever their status, by creation, oldest first."""
        if not parent_ids:
            return []
        return await self._execute(contract.FIND_DELEGATION_CHAINS_BY_PARENTS, {"parent_ids": parent_ids})

    async def find_delegation_chains_by_agent(
        self,
        agent_id: str | None = None,
        *,
        from_agent_id: str | None = None,
        to_agent_id: str | None = None,
        status: str | None = None,
    ) -> list[DelegationChain]:
        """Return the chains from or to an agent by creation, oldest first.

        `agent_id` matches either end; `from_agent_id` and `to_agent_id` match one. One of the three is required.
        """
        values = {
            "agent_id": agent_id,
            "from_agent_id": from_agent_id,
            "to_agent_id": to_agent_id,
            "status": status,
        }
        if agent_id is from_agent_id is to_agent_id is None:
            raise InvalidInput("kavach_delegation_chains: name the agent whose chains to find")
        return await self._execute(contract.FIND_DELEGATION_CHAINS_BY_AGENT, values)

    async def create_delegation_chain(self, **values: Unpack[DelegationChainInput]) -> DelegationChain:
        """Write a new delegation chain and return it; raises `ConflictError` where the id is taken."""
        return await self._execute(contract.CREATE_DELEGATION_CHAIN, values)

    async def update_delegation_chain(
        self,
        chain_id: str,
        *,
        expected_status: str | None = None,
        **changes: Unpack[DelegationChainChanges],
    ) -> DelegationChain | None:
        """Change the named fields and return the chain, or None where there is none.

        With `expected_status`, only while the chain still has it.
        """
        values: dict[str, object] = {"id": chain_id, **changes}
        values["expected_status"] = expected_status
        return await self._execute(contract.UPDATE_DELEGATION_CHAIN, values)

    async def delete_expired_delegation_chains(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the chains that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_DELEGATION_CHAINS, {"now": now, "limit": limit})

    async def find_trust_score(self, agent_id: str) -> TrustScore | None:
        """Return the trust score of an agent, or None."""
        return await self._execute(contract.FIND_TRUST_SCORE, {"agent_id": agent_id})

    async def find_trust_scores_by_ids(self, agent_ids: Sequence[str]) -> list[TrustScore]:
        """Return the trust scores of these agents by the time of their computation, oldest first."""
        if not agent_ids:
            return []
        return await self._execute(contract.FIND_TRUST_SCORES_BY_IDS, {"agent_ids": agent_ids})

    async def upsert_trust_score(self, **values: Unpack[TrustScoreInput]) -> TrustScore:
        """Write an agent's trust score, new or over the stored one, and return it."""
        return await self._execute(contract.UPSERT_TRUST_SCORE, values)

    async def update_trust_score(
        self, agent_id: str, *, expected_revision: int | None = None, **changes: Unpack[TrustScoreChanges]
    ) -> TrustScore | None:
        """Change the named fields and return the trust score, or None where there is none.

        With `expected_revision`, only while the score still has it: of several such changes exactly one wins.
        """
        values: dict[str, object] = {"agent_id": agent_id, **changes}
        values["expected_revision"] = expected_revision
        return await self._execute(contract.UPDATE_TRUST_SCORE, values)

    async def increment_trust_score_revision(
        self, *, limit: int | None = None, **values: Unpack[TrustScoreInput]
    ) -> TrustScore | None:
        """Add `revision` to that of an agent's trust score, and return the score as it is now.

        Where there is none these values are written. Where the sum would pass `limit` nothing changes and None is
        returned. Inside a transaction the score stays locked until its end: what is written over it then loses nothing.
        Raises `InvalidInput` where the sum would pass 64 bits.
        """
        return await self._execute(contract.INCREMENT_TRUST_SCORE_REVISION, {**values, "limit": limit})
