"""Fixtures of the HTTP API's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from http_api.support import Api, open_api
from prepared_database import database, prepared_servers, sqlite_template

__all__ = ["api", "database", "prepared_servers", "sqlite_template"]


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """Yield a server on a storage in memory: what is tested is in front of it."""
    async with open_api() as found:
        yield found
