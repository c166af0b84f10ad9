"""Rows that are stored, and calls that conflict with them."""

from __future__ import annotations

from typing import Any

import pytest

from kavach_core.errors import ConflictError
from kavach_core.storage import AsyncStorage
from kavach_core.testing.changes import Row
from kavach_core.testing.clauses.base import Clauses
from kavach_core.testing.samples import sample
from kavach_schema.tables.agents import AGENTS, PERMISSIONS, RATE_LIMITS
from kavach_schema.tables.identity import TENANTS

CONFLICTS = ("key", "unique", "update", "many", "upsert", "increment")

each_conflict = pytest.mark.parametrize("conflict", CONFLICTS)


class Taken:
    """Rows that are stored, and calls that conflict with them."""

    def __init__(self, agent: Row, other: Row, permission: Row, window: Row, tenant: Row) -> None:
        """Hold the rows."""
        self.agent, self.other, self.permission, self.window, self.tenant = agent, other, permission, window, tenant

    @classmethod
    async def stored(cls, clauses: Clauses) -> Taken:
        """Write the rows."""
        tables = (AGENTS, AGENTS, PERMISSIONS, RATE_LIMITS, TENANTS)
        return cls(*[Row(table, await clauses.new(table)) for table in tables])

    @property
    def rows(self) -> list[Row]:
        """List the rows, none of which a conflict changes."""
        return [self.agent, self.other, self.permission, self.window, self.tenant]

    async def conflict(self, storage: Any, kind: str) -> None:
        """Make a call that takes what is taken."""
        match kind:
            case "key":
                await storage.create_agent(**sample(AGENTS, id=self.agent.values["id"]))
            case "unique":
                await storage.create_tenant(**sample(TENANTS, slug=self.tenant.values["slug"]))
            case "update":
                hashed = self.agent.values["token_hash"]
                await storage.update_agent(self.other.values["id"], token_hash=hashed)
            case "many":
                taken = sample(PERMISSIONS, id=self.permission.values["id"])
                await storage.create_permissions([sample(PERMISSIONS), taken, sample(PERMISSIONS)])
            case "upsert":
                await storage.upsert_rate_limit(**sample(RATE_LIMITS, id=self.window.values["id"]))
            case "increment":
                await storage.increment_rate_limit(**sample(RATE_LIMITS, id=self.window.values["id"]))
            case _:
                raise AssertionError(kind)

    async def assert_conflict(self, storage: AsyncStorage, kind: str) -> None:
        """Assert that the call conflicts."""
        with pytest.raises(ConflictError):
            await self.conflict(storage, kind)
