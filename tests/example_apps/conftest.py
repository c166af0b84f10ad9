"""The applications of `examples/`, each served once, on a socket, for all tests."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from example_apps.application import Application

REQUIRED = ("alembic", "asyncpg", "django", "fastapi", "flask", "httpx", "peewee", "prisma", "sqlalchemy", "uvicorn")

collect_ignore_glob = [] if all(map(importlib.util.find_spec, REQUIRED)) else ["*.py"]


@pytest.fixture(scope="session")
def application(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """Yield a running application on a database of its own."""
    from example_apps.application import serve

    name: str = request.param
    with serve(name, tmp_path_factory.mktemp("examples") / name) as application:
        yield application


@pytest.fixture(autouse=True)
def _output(request: pytest.FixtureRequest) -> Iterator[None]:
    """Show what the application said, where a test fails."""
    yield
    if "application" in request.fixturenames:
        application: Application = request.getfixturevalue("application")
        print("".join(application.output))
        application.output.clear()
