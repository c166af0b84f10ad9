"""What differs between the colours: a task can be cancelled while a transaction begins."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any


async def start_uncancelled(manager: Any) -> Any:
    """Begin a transaction; if the task is cancelled meanwhile, wait for it and roll it back.

    Nobody else could: prisma-client-py has not heard its id yet, and the engine would keep it until its time limit.
    """
    starting = asyncio.ensure_future(manager.start())
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(Exception):
            await asyncio.shield(starting)
            await manager.rollback()
        raise


def start(manager: Any) -> Any:
    """Begin a transaction."""
    return manager.start()
