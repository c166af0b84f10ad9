"""Trust as arithmetic: what an agent's calls say of it, what its host says, and the score that follows.

Calls are not remembered but folded into a few sums that halve in `HALF_LIFE`, so that a decision costs the same however
long the history is, and what was bad once is forgotten. Shares count and not numbers: who calls a thousand times as
often may be denied a thousand times as often.

The documentation names the nine factors and the tiers ("Trust scoring"); it publishes no weights, so these are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, TypeAlias
from zlib import crc32

from pydantic import Field

from kavach_core.policy.constraints import Value

Tier = Literal["unverified", "low", "standard", "elevated", "high"]

EarnedTier = Literal["low", "standard", "elevated", "high"]
"""The tiers that an agent can be below."""

TIERS: Final[tuple[Tier, ...]] = ("unverified", "low", "standard", "elevated", "high")
"""The tiers from the lowest on, each 20 points wide."""

LEGACY: Final[dict[str, int]] = {"untrusted": 10, "limited": 30, "standard": 50, "trusted": 70, "elevated": 90}
"""What a score of the TypeScript KavachOS counts for, by its level: the middle of the tier of the same rank.

Its number does not count: it is on another scale, and made of denials that are never forgotten.
"""

HALF_LIFE: Final = timedelta(days=7)
"""In which time a call comes to count half."""

GROWN: Final = timedelta(days=30)
"""The age from which on an agent is as good as older ones."""

PRIOR: Final = 20
"""For how many calls the neutral guess counts with which each agent begins."""

NEUTRAL: Final = 0.5
"""What stands for a factor of which nothing is known."""

WORST_DENIED: Final = 0.2
WORST_NOVEL: Final = 0.5
WORST_MOVED: Final = 0.1
"""The shares of calls from which on a factor is 0."""

MOST_DENIED: Final = 39
"""The most that an agent is worth whose calls are denied: the top of the tier "low"."""

SEVERITY: Final[dict[str, float]] = {
    "approval_required": 0.0,
    "audit_unavailable": 0.0,
    "rate_limited": 0.1,
    "budget_exceeded": 0.1,
    "budget_throttled": 0.1,
    "outside_time_window": 0.5,
}
"""How much of a denial each code is, 1 where it is not named. What is 0 says nothing of the agent."""

_BITS: Final = 256

_HALF_LIFE: Final = int(HALF_LIFE.total_seconds())

Share = Annotated[float, Field(ge=0, le=1)]
Sum = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Sketch: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{0,64}$")]
"""The kinds of calls that were made, a bit each, in hexadecimal digits."""


class Inputs(Value):
    """What a host knows of an agent, each from 0, the worst, to 1; None is not known, and neutral."""

    attestation_strength: Share | None = None
    owner_trust: Share | None = None
    workload_binding: Share | None = None
    runtime_attestation: Share | None = None


class Factors(Value):
    """The nine factors of a score, each from 0, the worst, to 1."""

    attestation_strength: Share
    delegation_depth: Share
    behavioral_anomaly: Share
    geolocation_stability: Share
    denial_rate: Share
    age: Share
    owner_trust: Share
    workload_binding: Share
    runtime_attestation: Share


WEIGHTS: Final = {
    "denial_rate": 20,
    "age": 18,
    "behavioral_anomaly": 10,
    "delegation_depth": 5,
    "geolocation_stability": 5,
    "attestation_strength": 12,
    "workload_binding": 10,
    "runtime_attestation": 10,
    "owner_trust": 10,
}
"""Points of each factor, 100 together: 58 for what is seen here, and 42 for what only the host can know.

