"""Agents and their decisions, on a server."""

from __future__ import annotations

from collections.abc import AsyncIterator

from kavach_core.client._async.calling import AsyncCaller
from kavach_core.client.answers import next_page, read, segment
from kavach_core.client.errors import NotFoundError
from kavach_core.client.types import (
    Agent,
    AgentFilters,
    AuthorizeRequest,
    AuthorizeResult,
    CreateAgentInput,
    Permission,
    UpdateAgentInput,
)


class AsyncAgents:
    """The agents of a server; each call raises `KavachError` where it fails."""

    def __init__(self, caller: AsyncCaller) -> None:
        """Call a server."""
        self._caller = caller

    async def create(self, input: CreateAgentInput) -> Agent:
        """Create an agent, and return it with its token, which is shown this once."""
        return await self._caller.fetch(Agent, "POST", "/agents", body=input.to_dict())

    async def get(self, agent_id: str) -> Agent | None:
        """Return the agent with this id, whatever its status, or None."""
        try:
            return await self._caller.fetch(Agent, "GET", f"/agents/{segment(agent_id)}")
        except NotFoundError:
            return None

    async def update(self, agent_id: str, input: UpdateAgentInput) -> Agent:
        """Change what is given, and return the agent; permissions are replaced as a whole."""
        return await self._caller.fetch(Agent, "PATCH", f"/agents/{segment(agent_id)}", body=input.to_dict())

    async def revoke(self, agent_id: str) -> None:
        """Revoke an agent for good; from now on every call of it is denied."""
        await self._caller.send("DELETE", f"/agents/{segment(agent_id)}")

    async def rotate(self, agent_id: str) -> Agent:
        """Give an agent a new token, and return the agent with it; the old token is dead at once."""
        return await self._caller.fetch(Agent, "POST", f"/agents/{segment(agent_id)}/rotate")

    async def authorize(self, agent_id: str, request: AuthorizeRequest) -> AuthorizeResult:
        """Decide whether an agent may do something now, and record the decision; a denial is an answer and no error."""
        path = f"/agents/{segment(agent_id)}/authorize"
        return await self._caller.fetch(AuthorizeResult, "POST", path, body=request.to_dict())

    async def get_effective_permissions(self, agent_id: str) -> list[Permission]:
        """Return what an agent may do now: its own permissions and those it received."""
        return await self._caller.fetch(list[Permission], "GET", f"/delegations/{segment(agent_id)}/permissions")

    async def iterate(self, filters: AgentFilters | None = None) -> AsyncIterator[Agent]:
        """Yield all agents that match, page by page; `limit` is the size of a page."""
        following: dict[str, str] | None = {} if filters is None else filters.to_params()
        while following is not None:
            answer = await self._caller.send("GET", "/agents", params=following)
            for agent in read(list[Agent], answer):
                yield agent
            following = next_page(answer)

    async def list(self, filters: AgentFilters | None = None) -> list[Agent]:
        """Return the agents that match, or a page of them."""
        params = None if filters is None else filters.to_params()
        return await self._caller.fetch(list[Agent], "GET", "/agents", params=params)
