"""Time subjects side by side: in turns, so that whatever else the machine does hits all of them alike.

The plan of turns is a generator without colour; only the timed loop has one.
"""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import median, quantiles
from time import perf_counter_ns
from typing import Any, Final, Literal

ROUNDS: Final = 20

Role = Literal["raw", "record", "transaction", "control", "adapter", "orm", "other"]
"""What a subject is to the others: `control` is the raw loop once more, so that the run shows its own error; `other`
is another ORM's ordinary code."""


@dataclass(frozen=True)
class Subject:
    """A way to do the job: `call` takes one input of the job; `check` raises unless its result is right."""

    name: str
    role: Role
    call: Callable[[Any], Any]
    check: Callable[[Any, Any], None]
    """Called with an input and the result, outside of the measurement."""
    beside: str | None = None
    """The subject with ordinary code of the same ORM, by name; None for the one whose role is `orm`."""
    floor: str | None = None
    """The subject with the raw driver below, by name; None for the one whose role is `raw`."""


@dataclass
class Sample:
    """The times of one subject, in nanoseconds, by rounds."""

    subject: Subject
    rounds: list[list[int]] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Return the median of all calls in microseconds."""
        return median(self._all) / 1000

    @property
    def p99(self) -> float:
        """Return the time that one call of a hundred exceeds, in microseconds."""
        return quantiles(self._all, n=100, method="inclusive")[98] / 1000

    @property
    def spread(self) -> float:
        """Return the interquartile range of the rounds' medians as a part of their median."""
        medians = [median(times) for times in self.rounds]
        low, middle, high = quantiles(medians, n=4, method="inclusive")
        return (high - low) / middle

    @property
    def _all(self) -> list[int]:
        return [time for times in self.rounds for time in times]


Turn = tuple[Subject, list[Any]]
Turns = Generator[Turn, list[int], list[Sample]]


def turns(subjects: Sequence[Subject], inputs: Callable[[int], list[Any]], repeat: int) -> Turns:
    """Plan about `repeat` calls of each subject, yielding a subject and its inputs, receiving the times.

    Each round has an order of its own, so that none profits from its place.
    """
    random = Random(1)
    samples = {subject.name: Sample(subject) for subject in subjects}
    size = max(1, repeat // ROUNDS)
    for _ in range(ROUNDS):
        for subject in random.sample(subjects, len(subjects)):
            samples[subject.name].rounds.append((yield subject, inputs(size)))
    return list(samples.values())


def measure(subjects: Sequence[Subject], inputs: Callable[[int], list[Any]], repeat: int) -> list[Sample]:
    """Warm the subjects up, check that they do the same, and time them."""
    for subject in subjects:
        for value in inputs(WARM_UP):
            subject.check(value, subject.call(value))
    _settle()
    plan = turns(subjects, inputs, repeat)
    subject, batch = next(plan)
    while True:
        try:
            subject, batch = plan.send(_timed(subject.call, batch))
        except StopIteration as stop:
            return list(stop.value)


async def measure_async(subjects: Sequence[Subject], inputs: Callable[[int], list[Any]], repeat: int) -> list[Sample]:
    """Do the same in the running event loop, with one call at a time."""
    for subject in subjects:
        for value in inputs(WARM_UP):
            subject.check(value, await subject.call(value))
    _settle()
    plan = turns(subjects, inputs, repeat)
    subject, batch = next(plan)
    while True:
        try:
            subject, batch = plan.send(await _timed_async(subject.call, batch))
        except StopIteration as stop:
            return list(stop.value)


WARM_UP: Final = 20
"""Calls before the measurement: drivers prepare a statement at its fifth or so."""


def _timed(call: Callable[[Any], object], inputs: Iterable[Any]) -> list[int]:
    times = []
    for value in inputs:
        start = perf_counter_ns()
        call(value)
        times.append(perf_counter_ns() - start)
    return times


async def _timed_async(call: Callable[[Any], Awaitable[object]], inputs: Iterable[Any]) -> list[int]:
    times = []
    for value in inputs:
        start = perf_counter_ns()
        await call(value)
        times.append(perf_counter_ns() - start)
    return times


def _settle() -> None:
    """Take what exists by now out of the garbage collector's way; it stays on, as in production."""
    gc.collect()
    gc.freeze()
