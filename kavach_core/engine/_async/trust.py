"""Trust scores of agents: kept current by each decision, and consulted by the next one.

A score is read once, with the facts of a decision or for a group of them, and written back if nobody else has written
it meanwhile. Otherwise it is claimed, which locks it, and what is stored then is built upon. So calls of one agent lose
nothing, and calls of different agents never wait for each other.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from kavach_core.engine import trusting
from kavach_core.engine._async.delegation import AsyncDelegations, rows_in_async_batches
from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine.reading import Clock
from kavach_core.engine.settings import Rules
from kavach_core.engine.trusting import Observation, Standing
from kavach_core.engine.values import TrustScore
from kavach_core.errors import BackendUnavailable, InvalidInput, NotFoundError
from kavach_core.policy.constraints import Call
from kavach_core.policy.permissions import Grant
from kavach_core.policy.trust import Event
from kavach_core.storage import AsyncStorage
from kavach_core.storage.facts import AgentFacts
from kavach_schema import records
from kavach_schema.model import UNSET, Unset

logger = logging.getLogger("kavach")


class AsyncTrust:
    """The trust scores of a Kavach."""

    def __init__(self, storage: AsyncStorage, rules: Rules, clock: Clock, delegations: AsyncDelegations) -> None:
        """Use a storage under rules."""
        self._storage = storage
        self._rules = rules.trust
        self._clock = clock
        self._delegations = delegations

    async def get_score(self, agent_id: str) -> TrustScore:
        """Return the score of an agent as it is now, whatever the agent's status; nothing is written.

        Raises `NotFoundError`.
        """
        return trusting.current(await self._read(self._storage, agent_id))

    async def recompute(self, agent_id: str) -> TrustScore:
        """Store the score of an agent as it is now, and return it; `authorize` does so by itself.

        Raises `NotFoundError`.
        """
        return await self._change(agent_id, {})

    async def set_inputs(
        self,
        agent_id: str,
        *,
        attestation_strength: float | Unset | None = UNSET,
        owner_trust: float | Unset | None = UNSET,
        workload_binding: float | Unset | None = UNSET,
        runtime_attestation: float | Unset | None = UNSET,
    ) -> TrustScore:
        """Store what the host knows of an agent, each from 0, the worst, to 1, and return the score that follows.

        What is left out stays as it was said before, and None takes it back. Raises `NotFoundError` and `InvalidInput`.
        """
        given = {
            "attestation_strength": attestation_strength,
            "owner_trust": owner_trust,
            "workload_binding": workload_binding,
            "runtime_attestation": runtime_attestation,
        }
        return await self._change(agent_id, {name: _share(name, v) for name, v in given.items() if v is not UNSET})

    async def restrain(
        self, storage: AsyncStorage, known: AgentFacts, grants: Sequence[Grant], now: datetime
    ) -> Sequence[Grant]:
        """Return grants under the constraints of all tiers that their agent has not reached.

        Only the scores of agents upstream are read, and none where no tier has constraints.
        """
        below = self._rules.constraints_below
        if not below:
            return grants
        givers = trusting.givers_of(grants)
        rows = [row async for row in rows_in_async_batches(givers, storage.find_trust_scores_by_ids)]
        if known.trust_score is not None:
            rows.append(known.trust_score)
        standing = trusting.standing_of(known.agent, grants, rows, now)
        return trusting.restrained(grants, known.agent.id, trusting.current(standing).tier, below)

    def observe(
        self,
        agent: records.Agent,
        grants: Sequence[Grant],
        call: Call,
        code: str | None,
        scores: Sequence[records.TrustScore] | None = None,
    ) -> Observation | None:
        """Return what a decision says of its agent; None where trust is switched off.

        `scores` are those of the agent and its givers, if they were read already.
        """
        if not self._rules.enabled:
            return None
        place = None
        if self._rules.locate is not None and call.ip is not None:
            try:
                place = self._rules.locate(call.ip)
                if place is not None:
                    place.encode()  # what is no text fails here, and not the record of it and of others with it
            except Exception as error:
                place = None
                # Its message may quote the address.
                logger.warning("trust: locate failed with %s; the place is unknown", type(error).__name__)
        return Observation(agent, grants, Event(code, call.action, call.resource, place), call.now, scores)

    async def keep_current(self, storage: AsyncStorage, observed: Sequence[Observation]) -> None:
        """Fold decisions into the scores of their agents, in the transaction that records them.

        A decision that is alone is written over the scores that it rests on, if it has them. Those of a group are read
        as late as possible: one that waited for others would find that they were written meanwhile. Agents come in one
        order, so that no two transactions wait for each other.
        """
        rows = observed[0].scores if len(observed) == 1 else None
        if rows is None:
            ids = {id for seen in observed for id in (seen.agent.id, *trusting.givers_of(seen.grants))}
            rows = [row async for row in rows_in_async_batches(ids, storage.find_trust_scores_by_ids)]
        by_agent: dict[str, list[Observation]] = {}
        for seen in observed:
            by_agent.setdefault(seen.agent.id, []).append(seen)
        for _, of_agent in sorted(by_agent.items()):
            last = of_agent[-1]
            standing = trusting.standing_of(last.agent, last.grants, rows, last.now)
            await _write(storage, standing, [seen.event for seen in of_agent])

    async def _change(self, agent_id: str, said: Mapping[str, float | None]) -> TrustScore:
        async def work(storage: AsyncStorage) -> TrustScore:
            standing = await self._read(storage, agent_id)
            return trusting.current(await _write(storage, standing, said=said))

        return await run_async_transaction(self._storage, work)

    async def _read(self, storage: AsyncStorage, agent_id: str) -> Standing:
        agent = await storage.find_agent_by_id(agent_id)
        if agent is None:
            raise NotFoundError("no agent has this id")
        now = self._clock()
        return await self._standing(storage, agent, await self._delegations.grants_of(storage, agent_id, now), now)

    async def _standing(
        self, storage: AsyncStorage, agent: records.Agent, grants: Sequence[Grant], now: datetime
    ) -> Standing:
        ids = {agent.id, *trusting.givers_of(grants)}
        rows = [row async for row in rows_in_async_batches(ids, storage.find_trust_scores_by_ids)]
        return trusting.standing_of(agent, grants, rows, now)


async def _write(
    storage: AsyncStorage,
    standing: Standing,
    events: Sequence[Event] = (),
    said: Mapping[str, float | None] | None = None,
) -> Standing:
    """Write what some decisions, or the host, say of an agent over the score as it is stored now; return the new one.

    MUST run in a transaction.
    """
    said, row = said or {}, standing.row
    if row is not None:
        values = trusting.changed(standing, row, events, said)
        written = await storage.update_trust_score(expected_revision=row.revision, **values)
        if written is not None:
            return replace(standing, row=written)
    claimed = await storage.increment_trust_score_revision(**trusting.changed(standing, None))
    if claimed is None:
        raise BackendUnavailable("the storage refused to count a revision without a limit", retryable=False)
    written = await storage.upsert_trust_score(**trusting.changed(standing, claimed, events, said))
    return replace(standing, row=written)


def _share(name: str, value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InvalidInput(f"{name}: must be a number from 0 to 1, or None")
    return float(value)
