"""Harnesses run on the databases chosen with `--database`; others are not even collected."""

from __future__ import annotations

import pytest

from database_fixture import chosen


def _database(suite: object) -> str | None:
    return getattr(getattr(suite, "harness", None), "database", None)


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Module | pytest.Class, obj: object) -> list[pytest.Item] | None:
    name = _database(obj)
    return None if name is None or name in chosen(collector.config) else []


def pytest_itemcollected(item: pytest.Item) -> None:
    if "sequence" in item.name:
        item.add_marker(pytest.mark.timeout(900))  # Hypothesis may take five minutes to shrink a failure
    if _database(getattr(item, "cls", None)):
        item.add_marker(pytest.mark.database)
