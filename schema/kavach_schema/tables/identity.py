"""People and the organisations they belong to: users, tenants, sessions, organisations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kavach_schema.model import Table, boolean, json, key, metadata, text, time
from kavach_schema.tables.lengths import EMAIL

if TYPE_CHECKING:
    from kavach_schema.records import (
        Organization,
        OrgInvitation,
        OrgMember,
        OrgRole,
        Session,
        SsoConnection,
        Tenant,
        User,
    )

USERS: Table[User] = Table(
    "kavach_users",
    "KavachUser",
    "A person, as the application's own sign-in or ours knows them.",
    (
        key(),
        text("email", EMAIL),
        text("name", null=True),
        text("username", null=True),
        text("external_id", null=True),
        text("external_provider", null=True),
        metadata(),
        boolean("banned", default=False),
        text("ban_reason", 1024, null=True),
        time("ban_expires_at", null=True),
        boolean("force_password_reset", default=False),
        text("stripe_customer_id", null=True),
        text("stripe_subscription_id", null=True),
        text("stripe_subscription_status", null=True),
        text("stripe_price_id", null=True),
        time("stripe_current_period_end", null=True),
        boolean("stripe_cancel_at_period_end", default=False),
        text("polar_customer_id", null=True),
        text("polar_subscription_id", null=True),
        text("polar_subscription_status", null=True),
        text("polar_product_id", null=True),
        time("polar_current_period_end", null=True),
        boolean("polar_cancel_at_period_end", default=False),
        time("created_at"),
        time("updated_at"),
    ),
    uniques=(("email",), ("username",), ("stripe_customer_id",), ("polar_customer_id",)),
    indexes=(("external_id", "external_provider"), ("created_at", "id")),
)

TENANTS: Table[Tenant] = Table(
    "kavach_tenants",
    "KavachTenant",
    "A customer of the application, isolated from the others.",
    (
        key(),
        text("name"),
        text("slug"),
        json("settings", "dict[str, JsonValue]", null=True),
        text("status", 32, default="active"),
        time("created_at"),
        time("updated_at"),
    ),
    uniques=(("slug",),),
    indexes=(("created_at", "id"),),
)

SESSIONS: Table[Session] = Table(
    "kavach_sessions",
    "KavachSession",
    "A person's signed-in session.",
    (
        key(),
        text("user_id", belongs_to="kavach_users"),
        text("token_hash", null=True),
        time("expires_at"),
        metadata(),
        time("created_at"),
    ),
    uniques=(("token_hash",),),
    indexes=(("user_id", "created_at", "id"), ("expires_at",)),
)

ORGANIZATIONS: Table[Organization] = Table(
    "kavach_organizations",
    "KavachOrganization",
    "A group of people with roles.",
    (
        key(),
        text("name"),
        text("slug"),
        text("owner_id"),
        metadata(),
        time("created_at"),
        time("updated_at"),
    ),
    uniques=(("slug",),),
    indexes=(("owner_id", "created_at", "id"),),
)

ORG_MEMBERS: Table[OrgMember] = Table(
    "kavach_org_members",
    "KavachOrgMember",
    "A person's membership in an organisation.",
    (
        key(),
        text("org_id", belongs_to="kavach_organizations"),
        text("user_id", belongs_to="kavach_users"),
        text("role", 64, default="member"),
        time("joined_at"),
    ),
    uniques=(("org_id", "user_id"),),
    indexes=(("org_id", "joined_at", "id"), ("user_id", "joined_at", "id")),
)

ORG_INVITATIONS: Table[OrgInvitation] = Table(
    "kavach_org_invitations",
    "KavachOrgInvitation",
    "An open invitation to an organisation, by e-mail.",
    (
        key(),
        text("org_id", belongs_to="kavach_organizations"),
        text("email", EMAIL),
        text("role", 64, default="member"),
        text("invited_by"),
        text("status", 32, default="pending"),
        time("expires_at"),
        time("created_at"),
    ),
    indexes=(("org_id", "created_at", "id"), ("email", "created_at", "id"), ("expires_at",)),
)

ORG_ROLES: Table[OrgRole] = Table(
    "kavach_org_roles",
    "KavachOrgRole",
    "A role that an organisation defined, with its permissions.",
    (
        key(),
        text("org_id", belongs_to="kavach_organizations"),
        text("name", 64),
        json("permissions", "list[str]"),
    ),
    uniques=(("org_id", "name"),),
)

SSO_CONNECTIONS: Table[SsoConnection] = Table(
    "kavach_sso_connections",
    "KavachSsoConnection",
    "An organisation's link to its own identity provider.",
    (
        key(),
        text("org_id", belongs_to="kavach_organizations"),
        text("provider_id"),
        text("type", 32),
        text("domain"),
        boolean("enabled", default=True),
        time("created_at"),
    ),
    uniques=(("domain",),),
    indexes=(("org_id", "created_at", "id"),),
)
