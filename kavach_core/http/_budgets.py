"""Routes of budgets: what agents may use, what was used, what a call cost. The operator sets them, not the owner."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue

from kavach_core import Agent, BudgetLimits, BudgetUsage
from kavach_core import BudgetPolicy as BudgetPolicyValue
from kavach_core.http._access import Access
from kavach_core.http._models import Answer, Body, Moment, Query, Text
from kavach_core.http._routing import ANYONE_KNOWN, SERVICES, Call, Route
from kavach_core.policy.budgets import BudgetAction
from kavach_schema.model import UNSET

MAX_PAGE: Final = 1000
DEFAULT_PAGE: Final = 100

_MOST: Final = 2**63 - 1

Amount = Annotated[int, Field(ge=0, le=_MOST)]


class BudgetPolicy(Answer):
    """Limits on what agents use, and what was used of them."""

    id: str
    agent_id: str | None
    user_id: str | None
    tenant_id: str | None
    limits: BudgetLimits | None
    current_usage: BudgetUsage
    action: BudgetAction
    status: Literal["active", "triggered", "disabled"]
    created_at: Moment


class CreateBudget(Body):
    """Whom a new policy holds for, and what it limits."""

    limits: BudgetLimits
    action: BudgetAction = "warn"
    agent_id: Text | None = None
    user_id: Text | None = None
    tenant_id: Text | None = None


class UpdateBudget(Body):
    """What changes; limits are replaced as a whole."""

    limits: BudgetLimits = BudgetLimits()
    action: BudgetAction = "warn"
    status: Literal["active", "disabled"] = "active"


class ListBudgets(Query):
    """Which policies: those that name this agent, owner or tenant."""

    agent_id: Text | None = None
    user_id: Text | None = None
    tenant_id: Text | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE
    after: Text | None = None


class CheckBudget(Query):
    """What the call would cost, as far as that is known."""

    tokens_cost: Amount | None = None


class BudgetCheck(Answer):
    """What the budgets would say of a call now."""

    allowed: bool
    code: str | None
    reason: str | None
    warnings: list[str]
    retry_at: Moment | None


class RecordUsage(Body):
    """What one use of a tool cost; `costMicros` are millionths of the currency."""

    tool: Text
    input_tokens: Amount = 0
    output_tokens: Amount = 0
    cost_micros: Amount = 0
    currency: Text = "USD"
    metadata: dict[str, JsonValue] | None = None
    delegation_chain_id: Text | None = None


class CostEvent(Answer):
    """What one use of a tool cost."""

    id: str
    agent_id: str
    tool: str
    input_tokens: int | None
    output_tokens: int | None
    cost_micros: int
    currency: str
    metadata: dict[str, JsonValue] | None
    delegation_chain_id: str | None
    recorded_at: Moment


async def create(call: Call) -> BudgetPolicy:
    """Create a policy; that of a tenant's credential holds for the tenant."""
    wanted = call.sent(CreateBudget)
    tenant_id = call.access.tenant_of(wanted.tenant_id)
    if wanted.agent_id is not None:
        await call.access.agent(wanted.agent_id)
    return BudgetPolicy.of(
        await call.kavach.budget.create(
            limits=wanted.limits,
            action=wanted.action,
            agent_id=wanted.agent_id,
            user_id=wanted.user_id,
            tenant_id=tenant_id,
        )
    )


async def list_(call: Call) -> list[BudgetPolicy]:
    """List policies."""
    asked = call.asked(ListBudgets)
    last = None if asked.after is None else await call.access.budget(asked.after)
    found = await call.kavach.budget.list(
        agent_id=asked.agent_id,
        user_id=asked.user_id,
        tenant_id=call.access.tenant_of(asked.tenant_id),
        limit=asked.limit,
        after=last,
    )
    return [BudgetPolicy.of(policy) for policy in found]


async def get(call: Call) -> BudgetPolicy:
    """Return a policy."""
    return BudgetPolicy.of(call.found(BudgetPolicyValue))


async def update(call: Call) -> BudgetPolicy:
    """Change what was sent."""
    changes = call.sent(UpdateBudget)
    given = changes.model_fields_set
    return BudgetPolicy.of(
        await call.kavach.budget.update(
            call.found(BudgetPolicyValue).id,
            limits=changes.limits if "limits" in given else UNSET,
            action=changes.action if "action" in given else UNSET,
            status=changes.status if "status" in given else UNSET,
        )
    )


async def reset(call: Call) -> BudgetPolicy:
    """Forget what was used."""
    return BudgetPolicy.of(await call.kavach.budget.reset(call.found(BudgetPolicyValue).id))


async def delete(call: Call) -> None:
    """Delete a policy."""
    await call.kavach.budget.delete(call.found(BudgetPolicyValue).id)


async def check(call: Call) -> BudgetCheck:
    """Say what the budgets would say."""
    cost = call.asked(CheckBudget).tokens_cost
    return BudgetCheck.of(await call.kavach.budget.check(call.found(Agent).id, tokens_cost=cost))


async def record(call: Call) -> CostEvent:
    """Record what a call cost."""
    used = call.sent(RecordUsage)
    return CostEvent.of(
        await call.kavach.budget.record_usage(
            call.found(Agent).id,
            tool=used.tool,
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            cost_micros=used.cost_micros,
            currency=used.currency,
            metadata=used.metadata,
            delegation_chain_id=used.delegation_chain_id,
        )
    )


_WRITE: Final = "budgets:write"
_READ: Final = "budgets:read"

ROUTES: Final = (
    Route(
        "POST",
        "/budgets",
        create,
        "Limit what agents use",
        SERVICES,
        _WRITE,
        answer=BudgetPolicy,
        status=201,
        body=CreateBudget,
    ),
    Route("GET", "/budgets", list_, "List budgets", SERVICES, _READ, answer=list[BudgetPolicy], query=ListBudgets),
    Route("GET", "/budgets/{id}", get, "Read a budget", SERVICES, _READ, Access.budget, answer=BudgetPolicy),
    Route(
        "PATCH",
        "/budgets/{id}",
        update,
        "Change a budget; limits are replaced as a whole",
        SERVICES,
        _WRITE,
        Access.budget,
        answer=BudgetPolicy,
        body=UpdateBudget,
    ),
    Route("DELETE", "/budgets/{id}", delete, "Delete a budget", SERVICES, _WRITE, Access.budget, status=204),
    Route(
        "POST",
        "/budgets/{id}/reset",
        reset,
        "Forget what was used of a budget",
        SERVICES,
        _WRITE,
        Access.budget,
        answer=BudgetPolicy,
    ),
    Route(
        "GET",
        "/agents/{id}/budget",
        check,
        "Tell what the budgets would say of a call; nothing is counted",
        ANYONE_KNOWN,
        _READ,
        Access.agent,
        answer=BudgetCheck,
        query=CheckBudget,
    ),
    Route(
        "POST",
        "/agents/{id}/usage",
        record,
        "Record what a call has cost after the fact",
        SERVICES,
        _WRITE,
        Access.agent,
        answer=CostEvent,
        status=201,
        body=RecordUsage,
    ),
)
