"""Routes of trust: how far an agent has earned autonomy, and what the operator knows of it."""

from __future__ import annotations

from typing import Final

from kavach_core import Agent
from kavach_core.http._access import Access
from kavach_core.http._models import Answer, Body, Moment
from kavach_core.http._routing import ANYONE_KNOWN, SERVICES, Call, Route
from kavach_core.policy.trust import Factors, Inputs, Share, Tier
from kavach_schema.model import UNSET


class TrustScore(Answer):
    """A score from 0 to 100, and what it follows from."""

    agent_id: str
    score: int
    tier: Tier
    factors: Factors
    inputs: Inputs
    computed_at: Moment


class SetTrust(Body):
    """What is known of an agent, each from 0, the worst, to 1; what is left out stays, and null takes it back."""

    attestation_strength: Share | None = None
    owner_trust: Share | None = None
    workload_binding: Share | None = None
    runtime_attestation: Share | None = None


async def get(call: Call) -> TrustScore:
    """Return the score as it is now."""
    return TrustScore.of(await call.kavach.trust.get_score(call.found(Agent).id))


async def set_inputs(call: Call) -> TrustScore:
    """Store what is known."""
    known = call.sent(SetTrust)
    given = known.model_fields_set
    return TrustScore.of(
        await call.kavach.trust.set_inputs(
            call.found(Agent).id,
            attestation_strength=known.attestation_strength if "attestation_strength" in given else UNSET,
            owner_trust=known.owner_trust if "owner_trust" in given else UNSET,
            workload_binding=known.workload_binding if "workload_binding" in given else UNSET,
            runtime_attestation=known.runtime_attestation if "runtime_attestation" in given else UNSET,
        )
    )


ROUTES: Final = (
    Route(
        "GET",
        "/agents/{id}/trust",
        get,
        "Return the trust score of an agent as it is now",
        ANYONE_KNOWN,
        "trust:read",
        Access.agent,
        answer=TrustScore,
    ),
    Route(
        "PATCH",
        "/agents/{id}/trust",
        set_inputs,
        "Say what is known of an agent, and return the score that follows",
        SERVICES,
        "trust:write",
        Access.agent,
        answer=TrustScore,
        body=SetTrust,
    ),
)
