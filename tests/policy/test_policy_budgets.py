"""Budgets as arithmetic: windows, what fits, and which of several decides (B3)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kavach_core.policy.budgets import (
    ACTIONS,
    METRICS,
    PERIODS,
    BudgetAction,
    BudgetLimits,
    BudgetUsage,
    Charge,
    Demand,
    Period,
    Place,
    demands_of,
    judge,
    places,
    usage_name,
    window,
)
from kavach_core.policy.decisions import REASONS

NOON = datetime(2030, 2, 3, 12, tzinfo=UTC)

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC))
DEMANDS = st.builds(lambda added, more: Demand(added, added + more), st.integers(0, 50), st.integers(0, 1))
PERIOD = st.sampled_from(PERIODS)


def place(action: BudgetAction = "block", most: int = 10, period: Period = "day", held: int = 0) -> Place:
    return Place("p", action, "calls", period, most, held, *window(period, NOON))


@given(MOMENTS, PERIOD)
def test_a_window_holds_its_moment_and_is_as_long_as_its_period(now: datetime, period: Period) -> None:
    start, end = window(period, now)
    assert start <= now < end
    assert (start.hour, start.minute, start.second, start.microsecond, start.tzinfo) == (0, 0, 0, 0, UTC)
    days = 1 if period == "day" else monthrange(now.year, now.month)[1]
    assert end - start == timedelta(days=days)


@given(MOMENTS, PERIOD)
def test_windows_follow_one_another(now: datetime, period: Period) -> None:
    start, end = window(period, now)
    assert window(period, start) == window(period, end - timedelta(microseconds=1)) == (start, end)
    assert window(period, end)[0] == end
    assert window(period, start - timedelta(microseconds=1))[1] == start


@given(MOMENTS, PERIOD, st.integers(-14, 14))
def test_windows_are_those_of_utc_wherever_the_clock_stands(now: datetime, period: Period, hours: int) -> None:
    assert window(period, now.astimezone(timezone(timedelta(hours=hours)))) == window(period, now)


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100), DEMANDS)
def test_the_ceiling_of_a_count_is_passed_where_a_call_does_not_fit(
    most: int, held: int, counted: int, demand: Demand
) -> None:
    """The storage refuses a sum beyond the ceiling: it MUST refuse just what does not fit."""
    here = place(most=most, held=held)
    assert (counted + demand.added <= here.ceiling(demand)) is here.fits(counted, demand)


@given(st.integers(0, 200), st.lists(st.none() | st.integers(0, 60), max_size=30))
def test_what_fits_never_comes_to_more_than_the_limit_and_nothing_is_refused_that_would(
    most: int, costs: list[int | None]
) -> None:
    here, used = place(most=most), 0
    for cost in costs:
        demand = demands_of(cost)["tokens_cost"]
        if here.fits(used, demand):
            used += demand.added
            assert used <= most
        else:
            assert used + (1 if cost is None else cost) > most


def test_a_call_needs_one_of_what_nobody_knows() -> None:
    assert demands_of(None) == {"calls": Demand(1, 1), "tokens_cost": Demand(0, 1), "cost_micros": Demand(0, 1)}
    assert demands_of(0)["tokens_cost"] == Demand(0, 0)
    assert demands_of(7)["tokens_cost"] == Demand(7, 7)


@pytest.mark.parametrize("actions", list(permutations(ACTIONS)), ids="-".join)
def test_b3_the_strictest_wins_in_whatever_order(actions: tuple[BudgetAction, ...]) -> None:
    expected = {"warn": (None, False), "throttle": ("budget_throttled", False)}
    expected |= {"block": ("budget_exceeded", False), "revoke": ("budget_exceeded", True)}
    for number in range(1, len(actions) + 1):
        charge = judge([place(action) for action in actions[:number]])
        strictest = max(actions[:number], key=ACTIONS.index)
        assert (charge.code, charge.revokes) == expected[strictest]
        assert len(charge.fired) == number
        assert (charge.retry_at is not None) is (strictest == "throttle")


def test_a_throttled_call_fits_again_when_the_last_window_has_ended() -> None:
    day, month = place("throttle"), place("throttle", period="month")
    assert judge([day]).retry_at == datetime(2030, 2, 4, tzinfo=UTC)
    assert judge([month, day]).retry_at == datetime(2030, 3, 1, tzinfo=UTC)
    assert judge([day, replace(month, action="warn")]).retry_at == datetime(2030, 2, 4, tzinfo=UTC)


def test_where_all_fits_nothing_fires() -> None:
    assert judge([]) == Charge(None, (), None, revokes=False)


def test_each_limit_has_a_name_a_place_and_a_usage() -> None:
    limits = BudgetLimits(**dict.fromkeys(BudgetLimits.model_fields, 5))
    found = places("p", "block", limits, {}, NOON)
    assert [f"budget:p:{name}" for name in BudgetLimits.model_fields] == [here.name for here in found]
    assert len({here.subject for here in found}) == len(METRICS) * len(PERIODS)
    assert [usage_name(here.metric, here.period) for here in found] == list(BudgetUsage.model_fields)
    assert places("p", "block", BudgetLimits(max_calls_per_month=0), {}, NOON)[0].most == 0


@pytest.mark.parametrize(
    ("stored", "held"),
    [
        ({}, [0, 0]),
        ({"tokensCostToday": 7, "tokensCostThisMonth": 30, "lastUpdated": "2030-02-03T08:00:00.000Z"}, [7, 30]),
        ({"tokensCostToday": 7, "tokensCostThisMonth": 30, "lastUpdated": "2030-02-02T23:59:59.999Z"}, [0, 30]),
        ({"tokensCostToday": 7, "tokensCostThisMonth": 30, "lastUpdated": "2030-01-31T08:00:00.000Z"}, [0, 0]),
        ({"tokensCostToday": 6.2, "tokensCostThisMonth": 1e300, "lastUpdated": "2030-02-03T08:00:00Z"}, [7, 2**63 - 1]),
        ({"tokensCostToday": -7, "tokensCostThisMonth": True, "lastUpdated": "2030-02-03T08:00:00Z"}, [0, 0]),
        ({"tokensCostToday": "7", "tokensCostThisMonth": 30, "lastUpdated": "yesterday"}, [0, 0]),
        ({"tokensCostToday": 7, "tokensCostThisMonth": 30, "lastUpdated": 1896336000}, [0, 0]),
    ],
)
def test_what_an_adopted_row_says_was_used_counts_in_the_windows_it_was_written_in(
    stored: dict[str, Any], held: list[int]
) -> None:
    limits = BudgetLimits(max_tokens_cost_per_day=9, max_tokens_cost_per_month=90)
    assert [here.held for here in places("p", "warn", limits, stored, NOON)] == held


def test_limits_are_read_as_they_are_spelled_and_as_the_original_spells_them() -> None:
    stored = {"maxTokensCostPerDay": 1, "maxTokensCostPerMonth": 2, "maxCallsPerDay": 3, "maxCallsPerMonth": 4}
    read = BudgetLimits.model_validate(stored)
    assert read.model_dump(by_alias=True, exclude_none=True) == stored
    assert read == BudgetLimits(
        max_tokens_cost_per_day=1, max_tokens_cost_per_month=2, max_calls_per_day=3, max_calls_per_month=4
    )


def test_every_code_has_a_text() -> None:
    from kavach_core.policy.decisions import Code

    assert set(REASONS) == set(get_args(Code))
