"""Legal holds: what retention must not remove as long as somebody may ask for it.

Whoever places a hold, and whoever deletes, locks the same counter first. So a hold that was placed is known to every
deletion that ends after it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from uuid_utils import uuid7

from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine.reading import check
from kavach_core.engine.sealing import BATCH
from kavach_core.engine.settings import ALWAYS
from kavach_core.errors import InvalidInput, NotFoundError
from kavach_core.storage import AsyncStorage
from kavach_schema.records import AuditHold, AuditLog
from kavach_schema.tables.agents import AUDIT_HOLDS

_LOCK: Final = "audit:holds"
_PAGE: Final = 1000


async def place_async_hold(
    storage: AsyncStorage, now: datetime, *, reason: str, by: str, agent_id: str | None, user_id: str | None
) -> AuditHold:
    """Write a new hold, once no deletion is at work that does not know of it."""
    check(AUDIT_HOLDS, reason=reason, placed_by=by, agent_id=agent_id, user_id=user_id)
    if not reason or not by:
        raise InvalidInput("reason and by must not be empty")
    if (agent_id is not None and user_id is not None) or "" in (agent_id, user_id):
        raise InvalidInput("pass the id of an agent or of a user, or neither for all rows")

    async def work(storage: AsyncStorage) -> AuditHold:
        await _lock(storage)
        return await storage.create_audit_hold(
            id=str(uuid7()), agent_id=agent_id, user_id=user_id, reason=reason, placed_by=by, created_at=now
        )

    return await run_async_transaction(storage, work)


async def lift_async_hold(storage: AsyncStorage, now: datetime, hold_id: str, by: str) -> AuditHold:
    """Lift a hold, once: who lifted it first stays written."""
    check(AUDIT_HOLDS, lifted_by=by)
    if not by:
        raise InvalidInput("by must not be empty")
    lifted = await storage.update_audit_hold(
        hold_id, expected_status="active", status="lifted", lifted_by=by, lifted_at=now
    )
    hold = lifted or await storage.find_audit_hold(hold_id)
    if hold is None:
        raise NotFoundError("no hold has this id")
    return hold


async def list_async_holds(storage: AsyncStorage) -> list[AuditHold]:
    """Return the holds that are in force, oldest first."""
    found: list[AuditHold] = []
    while page := await storage.list_audit_holds(status="active", limit=_PAGE, after=found[-1] if found else None):
        found += page
        if len(page) < _PAGE:
            break
    return found


async def delete_async_unheld_rows(storage: AsyncStorage, since: datetime | None, before: datetime) -> int:
    """Delete the audit rows between two moments that no hold keeps, and return how many there were."""

    async def all_at_once(storage: AsyncStorage) -> int | None:
        await _lock(storage)
        held = await list_async_holds(storage)
        return None if held else await storage.delete_audit_logs_before(before)

    deleted = await run_async_transaction(storage, all_at_once)
    if deleted is not None:
        return deleted
    deleted = 0
    rows: list[AuditLog] = []
    async for row in storage.stream_audit_logs(since=since, until=before):
        rows.append(row)
        if len(rows) == BATCH:
            deleted += await _delete_unheld(storage, rows, before)
            rows = []
    return deleted + await _delete_unheld(storage, rows, before)


async def _delete_unheld(storage: AsyncStorage, rows: list[AuditLog], before: datetime) -> int:
    async def work(storage: AsyncStorage) -> int:
        await _lock(storage)
        holds = await list_async_holds(storage)
        ids = [row.id for row in rows if not any(_keeps(hold, row) for hold in holds)]
        return await storage.delete_audit_logs_before(before, ids=ids) if ids else 0

    return await run_async_transaction(storage, work)


async def purge_async_unheld(
    storage: AsyncStorage, purge: Callable[[AsyncStorage, int], Awaitable[int]], *, limit: int
) -> int:
    """Delete a batch, or nothing while any hold is in force."""

    async def work(storage: AsyncStorage) -> int:
        await _lock(storage)
        return 0 if await storage.list_audit_holds(status="active", limit=1) else await purge(storage, limit)

    return await run_async_transaction(storage, work)


async def _lock(storage: AsyncStorage) -> None:
    """Keep others from placing a hold, and from deleting, until this transaction ends."""
    await storage.increment_counter(id=str(uuid7()), subject=_LOCK, window_start=ALWAYS, count=1)


def _keeps(hold: AuditHold, row: AuditLog) -> bool:
    if hold.agent_id is not None:
        return row.agent_id == hold.agent_id
    return hold.user_id is None or row.user_id == hold.user_id
