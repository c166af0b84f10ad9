"""What agents hand to each other, on a server."""

from __future__ import annotations

from kavach_core.client._async.calling import AsyncCaller
from kavach_core.client.answers import segment
from kavach_core.client.types import DelegateInput, DelegationChain, Permission


class AsyncDelegations:
    """The delegations of a server; each call raises `KavachError` where it fails."""

    def __init__(self, caller: AsyncCaller) -> None:
        """Call a server."""
        self._caller = caller

    async def create(self, input: DelegateInput) -> DelegationChain:
        """Hand permissions of one agent to another, and return the delegation."""
        return await self._caller.fetch(DelegationChain, "POST", "/delegations", body=input.to_dict())

    async def list_chains(self, agent_id: str) -> list[DelegationChain]:
        """Return the delegations from and to an agent that are not revoked."""
        return await self._caller.fetch(list[DelegationChain], "GET", f"/delegations/{segment(agent_id)}")

    async def get_effective_permissions(self, agent_id: str) -> list[Permission]:
        """Return what an agent may do now: its own permissions and those it received."""
        return await self._caller.fetch(list[Permission], "GET", f"/delegations/{segment(agent_id)}/permissions")

    async def revoke(self, delegation_id: str) -> None:
        """Revoke a delegation for good, with all that rests on it."""
        await self._caller.send("DELETE", f"/delegations/{segment(delegation_id)}")
