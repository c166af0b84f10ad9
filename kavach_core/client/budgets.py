"""Budgets as they go over the wire: what agents may use, and what was used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from kavach_core.client.types import Wire

BudgetAction = Literal["warn", "throttle", "block", "revoke"]
BudgetStatus = Literal["active", "triggered", "disabled"]


@dataclass
class BudgetLimits(Wire):
    """How much there may be in a day or a calendar month of UTC; None is no limit. Costs are in millionths."""

    max_calls_per_day: int | None = None
    max_calls_per_month: int | None = None
    max_tokens_cost_per_day: int | None = None
    max_tokens_cost_per_month: int | None = None
    max_cost_micros_per_day: int | None = None
    max_cost_micros_per_month: int | None = None


@dataclass(frozen=True)
class BudgetUsage(Wire):
    """What was used until now; None where there is no limit."""

    calls_today: int | None = None
    calls_this_month: int | None = None
    tokens_cost_today: int | None = None
    tokens_cost_this_month: int | None = None
    cost_micros_today: int | None = None
    cost_micros_this_month: int | None = None


@dataclass(frozen=True)
class Budget(Wire):
    """Limits on what agents use, and what happens to a call that does not fit; `limits` is None if unreadable."""

    id: str
    limits: BudgetLimits | None
    current_usage: BudgetUsage
    action: BudgetAction
    status: BudgetStatus
    created_at: str
    agent_id: str | None = None
    user_id: str | None = None
    tenant_id: str | None = None


@dataclass
class CreateBudgetInput(Wire):
    """A new budget for the agent, the owner or the tenant that it names, for all agents where it names none."""

    limits: BudgetLimits
    action: BudgetAction = "warn"
    agent_id: str | None = None
    user_id: str | None = None
    tenant_id: str | None = None


@dataclass
class UpdateBudgetInput(Wire):
    """Changes of a budget; what is None stays, and limits are replaced as a whole."""

    limits: BudgetLimits | None = None
    action: BudgetAction | None = None
    status: Literal["active", "disabled"] | None = None


@dataclass
class BudgetFilters(Wire):
    """Which budgets; `after` is the id of the last one of a page."""

    agent_id: str | None = None
    user_id: str | None = None
    tenant_id: str | None = None
    limit: int | None = None
    after: str | None = None


@dataclass(frozen=True)
class BudgetCheck(Wire):
    """What budgets would say of a call now."""

    allowed: bool
    warnings: list[str]
    code: str | None = None
    reason: str | None = None
    retry_at: str | None = None


@dataclass
class UsageInput(Wire):
    """What one use of a tool cost, in tokens and in millionths of the currency."""

    tool: str
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0
    currency: str = "USD"
    metadata: dict[str, Any] | None = None
    delegation_chain_id: str | None = None
