"""Serve the HTTP API with uvicorn, on a database that is opened for that and closed behind it."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Final, Literal

import uvicorn

from kavach_core import create_async_kavach
from kavach_core.cli.target import provider_of
from kavach_core.errors import ConfigurationError
from kavach_core.http._addresses import read_proxies
from kavach_core.http._app import PREFIX, create_root_app
from kavach_core.http._bodies import MAX_HEADERS
from kavach_core.http._logging import JsonFormatter

_SHUTDOWN: Final = 30
"""Seconds that requests get to end in when the server is stopped."""


class _Server(uvicorn.Server):
    """A server that says where it listens, once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or ():
            host, port, *_ = listening.getsockname()
            print(f"http://{f'[{host}]' if ':' in host else host}:{port}{PREFIX}", flush=True)


def run(database: str, *, host: str, port: int, trusted_proxies: Sequence[str], log: Literal["json", "text"]) -> None:
    """Serve until the process is told to stop; raises `ConfigurationError` before anything is opened."""
    provider = provider_of(database)
    read_proxies(trusted_proxies)
    listening = _listen(host, port)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log == "json" else logging.Formatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # uvicorn sends SIGTERM to the process again when it has shut down, before the database is closed.
    signal.signal(signal.SIGTERM, lambda *_: None)
    with listening:
        asyncio.run(_serve(provider, database, listening, trusted_proxies))


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        where = f"port {port} of {host}: {error.strerror}"
        raise ConfigurationError(f"cannot listen on {where}; choose others with --host and --port") from error


async def _serve(provider: str, database: str, listening: socket.socket, trusted_proxies: Sequence[str]) -> None:
    async with await create_async_kavach(database={"provider": provider, "url": database}) as kavach:
        config = uvicorn.Config(
            create_root_app(kavach, trusted_proxies=trusted_proxies),
            http="h11",
            h11_max_incomplete_event_size=MAX_HEADERS,
            ws="none",
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=_SHUTDOWN,
        )
        await _Server(config).serve(sockets=[listening])
