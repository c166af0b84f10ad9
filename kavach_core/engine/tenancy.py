"""Tenants as stored rows: what they allow now, and how they are shown."""

from __future__ import annotations

from kavach_core.engine.values import Tenant
from kavach_core.errors import InactiveTenantError, InvalidInput
from kavach_core.policy.tenants import TenantSettings, read_settings
from kavach_schema import records


def suspended(row: records.Tenant | None) -> bool:
    """Tell whether a tenant is suspended; a status that is not known counts as that."""
    return row is not None and row.status != "active"


def settings_of(row: records.Tenant) -> TenantSettings:
    """Return what an active tenant is limited to.

    Raises `InactiveTenantError`, and `InvalidInput` where the stored settings are not understood.
    """
    if suspended(row):
        raise InactiveTenantError("the tenant is suspended; activate it first")
    settings = read_settings(row.settings)
    if settings is None:
        raise InvalidInput("the stored settings of the tenant cannot be read; update them")
    return settings


def tenant_value(row: records.Tenant) -> Tenant:
    """Return a tenant as the engine shows it."""
    return Tenant(
        id=row.id,
        name=row.name,
        slug=row.slug,
        settings=read_settings(row.settings),
        status="suspended" if suspended(row) else "active",
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def tenant_place(tenant: Tenant | None) -> records.Tenant | None:
    """Return the row that stands for a tenant in the order of a listing: its place is all that counts."""
    return None if tenant is None else records.Tenant(**{**tenant.model_dump(), "settings": None})
