"""Fixtures of the client's tests: each runs with the client for asyncio and with the synchronous one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeAlias

import pytest

from client.wire import Server, done, serve
from kavach_core.client import KavachClient, KavachSyncClient, Retries

Connect: TypeAlias = Callable[..., Any]


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def server(_server: Server) -> Server:
    """Return a server that was asked nothing."""
    _server.answers.clear()
    _server.asked.clear()
    return _server


@pytest.fixture(params=[KavachClient, KavachSyncClient], ids=["asyncio", "sync"])
async def connect(request: pytest.FixtureRequest, server: Server) -> AsyncIterator[Connect]:
    """Return what makes clients of the server; they are closed after the test."""
    made: list[Any] = []

    def make(base_url: str = server.url, **options: Any) -> Any:
        made.append(request.param(base_url, **{"retries": Retries(times=2, pause=0.001), **options}))
        return made[-1]

    yield make
    for client in made:
        await done(client.close())
