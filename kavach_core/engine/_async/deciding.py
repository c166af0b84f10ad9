"""The decision: what is read for it, and what is counted and used up by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from kavach_core.engine._async.approvals import AsyncApprovals
from kavach_core.engine._async.budgets import charge_async_call
from kavach_core.engine._async.counting import count_async_call, uncount_async_call
from kavach_core.engine._async.delegation import AsyncDelegations
from kavach_core.engine._async.ephemeral import give_async_action_back, use_async_action
from kavach_core.engine._async.trust import AsyncTrust
from kavach_core.engine.budgeting import places_of
from kavach_core.engine.deciding import Asked, Decision, Facts
from kavach_core.engine.reading import agent_status
from kavach_core.engine.tenancy import suspended
from kavach_core.policy.constraints import Call
from kavach_core.policy.decisions import Refusal, Verdict, allow, deny, weigh
from kavach_core.policy.permissions import Grant
from kavach_core.storage import AsyncStorage
from kavach_core.storage.facts import AgentFacts
from kavach_schema.records import Agent


class AsyncDecisions:
    """Decides on calls; what it writes is in the transaction that it is given."""

    def __init__(self, delegations: AsyncDelegations, approvals: AsyncApprovals, trust: AsyncTrust) -> None:
        """Decide by these."""
        self._delegations = delegations
        self._approvals = approvals
        self._trust = trust

    async def weigh(
        self, storage: AsyncStorage, known: AgentFacts | None, refused: Verdict | None, asked: Asked, now: datetime
    ) -> Facts:
        """Return what follows from what is known of an agent; what is upstream of it is read.

        `refused` is the denial of a hook.
        """
        agent = None if known is None else known.agent
        if refused is not None:
            return Facts(agent, refused)
        if known is None or agent is None:
            return Facts(None, Verdict("unknown_agent"))
        status = agent_status(agent, now)
        if status != "active":
            return Facts(agent, Verdict("agent_expired" if status == "expired" else "agent_revoked"), asked.ephemeral)
        if suspended(known.tenant):
            return Facts(agent, Verdict("tenant_suspended"), asked.ephemeral)
        grants = await self._delegations.grants_in(storage, known, now)
        weighed = weigh(await self._trust.restrain(storage, known, grants, now), asked.at(now))
        places = places_of(known.budget_policies, now) if weighed.grants else []
        return Facts(agent, None, asked.ephemeral, grants, weighed, places)

    async def decide(self, storage: AsyncStorage, facts: Facts, asked: Asked, now: datetime) -> Decision:
        """Decide, and count what is allowed: an action by an ephemeral token is given back where it is denied."""
        if facts.ephemeral is None:
            return await self._decide_and_charge(storage, facts, asked, now)
        used = await use_async_action(storage, facts.ephemeral, now)
        if isinstance(used, str):
            return Decision(Verdict(used), weighed=False)
        decision = await self._decide_and_charge(storage, facts, asked, now)
        if not decision.verdict.allowed:
            await give_async_action_back(storage, used)
        return decision

    async def _decide_and_charge(self, storage: AsyncStorage, facts: Facts, asked: Asked, now: datetime) -> Decision:
        """Decide, and charge an allowed call to the budgets; one that is refused gives back all that it used up."""
        decision = await self._decide(storage, facts, asked, now)
        if facts.agent is None or not decision.verdict.allowed or not facts.places:
            return decision
        charge = await charge_async_call(storage, facts.agent.id, facts.places, asked.tokens_cost, now)
        verdict = decision.verdict
        verdict = replace(verdict, code=charge.code, constraints=(*verdict.constraints, *charge.fired))
        if charge.code is not None:
            await uncount_async_call(storage, decision.counted)
            if decision.request is not None:
                await self._approvals.give_back(storage, decision.request)
        return replace(decision, verdict=verdict, charge=charge)

    async def _decide(self, storage: AsyncStorage, facts: Facts, asked: Asked, now: datetime) -> Decision:
        if facts.refused is not None:
            return Decision(facts.refused, weighed=False)
        refusals = list(facts.weighed.refusals)
        for grant in facts.weighed.grants:
            if not grant.needs_approval:
                if await count_async_call(storage, grant.counters, now):
                    return Decision(allow(grant, refusals), counted=grant.counters)
                refusals.append(Refusal("rate_limited", grant.line))
        waiting = [grant for grant in facts.weighed.grants if grant.needs_approval]
        if waiting and facts.agent is not None:
            call = replace(asked.at(now), arguments=asked.stored)
            return await self._decide_by_approval(storage, facts.agent, waiting, call, refusals)
        return Decision(deny(refusals))

    async def _decide_by_approval(
        self, storage: AsyncStorage, agent: Agent, grants: Sequence[Grant], call: Call, refusals: list[Refusal]
    ) -> Decision:
        """Decide on a call that a person must approve: an approval is spent exactly where the call is allowed."""
        request, new = await self._approvals.find_or_create(storage, agent, call)
        if request.status == "denied":
            refusals += (Refusal("approval_denied", grant.line) for grant in grants)
            return Decision(deny(refusals), request)
        asked = [Refusal("approval_required", grant.line) for grant in grants]
        if request.status != "approved" or not await self._approvals.use(storage, request):
            return Decision(deny([*refusals, *asked]), request, new)
        for grant in grants:
            if await count_async_call(storage, grant.counters, call.now):
                return Decision(allow(grant, [*refusals, *asked]), request, counted=grant.counters)
            refusals.append(Refusal("rate_limited", grant.line))
        await self._approvals.give_back(storage, request)
        return Decision(deny(refusals), request)
