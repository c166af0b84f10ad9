"""Budget policies as stored rows: whether one applies, where it counts, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, TypeAlias

from pydantic import JsonValue, ValidationError

from kavach_core.engine.values import BudgetCheck, BudgetPolicy
from kavach_core.errors import InvalidInput
from kavach_core.policy.budgets import (
    ACTIONS,
    UNREADABLE,
    BudgetAction,
    BudgetLimits,
    BudgetUsage,
    Charge,
    Place,
    judge,
    places,
    usage_name,
)
from kavach_core.policy.decisions import REASONS
from kavach_schema import records

BudgetLimitsLike: TypeAlias = BudgetLimits | Mapping[str, int | None]
"""Limits, or a mapping with their fields."""

_ACTIONS: Final[dict[str, BudgetAction]] = {action: action for action in ACTIONS}


def limits_of(given: BudgetLimitsLike) -> BudgetLimits:
    """Return checked limits, at least one; raises `InvalidInput`."""
    try:
        limits = BudgetLimits.model_validate(given.model_dump() if isinstance(given, BudgetLimits) else dict(given))
    except (ValidationError, TypeError, ValueError):
        names = ", ".join(BudgetLimits.model_fields)
        raise InvalidInput(f"limits: expected a mapping of integers of 0 or more, with any of {names}") from None
    if limits == BudgetLimits():
        raise InvalidInput("limits: name at least one")
    return limits


def stored_limits(limits: BudgetLimits) -> dict[str, JsonValue]:
    """Return limits as they are stored."""
    return limits.model_dump(mode="json", by_alias=True, exclude_none=True)


def action_of(given: str) -> BudgetAction:
    """Return a known action; raises `InvalidInput`."""
    if given not in ACTIONS:
        raise InvalidInput(f"action: use one of {', '.join(ACTIONS)}")
    return _ACTIONS[given]


def places_of(rows: Iterable[records.BudgetPolicy], now: datetime) -> list[Place]:
    """Return where the policies count that are not disabled, in one order for all."""
    found = []
    for row in sorted(rows, key=lambda row: row.id):
        if row.status != "disabled":
            found += places_in(row, now)
    return found


def places_in(row: records.BudgetPolicy, now: datetime) -> list[Place]:
    """Return where a policy counts; one that is not understood lets nothing through, but costs no agent its token."""
    limits, action = _limits(row), _ACTIONS.get(row.action, "block")
    if limits is None:
        limits, action = UNREADABLE, "warn" if action == "warn" else "block"
    return places(row.id, action, limits, row.current_usage, now)


def _limits(row: records.BudgetPolicy) -> BudgetLimits | None:
    try:
        return BudgetLimits.model_validate(row.limits)
    except ValidationError:
        return None


def policy_value(row: records.BudgetPolicy, counts: Mapping[tuple[str, datetime], int], now: datetime) -> BudgetPolicy:
    """Return a policy as the engine shows it, with what was used until now."""
    counting = places_in(row, now)
    used = [p.held + counts.get((p.subject, p.start), 0) for p in counting]
    reached = any(count >= p.most for p, count in zip(counting, used, strict=True))
    names = [usage_name(p.metric, p.period) for p in counting]
    limits = _limits(row)
    return BudgetPolicy(
        id=row.id,
        agent_id=row.agent_id,
        user_id=row.user_id,
        tenant_id=row.tenant_id,
        limits=limits,
        current_usage=BudgetUsage(**dict(zip(names, used, strict=True))),
        action=_ACTIONS.get(row.action, "block"),
        status="disabled" if row.status == "disabled" else "triggered" if reached else "active",
        created_at=row.created_at,
    )


def policy_place(policy: BudgetPolicy | None) -> records.BudgetPolicy | None:
    """Return the row that stands for a policy in the order of a listing: its place is all that counts."""
    if policy is None:
        return None
    shown = policy.model_dump(exclude={"limits", "current_usage"})
    return records.BudgetPolicy(**shown, limits={}, current_usage={})


def check_value(passed: Iterable[Place]) -> BudgetCheck:
    """Return what follows from the limits that a call would not fit."""
    charge = judge(passed)
    return BudgetCheck(
        allowed=charge.code is None,
        code=charge.code,
        reason=None if charge.code is None else REASONS[charge.code],
        warnings=warnings_of(charge),
        retry_at=charge.retry_at,
    )


def warnings_of(charge: Charge) -> list[str]:
    """Return what an allowed call goes beyond."""
    return list(charge.fired) if charge.code is None else []
