"""Clauses about every method, run once for each area of tables with all its methods.

There are hundreds of methods, and to start a test costs pytest more than such a clause costs the storage.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import pytest

from kavach_core.testing.clauses.base import Clauses
from kavach_core.testing.methods import Method
from kavach_schema.tables import AREAS

_AREAS = {table.name: area for area, tables in AREAS.items() for table in tables}

Clause = Callable[[Any, Method], Coroutine[Any, Any, None]]
Grouped = Callable[[Any, list[Method]], Coroutine[Any, Any, None]]


def each_area_of(methods: Iterable[Method]) -> Callable[[Clause], Grouped]:
    """Parametrize a clause about a method by the areas whose tables these methods are about.

    All methods of an area run, whatever becomes of those before, and a failure names each that failed. A skip is the
    storage's or the harness's, and so that of all methods.
    """
    areas: dict[str, list[Method]] = {}
    for method in methods:
        areas.setdefault(_AREAS[method.table.name], []).append(method)

    def decorate(clause: Clause) -> Grouped:
        @functools.wraps(clause)
        async def run(self: Clauses, methods: list[Method]) -> None:
            __tracebackhide__ = True
            failed: dict[str, BaseException] = {}
            for method in methods:
                try:
                    await clause(self, method)
                    await self.opened.assert_no_leaks()
                except (Exception, pytest.fail.Exception) as error:
                    failed[method.name] = error
            if failed:
                told = "; ".join(f"{name}: {_first_line(error)}" for name, error in failed.items())
                raise AssertionError(told) from BaseExceptionGroup("all failures", [*failed.values()])

        del run.__dict__["__wrapped__"]  # pytest would ask the clause for its parameters
        return pytest.mark.parametrize("methods", areas.values(), ids=areas)(run)

    return decorate


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
