"""Trust as arithmetic: shares and not numbers, what is forgotten, and what nothing can make up for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kavach_core.policy.decisions import REASONS
from kavach_core.policy.trust import (
    HALF_LIFE,
    LEGACY,
    MOST_DENIED,
    SEVERITY,
    TIERS,
    WEIGHTS,
    Aggregates,
    Event,
    Factors,
    Inputs,
    begin,
    factors_of,
    fold,
    score_of,
    tier_of,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
GOOD = Event(None, "read", "mcp:github:issues")
BAD = Event("no_permission", "write", "mcp:github:issues")
MONTH = timedelta(days=30)

shares = st.floats(0, 1)
all_factors = st.fixed_dictionaries(dict.fromkeys(Factors.model_fields, shares)).map(Factors.model_validate)
events = st.builds(
    Event,
    st.sampled_from([None, None, None, *REASONS]),
    st.sampled_from(["read", "write"]),
    st.sampled_from(["a", "a:b", "a:b:c", "mcp:github:issues", "x:y"]),
    st.sampled_from([None, "DE", "FR"]),
)
histories = st.lists(st.tuples(st.integers(-60, 10 * 86_400), st.lists(events, max_size=30)), max_size=8)
all_inputs = st.fixed_dictionaries(dict.fromkeys(Inputs.model_fields, st.none() | shares)).map(Inputs.model_validate)


def after(history: list[tuple[int, list[Event]]]) -> tuple[Aggregates, datetime]:
    """Return the aggregates after decisions that were made so many seconds after those before them."""
    known, now = begin(NOW), NOW
    for seconds, made in history:
        now += timedelta(seconds=seconds)
        known = fold(known, made, now)
    return known, now


def score(known: Aggregates, inputs: Inputs | None = None, age: timedelta = MONTH, depth: int = 0) -> int:
    return score_of(factors_of(known, inputs or Inputs(), age=age, depth=depth))


def calls(*parts: tuple[int, Event]) -> Aggregates:
    """Return the aggregates after so many decisions, all of one moment."""
    return fold(begin(NOW), [event for number, event in parts for _ in range(number)], NOW)


def test_there_are_nine_factors_and_100_points() -> None:
    assert len(Factors.model_fields) == 9
    assert set(WEIGHTS) == set(Factors.model_fields)
    assert sum(WEIGHTS.values()) == 100
    assert sum(WEIGHTS[name] for name in Inputs.model_fields) == 42


def test_tr2_there_is_one_table_of_tiers() -> None:
    first = {tier: min(n for n in range(101) if tier_of(n) == tier) for tier in TIERS}
    assert first == {"unverified": 0, "low": 20, "standard": 40, "elevated": 60, "high": 80}
    assert all(TIERS.index(tier_of(a)) <= TIERS.index(tier_of(b)) for a, b in pairwise(range(101)))


def test_tr2_levels_of_the_original_keep_their_rank() -> None:
    assert [tier_of(score) for score in LEGACY.values()] == list(TIERS)


@pytest.mark.parametrize("depth", range(5))
def test_tr2_a_new_agent_is_standard(depth: int) -> None:
    assert tier_of(score(begin(NOW), age=timedelta(0), depth=depth)) == "standard"


def test_tr1_a_few_denials_in_thousands_of_calls_cost_next_to_nothing() -> None:
    """Lifetime denials times five made such an agent untrusted."""
    spotless, known = calls((5000, GOOD)), calls((2500, GOOD), (11, BAD), (2500, GOOD))
    assert score(spotless) - score(known) <= 1
    assert tier_of(score(known)) == "elevated"


def test_tr1_a_bad_spell_is_felt_and_forgotten() -> None:
    before = calls((1000, GOOD))
    known = fold(before, [BAD] * 400, NOW)
    assert tier_of(score(before)) == "elevated"
    assert score(known) < 60
    weeks = [score(known)]
    for week in range(1, 7):
        known = fold(known, [GOOD] * 200, NOW + week * HALF_LIFE)
        weeks.append(score(known))
    assert weeks == sorted(weeks)
    assert score(before) - weeks[-1] <= 2


def test_tr1_denials_are_forgotten_without_a_call_too() -> None:
    known = calls((100, BAD))
    assert score(fold(known, [], NOW + 10 * HALF_LIFE)) >= score(begin(NOW)) - 1 > score(known)


@given(histories, all_inputs, st.timedeltas(timedelta(-1), timedelta(days=99)), st.integers(0, 9))
def test_a_score_is_from_0_to_100(history: Any, inputs: Inputs, age: timedelta, depth: int) -> None:
    known, _ = after(history)
    assert 0 <= score(known, inputs, age, depth) <= 100


@given(all_factors, st.sampled_from(sorted(WEIGHTS)), shares)
def test_a_better_factor_never_lowers_the_score(factors: Factors, name: str, value: float) -> None:
    one, other = sorted((getattr(factors, name), value))
    worse, better = (factors.model_copy(update={name: found}) for found in (one, other))
    assert score_of(worse) <= score_of(better)


@given(all_factors, st.lists(st.integers(0, 100)))
def test_an_agent_is_never_above_those_upstream(factors: Factors, givers: list[int]) -> None:
    assert score_of(factors, givers) == min([score_of(factors), *givers])


@given(histories, st.sampled_from(sorted(REASONS)), events, all_inputs)
def test_a_denied_call_never_raises_the_score(history: Any, code: str, event: Event, inputs: Inputs) -> None:
    known, now = after(history)
    denied = Event(code, event.action, event.resource, event.place)
    assert score(fold(known, [denied], now), inputs) <= score(fold(known, [], now), inputs)


@given(histories)
def test_nobody_is_high_for_whom_nobody_vouches(history: Any) -> None:
    known, _ = after(history)
    assert score(known) <= 79
    assert score(known, age=timedelta(0)) <= 61


def test_nothing_makes_up_for_denials() -> None:
    vouched = Inputs(attestation_strength=1.0, owner_trust=1.0, workload_binding=1.0, runtime_attestation=1.0)
    assert score(calls((1000, GOOD)), vouched) == 97
    assert score(calls((100, BAD)), vouched) == MOST_DENIED == 39


@given(histories, st.lists(events, max_size=30), st.integers(0, 30))
def test_decisions_may_be_folded_one_by_one_or_together(history: Any, made: list[Event], place: int) -> None:
    known, now = after(history)
    together, apart = fold(known, made, now), fold(fold(known, made[:place], now), made[place:], now)
    assert apart.model_dump() == pytest.approx(together.model_dump(), abs=1e-5)


@given(histories, st.integers(0, 60 * 86_400))
def test_sums_halve_in_a_half_life(history: Any, seconds: int) -> None:
    known, _ = after(history)
    later = fold(known, [], datetime.fromtimestamp(known.at + seconds, UTC))
    for name in ("allowed", "denied", "familiar", "novel", "stayed", "moved"):
        left = getattr(known, name) * 0.5 ** (seconds / HALF_LIFE.total_seconds())
        assert getattr(later, name) == pytest.approx(left, abs=1e-6)


def test_a_clock_that_goes_back_counts_as_one_that_stands() -> None:
    known = calls((40, GOOD))
    assert fold(known, [GOOD], NOW - timedelta(hours=1)) == fold(known, [GOOD], NOW)


@given(histories)
def test_aggregates_are_stored_in_a_few_hundred_bytes(history: Any) -> None:
    many = [Event(None, f"do-{number}", f"x:{number}") for number in range(1000)]
    known, now = after(history)
    known = fold(known, many, now)
    text = known.model_dump_json(by_alias=True)
    assert len(text) < 500
    assert Aggregates.model_validate_json(text) == known


@pytest.mark.parametrize("code", REASONS)
def test_tr3_denials_count_by_their_code(code: str) -> None:
    weight = SEVERITY.get(code, 1.0)
    assert calls((1, Event(code, "read", "a"))).denied == weight
    assert set(SEVERITY) <= set(REASONS)


def test_a_call_that_waits_for_a_person_says_nothing() -> None:
    """Otherwise an agent whose calls must all be approved could earn its way out by asking."""
    known = calls((40, GOOD))
    assert fold(known, [Event("approval_required", "drop", "db:users", "FR")] * 100, NOW) == known


def test_new_kinds_of_calls_are_an_anomaly_until_they_are_usual() -> None:
    def anomaly(known: Aggregates) -> float:
        return factors_of(known, Inputs(), age=MONTH, depth=0).behavioral_anomaly

    usual = calls((100, GOOD))
    strange = fold(usual, [Event(None, "delete", f"db:table-{number}") for number in range(40)], NOW)
    assert anomaly(strange) < 0.5 < anomaly(usual)
    again = fold(strange, [Event(None, "delete", "db:table-1")] * 500, NOW)
    assert anomaly(again) > 0.8


def test_a_new_agent_learns_what_is_usual_for_it() -> None:
    kinds = [Event(None, "read", f"a:{number}") for number in range(20)]
    assert fold(begin(NOW), kinds, NOW).novel == 0


@pytest.mark.parametrize(("weeks", "novel"), [(0.9, 0), (1.5, 0), (2.1, 1)])
def test_a_kind_of_call_is_remembered_for_a_half_life_or_two(weeks: float, novel: int) -> None:
    known = calls((200, GOOD))
    assert fold(known, [GOOD], NOW + weeks * HALF_LIFE).novel == novel


def test_an_agent_that_moves_about_loses_stability() -> None:
    def stability(known: Aggregates) -> float:
        return factors_of(known, Inputs(), age=MONTH, depth=0).geolocation_stability

    home, away = Event(None, "read", "a", "DE"), Event(None, "read", "a", "FR")
    assert stability(calls((10, GOOD))) == 0.5
    assert stability(calls((200, home))) > 0.9
    assert stability(calls((200, home), (1, away), (200, home))) > 0.9
    assert stability(fold(begin(NOW), [home, away] * 50, NOW)) == 0
    stolen = Event("no_permission", "read", "a", "FR")
    assert stability(calls((200, home), (40, stolen))) == 0
