"""Random sequences of methods, on the storage and on the reference storage: both MUST give the same answers.

Hypothesis draws the sequences, shrinks one that tells the two apart to its shortest form, and prints it as a program.
Values come from small pools, so that rows meet: keys are taken, owners are shared, codes have expired.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, TypeVar, cast

from hypothesis import HealthCheck, assume, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from kavach_core.errors import ConflictError, KavachError
from kavach_core.storage import AsyncStorage, create_memory_storage
from kavach_core.storage.facts import AgentFacts
from kavach_core.storage.operations import (
    Consume,
    Count,
    Delete,
    Filter,
    Find,
    Gather,
    Get,
    Increment,
    Insert,
    InsertMany,
    Operation,
    Update,
    Upsert,
)
from kavach_core.testing.clauses.base import Clauses
from kavach_core.testing.lift import Lifted
from kavach_core.testing.methods import METHODS, OWNERS, PURGE_METHODS, STREAMS, WRITERS, Method
from kavach_core.testing.opening import Opened
from kavach_core.testing.samples import Values, another, fresh, is_unique, sample
from kavach_schema.model import Table
from kavach_schema.tables import TABLES
from kavach_schema.tables.agents import PERMISSIONS

T = TypeVar("T")

VARIABLE: Final = "KAVACH_SEQUENCES"
"""The environment variable that asks for this many sequences, drawn anew at each run."""

USUAL: Final = 15
"""How many sequences are run otherwise: always the same ones."""

STEPS: Final = 40

LONG_BEFORE: Final = datetime(1975, 1, 1, tzinfo=UTC)
"""When the rows of sequences are created and expire, so that their purges reach no other clause's rows."""

WRITES: Final = 2
"""How much more often new rows are written than anything else is called."""

KEYS: Final = 3
"""How many different values a column has that names rows or owners."""

_TEXTS: Final = ("", "a", "A", "a ", "é", "e\u0301", "😀", "10", "1e1", "%_\\'\"")
_INTEGERS: Final = (0, 1, 2, 3, 2**40)

Scope = AbstractAsyncContextManager[AsyncStorage]


class SequenceClauses(Clauses):
    """Random sequences."""

    def test_any_sequence_of_methods_is_as_in_memory(self) -> None:
        """Whatever is called in whatever order, in transactions and outside, results, errors and rows MUST agree.

        The environment variable `KAVACH_SEQUENCES` runs as many sequences as it says, and other ones each time.
        """
        chosen = os.environ.get(VARIABLE)
        sequences = int(chosen) if chosen else USUAL

        class Bound(Sequences):
            opened = self.opened

        run_state_machine_as_test(
            Bound,
            settings=settings(
                max_examples=sequences,
                stateful_step_count=STEPS,
                derandomize=not chosen,
                deadline=None,
                database=None,
                print_blob=True,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
            ),
        )


async def _purge(storage: AsyncStorage) -> None:
    """Remove what other sequences left to be purged."""
    for method in PURGE_METHODS:
        await method(storage, LONG_BEFORE + timedelta(days=1))


