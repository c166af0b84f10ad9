"""Fixtures of the engine's tests: a host, and a Kavach on its engine with a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from colours import Opened
from engine.support import Clock, Host, open_host, settle
from prepared_database import database, prepared_servers, sqlite_template

__all__ = ["clock", "database", "host", "kavach", "prepared_servers", "sqlite_template"]


@pytest.fixture
async def host(opened: Opened) -> AsyncIterator[Host]:
    """Yield a host with an engine of its own on an empty database."""
    found = await open_host(opened)
    yield found
    await settle(found.engine.dispose())


@pytest.fixture
def clock(host: Host) -> Clock:
    """Return the clock of the host's Kavachs."""
    return host.clock


@pytest.fixture
async def kavach(host: Host) -> Any:
    """Return a Kavach on the host's engine, with the asyncio face."""
    return await host.kavach()
