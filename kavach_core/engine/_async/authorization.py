"""The one path of every decision: find the agent, decide, record."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import perf_counter

from pydantic import JsonValue

from kavach_core.engine._async.approvals import AsyncApprovals
from kavach_core.engine._async.deciding import AsyncDecisions
from kavach_core.engine._async.delegation import AsyncDelegations
from kavach_core.engine._async.ephemeral import find_async_facts_of
from kavach_core.engine._async.hooks import AsyncLifecycle
from kavach_core.engine._async.recording import AsyncRecords
from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine._async.trust import AsyncTrust
from kavach_core.engine.budgeting import warnings_of
from kavach_core.engine.deciding import Asked, Decision, Entry, audit_row
from kavach_core.engine.reading import Clock, agent_value, check
from kavach_core.engine.settings import Rules
from kavach_core.engine.tokens import EPHEMERAL_PREFIX, PREFIXES, hash_token
from kavach_core.engine.trusting import scores_in
from kavach_core.engine.values import AuthorizeResult
from kavach_core.errors import InvalidInput, StorageError
from kavach_core.policy.decisions import Verdict
from kavach_core.storage import AsyncStorage
from kavach_core.storage.facts import AgentFacts
from kavach_core.storage.values import check_time
from kavach_schema.records import Agent, TrustScore
from kavach_schema.tables.agents import AUDIT_LOGS

logger = logging.getLogger("kavach")


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
        lifecycle: AsyncLifecycle,
    ) -> None:
        """Decide on a storage under rules."""
        self._storage = storage
        self._rules = rules
        self._clock = clock
        self._approvals = approvals
        self._trust = trust
        self._lifecycle = lifecycle
        self._decisions = AsyncDecisions(delegations, approvals, trust)
        self._records = AsyncRecords(storage, trust)

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
        started = perf_counter()
        check(AUDIT_LOGS, agent_id=agent_id)
        asked = Asked.read(
            redact=self._rules.redact,
            # A token that was passed for an id must not be written down.
            named="" if agent_id.startswith(PREFIXES) else agent_id,
            ephemeral=None,
            action=action,
            resource=resource,
            arguments=arguments,
            ip=ip,
            user_agent=user_agent,
            tokens_cost=tokens_cost,
        )
        return await self._authorize(
            lambda: self._storage.find_agent_facts_by_id(agent_id, resource=resource), asked, started
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
        started = perf_counter()
        if not isinstance(token, str):
            raise InvalidInput(f"token: expected text, got {type(token).__name__}")
        hashed = hash_token(token)
        ephemeral = token.startswith(EPHEMERAL_PREFIX)
        asked = Asked.read(
            redact=self._rules.redact,
            named="",
            ephemeral=hashed if ephemeral else None,
            action=action,
            resource=resource,
            arguments=arguments,
            ip=ip,
            user_agent=user_agent,
            tokens_cost=tokens_cost,
        )
        if ephemeral:
            return await self._authorize(lambda: find_async_facts_of(self._storage, hashed, resource), asked, started)
        return await self._authorize(
            lambda: self._storage.find_agent_facts_by_token_hash(hashed, resource=resource), asked, started
        )

    async def close(self) -> None:
        """Return once every decision that was made is recorded, or has failed."""
        await self._records.close()

    async def _authorize(
        self, find: Callable[[], Awaitable[AgentFacts | None]], asked: Asked, started: float
    ) -> AuthorizeResult:
        agent: Agent | None = None
        try:
            known = await find()
            agent = _agent_in(known)
            refused = None
            if self._lifecycle.asks:
                refused = await self._lifecycle.refusal(asked.hooked(agent))
                if refused is None:
                    # The hook may have taken its time, or revoked the agent itself.
                    known = await find()
                    agent = _agent_in(known)
            decision, audit_id = await self._decide_and_record(known, refused, asked, started)
        except InvalidInput:
            raise
        except StorageError as error:
            logger.warning("authorize: denied, the decision could not be recorded: %s", error)
            decision, audit_id = Decision(Verdict("audit_unavailable")), None
        if decision.new_request and decision.request is not None:
            await self._approvals.announce(decision.request)
        result = AuthorizeResult(
            allowed=decision.verdict.allowed,
            code=decision.verdict.code,
            reason=decision.verdict.reason,
            audit_id=audit_id,
            approval_id=None if decision.request is None else decision.request.id,
            warnings=warnings_of(decision.charge),
            retry_at=decision.charge.retry_at,
        )
        if decision.charge.revokes and agent is not None:
            await self._tell_revoked(agent)
        if self._lifecycle.follows:
            await self._lifecycle.decided(asked.hooked(agent), result)
        return result

    async def _decide_and_record(
        self, known: AgentFacts | None, refused: Verdict | None, asked: Asked, started: float
    ) -> tuple[Decision, str | None]:
        """Decide on facts that were read first, and return the decision with the id of its audit row."""
        now = check_time(self._clock(), "clock")
        facts = await self._decisions.weigh(self._storage, known, refused, asked, now)
        agent = facts.agent

        def entry_of(decision: Decision, scores: Sequence[TrustScore] | None = None) -> Entry:
            verdict = decision.verdict
            kept = self._rules.agents.audit_all or not verdict.allowed
            row = audit_row(asked, agent, verdict, now, perf_counter() - started) if kept else None
            if agent is None or not decision.weighed:
                return Entry(row, None)
            return Entry(row, self._trust.observe(agent, facts.grants, asked.at(now), verdict.code, scores))

        async def work(storage: AsyncStorage) -> tuple[Decision, Entry]:
            decision = await self._decisions.decide(storage, facts, asked, now)
            entry = entry_of(decision)
            await self._records.write(storage, [entry])
            return decision, entry

        alone = facts.alone
        if alone is None or self._storage.in_transaction:
            decision, entry = await run_async_transaction(self._storage, work)
        else:
            decision, entry = alone, entry_of(alone, None if known is None else scores_in(known, facts.grants))
            await self._records.commit(entry)
        return decision, None if entry.row is None else entry.row["id"]

    async def _tell_revoked(self, row: Agent) -> None:
        permissions = await self._storage.find_permissions_by_agent_id(row.id)
        await self._lifecycle.revoked(agent_value(row.replace(status="revoked"), permissions, self._clock()))


def _agent_in(known: AgentFacts | None) -> Agent | None:
    return None if known is None else known.agent
