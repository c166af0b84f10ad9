"""Methods on what surrounds an agent: budgets, costs, cards, identifiers and ephemeral sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from kavach_core.storage import contract
from kavach_core.storage._async.backend import AsyncMethods
from kavach_schema.inputs import (
    AgentCardChanges,
    AgentCardInput,
    AgentDidChanges,
    AgentDidInput,
    BudgetPolicyChanges,
    BudgetPolicyInput,
    CostEventInput,
    EphemeralSessionChanges,
    EphemeralSessionInput,
)
from kavach_schema.records import AgentCard, AgentDid, BudgetPolicy, CostEvent, EphemeralSession


class AsyncAccountingMethods(AsyncMethods):
    """What surrounds an agent: budgets, costs, cards, identifiers and ephemeral sessions."""

    async def find_budget_policy(self, policy_id: str) -> BudgetPolicy | None:
        """Return the policy with this id, or None where there is none."""
        return await self._execute(contract.FIND_BUDGET_POLICY, {"id": policy_id})

    async def list_budget_policies(
        self,
        *,
        agent_id: str | None = None,
        user_id: str | None = None,
        tenant_id: str | None = None,
        status: str | None = None,
        limit: int = 100,
        offset: int | None = None,
        after: BudgetPolicy | None = None,
    ) -> list[BudgetPolicy]:
        """Return policies by creation, oldest first; `after` is the last one of the page before."""
        values: dict[str, object] = {
            "agent_id": agent_id,
            "user_id": user_id,
            "tenant_id": tenant_id,
            "status": status,
            "limit": limit,
            "offset": offset,
            "after": after,
        }
        return await self._execute(contract.LIST_BUDGET_POLICIES, values)

    async def create_budget_policy(self, **values: Unpack[BudgetPolicyInput]) -> BudgetPolicy:
        """Write a new policy and return it; raises `ConflictError` where the id is taken."""
        return await self._execute(contract.CREATE_BUDGET_POLICY, values)

    async def update_budget_policy(
        self, policy_id: str, *, expected_status: str | None = None, **changes: Unpack[BudgetPolicyChanges]
    ) -> BudgetPolicy | None:
        """Change the named fields and return the policy, or None where there is none.

        With `expected_status`, only while the stored value is still that: of several changes exactly one wins.
        """
        values: dict[str, object] = {"id": policy_id, **changes, "expected_status": expected_status}
        return await self._execute(contract.UPDATE_BUDGET_POLICY, values)

    async def delete_budget_policy(self, policy_id: str) -> bool:
        """Delete the policy and tell whether there was one."""
        return await self._execute(contract.DELETE_BUDGET_POLICY, {"id": policy_id}) > 0

    async def create_cost_event(self, **values: Unpack[CostEventInput]) -> CostEvent:
        """Write a new cost and return it; raises `ConflictError` where the id is taken."""
        return await self._execute(contract.CREATE_COST_EVENT, values)

    async def list_cost_events(
        self,
        *,
        agent_id: str | None = None,
        delegation_chain_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        offset: int | None = None,
        after: CostEvent | None = None,
    ) -> list[CostEvent]:
        """Return costs, newest first; `since` is included, `until` is not.

        `after` is the last one of the page before.
        """
        values: dict[str, object] = {
            "agent_id": agent_id,
            "delegation_chain_id": delegation_chain_id,
            "since": since,
            "until": until,
            "limit": limit,
            "offset": offset,
            "after": after,
        }
        return await self._execute(contract.LIST_COST_EVENTS, values)

    async def find_agent_card(self, card_id: str) -> AgentCard | None:
        """Return the card with this id, or None where there is none."""
        return await self._execute(contract.FIND_AGENT_CARD, {"id": card_id})

    async def list_agent_cards(
        self, *, limit: int = 100, offset: int | None = None, after: AgentCard | None = None
    ) -> list[AgentCard]:
        """Return cards by creation, oldest first; `after` is the last one of the page before."""
        return await self._execute(contract.LIST_AGENT_CARDS, {"limit": limit, "offset": offset, "after": after})

    async def list_agent_cards_by_agent(
        self, agent_id: str, *, limit: int = 100, offset: int | None = None, after: AgentCard | None = None
    ) -> list[AgentCard]:
        """Return an agent's cards by creation, oldest first; `after` is the last one of the page before."""
        values: dict[str, object] = {"agent_id": agent_id, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_AGENT_CARDS_BY_AGENT, values)

    async def create_agent_card(self, **values: Unpack[AgentCardInput]) -> AgentCard:
        """Write a new card and return it; raises `ConflictError` where the id is taken."""
        return await self._execute(contract.CREATE_AGENT_CARD, values)

    async def update_agent_card(self, card_id: str, **changes: Unpack[AgentCardChanges]) -> AgentCard | None:
        """Change the named fields and return the card, or None where there is none."""
        return await self._execute(contract.UPDATE_AGENT_CARD, {"id": card_id, **changes})

    async def delete_agent_card(self, card_id: str) -> bool:
        """Delete the card and tell whether there was one."""
        return await self._execute(contract.DELETE_AGENT_CARD, {"id": card_id}) > 0

    async def find_agent_did(self, agent_id: str) -> AgentDid | None:
        """Return the decentralised identifier of an agent, or None where there is none."""
        return await self._execute(contract.FIND_AGENT_DID, {"agent_id": agent_id})

    async def find_agent_did_by_did(self, did: str) -> AgentDid | None:
        """Return the row with exactly this decentralised identifier, or None where there is none."""
        return await self._execute(contract.FIND_AGENT_DID_BY_DID, {"did": did})

    async def create_agent_did(self, **values: Unpack[AgentDidInput]) -> AgentDid:
        """Write a new decentralised identifier and return it.

        Raises `ConflictError` where the agent has one or the identifier is taken.
        """
        return await self._execute(contract.CREATE_AGENT_DID, values)

    async def update_agent_did(self, agent_id: str, **changes: Unpack[AgentDidChanges]) -> AgentDid | None:
        """Change the named fields and return the decentralised identifier, or None where there is none."""
        return await self._execute(contract.UPDATE_AGENT_DID, {"agent_id": agent_id, **changes})

    async def delete_agent_did(self, agent_id: str) -> bool:
        """Delete the decentralised identifier of an agent and tell whether there was one."""
        return await self._execute(contract.DELETE_AGENT_DID, {"agent_id": agent_id}) > 0

    async def find_ephemeral_session(self, session_id: str) -> EphemeralSession | None:
        """Return the session with this id, whatever its status, or None where there is none."""
        return await self._execute(contract.FIND_EPHEMERAL_SESSION, {"id": session_id})

    async def find_ephemeral_session_by_token_hash(self, token_hash: str) -> EphemeralSession | None:
        """Return the session whose token has this hash, whatever its status, or None where there is none."""
        return await self._execute(contract.FIND_EPHEMERAL_SESSION_BY_TOKEN_HASH, {"token_hash": token_hash})

    async def list_ephemeral_sessions_by_agent(
        self,
        agent_id: str,
        *,
        status: str | None = None,
        limit: int = 100,
        offset: int | None = None,
        after: EphemeralSession | None = None,
    ) -> list[EphemeralSession]:
        """Return an agent's sessions by creation, oldest first; `after` is the last one of the page before."""
        values: dict[str, object] = {
            "agent_id": agent_id,
            "status": status,
            "limit": limit,
            "offset": offset,
            "after": after,
        }
        return await self._execute(contract.LIST_EPHEMERAL_SESSIONS_BY_AGENT, values)

    async def create_ephemeral_session(self, **values: Unpack[EphemeralSessionInput]) -> EphemeralSession:
        """Write a new session and return it; raises `ConflictError` where the id or the token hash is taken."""
        return await self._execute(contract.CREATE_EPHEMERAL_SESSION, values)

    async def update_ephemeral_session(
        self, session_id: str, *, expected_status: str | None = None, **changes: Unpack[EphemeralSessionChanges]
    ) -> EphemeralSession | None:
        """Change the named fields and return the session, or None where there is none.

        With `expected_status`, only while the stored value is still that: of several changes exactly one wins.
        """
        values: dict[str, object] = {"id": session_id, **changes, "expected_status": expected_status}
        return await self._execute(contract.UPDATE_EPHEMERAL_SESSION, values)

    async def use_ephemeral_session(self, token_hash: str, *, now: datetime) -> EphemeralSession | None:
        """Count one more action of an active session and return it.

        None where it is missing, not active, expired, or had `max_actions` actions; exact however many act at once.
        """
        values = {"token_hash": token_hash, "actions_used": 1, "status": "active", "now": now}
        return await self._execute(contract.USE_EPHEMERAL_SESSION, values)

    async def delete_expired_ephemeral_sessions(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the sessions that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_EPHEMERAL_SESSIONS, {"now": now, "limit": limit})
