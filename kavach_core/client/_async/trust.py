"""The trust scores of agents, on a server."""

from __future__ import annotations

from kavach_core.client._async.calling import AsyncCaller
from kavach_core.client.answers import segment
from kavach_core.client.trust import TrustScore
from kavach_schema.model import UNSET, Unset


class AsyncTrust:
    """The trust scores of a server; each call raises `KavachError` where it fails."""

    def __init__(self, caller: AsyncCaller) -> None:
        """Call a server."""
        self._caller = caller

    async def get_score(self, agent_id: str) -> TrustScore:
        """Return the score of an agent as it is now."""
        return await self._caller.fetch(TrustScore, "GET", f"/agents/{segment(agent_id)}/trust")

    async def set_inputs(
        self,
        agent_id: str,
        *,
        attestation_strength: float | Unset | None = UNSET,
        owner_trust: float | Unset | None = UNSET,
        workload_binding: float | Unset | None = UNSET,
        runtime_attestation: float | Unset | None = UNSET,
    ) -> TrustScore:
        """Store what is known of an agent, each from 0, the worst, to 1, and return the score that follows.

        What is left out stays as it was said before, and None takes it back.
        """
        given = {
            "attestationStrength": attestation_strength,
            "ownerTrust": owner_trust,
            "workloadBinding": workload_binding,
            "runtimeAttestation": runtime_attestation,
        }
        body = {name: value for name, value in given.items() if value is not UNSET}
        return await self._caller.fetch(TrustScore, "PATCH", f"/agents/{segment(agent_id)}/trust", body=body)
