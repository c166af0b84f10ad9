"""Calls counted in a sliding window: never more than a limit in any 60 minutes, exact however many call at once.

For each counter there is one row with the number of all calls ever, and one for each second in which calls were made,
with the number of calls before that second. The calls in a window are the difference, so that a decision reads two rows
however many calls there were. Rows of seconds that have left the window are of no use and may be deleted.

The row of all calls is written first and stays locked until the transaction ends, so that calls on one counter follow
one another. A call that is denied in the end gives its place back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil, floor

from uuid_utils import uuid7

from kavach_core.engine.settings import ALWAYS, HOUR
from kavach_core.errors import BackendUnavailable
from kavach_core.policy.permissions import Counter
from kavach_core.storage import AsyncStorage


async def count_async_call(storage: AsyncStorage, counters: Sequence[Counter], now: datetime) -> bool:
    """Count a call on all counters, or on none where one of them allows no more calls; tell which.

    MUST run in the transaction of the decision.
    """
    totals: list[int] = []
    for counter in counters:
        total = await _add(storage, counter, 1)
        totals.append(total)
        if total > counter.limit and total - await _before_window(storage, counter, total, now) > counter.limit:
            await uncount_async_call(storage, counters[: len(totals)])
            return False
    for counter, total in zip(counters, totals, strict=True):
        await _mark_second(storage, counter, total - 1, now)
    return True


async def uncount_async_call(storage: AsyncStorage, counters: Sequence[Counter]) -> None:
    """Give back the place of a call that was counted in this transaction and is denied in the end."""
    for counter in counters:
        await _add(storage, counter, -1)


async def _add(storage: AsyncStorage, counter: Counter, calls: int) -> int:
    row = await storage.increment_rate_limit(
        id=str(uuid7()),
        agent_id=counter.agent_id,
        resource=f"{counter.key}:total",
        window_start=ALWAYS,
        count=calls,
    )
    if row is None:
        raise BackendUnavailable("the storage refused to count a call without a limit", retryable=False)
    return row.count


async def _before_window(storage: AsyncStorage, counter: Counter, total: int, now: datetime) -> int:
    """Return how many calls were made before the window that ends now; a call as old as the window is outside."""
    start = datetime.fromtimestamp(floor(now.timestamp()) - HOUR + 1, UTC)
    rows = await storage.list_rate_limits(counter.agent_id, resource=counter.key, since=start, limit=1)
    return rows[0].count if rows else total - 1


async def _mark_second(storage: AsyncStorage, counter: Counter, before: int, now: datetime) -> None:
    """Note how many calls there were before this second, at its first call; seconds are rounded up.

    Where the clock of another process is ahead, the call belongs to a second of that one: numbers MUST rise with time.
    """
    second = datetime.fromtimestamp(ceil(now.timestamp()), UTC)
    if not await storage.list_rate_limits(counter.agent_id, resource=counter.key, since=second, limit=1):
        await storage.upsert_rate_limit(
            id=str(uuid7()), agent_id=counter.agent_id, resource=counter.key, window_start=second, count=before
        )
