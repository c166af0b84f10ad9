"""Tenants: the customers of an application, their suspension and their limits.

A tenant that is stored nowhere is the host's own affair: its agents have no limits.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from uuid_utils import uuid7

from kavach_core.engine._async.places import claim_async_tenants_place
from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine.reading import Clock
from kavach_core.engine.tenancy import settings_of, tenant_place, tenant_value
from kavach_core.engine.values import Tenant
from kavach_core.errors import InvalidInput, NotFoundError
from kavach_core.policy.tenants import TenantSettingsLike, check_settings, check_slug, merge_settings
from kavach_core.storage import AsyncStorage
from kavach_schema import records
from kavach_schema.inputs import TenantChanges
from kavach_schema.model import UNSET, Unset

_PAGE: Final = 1000


async def admit_async_agent(storage: AsyncStorage, tenant_id: str | None, type: str, now: datetime) -> None:
    """Make sure that a tenant may have one more agent of this type. MUST run in a transaction.

    Raises `InactiveTenantError`, `InvalidInput` for the type, and `LimitExceeded`.
    """
    tenant = await _find(storage, tenant_id)
    if tenant is None:
        return
    settings = settings_of(tenant)
    if settings.allowed_agent_types is not None and type not in settings.allowed_agent_types:
        raise InvalidInput(f"type: the tenant allows {', '.join(settings.allowed_agent_types) or 'none'}")
    await claim_async_tenants_place(storage, settings.max_agents, tenant.id, now)


async def limit_async_depth(storage: AsyncStorage, tenant_id: str | None, max_depth: int) -> int:
    """Return how many hops a delegation may take among the agents of a tenant; raises `InactiveTenantError`."""
    tenant = await _find(storage, tenant_id)
    most = None if tenant is None else settings_of(tenant).max_delegation_depth
    return max_depth if most is None else min(max_depth, most)


class AsyncTenants:
    """The tenants of a Kavach."""

    def __init__(self, storage: AsyncStorage, clock: Clock) -> None:
        """Use a storage."""
        self._storage = storage
        self._clock = clock

    async def create(
        self, *, name: str, slug: str, settings: TenantSettingsLike | None = None, id: str | None = None
    ) -> Tenant:
        """Create a tenant, and return it; pass its id as `tenant_id` to create its agents.

        Raises `InvalidInput`, and `ConflictError` where the slug or the id is taken.
        """
        tenant_id = str(uuid7()) if id is None else id
        if not tenant_id or not name:
            raise InvalidInput("id and name must not be empty")
        now = self._clock()
        row = await self._storage.create_tenant(
            id=tenant_id,
            name=name,
            slug=check_slug(slug),
            settings=merge_settings(None, check_settings(settings or {})),
            created_at=now,
            updated_at=now,
        )
        return tenant_value(row)

    async def get(self, tenant_id: str) -> Tenant | None:
        """Return the tenant with this id, or None."""
        row = await self._storage.find_tenant_by_id(tenant_id)
        return None if row is None else tenant_value(row)

    async def get_by_slug(self, slug: str) -> Tenant | None:
        """Return the tenant with exactly this slug, or None."""
        row = await self._storage.find_tenant_by_slug(slug)
        return None if row is None else tenant_value(row)

    async def list(self, *, limit: int = 100, after: Tenant | None = None) -> list[Tenant]:
        """Return tenants by creation, oldest first, at most `limit` of them (1 to 1000), suspended ones included.

        For the next page pass the last tenant as `after`. Raises `InvalidInput`.
        """
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _PAGE:
            raise InvalidInput(f"limit: must be an integer from 1 to {_PAGE}; pass the last tenant as after")
        return [tenant_value(row) for row in await self._storage.list_tenants(limit=limit, after=tenant_place(after))]

    async def update(
        self,
        tenant_id: str,
        *,
        name: str | Unset = UNSET,
        slug: str | Unset = UNSET,
        settings: TenantSettingsLike | Unset = UNSET,
    ) -> Tenant:
        """Change what is given, and return the tenant; settings that are not given stay, and None removes one.

        A limit that is lowered takes nothing away that there is: it refuses what would be more.

        Raises `NotFoundError`, `InvalidInput`, and `ConflictError` where the slug is taken.
        """
        changes: TenantChanges = {"updated_at": self._clock()}
        if name is not UNSET:
            if not name:
                raise InvalidInput("name must not be empty")
            changes["name"] = name
        if slug is not UNSET:
            changes["slug"] = check_slug(slug)
        given = None if settings is UNSET else check_settings(settings)

        async def work(storage: AsyncStorage) -> records.Tenant:
            row = _found(await storage.update_tenant(tenant_id, **changes))
            if given is None:
                return row
            # The row is locked by now, so that what others set at the same time is not lost.
            return _found(await storage.update_tenant(tenant_id, settings=merge_settings(row.settings, given)))

        return tenant_value(await run_async_transaction(self._storage, work))

    async def suspend(self, tenant_id: str) -> Tenant:
        """Deny every call of the tenant's agents from now on, and return the tenant; nothing is revoked.

        Raises `NotFoundError`.
        """
        return await self._mark(tenant_id, "suspended")

    async def activate(self, tenant_id: str) -> Tenant:
        """End a suspension, and return the tenant. Raises `NotFoundError`."""
        return await self._mark(tenant_id, "active")

    async def _mark(self, tenant_id: str, status: str) -> Tenant:
        return tenant_value(
            _found(await self._storage.update_tenant(tenant_id, status=status, updated_at=self._clock()))
        )


async def _find(storage: AsyncStorage, tenant_id: str | None) -> records.Tenant | None:
    return None if tenant_id is None else await storage.find_tenant_by_id(tenant_id)


def _found(row: records.Tenant | None) -> records.Tenant:
    if row is None:
        raise NotFoundError("no tenant has this id")
    return row
