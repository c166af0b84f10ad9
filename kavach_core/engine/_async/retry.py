"""Work in a transaction that is run again when the database rolled it back for another one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import uniform
from typing import Final, TypeVar

from kavach_core.engine.settings import TRIES
from kavach_core.errors import TransactionAborted
from kavach_core.storage import AsyncStorage

T = TypeVar("T")

_PAUSE: Final = 0.004
"""Seconds before the second try at most, twice as many before each further one."""


async def run_async_transaction(storage: AsyncStorage, work: Callable[[AsyncStorage], Awaitable[T]]) -> T:
    """Run `work` in a transaction, or in a savepoint of an open one.

    `work` MUST touch nothing but the storage it is given. Inside an open transaction it is run once: the rest of that
    transaction is gone with it, and only the host can repeat it. Tries lie apart at random: callers that failed over
    each other and tried again at once would fail again, but for one.
    """
    for number in range(TRIES - 1):
        try:
            async with storage.transaction() as transaction:
                return await work(transaction)
        except TransactionAborted:
            if storage.in_transaction:
                raise
            await asyncio.sleep(uniform(0, _PAUSE * 2**number))  # noqa: S311 - no secret
    async with storage.transaction() as transaction:
        return await work(transaction)
