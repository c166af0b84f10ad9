"""What agents may use and what they used, on a server."""

from __future__ import annotations

from kavach_core.client._async.calling import AsyncCaller
from kavach_core.client.answers import segment
from kavach_core.client.budgets import (
    Budget,
    BudgetCheck,
    BudgetFilters,
    CreateBudgetInput,
    UpdateBudgetInput,
    UsageInput,
)
from kavach_core.client.errors import NotFoundError


class AsyncBudgets:
    """The budgets of a server; each call raises `KavachError` where it fails."""

    def __init__(self, caller: AsyncCaller) -> None:
        """Call a server."""
        self._caller = caller

    async def create(self, input: CreateBudgetInput) -> Budget:
        """Create a budget."""
        return await self._caller.fetch(Budget, "POST", "/budgets", body=input.to_dict())

    async def get(self, budget_id: str) -> Budget | None:
        """Return the budget with this id, or None."""
        try:
            return await self._caller.fetch(Budget, "GET", f"/budgets/{segment(budget_id)}")
        except NotFoundError:
            return None

    async def update(self, budget_id: str, input: UpdateBudgetInput) -> Budget:
        """Change what is given, and return the budget."""
        return await self._caller.fetch(Budget, "PATCH", f"/budgets/{segment(budget_id)}", body=input.to_dict())

    async def delete(self, budget_id: str) -> None:
        """Delete a budget."""
        await self._caller.send("DELETE", f"/budgets/{segment(budget_id)}")

    async def reset(self, budget_id: str) -> Budget:
        """Forget what was used, and return the budget."""
        return await self._caller.fetch(Budget, "POST", f"/budgets/{segment(budget_id)}/reset")

    async def check(self, agent_id: str, *, tokens_cost: int | None = None) -> BudgetCheck:
        """Return what the budgets would say of a call of an agent now; nothing is counted."""
        params = {} if tokens_cost is None else {"tokensCost": str(tokens_cost)}
        return await self._caller.fetch(BudgetCheck, "GET", f"/agents/{segment(agent_id)}/budget", params=params)

    async def record_usage(self, agent_id: str, input: UsageInput) -> None:
        """Record what a call of an agent has cost."""
        await self._caller.send("POST", f"/agents/{segment(agent_id)}/usage", body=input.to_dict())

    async def list(self, filters: BudgetFilters | None = None) -> list[Budget]:
        """Return a page of budgets."""
        params = None if filters is None else filters.to_params()
        return await self._caller.fetch(list[Budget], "GET", "/budgets", params=params)
