"""What running the suite found out, as values, and which level it proves.

A level is reached when all clauses of it and of those before it are satisfied, and at least one of each passed. A
clause that a harness left out, or that is known to fail, is not satisfied; one that the storage's capabilities make
pointless, or that is about something which nobody need have, takes nothing away. But a level whose very subject the
storage declares to be missing is not reached, and so are none of those after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kavach_core.testing.harness import Colour
from kavach_core.testing.levels import CAPABILITY, HARNESS, OPTIONAL, Level

NEEDS: Final[Mapping[Level, str]] = {Level.TRANSACTIONAL: "transactions", Level.JOINED: "joins_host"}
"""The capability without which a level has no meaning."""

OTHER: Final = "other"
"""The kind of a skip that does not say why it is justified: it counts as one of the harness's own."""


class Outcome(StrEnum):
    """How a clause ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    EXPECTED = "expected"
    """It failed, as the harness said it would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One clause with one set of parameters, on one harness."""

    clause: str
    parameters: str | None
    area: str
    """What the clause is about: the class that it is written in."""
    level: Level
    outcome: Outcome
    seconds: float
    reason: str | None = None
    """The first line of why it did not pass."""

    @property
    def skip(self) -> str | None:
        """Return what justifies a skip: one of the words in `levels`, or `other`; None where nothing was skipped."""
        if self.outcome is not Outcome.SKIPPED:
            return None
        kind, found, _ = (self.reason or "").partition(": ")
        return kind if found and kind in (CAPABILITY, OPTIONAL, HARNESS) else OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was found out about one harness."""

    harness: str
    """How it was named: `package.module:Class`."""
    colour: Colour
    wanted: Level
    capabilities: Mapping[str, bool] | None
    """What the storage declares; None where it did not open."""
    runs: tuple[Run, ...]
    partial: bool = False
    """Only some of the clauses were asked for: then no level is judged."""
    error: str | None = None
    """Why the harness could not be opened or closed."""

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """Count the runs by outcome; each outcome is there."""
        found = Counter(run.outcome for run in self.runs)
        return {outcome: found[outcome] for outcome in Outcome}

    @property
    def seconds(self) -> float:
        """Return how long the clauses took together."""
        return sum(run.seconds for run in self.runs)

    @property
    def reached(self) -> Level | None:
        """Return the highest level that is proved; None if there is none, or if only some clauses ran."""
        reached = None
        for level in Level:
            if self.partial or any(self.obstacles(level)):
                break
            reached = level
        return reached

    @property
    def missed(self) -> Level | None:
        """Return the first level that is wanted and not reached."""
        if self.partial:
            return None
        first = 0 if self.reached is None else self.reached.rank + 1
        return next((level for level in Level if first <= level.rank <= self.wanted.rank), None)

    @property
    def conforms(self) -> bool:
        """Tell whether the level that is wanted was reached; of some clauses only, whether none of them failed."""
        if self.partial:
            return self.error is None and not self.counts[Outcome.FAILED]
        return self.reached is not None and self.reached.rank >= self.wanted.rank

    def obstacles(self, level: Level) -> Iterator[str]:
        """Say what keeps this one level from being reached, whatever those before it are."""
        if self.error is not None:
            yield self.error
            return
        flag = NEEDS.get(level)
        if flag and self.capabilities is not None and not self.capabilities[flag]:
            yield f"the storage declares {flag}=False"
        runs = [run for run in self.runs if run.level is level]
        for text, unsatisfied in (
            ("failed", [run for run in runs if run.outcome is Outcome.FAILED]),
            ("known to fail", [run for run in runs if run.outcome is Outcome.EXPECTED]),
            ("left out by the harness", [run for run in runs if run.skip == HARNESS]),
            ("skipped for no reason that counts", [run for run in runs if run.skip == OTHER]),
        ):
            if unsatisfied:
                yield f"{plural(len({run.clause for run in unsatisfied}), 'clause')} {text}"
        if not any(run.outcome is Outcome.PASSED for run in runs):
            yield "no clause of this level passed"


def plural(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
