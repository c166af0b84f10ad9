"""The one path of every decision: find the agent, decide, record."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter

from pydantic import JsonValue
from uuid_utils import uuid7

from kavach_core.engine._async.approvals import AsyncApprovals
from kavach_core.engine._async.counting import count_async_call
from kavach_core.engine._async.delegation import AsyncDelegations
from kavach_core.engine._async.ephemeral import find_async_agent_of, give_async_action_back, use_async_action
from kavach_core.engine._async.hooks import AsyncLifecycle
from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine.hooks import HookedCall
from kavach_core.engine.reading import Clock, agent_status, check, described, storable
from kavach_core.engine.settings import Rules
from kavach_core.engine.tokens import EPHEMERAL_PREFIX, PREFIXES, hash_token
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
    """What is asked, and what the audit row says of the one who asks; `stored` are the arguments without secrets.

    `ephemeral` is the hash of the ephemeral token that is presented, `refused` the denial of a hook.
    """

    find: Callable[[AsyncStorage], Awaitable[Agent | None]]
    named: str
    action: str
    resource: str
    arguments: Mapping[str, JsonValue] | None
    ip: str | None
    user_agent: str | None
    tokens_cost: int | None
    stored: dict[str, JsonValue] | None = None
    ephemeral: str | None = None
    refused: Verdict | None = None

    def hooked(self, agent: Agent | None) -> HookedCall:
        """Return what hooks are told of a call of this agent, None for an unknown one."""
        return HookedCall(
            agent_id=agent.id if agent else self.named or None,
            owner_id=agent.owner_id if agent else None,
            action=self.action,
            resource=self.resource,
            arguments=deepcopy(self.stored),
            ip=self.ip,
            user_agent=self.user_agent,
        )


@dataclass(frozen=True, slots=True)
class _Decision:
    """What was decided, where it is recorded, and the request for approval that it rests on."""

    verdict: Verdict
    request: ApprovalRequest | None = None
    new_request: bool = False
    audit_id: str | None = None
    agent: Agent | None = None


class AsyncAuthorization:
    """The decisions of a Kavach."""

    def __init__(
        self,
        storage: AsyncStorage,
        rules: Rules,
        clock: Clock,
        delegations: AsyncDelegations,
        approvals: AsyncApprovals,
        lifecycle: AsyncLifecycle,
    ) -> None:
        """Decide on a storage under rules."""
        self._storage = storage
        self._rules = rules
        self._clock = clock
        self._delegations = delegations
        self._approvals = approvals
        self._lifecycle = lifecycle

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
        named = "" if agent_id.startswith(PREFIXES) else agent_id
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
        ephemeral = token.startswith(EPHEMERAL_PREFIX)
        return await self._authorize(
            _Call(
                lambda s: find_async_agent_of(s, hashed) if ephemeral else s.find_agent_by_token_hash(hashed),
                "",
                action,
                resource,
                arguments,
                ip,
                user_agent,
                tokens_cost,
                ephemeral=hashed if ephemeral else None,
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

        seen: Agent | None = None

        async def work(storage: AsyncStorage) -> _Decision:
            return await self._decide_and_record(storage, call, started)

        try:
            if self._lifecycle.asks:
                seen = await call.find(self._storage)
                call = replace(call, refused=await self._lifecycle.refusal(call.hooked(seen)))
            decision = await run_async_transaction(self._storage, work)
        except InvalidInput:
            raise
        except StorageError as error:
            logger.warning("authorize: denied, the decision could not be recorded: %s", error)
            decision = _Decision(Verdict("audit_unavailable"))
        if decision.new_request and decision.request is not None:
            await self._approvals.announce(decision.request)
        result = AuthorizeResult(
            allowed=decision.verdict.allowed,
            code=decision.verdict.code,
            reason=decision.verdict.reason,
            audit_id=decision.audit_id,
            approval_id=None if decision.request is None else decision.request.id,
        )
        if self._lifecycle.follows:
            await self._lifecycle.decided(call.hooked(decision.agent or seen), result)
        return result

    async def _decide_and_record(self, storage: AsyncStorage, call: _Call, started: float) -> _Decision:
        now = self._clock()
        agent = await call.find(storage)
        decision = replace(await self._decide_on_use(storage, agent, call, now), agent=agent)
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

    async def _decide_on_use(
        self, storage: AsyncStorage, agent: Agent | None, asked: _Call, now: datetime
    ) -> _Decision:
        """Decide on a call that no hook refused; an action by an ephemeral token is given back where it is denied."""
        if asked.refused is not None:
            return _Decision(asked.refused)
        if agent is None or asked.ephemeral is None:
            return await self._decide(storage, agent, asked, now)
        used = await use_async_action(storage, asked.ephemeral, now)
        if isinstance(used, str):
            return _Decision(Verdict(used))
        decision = await self._decide(storage, agent, asked, now)
        if not decision.verdict.allowed:
            await give_async_action_back(storage, used)
        return decision

    async def _decide(self, storage: AsyncStorage, agent: Agent | None, asked: _Call, now: datetime) -> _Decision:
        if agent is None:
            return _Decision(Verdict("unknown_agent"))
        status = agent_status(agent, now)
        if status != "active":
            return _Decision(Verdict("agent_expired" if status == "expired" else "agent_revoked"))
        grants = await self._delegations.grants_of(storage, agent.id, now)
        call = Call(asked.action, asked.resource, now, asked.arguments, asked.ip)
        weighed = weigh(grants, call)
        refusals = list(weighed.refusals)
        for grant in weighed.grants:
            if not grant.needs_approval:
                if await count_async_call(storage, grant.counters, now):
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
