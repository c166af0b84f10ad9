"""What differs between the colours and has no name in the standard library."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Plain: TypeAlias = T
"""What a synchronous function returns where its asyncio twin returns an `Awaitable`."""

_running: set[asyncio.Future[Any]] = set()
"""Work whose caller may have gone: the event loop keeps no task alive by itself."""


async def run_uncancelled(work: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run some work to its end, also where the caller is cancelled meanwhile."""
    running = asyncio.ensure_future(work(*args, **kwargs))
    _running.add(running)
    running.add_done_callback(_running.discard)
    return await asyncio.shield(running)


def run(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run some work: nobody cancels a thread."""
    return work(*args, **kwargs)
