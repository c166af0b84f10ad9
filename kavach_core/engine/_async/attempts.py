"""Attempts to sign in, counted before a password is looked at: exact however many are made at once.

An account and a network address have a counter each, in windows of fixed length. A refused attempt counts on neither.
The account's counter MUST come first in each transaction, so that two of them never wait for one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from uuid_utils import uuid7

from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.errors import TooManyAttempts
from kavach_core.policy.sign_in import Attempt, AttemptRules
from kavach_core.storage import AsyncStorage


async def claim_async_attempt(
    storage: AsyncStorage, rules: AttemptRules, attempts: Sequence[Attempt], now: datetime
) -> None:
    """Count an attempt on all counters, or on none where one is full; raises `TooManyAttempts`."""

    async def work(transaction: AsyncStorage) -> None:
        for attempt in attempts:
            if await _add(transaction, attempt, 1, attempt.limit) is None:
                raise TooManyAttempts(rules.wait(now))

    await run_async_transaction(storage, work)


async def clear_async_attempts(storage: AsyncStorage, attempts: Sequence[Attempt]) -> None:
    """Forget the attempts on the account, the first, and give this one back to the others; in a transaction."""
    account, *others = attempts
    await storage.delete_counters(account.subject)
    for other in others:
        await _add(storage, other, -1, None)


async def _add(storage: AsyncStorage, attempt: Attempt, count: int, limit: int | None) -> object:
    return await storage.increment_counter(
        id=str(uuid7()), subject=attempt.subject, window_start=attempt.window_start, count=count, limit=limit
    )