class Sequences(RuleBasedStateMachine):
    """One sequence."""

    opened: ClassVar[Opened]

    def __init__(self) -> None:
        """Begin outside of any transaction, with names of this sequence's own."""
        super().__init__()
        self.prefix = fresh()[:12]
        oracle = cast("AsyncStorage", Lifted(create_memory_storage()))
        self.here: list[tuple[AsyncStorage, AsyncStorage]] = [(self.opened.storage, oracle)]
        self.scopes: list[tuple[Scope, Scope]] = []
        self.touched: dict[str, Table[Any]] = {}
        self.last: dict[str, object] = {}
        self.methods: list[str] = []
        self.run(_purge(self.opened.storage))

    @initialize(tables=st.sets(st.sampled_from([table.name for table in TABLES]), min_size=1, max_size=2))
    def choose(self, tables: set[str]) -> None:
        """Choose the tables that this sequence is about, so that its rows meet."""
        self.methods = sorted(name for name, method in METHODS.items() if method.table.name in tables)
        self.methods += [method.name for method in WRITERS if method.table.name in tables] * WRITES

    @rule(data=st.data())
    def call(self, data: st.DataObject) -> None:
        """Call a method with values from the pools."""
        method = METHODS[data.draw(st.sampled_from(self.methods))]
        arguments, keywords = self.arguments(data, method)
        note(f"{'  ' * len(self.scopes)}{method}({_shown(arguments, keywords)})")
        actual, expected = (self.run(_outcome(s, method, arguments, keywords)) for s in self.here[-1])
        if isinstance(actual, list):
            actual = [row for row in actual if not method.is_everybodys(row) or row.id.startswith(self.prefix)]
        if isinstance(actual, AgentFacts):
            own = [policy for policy in actual.budget_policies if policy.id.startswith(self.prefix)]
            actual = actual._replace(budget_policies=own)
        assert actual == expected, f"{method} answers otherwise than in memory"
        if isinstance(expected, list) and expected:
            self.last[method.name] = expected[-1]
        for table in TABLES if method.name in OWNERS else [method.table]:
            self.touched[table.name] = table

    @precondition(lambda self: len(self.scopes) < self.deepest)
    @rule()
    def begin(self) -> None:
        """Open a transaction, or a savepoint in one."""
        note(f"{'  ' * len(self.scopes)}with transaction():")
        scopes = cast("tuple[Scope, Scope]", tuple(storage.transaction() for storage in self.here[-1]))
        bound = [self.run(scope.__aenter__()) for scope in scopes]
        self.scopes.append(scopes)
        self.here.append((bound[0], bound[1]))

    @precondition(lambda self: self.scopes)
    @rule(failed=st.booleans())
    def end(self, failed: bool) -> None:
        """Leave the innermost block, with an error or without."""
        note(f"{'  ' * len(self.scopes)}{'raise' if failed else 'pass'}")
        self.here.pop()
        for scope in self.scopes.pop():
            error = RuntimeError("the block fails") if failed else None
            self.run(scope.__aexit__(type(error) if error else None, error, None))

    def teardown(self) -> None:
        """Leave all blocks, and compare what the tables hold."""
        while self.scopes:
            self.end(failed=False)
        (_, oracle), *_ = self.here
        for table in self.touched.values():
            for key in (f"{self.prefix}{number}" for number in range(KEYS)):
                found = self.run(self.opened.find(table, key))
                assert found == self.stored(oracle, table, key), f"{table.name} holds other rows than in memory"
        assert not self.run(self.opened.leaks()), "a connection or a transaction is still open"

    def stored(self, oracle: Any, table: Table[Any], key: str) -> Values | None:
        """Return a row of the reference storage."""
        tables = oracle.value._backend._tables
        row = tables._table(table).get(key)
        return None if row is None else dict(tables._decoded(table, row))

    @property
    def deepest(self) -> int:
        """Return how many blocks the storage lets stand in each other."""
        offered = self.opened.storage.capabilities
        return 3 if offered.savepoints else int(offered.transactions)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine over either storage."""
        return self.opened.runner.run(coroutine)

    def arguments(self, data: st.DataObject, method: Method) -> tuple[list[object], Values]:
        """Draw what a method is called with."""
        operation: Operation[Any] = method.operation
        match operation:
            case Insert() | Upsert():
                return [], self.row(data, method.table)
            case InsertMany():
                return [[self.row(data, method.table) for _ in range(data.draw(st.integers(0, 3)))]], {}
            case Increment() if operation.create:
                return [], self.row(data, method.table) | self.options(data, method)
            case Gather():
                by = operation.by[0]
                return [self.value(data, method.table, by)], {"resource": self.value(data, PERMISSIONS, "resource")}
            case Get() | Update() | Consume() | Increment():
                named = {name: self.value(data, method.table, name) for name in operation.by}
                return [named.pop(operation.by[0])], named | self.options(data, method) | self.changes(data, method)
            case Find() | Count() | Delete():
                return self.filters(data, method, operation.filters)
            case _:
                raise AssertionError(f"unknown operation {type(operation).__name__}")

    def row(self, data: st.DataObject, table: Table[Any]) -> Values:
        """Draw a row whose optional columns may be left out."""
        optional = [c.name for c in table.columns if c.optional]
        left_out = data.draw(st.sets(st.sampled_from(optional))) if optional else set()
        return {c.name: self.value(data, table, c.name) for c in table.columns if c.name not in left_out}

    def options(self, data: st.DataObject, method: Method) -> Values:
        """Draw limits, the moment of a use, and what an update expects."""
        found: Values = {}
        for name in method.parameters:
            if name == "limit":
                found[name] = data.draw(st.sampled_from([None, 0, 1, 3, 5]))
            elif name == "now":
                found[name] = self.moment(data)
            elif name == "purpose" and isinstance(method.operation, Consume):
                found[name] = self.value(data, method.table, name)
            elif name.startswith("expected_") and data.draw(st.booleans()):
                found[name] = self.value(data, method.table, name.removeprefix("expected_"))
        return found

    def changes(self, data: st.DataObject, method: Method) -> Values:
        """Draw what an update changes."""
        if not isinstance(method.operation, Update):
            return {}
        named = [column.name for column in method.changeable]
        chosen = [n for n in named if n in method.parameters or data.draw(st.booleans())]
        return {name: self.value(data, method.table, name) for name in chosen}

    def filters(self, data: st.DataObject, method: Method, filters: Sequence[Filter]) -> tuple[list[object], Values]:
        """Draw filters, at least one of them by a name of this sequence's own unless it is a purge."""
        keywords: Values = {}
        if isinstance(method.operation, Find):
            # Others are the method's own, such as the status of what is pending.
            filters = [f for f in filters if f.name in method.parameters or method.takes_filters]
        for f in filters:
            if not f.optional or data.draw(st.booleans()):
                value = self.value(data, method.table, f.column, nullable=False)
                keywords[f.name] = [value] if f.comparison == "in" else value
        own = any(_is_name(method.table, f.column) for f in filters if f.name in keywords)
        assume(own or method in PURGE_METHODS)
        named = {n: value for n, value in keywords.items() if n in method.parameters or method.takes_filters}
        return [keywords[n] for n in keywords if n not in named], named | self.page(data, method)

    def page(self, data: st.DataObject, method: Method) -> Values:
        """Draw which part of a list is asked for."""
        found: Values = {}
        if isinstance(method.operation, Delete):
            return found  # which rows a limited purge takes first is the storage's own business
        if "limit" in method.parameters and data.draw(st.booleans()):
            found["limit"] = data.draw(st.sampled_from([1, 2, 10]))
            if "offset" in method.parameters and data.draw(st.booleans()):
                found["offset"] = data.draw(st.integers(0, 2))
            elif method.name in self.last and "after" in method.parameters and data.draw(st.booleans()):
                found["after"] = self.last[method.name]
        return found

    def value(self, data: st.DataObject, table: Table[Any], name: str, *, nullable: bool = True) -> Any:
        """Draw a value that a column can hold."""
        column = table.by_name[name]
        if nullable and column.nullable and data.draw(st.integers(0, 3)) == 0:
            return None
        match column.kind:
            case "text" if _is_name(table, name):
                return f"{self.prefix}{data.draw(st.integers(0, KEYS - 1))}"
            case "text":
                return data.draw(st.sampled_from(_TEXTS))
            case "integer":
                return data.draw(st.sampled_from(_INTEGERS))
            case "boolean":
                return data.draw(st.booleans())
            case "time":
                return self.moment(data)
            case "json":
                usual = sample(table)[name]
                return data.draw(st.sampled_from([usual, another(column, usual)]))

    def moment(self, data: st.DataObject) -> datetime:
        """Draw one of a few seconds."""
        return LONG_BEFORE + timedelta(seconds=data.draw(st.integers(0, 4)))


def _is_name(table: Table[Any], column: str) -> bool:
    """Tell whether a column names a row or an owner, so that its values must be this sequence's own."""
    return table.by_name[column].kind == "text" and (
        is_unique(table, column) or column.endswith("_id") or column in ("email", "phone_number")
    )


async def _outcome(storage: AsyncStorage, method: Method, arguments: Sequence[object], keywords: Values) -> object:
    """Return what a method answers, or what tells its error from others."""
    try:
        found = getattr(storage, method.name)(*arguments, **keywords)
        return [row async for row in found] if method in STREAMS else await cast("Awaitable[object]", found)
    except ConflictError as error:
        return ConflictError, error.table
    except KavachError as error:
        return (type(error),)


def _shown(arguments: Sequence[object], keywords: Values) -> str:
    return ", ".join([*map(repr, arguments), *(f"{name}={value!r}" for name, value in keywords.items())])
