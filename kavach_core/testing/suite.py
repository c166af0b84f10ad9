"""The suite: all clauses in one class, which a subclass with a harness turns into tests.

Clauses are written once, as coroutine functions. For a harness they become plain functions that pytest collects as any
other test, so that selection, parametrization, xdist, IDEs and assertion rewriting need nothing from us.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, ClassVar

import pytest

from kavach_core.testing.clauses.base import Clauses
from kavach_core.testing.clauses.capabilities import (
    CapabilityClauses,
    ConcurrencyCapabilityClauses,
    JoiningCapabilityClauses,
)
from kavach_core.testing.clauses.changing import IncrementClauses, UpdateClauses, UpsertClauses
from kavach_core.testing.clauses.consuming import ConsumeClauses
from kavach_core.testing.clauses.creating import CreateClauses
from kavach_core.testing.clauses.deleting import DeleteClauses
from kavach_core.testing.clauses.ended_transactions import EndedTransactionClauses, ErrorsInTransactionsClauses
from kavach_core.testing.clauses.errors import ConflictClauses, RefusalClauses
from kavach_core.testing.clauses.facts import FactClauses
from kavach_core.testing.clauses.finding import FindClauses
from kavach_core.testing.clauses.isolation import IsolationClauses
from kavach_core.testing.clauses.joined_errors import JoinedErrorsClauses
from kavach_core.testing.clauses.joining import JoiningClauses
from kavach_core.testing.clauses.json_values import JsonClauses
from kavach_core.testing.clauses.limits import (
    CounterLimitClauses,
    JsonLimitClauses,
    ListLimitClauses,
    NumberLimitClauses,
    TextLimitClauses,
)
from kavach_core.testing.clauses.listing import ListClauses
from kavach_core.testing.clauses.races import CounterRaceClauses, RaceClauses
from kavach_core.testing.clauses.sequences import SequenceClauses
from kavach_core.testing.clauses.shared_hosts import SharedHostClauses
from kavach_core.testing.clauses.shared_transactions import SharedTransactionClauses
from kavach_core.testing.clauses.statements import StatementClauses
from kavach_core.testing.clauses.text import TextClauses
from kavach_core.testing.clauses.times import TimeClauses
from kavach_core.testing.clauses.transaction_races import JoinedRaceClauses, TransactionRaceClauses
from kavach_core.testing.clauses.transactions import SavepointClauses, TransactionClauses
from kavach_core.testing.harness import Harness
from kavach_core.testing.levels import HARNESS, Level
from kavach_core.testing.opening import Opened


class StorageSuite(
    CreateClauses,
    FindClauses,
    FactClauses,
    ListClauses,
    UpdateClauses,
    UpsertClauses,
    IncrementClauses,
    ConsumeClauses,
    DeleteClauses,
    TextClauses,
    JsonClauses,
    TimeClauses,
    SequenceClauses,
    TextLimitClauses,
    JsonLimitClauses,
    NumberLimitClauses,
    CounterLimitClauses,
    ListLimitClauses,
    RefusalClauses,
    ConflictClauses,
    CapabilityClauses,
    JoiningCapabilityClauses,
    ConcurrencyCapabilityClauses,
    StatementClauses,
    TransactionClauses,
    SavepointClauses,
    ErrorsInTransactionsClauses,
    EndedTransactionClauses,
    SharedTransactionClauses,
    IsolationClauses,
    JoiningClauses,
    JoinedErrorsClauses,
    SharedHostClauses,
    RaceClauses,
    CounterRaceClauses,
    TransactionRaceClauses,
    JoinedRaceClauses,
):
    """Prove a storage: subclass it with a harness, under a name that pytest collects.

        class TestMyStorage(StorageSuite):
            harness = MyHarness

    Further coroutine functions named `test_...` in the subclass become clauses too.
    """

    harness: ClassVar[type[Harness]]

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Turn each clause into a function that pytest can run."""
        super().__init_subclass__(**keywords)
        harness: type[Harness] | None = getattr(cls, "harness", None)
        if harness is None:
            return
        clauses = dict(clauses_of(cls))
        for table in ("skips", "expected_failures"):
            if unknown := set(getattr(harness, table)) - set(clauses):
                raise TypeError(f"{harness.__name__}.{table} names no clause: {', '.join(sorted(unknown))}")
        for name, (clause, level) in clauses.items():
            bound = _bound(clause) if inspect.iscoroutinefunction(clause) else _copied(clause)
            # The level as an attribute, so that `pytest -k joined` selects by it.
            vars(bound).update({"clause": clause, "level": level, level.value: True})
            if name in harness.skips:
                bound = pytest.mark.skip(reason=f"{HARNESS}: {harness.skips[name]}")(bound)
            if name in harness.expected_failures:
                bound = pytest.mark.xfail(reason=harness.expected_failures[name], strict=True)(bound)
            setattr(cls, name, bound)

    @classmethod
    def setup_class(cls) -> None:
        """Open the harness for all clauses of the class."""
        cls.opened = Opened(cls.harness())
        cls.opened.open()

    @classmethod
    def teardown_class(cls) -> None:
        """Close the harness."""
        cls.opened.close()


def clauses_of(suite: type) -> Iterator[tuple[str, tuple[Callable[..., Any], Level]]]:
    """List the clauses of a suite by name, in the order in which they are written, each with its level."""
    seen: set[str] = set()
    for owner in (suite, *StorageSuite.__bases__, *suite.__mro__):
        for name in vars(owner):
            if name.startswith("test_") and name not in seen:
                seen.add(name)
                found = inspect.getattr_static(suite, name)
                level = next(c.level for c in suite.__mro__ if name in vars(c) and issubclass(c, Clauses))
                yield name, (vars(found).get("clause", found), vars(found).get("level", level))


def _bound(clause: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Return a plain function that runs a clause with the opened harness, and looks for leaks after it."""

    @functools.wraps(clause)
    def run(self: Clauses, *arguments: Any, **keywords: Any) -> None:
        __tracebackhide__ = True
        self.opened.runner.run(_judge(self.opened, clause(self, *arguments, **keywords)))

    return run


async def _judge(opened: Opened, clause: Coroutine[Any, Any, None]) -> None:
    __tracebackhide__ = True
    await clause
    await opened.assert_no_leaks()


def _copied(clause: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(clause)
    def run(self: Clauses, *arguments: Any, **keywords: Any) -> None:
        __tracebackhide__ = True
        clause(self, *arguments, **keywords)

    return run
