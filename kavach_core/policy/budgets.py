"""Budgets as arithmetic: windows of a day and a month in UTC, what a call adds to them, and which budget decides.

A budget limits calls, tokens and cost. Of what a call will take only as much is known as its caller says, so a call
*needs* at least one of each, and what it is known to take is *added*: a budget that is spent lets no call through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Annotated, Final, Literal, get_args

from pydantic import Field, JsonValue
from pydantic.alias_generators import to_camel

from kavach_core.policy.constraints import Value
from kavach_core.policy.decisions import Code

Metric = Literal["calls", "tokens_cost", "cost_micros"]
Period = Literal["day", "month"]
BudgetAction = Literal["warn", "throttle", "block", "revoke"]

METRICS: Final[tuple[Metric, ...]] = get_args(Metric)
PERIODS: Final[tuple[Period, ...]] = get_args(Period)
ACTIONS: Final[tuple[BudgetAction, ...]] = get_args(BudgetAction)
"""What happens to a call that does not fit, the strictest last."""

_MOST: Final = 2**63 - 1

_Limit = Annotated[int | None, Field(ge=0, le=_MOST)]


class BudgetLimits(Value):
    """How much there may be in a day or a calendar month of UTC; None is no limit, and 0 lets no call through.

    `tokens_cost` counts tokens, `cost_micros` millionths of the currency. Source: the documentation, "Budget policies".
    """

    max_calls_per_day: _Limit = None
    max_calls_per_month: _Limit = None
    max_tokens_cost_per_day: _Limit = None
    max_tokens_cost_per_month: _Limit = None
    max_cost_micros_per_day: _Limit = None
    max_cost_micros_per_month: _Limit = None


class BudgetUsage(Value):
    """What was used in the windows of now; None where there is no limit, as nothing is counted there."""

    calls_today: int | None = None
    calls_this_month: int | None = None
    tokens_cost_today: int | None = None
    tokens_cost_this_month: int | None = None
    cost_micros_today: int | None = None
    cost_micros_this_month: int | None = None


UNREADABLE: Final = BudgetLimits(max_calls_per_day=0)
"""What stands for stored limits that are not understood."""


@dataclass(frozen=True, slots=True)
class Demand:
    """How much a call adds to a count, and how much room it needs there, which is no less."""

    added: int
    needed: int


def demands_of(tokens_cost: int | None) -> dict[Metric, Demand]:
    """Return what a call asks for that costs so many tokens, or nobody knows how many."""
    tokens = Demand(0, 1) if tokens_cost is None else Demand(tokens_cost, tokens_cost)
    return {"calls": Demand(1, 1), "tokens_cost": tokens, "cost_micros": Demand(0, 1)}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a policy's limit is counted in the window of now; `held` was used in it before anything was counted."""

    policy_id: str
    action: BudgetAction
    metric: Metric
    period: Period
    most: int
    held: int
    start: datetime
    end: datetime

    @property
    def subject(self) -> str:
        """Return the subject of the counter."""
        return subject_of(self.policy_id, self.metric, self.period)

    @property
    def name(self) -> str:
        """Return what names the limit in results and audit rows."""
        return f"budget:{self.policy_id}:max_{self.metric}_per_{self.period}"

    def fits(self, counted: int, demand: Demand) -> bool:
        """Tell whether a call fits where so much is counted."""
        return self.held + counted + demand.needed <= self.most

    def ceiling(self, demand: Demand) -> int:
        """Return what the count may come to with a call that fits."""
        return self.most - self.held - (demand.needed - demand.added)


def subject_of(policy_id: str, metric: Metric, period: Period) -> str:
    """Return the subject of a counter: it names the period, as a day and a month may begin together."""
    return f"budget:{policy_id}:{metric}:{period}"


def window(period: Period, now: datetime) -> tuple[datetime, datetime]:
    """Return the start and the end of the day, or of the calendar month, of a moment in UTC."""
    start = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return start, start + timedelta(days=1)
    start = start.replace(day=1)
    return start, (start + timedelta(days=31)).replace(day=1)


def places(
    policy_id: str, action: BudgetAction, limits: BudgetLimits, stored: Mapping[str, JsonValue], now: datetime
) -> list[Place]:
    """Return where a policy counts, in one order for all, so that calls do not block each other.

    `stored` is the usage that a database of KavachOS holds, which counts in the windows that it was written in.
    """
    found = []
    for metric in METRICS:
        for period in PERIODS:
            most: int | None = getattr(limits, f"max_{metric}_per_{period}")
            if most is not None:
                span = window(period, now)
                held = _held(stored, metric, period, span)
                found.append(Place(policy_id, action, metric, period, most, held, *span))
    return found


def _held(stored: Mapping[str, JsonValue], metric: Metric, period: Period, span: tuple[datetime, datetime]) -> int:
    used, updated = stored.get(to_camel(usage_name(metric, period))), stored.get("lastUpdated")
    if isinstance(used, bool) or not isinstance(used, int | float) or not isinstance(updated, str):
        return 0
    try:
        moment = datetime.fromisoformat(updated).astimezone(UTC)
    except (ValueError, OverflowError):
        return 0
    # Parts of a token count as a whole one.
    return ceil(min(max(used, 0), _MOST)) if span[0] <= moment < span[1] else 0


def usage_name(metric: Metric, period: Period) -> str:
    """Return the field of `BudgetUsage` for a count."""
    return f"{metric}_today" if period == "day" else f"{metric}_this_month"


@dataclass(frozen=True, slots=True)
class Charge:
    """What budgets say of a call: `code` is None where it may pass, `fired` names the limits that it does not fit.

    `retry_at` is when a throttled call may fit again; `revokes` says that the agent is to be revoked.
    """

    code: Code | None = None
    fired: tuple[str, ...] = ()
    retry_at: datetime | None = None
    revokes: bool = False


NOTHING: Final = Charge()
"""What budgets say of a call that fits, or that was not charged."""


def judge(passed: Iterable[Place]) -> Charge:
    """Return what follows from the limits that a call does not fit: the strictest action wins, in whatever order."""
    found = list(passed)
    fired = tuple(sorted(place.name for place in found))
    strictest = max((ACTIONS.index(place.action) for place in found), default=0)
    match ACTIONS[strictest]:
        case "warn":
            return Charge(None, fired)
        case "throttle":
            return Charge("budget_throttled", fired, max(p.end for p in found if p.action == "throttle"))
        case action:
            return Charge("budget_exceeded", fired, revokes=action == "revoke")
