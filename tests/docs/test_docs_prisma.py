"""The page about Prisma names every exception that the suite makes for it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("prisma")

from conformance import test_conformance_prisma
from kavach_core.testing import Harness, Level

PAGE = (Path(__file__).parents[2] / "docs" / "prisma.md").read_text()
HARNESSES: list[type[Harness]] = [
    suite.harness
    for suite in vars(test_conformance_prisma).values()
    if isinstance(getattr(suite, "harness", None), type)
]


def test_each_exception_is_documented() -> None:
    assert len(HARNESSES) == 8
    for harness in HARNESSES:
        for clause in (*harness.skips, *harness.expected_failures):
            assert f"`{clause}`" in PAGE
        if harness.level is not Level.CONCURRENT:
            assert f"| SQLite | `{harness.level.value}` | three clauses |" in PAGE
            assert len(harness.skips) == 3
