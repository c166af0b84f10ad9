"""Clauses that run once for an area of tables, with all its methods: each method runs, and a failure names its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("hypothesis")

from conformance.harnesses import Memory
from kavach_core.storage.operations import Get
from kavach_core.testing import StorageSuite
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.methods import METHODS, Method
from kavach_schema.tables import AREAS, TABLES, TABLES_BY_NAME

AGENTS = [method for method in METHODS.values() if method.table.name == "kavach_agents"]
GETS = [method for method in AGENTS if isinstance(method.operation, Get)]


class Leaking(Memory):
    left = 0

    def leaks(self) -> int:
        return self.left


class Suite(StorageSuite):
    harness = Leaking

    @each_area_of(METHODS.values())
    async def test_no_method_gets(self, method: Method) -> None:
        ran.append(method)
        if isinstance(method.operation, Get):
            pytest.fail(f"{method.operation.by} is asked for\nand more")

    @each_area_of(METHODS.values())
    async def test_no_delete_leaks(self, method: Method) -> None:
        Leaking.left = int(method.name == "delete_agent")

    @each_area_of(METHODS.values())
    async def test_nothing_is_counted(self, method: Method) -> None:
        pytest.skip("optional: nobody counts")


ran: list[Method] = []


@pytest.fixture
def suite() -> Iterator[Any]:
    ran.clear()
    Suite.setup_class()
    yield Suite()
    Suite.teardown_class()
    Leaking.left = 0


def test_every_method_belongs_to_one_area() -> None:
    (mark,) = vars(Suite.test_no_method_gets)["pytestmark"]
    name, areas = mark.args

    assert name == "methods"
    assert sorted(mark.kwargs["ids"]) == sorted(AREAS)
    assert sorted(method.name for area in areas for method in area) == sorted(METHODS)


def test_every_table_belongs_to_one_area() -> None:
    assert [*TABLES] == [table for tables in AREAS.values() for table in tables]
    assert len(TABLES) == len(set(TABLES_BY_NAME)) > 40


def test_a_failure_names_each_method_and_ends_none(suite: Any) -> None:
    assert len(GETS) >= 2

    with pytest.raises(AssertionError) as raised:
        suite.test_no_method_gets(AGENTS)

    assert str(raised.value) == "; ".join(f"{m.name}: {m.operation.by} is asked for" for m in GETS)
    assert ran == AGENTS
    cause = raised.value.__cause__
    assert isinstance(cause, BaseExceptionGroup)
    assert len(cause.exceptions) == len(GETS)


def test_a_leak_names_its_method(suite: Any) -> None:
    with pytest.raises(AssertionError) as raised:
        suite.test_no_delete_leaks(AGENTS)

    assert str(raised.value).startswith("delete_agent: 1 connections or transactions are still open")


def test_a_skip_is_that_of_all(suite: Any) -> None:
    with pytest.raises(pytest.skip.Exception, match="nobody counts"):
        suite.test_nothing_is_counted(AGENTS)
