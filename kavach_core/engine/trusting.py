"""Trust scores as stored rows, and what binds an agent at the moment of a decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from kavach_core.engine.values import TrustScore
from kavach_core.policy.constraints import Constraints
from kavach_core.policy.permissions import Condition, Grant
from kavach_core.policy.trust import (
    LEGACY,
    TIERS,
    Aggregates,
    EarnedTier,
    Event,
    Factors,
    Inputs,
    Tier,
    begin,
    factors_of,
    fold,
    score_of,
    score_of_shares,
    shares_of,
    tier_of,
)
from kavach_core.storage.facts import AgentFacts
from kavach_core.storage.values import check_time
from kavach_schema import records
from kavach_schema.inputs import TrustScoreInput

_INPUTS: Final = "inputs"
_AGGREGATES: Final = "aggregates"

_SPELLED: Final = {name: to_camel(name) for name in Factors.model_fields}
"""The names of factors as they are stored."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What an agent's score is computed from, as it was read: `row` is the stored one, `givers` are bounds of it."""

    agent: records.Agent
    row: records.TrustScore | None
    depth: int
    givers: tuple[int, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Observation:
    """What one decision says of an agent that held these grants.

    `scores` are the stored ones of it and of its givers, where they were read with the facts; they may be stale by now.
    """

    agent: records.Agent
    grants: Sequence[Grant]
    event: Event
    now: datetime
    scores: Sequence[records.TrustScore] | None = None


def givers_of(grants: Iterable[Grant]) -> dict[str, int]:
    """Return all agents upstream of these grants, each with the most hops by which it received what it handed on."""
    places: dict[str, int] = {}
    for grant in grants:
        for place, link in enumerate(grant.line):
            places[link.giver] = max(place, places.get(link.giver, 0))
    return places


def scores_in(known: AgentFacts, grants: Iterable[Grant]) -> Sequence[records.TrustScore] | None:
    """Return the stored scores of an agent and of its givers, None where it has givers: theirs are no facts of it."""
    if givers_of(grants):
        return None
    return () if known.trust_score is None else (known.trust_score,)


def standing_of(
    agent: records.Agent, grants: Sequence[Grant], rows: Iterable[records.TrustScore], now: datetime
) -> Standing:
    """Return an agent's standing; `rows` are the stored scores of it and of its givers.

    A giver without one counts as a new agent as far down as it is.
    """
    stored = {row.agent_id: row for row in rows}
    givers = tuple(
        _stored(stored[giver]) if giver in stored else _newcomer(depth, now)
        for giver, depth in givers_of(grants).items()
    )
    depth = max((len(grant.line) for grant in grants), default=0)
    return Standing(agent, stored.get(agent.id), depth, givers, check_time(now, "clock"))


def current(standing: Standing) -> TrustScore:
    """Return the score as it is now, nothing being written."""
    row = standing.row
    known, inputs = _known(row, standing.now)
    factors = _factors(standing, fold(known, (), standing.now), inputs)
    score = score_of(factors, standing.givers) if row is None or _ours(row) else min((_stored(row), *standing.givers))
    return TrustScore(
        agent_id=standing.agent.id,
        score=score,
        tier=tier_of(score),
        factors=factors,
        inputs=inputs,
        computed_at=standing.now,
    )


def changed(
    standing: Standing,
    row: records.TrustScore | None,
    events: Sequence[Event] = (),
    said: Mapping[str, float | None] = MappingProxyType({}),
) -> TrustScoreInput:
    """Return what is to be written over `row` after some decisions, and after what the host said."""
    known, inputs = _known(row, standing.now)
    aggregates, inputs = fold(known, events, standing.now), inputs.model_copy(update=said) if said else inputs
    age = standing.now - standing.agent.created_at
    shares = shares_of(aggregates, inputs, age=age, depth=standing.depth)
    score = score_of_shares(shares, standing.givers)
    return {
        "agent_id": standing.agent.id,
        "score": score,
        "level": tier_of(score),
        "factors": {
            **{_SPELLED[name]: share for name, share in shares.items()},
            _INPUTS: inputs.model_dump(by_alias=True, exclude_none=True),
            _AGGREGATES: aggregates.model_dump(by_alias=True, exclude_defaults=True),
        },
        "computed_at": standing.now if row is None else max(standing.now, row.computed_at),
        "revision": 1 if row is None else row.revision + 1,
    }


def restrained(
    grants: Sequence[Grant], agent_id: str, tier: Tier, below: Mapping[EarnedTier, Constraints]
) -> Sequence[Grant]:
    """Return grants under the constraints of all tiers that an agent has not reached; their calls count together."""
    conditions = tuple(
        Condition(constraints, agent_id, f"trust:{wanted}")
        for wanted, constraints in below.items()
        if TIERS.index(tier) < TIERS.index(wanted)
    )
    return [grant.under(conditions) for grant in grants] if conditions else grants


def _factors(standing: Standing, aggregates: Aggregates, inputs: Inputs) -> Factors:
    age = standing.now - standing.agent.created_at
    return factors_of(aggregates, inputs, age=age, depth=standing.depth)


def _known(row: records.TrustScore | None, now: datetime) -> tuple[Aggregates, Inputs]:
    """Return what a stored row holds; what is missing, or is not understood, begins anew."""
    factors = {} if row is None else row.factors
    try:
        inputs = Inputs.model_validate(factors.get(_INPUTS, {}))
    except ValidationError:
        inputs = Inputs()
    try:
        return Aggregates.model_validate(factors.get(_AGGREGATES)), inputs
    except ValidationError:
        return begin(now), inputs


def _ours(row: records.TrustScore) -> bool:
    return _AGGREGATES in row.factors


def _stored(row: records.TrustScore) -> int:
    """Return a stored score on our scale."""
    return min(max(row.score, 0), 100) if _ours(row) else LEGACY.get(row.level, 0)


def _newcomer(depth: int, now: datetime) -> int:
    return score_of(factors_of(begin(now), Inputs(), age=timedelta(0), depth=depth))
