"""The facts of a decision: all that is stored about an agent and the resource that it asks for, in one call."""

from __future__ import annotations

from typing import Any

import pytest

from kavach_core.storage.facts import AgentFacts
from kavach_core.testing.clauses.base import Clauses, values_of
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.methods import GATHERS, Method
from kavach_core.testing.samples import Values, at, fresh, sample
from kavach_schema.model import Table
from kavach_schema.records import BudgetPolicy
from kavach_schema.tables.agents import AGENTS, BUDGET_POLICIES, DELEGATION_CHAINS, PERMISSIONS, TRUST_SCORES
from kavach_schema.tables.identity import TENANTS

each_gather = each_area_of(GATHERS)

COVERS = {
    "mcp:github:issues": (
        ("*", "**", "mcp:*", "mcp:**", "mcp:github:*", "mcp:github:issues", "mcp:github:issues:**", "*:x", "mcp:*:x"),
        ("mcp:github", "mcp:gith", "mcp:gith:*", "mcp:github:issue", "mcp:github:issues:x", "mcp:gitlab:*", "x:*"),
    ),
    "Mcp:Zoë:a_b%": (
        ("Mcp:*", "Mcp:Zoë:*", "Mcp:Zoë:a_b%", "Mcp:Zoë:a_b%:*"),
        ("mcp:*", "MCP:Zoë:*", "Mcp:Zoe:*", "Mcp:Zoe\u0308:*", "Mcp:Zoë:a_b", "Mcp:Zoë:aXbY", "Mcp:Zoë:a_b% ", "M_p:*"),
    ),
    "a\\b:'c': ": (("a\\b:*", "a\\b:'c':*", "a\\b:'c': "), ("a\\\\b:*", "a\\b:'c':", "a\\b:'c'", "a\\b")),
    "mcp:*:x": (("*", "mcp:*", "mcp:*:x", "mcp:**:y", "mcp:*:x:*"), ("mcp", "mcp:x", "mcp:y:*")),
    "one": (("*", "one", "one:*", "one:**"), ("on", "on:*", "one:two", "two")),
}
"""Resources, each with patterns that may cover it and patterns that cannot: these, and no others, are left out."""


class FactClauses(Clauses):
    """What is gathered about an agent."""

    @each_gather
    async def test_facts_are_all_that_is_stored_about_an_agent(self, method: Method) -> None:
        """Each fact MUST be the whole rows that belong to the agent, in the order of their creation, and no others."""
        tenant = await self.new(TENANTS)
        agent = await self.new(AGENTS, tenant_id=tenant["id"])
        await self.new(TENANTS)
        await self._about(await self.new(AGENTS))
        expected = await self._about(agent)
        facts = await self._facts(method, agent)
        assert facts is not None
        assert values_of(facts.agent) == agent
        assert values_of(facts.tenant) == tenant
        assert values_of(facts.trust_score) == expected.pop("trust_score")
        policies = [policy for policy in facts.budget_policies if not _is_everybodys(policy)]
        for name, rows in {**facts._asdict(), "budget_policies": policies}.items():
            if name in expected:
                assert [values_of(row) for row in rows] == expected[name], name

    @each_gather
    async def test_facts_of_a_new_agent_are_few(self, method: Method) -> None:
        """What is not stored MUST be an empty list, or None; an agent without a tenant has no tenant's facts."""
        await self.new(BUDGET_POLICIES, agent_id=None, user_id=None, tenant_id=fresh())
        agent = await self.new(AGENTS, tenant_id=None)
        facts = await self._facts(method, agent)
        assert facts is not None
        assert (facts.tenant, facts.trust_score) == (None, None)
        assert (facts.permissions, facts.delegation_chains) == ([], [])
        assert all(map(_is_everybodys, facts.budget_policies))

    @each_gather
    async def test_facts_of_nobody_are_none(self, method: Method) -> None:
        """Where there is no such agent the result MUST be None, whatever is stored about it."""
        missing = sample(AGENTS)
        await self._about(missing)
        assert await self._facts(method, missing) is None

    @pytest.mark.parametrize("resource", COVERS, ids=range(len(COVERS)))
    async def test_permissions_that_may_cover_a_resource_are_facts(self, resource: str) -> None:
        """All patterns that may cover the resource MUST be there, and those that cannot left out; text is exact."""
        may, cannot = COVERS[resource]
        agent = await self.new(AGENTS)
        for number, pattern in enumerate((*may, *cannot)):
            await self.new(PERMISSIONS, agent_id=agent["id"], resource=pattern, created_at=at(number))
        for method in GATHERS:
            facts = await self._facts(method, agent, resource)
            assert facts is not None
            assert [permission.resource for permission in facts.permissions] == [*may]

    async def _facts(self, method: Method, agent: Values, resource: str = "mcp:github:issues") -> AgentFacts | None:
        found: AgentFacts | None = await method.by_key(self.storage, agent, resource=resource)
        return found

    async def _about(self, agent: Values) -> dict[str, Any]:
        """Write rows about an agent, and others that are not; return what is to be found by the name of the fact."""
        mine = {"agent_id": agent["id"]}
        score = await self.new(TRUST_SCORES, **mine)
        permissions = [{**mine, "resource": pattern} for pattern in ("mcp:github:*", "**", "mcp:github:issues")]
        chains = [{"to_agent_id": agent["id"], "status": "active"} for _ in range(3)]
        nobody: Values = {"agent_id": None, "user_id": None, "tenant_id": None}
        named = ({"agent_id": agent["id"]}, {"user_id": agent["owner_id"]}, {"tenant_id": agent["tenant_id"]})
        both = named[0] | named[1] | named[2]
        policies = [nobody | some for some in (*named, both, named[0] | {"status": "disabled"})]
        await self.new(PERMISSIONS, **mine, resource="mcp:gitlab:*")
        await self.new(DELEGATION_CHAINS, to_agent_id=agent["id"], status="revoked")
        await self.new(DELEGATION_CHAINS, from_agent_id=agent["id"], status="active")
        await self.new(BUDGET_POLICIES, **nobody | named[0] | {"user_id": fresh()})
        return {
            "trust_score": score,
            "permissions": await self._written(PERMISSIONS, permissions),
            "delegation_chains": await self._written(DELEGATION_CHAINS, chains),
            "budget_policies": await self._written(BUDGET_POLICIES, policies),
        }

    async def _written(self, table: Table[Any], rows: list[Values]) -> list[Values]:
        """Write rows, the last first and two of them in one second; return them in their order."""
        keys = [{"id": f"{number}-{fresh()}", "created_at": at(number // 2)} for number in range(len(rows))]
        written = [await self.new(table, **row, **key) for row, key in zip(rows[::-1], keys[::-1], strict=True)]
        return written[::-1]


def _is_everybodys(policy: BudgetPolicy) -> bool:
    """Tell whether a policy names nobody: it holds for every agent, and another clause may have left it."""
    return policy.agent_id is policy.user_id is policy.tenant_id is None
