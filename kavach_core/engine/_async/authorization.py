"""The one path of every decision: find the agent, decide, record."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter

from pydantic import JsonValue
from uuid_utils import uuid7

from kavach_core.engine._async.approvals import AsyncApprovals
from kavach_core.engine._async.counting import count_async_call
from kavach_core.engine._async.delegation import AsyncDelegations
from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine._async.trust import AsyncTrust
from kavach_core.engine.reading import Clock, agent_status, check, described, storable
from kavach_core.engine.settings import Rules
from kavach_core.engine.tokens import PREFIX, hash_token
from kavach_core.engine.values import AuthorizeResult
from kavach_core.errors import InvalidInput, StorageError
from kavach_core.policy.constraints import Call
from kavach_core.policy.decisions import Refusal, Verdict, allow, deny, weigh
from kavach_core.policy.permissions import Grant
from kavach_core.storage import AsyncStorage
from kavach_schema.records import Agent, ApprovalRequest
from kavach_schema.tables.agents import AUDIT_LOGS

logger = logging.getLogger("kavach")


@dataclass(frozen=True, slots=True)
class _Call:
    """What is asked, and what the audit row says of the one who asks; `stored` are the arguments without secrets."""

    find: Callable[[AsyncStorage], Awaitable[Agent | None]]
    named: str
    action: str
    resource: str
    arguments: Mapping[str, JsonValue] | None
    ip: str | None
    user_agent: str | None
    tokens_cost: int | None
    stored: dict[str, JsonValue] | None = None


@dataclass(frozen=True, slots=True)
class _Decision:
    """What was decided, where it is recorded, and the request for approval that it rests on."""

    verdict: Verdict
    request: ApprovalRequest | None = None
    new_request: bool = False
    audit_id: str | None = None


class AsyncAuthorization:
    """The decisions of a Kavach."""

    def __init__(
        self,
        storage: AsyncStorage,
        rules: Rules,
        clock: Clock,
        delegations: AsyncDelegations,
        approvals: AsyncApprovals,
        trust: AsyncTrust,
    ) -> None:
        """Decide on a storage under rules."""
        self._storage = storage
        self._rules = rules
        self._clock = clock
        self._delegations = delegations
        self._approvals = approvals
        self._trust = trust

    async def by_id(
        self,
        agent_id: str,
        *,
        action: str,
        resource: str,
        arguments: Mapping[str, JsonValue] | None = None,
        ip: str | None = None,
        user_agent: str | None = None,
        tokens_cost: int | None = None,
    ) -> AuthorizeResult:
        """Decide whether the agent with this id may do this."""
        check(AUDIT_LOGS, agent_id=agent_id)
        # A token that was passed for an id must not be written down.
        named = "" if agent_id.startswith(PREFIX) else agent_id
        return await self._authorize(
            _Call(
                lambda s: s.find_agent_by_id(agent_id), named, action, resource, arguments, ip, user_agent, tokens_cost
            )
        )

    async def by_token(
        self,
        token: str,
        *,
        action: str,
        resource: str,
        arguments: Mapping[str, JsonValue] | None = None,
        ip: str | None = None,
        user_agent: str | None = None,
        tokens_cost: int | None = None,
    ) -> AuthorizeResult:
        """Decide whether the agent that holds this token may do this."""
        if not isinstance(token, str):
            raise InvalidInput(f"token: expected text, got {type(token).__name__}")
        hashed = hash_token(token)
        return await self._authorize(
            _Call(
                lambda s: s.find_agent_by_token_hash(hashed),
                "",
                action,
                resource,
                arguments,
                ip,
                user_agent,
                tokens_cost,
            )
        )

    async def _authorize(self, call: _Call) -> AuthorizeResult:
        started = perf_counter()
        check(
            AUDIT_LOGS,
            action=call.action,
            resource=call.resource,
            ip=call.ip,
            user_agent=call.user_agent,
            tokens_cost=call.tokens_cost,
        )
        if call.tokens_cost is not None and call.tokens_cost < 0:
            raise InvalidInput("tokens_cost: must be 0 or more")
        call = replace(call, stored=storable(call.arguments, self._rules.redact))

        async def work(storage: AsyncStorage) -> _Decision:
            return await self._decide_and_record(storage, call, started)

        try:
            decision = await run_async_transaction(self._storage, work)
        except InvalidInput:
            raise
        except StorageError as error:
            logger.warning("authorize: denied, the decision could not be recorded: %s", error)
            decision = _Decision(Verdict("audit_unavailable"))
        if decision.new_request and decision.request is not None:
            await self._approvals.announce(decision.request)
        return AuthorizeResult(
            allowed=decision.verdict.allowed,
            code=decision.verdict.code,
            reason=decision.verdict.reason,
            audit_id=decision.audit_id,
            approval_id=None if decision.request is None else decision.request.id,
        )

    async def _decide_and_record(self, storage: AsyncStorage, call: _Call, started: float) -> _Decision:
        now = self._clock()
        agent = await call.find(storage)
        decision = await self._decide(storage, agent, call, now)
        verdict = decision.verdict
        if verdict.allowed and not self._rules.agents.audit_all:
            return decision
        duration_us = round((perf_counter() - started) * 1_000_000)
        row = await storage.create_audit_log(
            id=str(uuid7()),
            agent_id=call.named if agent is None else agent.id,
            user_id="" if agent is None else agent.owner_id,
            action=call.action,
            resource=call.resource,
            parameters=call.stored,
            result="allowed" if verdict.allowed else "denied",
            code=verdict.code,
            reason=verdict.reason,
            constraints=list(verdict.constraints) or None,
            delegation_chain=described(verdict.line),
            duration_ms=round(duration_us / 1000),
            duration_us=duration_us,
            tokens_cost=call.tokens_cost,
            ip=call.ip,
            user_agent=call.user_agent,
            timestamp=now,
        )
        return replace(decision, audit_id=row.id)

    async def _decide(self, storage: AsyncStorage, agent: Agent | None, asked: _Call, now: datetime) -> _Decision:
        if agent is None:
            return _Decision(Verdict("unknown_agent"))
        status = agent_status(agent, now)
        if status != "active":
            return _Decision(Verdict("agent_expired" if status == "expired" else "agent_revoked"))
        grants = await self._delegations.grants_of(storage, agent.id, now)
        restrained, standing = await self._trust.restrain(storage, agent, grants, now)
        call = Call(asked.action, asked.resource, now, asked.arguments, asked.ip)
        decision = await self._weigh(storage, agent, restrained, call, asked)
        # The last row that a decision locks, so that all lock in one order; the audit row is nobody else's.
        await self._trust.keep_current(storage, agent, grants, standing, call, decision.verdict.code)
        return decision

    async def _weigh(
        self, storage: AsyncStorage, agent: Agent, grants: Sequence[Grant], call: Call, asked: _Call
    ) -> _Decision:
        """Decide on a call of an active agent that holds these grants."""
        weighed = weigh(grants, call)
        refusals = list(weighed.refusals)
        for grant in weighed.grants:
            if not grant.needs_approval:
                if await count_async_call(storage, grant.counters, call.now):
                    return _Decision(allow(grant, refusals))
                refusals.append(Refusal("rate_limited", grant.line))
        if waiting := [grant for grant in weighed.grants if grant.needs_approval]:
            return await self._decide_by_approval(
                storage, agent, waiting, replace(call, arguments=asked.stored), refusals
            )
        return _Decision(deny(refusals))

    async def _decide_by_approval(
        self, storage: AsyncStorage, agent: Agent, grants: Sequence[Grant], call: Call, refusals: list[Refusal]
    ) -> _Decision:
        """Decide on a call that a person must approve: an approval is spent exactly where the call is allowed."""
        request, new = await self._approvals.find_or_create(storage, agent, call)
        if request.status == "denied":
            refusals += (Refusal("approval_denied", grant.line) for grant in grants)
            return _Decision(deny(refusals), request)
        asked = [Refusal("approval_required", grant.line) for grant in grants]
        if request.status != "approved" or not await self._approvals.use(storage, request):
            return _Decision(deny([*refusals, *asked]), request, new)
        for grant in grants:
            if await count_async_call(storage, grant.counters, call.now):
                return _Decision(allow(grant, [*refusals, *asked]), request)
            refusals.append(Refusal("rate_limited", grant.line))
        await self._approvals.give_back(storage, request)
        return _Decision(deny(refusals), request)
