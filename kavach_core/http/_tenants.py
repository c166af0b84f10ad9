"""Routes of tenants: a credential of one reads its own, and only one of none changes any."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from kavach_core import Tenant as TenantValue
from kavach_core import TenantSettings
from kavach_core.http._access import Access
from kavach_core.http._models import Answer, Body, Moment, Query, Text
from kavach_core.http._routing import SERVICES, Call, Route
from kavach_schema.model import UNSET

MAX_PAGE: Final = 1000
DEFAULT_PAGE: Final = 100


class Tenant(Answer):
    """A customer of the application."""

    id: str
    name: str
    slug: str
    settings: TenantSettings | None
    status: Literal["active", "suspended"]
    created_at: Moment
    updated_at: Moment


class CreateTenant(Body):
    """What a new tenant is."""

    name: Text
    slug: Text
    settings: TenantSettings | None = None


class UpdateTenant(Body):
    """What changes; settings that are left out stay, and null removes one."""

    name: Text = ""
    slug: Text = ""
    settings: TenantSettings = TenantSettings()


class ListTenants(Query):
    """Which page."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE
    after: Text | None = None


async def create(call: Call) -> Tenant:
    """Create a tenant."""
    call.access.everywhere()
    wanted = call.sent(CreateTenant)
    return Tenant.of(await call.kavach.tenant.create(name=wanted.name, slug=wanted.slug, settings=wanted.settings))


async def list_(call: Call) -> list[Tenant]:
    """List tenants."""
    call.access.everywhere()
    asked = call.asked(ListTenants)
    last = None if asked.after is None else await call.access.tenant(asked.after)
    return [Tenant.of(tenant) for tenant in await call.kavach.tenant.list(limit=asked.limit, after=last)]


async def get(call: Call) -> Tenant:
    """Return a tenant."""
    return Tenant.of(call.found(TenantValue))


async def update(call: Call) -> Tenant:
    """Change what was sent."""
    call.access.everywhere()
    changes = call.sent(UpdateTenant)
    given = changes.model_fields_set
    return Tenant.of(
        await call.kavach.tenant.update(
            call.found(TenantValue).id,
            name=changes.name if "name" in given else UNSET,
            slug=changes.slug if "slug" in given else UNSET,
            settings=changes.settings if "settings" in given else UNSET,
        )
    )


async def suspend(call: Call) -> Tenant:
    """Suspend a tenant."""
    call.access.everywhere()
    return Tenant.of(await call.kavach.tenant.suspend(call.found(TenantValue).id))


async def activate(call: Call) -> Tenant:
    """End a suspension."""
    call.access.everywhere()
    return Tenant.of(await call.kavach.tenant.activate(call.found(TenantValue).id))


_WRITE: Final = "tenants:write"
_READ: Final = "tenants:read"

ROUTES: Final = (
    Route(
        "POST", "/tenants", create, "Create a tenant", SERVICES, _WRITE, answer=Tenant, status=201, body=CreateTenant
    ),
    Route("GET", "/tenants", list_, "List tenants", SERVICES, _READ, answer=list[Tenant], query=ListTenants),
    Route("GET", "/tenants/{id}", get, "Read a tenant", SERVICES, _READ, Access.tenant, answer=Tenant),
    Route(
        "PATCH",
        "/tenants/{id}",
        update,
        "Change a tenant",
        SERVICES,
        _WRITE,
        Access.tenant,
        answer=Tenant,
        body=UpdateTenant,
    ),
    Route(
        "POST",
        "/tenants/{id}/suspend",
        suspend,
        "Deny every call of a tenant's agents",
        SERVICES,
        _WRITE,
        Access.tenant,
        answer=Tenant,
    ),
    Route(
        "POST", "/tenants/{id}/activate", activate, "End a suspension", SERVICES, _WRITE, Access.tenant, answer=Tenant
    ),
)
