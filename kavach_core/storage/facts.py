"""What a decision about an agent rests on."""

from __future__ import annotations

from typing import Any, NamedTuple

from kavach_schema.records import Agent, BudgetPolicy, DelegationChain, Permission, Tenant, TrustScore


class AgentFacts(NamedTuple):
    """Hold an agent and what is stored about it, all as of one moment; lists are by creation, oldest first.

    `permissions` are its own, without those whose pattern cannot cover the resource that was asked for;
    `delegation_chains` the active ones to it; `budget_policies` those that hold for it, whatever their status.
    """

    agent: Agent
    tenant: Tenant | None
    permissions: list[Permission]
    delegation_chains: list[DelegationChain]
    budget_policies: list[BudgetPolicy]
    trust_score: TrustScore | None

    @classmethod
    def of(cls, gathered: tuple[Any, ...] | None) -> AgentFacts | None:
        """Return the facts that an operation gathered, None for an agent that is not there."""
        if gathered is None:
            return None
        agent, tenants, permissions, chains, policies, scores = gathered
        return cls(agent, next(iter(tenants), None), permissions, chains, policies, next(iter(scores), None))
