"""What a caller may reach: asked before anything is read, changed or listed, and nowhere else.

What is not there and what is another's get the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kavach_core import Agent, Approval, AsyncKavach, BudgetPolicy, Delegation, McpServer, Tenant
from kavach_core.http._errors import Refused, missing
from kavach_core.http._principals import Principal
from kavach_schema.filters import AgentFilter


@dataclass(frozen=True, slots=True)
class Access:
    """What one caller may reach in one Kavach."""

    kavach: AsyncKavach
    principal: Principal

    @property
    def unlimited(self) -> bool:
        """Tell whether the caller reaches everything: a service of no tenant."""
        return self.principal.kind == "service" and self.principal.tenant_id is None

    def reaches(self, agent: Agent) -> bool:
        """Tell whether an agent is within reach."""
        match self.principal.kind:
            case "service":
                return self.principal.tenant_id in (None, agent.tenant_id)
            case "agent":
                return self.principal.id == agent.id
            case "user" | "api_key":
                mine = self.principal.user_id, self.principal.tenant_id
                return (agent.owner_id, agent.tenant_id) == mine

    async def agent(self, agent_id: str) -> Agent:
        """Return an agent within reach; raises `Refused` with 404."""
        found = await self.kavach.agent.get(agent_id)
        if found is None or not self.reaches(found):
            raise missing("agent")
        return found

    async def agent_to_decide(self, agent_id: str) -> None:
        """Raise `Refused` with 404 for an agent out of reach; where all is within, the engine finds it and records."""
        if not self.unlimited:
            await self.agent(agent_id)

    async def delegation(self, chain_id: str) -> Delegation:
        """Return a delegation from or to an agent within reach: both have one owner. Raises `Refused` with 404."""
        found = await self.kavach.delegation.get(chain_id)
        if found is None or not await self._reaches_id(found.from_agent):
            raise missing("delegation")
        return found

    async def approval(self, request_id: str) -> Approval:
        """Return a request of an agent within reach; raises `Refused` with 404."""
        found = await self.kavach.approval.get(request_id)
        if found is None or not await self._reaches_id(found.agent_id):
            raise missing("approval request")
        return found

    async def mcp_server(self, server_id: str) -> McpServer:
        """Return a registered server, which all reach; raises `Refused` with 404."""
        found = await self.kavach.mcp_server.get(server_id)
        if found is None:
            raise missing("MCP server")
        return found

    async def tenant(self, tenant_id: str) -> Tenant:
        """Return a tenant, any or the credential's own; raises `Refused` with 404."""
        found = await self.kavach.tenant.get(tenant_id)
        if found is None or self.principal.tenant_id not in (None, found.id):
            raise missing("tenant")
        return found

    async def budget(self, policy_id: str) -> BudgetPolicy:
        """Return a budget, any or one of the credential's tenant; raises `Refused` with 404."""
        found = await self.kavach.budget.get(policy_id)
        if found is None or self.principal.tenant_id not in (None, found.tenant_id):
            raise missing("budget")
        return found

    async def agents_within(self, agent_ids: Iterable[str]) -> set[str]:
        """Return those of these ids whose agents are within reach."""
        return {agent_id for agent_id in set(agent_ids) if await self._reaches_id(agent_id)}

    async def _reaches_id(self, agent_id: str) -> bool:
        if self.unlimited:
            return True
        agent = await self.kavach.agent.get(agent_id)
        return agent is not None and self.reaches(agent)

    def owner(self, user_id: str | None) -> str | None:
        """Return whose things may be listed, None for anybody's; raises `Refused` with 404 for another person's."""
        if self.principal.kind == "service":
            return user_id
        if user_id not in (None, self.principal.user_id):
            raise missing("user")
        return self.principal.user_id

    def agents(self, user_id: str | None) -> AgentFilter:
        """Return a filter for agents; what it finds MUST be held against `reaches`. Raises as `owner`."""
        return {"owner_id": self.owner(user_id), "tenant_id": self.principal.tenant_id}

    async def audit(self, agent_id: str | None, user_id: str | None) -> str | None:
        """Return whose audit rows may be read, None for anybody's.

        Rows do not say a tenant, so a credential of one names an agent, and a person of none reads what is theirs in
        any. Raises `Refused` with 404 for what is out of reach, and with 403.
        """
        if agent_id is not None and not self.unlimited:
            await self.agent(agent_id)
        elif agent_id is None and self.principal.tenant_id is not None:
            raise Refused(403, "FORBIDDEN", "agentId: a credential of a tenant reads the trail of one agent at a time")
        return self.owner(user_id)

    def everywhere(self) -> None:
        """Raise `Refused` with 403 for a credential of one tenant, where what it changes concerns all."""
        if self.principal.tenant_id is not None:
            raise Refused(403, "FORBIDDEN", "this concerns all tenants, and the credential belongs to one")

    def place(self, owner_id: str, tenant_id: str | None) -> str | None:
        """Return the tenant that a new agent belongs to; raises `Refused` with 403 for another owner or tenant."""
        principal = self.principal
        if principal.kind != "service" and owner_id != principal.user_id:
            raise Refused(403, "FORBIDDEN", "ownerId: a person creates agents of their own only")
        return self.tenant_of(tenant_id)

    def tenant_of(self, tenant_id: str | None) -> str | None:
        """Return the tenant that is meant, None for none or for any; raises `Refused` with 403 for another one."""
        if self.unlimited:
            return tenant_id
        if tenant_id not in (None, self.principal.tenant_id):
            raise Refused(403, "FORBIDDEN", "tenantId: the credential belongs to another tenant")
        return self.principal.tenant_id
