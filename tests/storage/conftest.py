"""Fixtures and markers of the storage's tests."""

from __future__ import annotations

import pytest

from prepared_database import database, prepared_servers, sqlite_template

__all__ = ["database", "prepared_servers", "sqlite_template"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "server: not for SQLite")
    config.addinivalue_line("markers", "tasks: for asyncio only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if _is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _is_left_out(item: pytest.Item) -> bool:
    on_server = item.get_closest_marker("server") is not None
    in_tasks = item.get_closest_marker("tasks") is not None
    return (on_server and "[sqlite-" in item.name) or (in_tasks and "-sync-" in item.name)
