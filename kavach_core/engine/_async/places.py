"""Places for agents: how many active ones an owner and a tenant may have, exact however many are created at once.

Whoever creates an agent locks a counter first, and counts then: others wait for the end of the transaction. What the
counter itself says is of no interest.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from uuid_utils import uuid7

from kavach_core.engine.reading import expired
from kavach_core.engine.settings import ALWAYS
from kavach_core.errors import LimitExceeded
from kavach_core.storage import AsyncStorage

_OWNER_LOCK: Final = "kavach:max_per_user"

_PAGE: Final = 1000


async def claim_async_owners_place(storage: AsyncStorage, most: int | None, owner_id: str, now: datetime) -> None:
    """Make sure that an owner may have one more agent; raises `LimitExceeded`. MUST run in a transaction."""
    if most is None:
        return
    await storage.increment_rate_limit(
        id=str(uuid7()), agent_id=_OWNER_LOCK, resource=owner_id, window_start=ALWAYS, count=1
    )
    if await _full(storage, most, now, owner_id=owner_id):
        raise LimitExceeded(f"the owner has {most} active agents, the most allowed; revoke one first")


async def claim_async_tenants_place(storage: AsyncStorage, most: int | None, tenant_id: str, now: datetime) -> None:
    """Make sure that a tenant may have one more agent; raises `LimitExceeded`. MUST run in a transaction."""
    if most is None:
        return
    await storage.increment_counter(id=str(uuid7()), subject=f"agents:{tenant_id}", window_start=ALWAYS, count=1)
    if await _full(storage, most, now, tenant_id=tenant_id):
        raise LimitExceeded(f"the tenant has {most} active agents, the most allowed; revoke one first")


async def _full(
    storage: AsyncStorage, most: int, now: datetime, *, owner_id: str | None = None, tenant_id: str | None = None
) -> bool:
    count = await storage.count_current_agents(status="active", owner_id=owner_id, tenant_id=tenant_id)
    return count >= most and count - await _mark_expired(storage, now, owner_id, tenant_id) >= most


async def _mark_expired(storage: AsyncStorage, now: datetime, owner_id: str | None, tenant_id: str | None) -> int:
    """Store that agents whose time has come are expired, and return how many there were."""
    marked = 0
    last = None
    while page := await storage.list_agents(
        owner_id=owner_id, tenant_id=tenant_id, status="active", limit=_PAGE, after=last
    ):
        last = page[-1]
        for row in page:
            if expired(row.expires_at, now):
                changed = await storage.update_agent(row.id, expected_status="active", status="expired", updated_at=now)
                marked += changed is not None
    return marked
