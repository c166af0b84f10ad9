"""An engine on the test's empty database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from database_fixture import Database
from described import open_engine


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """Yield a synchronous engine."""
    yield from open_engine(database)
