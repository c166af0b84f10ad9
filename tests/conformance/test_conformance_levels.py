"""Which level a set of outcomes proves: the rules alone, without a storage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

pytest.importorskip("hypothesis")

from kavach_core.testing import StorageSuite
from kavach_core.testing.levels import Level
from kavach_core.testing.results import Outcome, Result, Run

ALL = {"transactions": True, "savepoints": True, "joins_host": True, "concurrent_writers": True, "returning": True}

CORE, TRANSACTIONAL, JOINED, CONCURRENT = Level


def run(level: Level, outcome: Outcome = Outcome.PASSED, reason: str | None = None) -> Run:
    return Run(
        clause=f"test_{level}", parameters=None, area="x", level=level, outcome=outcome, seconds=0.5, reason=reason
    )


PASSED = tuple(run(level) for level in Level)


def result(
    *runs: Run,
    capabilities: Mapping[str, bool] = ALL,
    wanted: Level = CONCURRENT,
    partial: bool = False,
    error: str | None = None,
) -> Result:
    return Result(
        harness="m:H",
        colour="sync",
        wanted=wanted,
        capabilities=capabilities,
        runs=runs,
        partial=partial,
        error=error,
    )


def test_the_highest_level_takes_all() -> None:
    judged = result(*PASSED)

    assert (judged.reached, judged.missed, judged.conforms) == (CONCURRENT, None, True)


@pytest.mark.parametrize("failed", Level)
def test_a_failure_ends_the_levels(failed: Level) -> None:
    judged = result(*PASSED, run(failed, Outcome.FAILED, "assert False"))

    assert judged.reached == (None if failed is CORE else list(Level)[failed.rank - 1])
    assert (judged.missed, judged.conforms) == (failed, False)
    assert [*judged.obstacles(failed)] == ["1 clause failed"]


@pytest.mark.parametrize("missing", Level)
def test_a_level_without_clauses_is_not_proved(missing: Level) -> None:
    judged = result(*(r for r in PASSED if r.level is not missing))

    assert judged.missed is missing
    assert [*judged.obstacles(missing)] == ["no clause of this level passed"]


def test_a_level_of_skips_is_not_proved() -> None:
    runs = [r for r in PASSED if r.level is not CONCURRENT]
    judged = result(*runs, run(CONCURRENT, Outcome.SKIPPED, "optional: no tasks"))

    assert judged.reached is JOINED


@pytest.mark.parametrize(
    ("flag", "reached"),
    [
        ("transactions", CORE),
        ("joins_host", TRANSACTIONAL),
        ("savepoints", CONCURRENT),
        ("concurrent_writers", CONCURRENT),
        ("returning", CONCURRENT),
    ],
)
def test_what_a_storage_declares_to_lack(flag: str, reached: Level) -> None:
    skips = [run(level, Outcome.SKIPPED, f"capability: the storage declares {flag}=False") for level in Level]
    judged = result(*PASSED, *skips, capabilities={**ALL, flag: False})

    assert judged.reached is reached
    if judged.missed:
        assert f"the storage declares {flag}=False" in judged.obstacles(judged.missed)


@pytest.mark.parametrize(
    ("outcome", "reason", "reached"),
    [
        (Outcome.SKIPPED, "optional: the harness counts no statements", CONCURRENT),
        (Outcome.SKIPPED, "harness: it opens no second storage", CORE),
        (Outcome.SKIPPED, "could not import 'x'", CORE),
        (Outcome.SKIPPED, "", CORE),
        (Outcome.EXPECTED, "known", CORE),
    ],
)
def test_what_does_not_pass_counts_by_its_reason(outcome: Outcome, reason: str, reached: Level) -> None:
    judged = result(*PASSED, run(TRANSACTIONAL, outcome, reason))

    assert judged.reached is reached


def test_a_lower_level_may_be_all_that_is_wanted() -> None:
    judged = result(*PASSED, run(JOINED, Outcome.FAILED), wanted=TRANSACTIONAL)

    assert (judged.reached, judged.missed, judged.conforms) == (TRANSACTIONAL, None, True)


def test_more_than_is_wanted_is_reached_too() -> None:
    assert result(*PASSED, wanted=CORE).reached is CONCURRENT


def test_a_part_proves_nothing() -> None:
    judged = result(*PASSED, partial=True)

    assert (judged.reached, judged.missed, judged.conforms) == (None, None, True)
    assert not result(*PASSED, run(CORE, Outcome.FAILED), partial=True).conforms
    assert not result(*PASSED, partial=True, error="it did not close").conforms


def test_a_harness_with_an_error_proves_nothing() -> None:
    judged = result(*PASSED, error="the harness did not close: OSError")

    assert (judged.reached, judged.missed, judged.conforms) == (None, CORE, False)
    assert [*judged.obstacles(CORE)] == ["the harness did not close: OSError"]


def test_nothing_proves_nothing() -> None:
    assert result().reached is None


def test_counts_and_seconds() -> None:
    judged = result(*PASSED, run(CORE, Outcome.EXPECTED))

    assert judged.counts == {"passed": 4, "failed": 0, "skipped": 0, "expected": 1}
    assert judged.seconds == 2.5


def test_no_clause_hides_another_of_the_same_name() -> None:
    names = [name for base in StorageSuite.__mro__ for name in vars(base) if name.startswith("test_")]

    assert names
    assert [name for name, times in Counter(names).items() if times > 1] == []
