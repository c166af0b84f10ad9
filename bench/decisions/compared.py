"""One decision at a time: beside the loops, with many permissions, and on tables that grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from random import Random
from typing import Any, Final

from bench.checks import WrongResult
from bench.comparison import Comparison, Size
from bench.databases import Provider
from bench.decisions.loops import Decide, loop_of_five, loop_of_three, loop_with_score
from bench.decisions.names import (
    DECISION,
    FEW,
    FEW_PERMISSIONS,
    FIVE,
    KAVACH,
    MANY_PERMISSIONS,
    MORE,
    MORE_AGENTS,
    MORE_AUDIT_LOGS,
    ORM,
    PERMISSIONS,
    PLAIN,
    RAW,
    SCORE,
    THREE,
    TRUSTING,
)
from bench.decisions.on_orm import orm_loop
from bench.decisions.stored import CALL, SMALL, Stored, token_of
from bench.measure import Role, Subject, measure

MANY: Final = 1_000
"""Permissions of the agent that has many."""


def by_kavach(kavach: Any) -> Decide:
    """Return the decision of a Kavach."""

    def decide(token: str) -> bool:
        allowed: bool = kavach.authorize_by_token(token, **CALL).allowed
        return allowed

    return decide


def subject(
    name: str,
    role: Role,
    decide: Decide,
    pick: Callable[[int], str],
    floor: str | None = None,
) -> Subject:
    """Return a way to decide; `pick` turns a number drawn at random into the token of an agent."""
    return Subject(name, role, lambda number: decide(pick(number)), check_allowed, floor=floor)


def check_allowed(_: object, allowed: object) -> None:
    """Check a decision: all calls are allowed."""
    if allowed is not True:
        raise WrongResult("a call was denied that is allowed")


def numbers(seed: int = 1) -> Callable[[int], list[int]]:
    """Return the inputs: numbers drawn at random."""
    random = Random(seed)
    return lambda size: [random.randrange(1 << 30) for _ in range(size)]


def beside_loops(stored: Stored, stack: ExitStack, repeat: int) -> Comparison:
    """Measure decisions beside the loops and ordinary ORM code, about agents picked at random."""
    raw, provider, half = stored.raw, stored.provider, stored.size.agents // 2
    host = stack.enter_context(stored.database.host_engine())
    scored, trusting = loop_with_score(raw, provider), by_kavach(stored.kavach(trust=True))

    def anyone(number: int) -> str:
        return token_of(number % stored.size.agents)

    # The loop and Kavach keep scores in the same table, each in its own way, so of other agents.
    def of_loop(number: int) -> str:
        return token_of(number % half)

    def of_kavach(number: int) -> str:
        return token_of(half + number % half)

    for number in range(half):
        scored(of_loop(number))
        trusting(of_kavach(number))
    stored.remove_new_rows()
    subjects = [
        subject(FIVE, "raw", loop_of_five(raw, provider), anyone),
        subject(f"{FIVE}, again", "control", loop_of_five(raw, provider), anyone),
        subject(THREE, "other", loop_of_three(raw, provider), anyone),
        subject(SCORE, "other", scored, of_loop),
        subject(f"{SCORE}, again", "control", scored, of_loop, SCORE),
        subject(ORM, "orm", orm_loop(host), anyone),
        subject(PLAIN, "adapter", by_kavach(stored.kavach(trust=False)), anyone),
        subject(TRUSTING, "adapter", trusting, of_kavach, SCORE),
    ]
    return stored.compared(DECISION, measure(subjects, numbers(), repeat))


def with_many_permissions(stored: Stored, repeat: int) -> Comparison:
    """Measure an agent of 1,000 permissions beside one of 5."""
    rich = stored.size.agents
    stored.add_agents(rich, rich + 1, MANY)
    loop, kavach = loop_of_five(stored.raw, stored.provider), by_kavach(stored.kavach(trust=False))
    subjects = []
    for name, number in ((FEW_PERMISSIONS, 0), (MANY_PERMISSIONS, rich)):

        def the_one(_: int, token: str = token_of(number)) -> str:
            return token

        raw = RAW.format(name)
        subjects.append(subject(raw, "other" if number else "raw", loop, the_one))
        subjects.append(subject(KAVACH.format(name), "adapter", kavach, the_one, raw))
    return stored.compared(PERMISSIONS, measure(subjects, numbers(), repeat))


def as_tables_grow(
    few: Stored, provider: Provider, agents: Sequence[int], audit_logs: Sequence[int], repeat: int
) -> Iterator[Comparison]:
    """Measure decisions on a database that grows beside one that stays small: first by agents, then by audit rows."""
    for job, sizes in (
        (MORE_AGENTS, [Size(number, SMALL.audit_logs) for number in agents]),
        (MORE_AUDIT_LOGS, [Size(SMALL.agents, number) for number in audit_logs]),
    ):
        with ExitStack() as stack:
            grown = Stored(provider, stack, sizes[0])
            for size in sizes:
                grown.grow(size)
                yield _beside_few(few, grown, job, repeat)


def _beside_few(few: Stored, grown: Stored, job: str, repeat: int) -> Comparison:
    subjects = []
    for name, stored in ((FEW, few), (MORE, grown)):
        loop, kavach, raw = loop_of_five(stored.raw, stored.provider), stored.kavach(trust=False), RAW.format(name)

        def anyone(number: int, agents: int = stored.size.agents) -> str:
            return token_of(number % agents)

        subjects.append(subject(raw, "raw" if stored is few else "other", loop, anyone))
        subjects.append(subject(KAVACH.format(name), "adapter", by_kavach(kavach), anyone, raw))
    samples = measure(subjects, numbers(), repeat)
    # half of the ways write to each database
    few.compared(job, samples, silent=len(samples) // 2)
    return grown.compared(job, samples, silent=len(samples) // 2)