So an agent for whom nobody vouches, with neutral 21 points of those 42, comes to 79 at most and is never "high"; on its
first day, without the 18 of its age, it comes to 61.
"""


class Aggregates(Value):
    """What is left of an agent's calls up to the Unix second `at`; all sums have halved as often as half-lives passed.

    `newer` are the kinds of calls that were allowed since `since`, `older` those of the half-life before. `place` is a
    checksum of where the last allowed call came from.
    """

    at: int
    allowed: Sum = 0.0
    denied: Sum = 0.0
    familiar: Sum = 0.0
    novel: Sum = 0.0
    stayed: Sum = 0.0
    moved: Sum = 0.0
    place: int | None = None
    older: Sketch = ""
    newer: Sketch = ""
    since: int


@dataclass(frozen=True, slots=True)
class Event:
    """A decision on a call: its code, None where it was allowed, and where the call came from, if that is known."""

    code: str | None
    action: str
    resource: str
    place: str | None = None

    @property
    def kind(self) -> str:
        """Return what makes calls alike: the action, and the first two segments of the resource."""
        return " ".join((self.action, *self.resource.split(":", 2)[:2]))


def begin(now: datetime) -> Aggregates:
    """Return the aggregates of an agent that has made no call."""
    return Aggregates(at=int(now.timestamp()), since=int(now.timestamp()))


def fold(known: Aggregates, events: Sequence[Event], now: datetime) -> Aggregates:
    """Return the aggregates after some decisions, all made `now`; a clock that went back counts as one that stood."""
    second = max(int(now.timestamp()), known.at)
    left = 0.5 ** ((second - known.at) / _HALF_LIFE)
    good, denied = round(known.allowed * left, 6), round(known.denied * left, 6)
    familiar, novel = round(known.familiar * left, 6), round(known.novel * left, 6)
    stayed, moved = round(known.stayed * left, 6), round(known.moved * left, 6)
    older, newer, since = _turned(known, second)
    place = known.place
    for event in events:
        allowed = event.code is None
        severity = 0.0 if event.code is None else SEVERITY.get(event.code, 1.0)
        if not allowed and not severity:
            continue
        bit = 1 << crc32(event.kind.encode()) % _BITS
        here = None if event.place is None else crc32(event.place.encode())
        # Only allowed calls teach what is normal, and only they earn: a denied one can never raise a score.
        learning = good < PRIOR
        if not learning and not (older | newer) & bit:
            novel += 1
        elif allowed:
            familiar += 1
        if here is not None and place is not None and here != place:
            moved += 1
        elif here is not None and allowed:
            stayed += 1
        denied += severity
        if allowed:
            good += 1
            newer |= bit
            place = place if here is None else here
    return Aggregates(
        at=second,
        allowed=good,
        denied=denied,
        familiar=familiar,
        novel=novel,
        stayed=stayed,
        moved=moved,
        place=place,
        older=_hex(older),
        newer=_hex(newer),
        since=since,
    )


def _turned(known: Aggregates, second: int) -> tuple[int, int, int]:
    """Return the two sketches and the beginning of the newer one: each is kept for one half-life, and one more."""
    older, newer = (int(sketch or "0", 16) for sketch in (known.older, known.newer))
    periods = (second - known.since) // _HALF_LIFE
    if periods <= 0:
        return older, newer, known.since
    return (newer if periods == 1 else 0), 0, known.since + periods * _HALF_LIFE


def _hex(sketch: int) -> str:
    return f"{sketch:x}" if sketch else ""


def factors_of(known: Aggregates, inputs: Inputs, *, age: timedelta, depth: int) -> Factors:
    """Return the factors of an agent of this age; `depth` is the longest line of chains that it holds a grant by."""
    return Factors(**shares_of(known, inputs, age=age, depth=depth))


def shares_of(known: Aggregates, inputs: Inputs, *, age: timedelta, depth: int) -> dict[str, float]:
    """Return the same by name: a decision needs nothing that validates them."""
    return {
        "attestation_strength": _said(inputs.attestation_strength),
        "delegation_depth": 1 / (1 + depth),
        "behavioral_anomaly": _earned(known.novel, known.familiar, WORST_NOVEL),
        "geolocation_stability": _earned(known.moved, known.stayed, WORST_MOVED),
        "denial_rate": _earned(known.denied, known.allowed, WORST_DENIED),
        "age": min(max(age / GROWN, 0.0), 1.0),
        "owner_trust": _said(inputs.owner_trust),
        "workload_binding": _said(inputs.workload_binding),
        "runtime_attestation": _said(inputs.runtime_attestation),
    }


def _said(share: float | None) -> float:
    return NEUTRAL if share is None else share


def _earned(bad: float, good: float, worst: float) -> float:
    """Return 1 where no calls are bad and 0 from the share `worst` on; half of it is what each agent begins with."""
    share = (bad + PRIOR * worst / 2) / (bad + good + PRIOR)
    return max(0.0, 1 - share / worst)


def score_of(factors: Factors, givers: Iterable[int] = ()) -> int:
    """Return the score, 0 to 100; see `score_of_shares`."""
    return score_of_shares(factors.__dict__, givers)


def score_of_shares(shares: Mapping[str, float], givers: Iterable[int] = ()) -> int:
    """Return the score, 0 to 100: the weighted factors, never above that of a giver, nor above what denials leave.

    `givers` are the scores of all agents upstream. With each point of the denial rate that is lost the bound falls from
    100 to `MOST_DENIED`: nobody's word makes up for an agent that keeps trying what it may not.
    """
    earned: float = sum([weight * shares[name] for name, weight in WEIGHTS.items()])
    return min(int(earned + 0.5), int(MOST_DENIED + (100 - MOST_DENIED) * shares["denial_rate"]), *givers)


def tier_of(score: int) -> Tier:
    """Return the tier of a score: unverified below 20, low below 40, standard below 60, elevated below 80, or high."""
    return TIERS[min(max(score, 0) // 20, len(TIERS) - 1)]
