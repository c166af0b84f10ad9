"""Trust as it goes over the wire: how far an agent has earned autonomy, and what that follows from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kavach_core.client.types import Wire

Tier = Literal["unverified", "low", "standard", "elevated", "high"]


@dataclass(frozen=True)
class TrustFactors(Wire):
    """The nine factors of a score, each from 0, the worst, to 1."""

    attestation_strength: float
    delegation_depth: float
    behavioral_anomaly: float
    geolocation_stability: float
    denial_rate: float
    age: float
    owner_trust: float
    workload_binding: float
    runtime_attestation: float


@dataclass(frozen=True)
class TrustInputs(Wire):
    """What the operator knows of an agent, each from 0, the worst, to 1; None is not known."""

    attestation_strength: float | None = None
    owner_trust: float | None = None
    workload_binding: float | None = None
    runtime_attestation: float | None = None


@dataclass(frozen=True)
class TrustScore(Wire):
    """A score from 0 to 100, and what it follows from."""

    agent_id: str
    score: int
    tier: Tier
    factors: TrustFactors
    inputs: TrustInputs
    computed_at: str
