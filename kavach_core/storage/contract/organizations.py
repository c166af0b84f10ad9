"""Operations on organisations."""

from __future__ import annotations

from kavach_core.storage.contract._common import OLDEST_FIRST, deletions_with
from kavach_core.storage.operations import Delete, Filter, Find, Get, Insert, Update, equal
from kavach_schema.tables.identity import ORG_INVITATIONS, ORG_MEMBERS, ORG_ROLES, ORGANIZATIONS, SSO_CONNECTIONS

FIND_ORG_BY_ID = Get(ORGANIZATIONS, ("id",))
FIND_ORG_BY_SLUG = Get(ORGANIZATIONS, ("slug",))
LIST_ORGS_BY_OWNER = Find(ORGANIZATIONS, equal("owner_id"), OLDEST_FIRST)
CREATE_ORG = Insert(ORGANIZATIONS)
UPDATE_ORG = Update(ORGANIZATIONS, ("id",))
DELETE_ORG = Delete(ORGANIZATIONS, equal("id"))
DELETE_ROWS_OF_ORG = deletions_with(ORGANIZATIONS)
FIND_ORG_MEMBER = Get(
    ORG_MEMBERS,
    (
        "org_id",
        "user_id",
    ),
)
LIST_ORG_MEMBERS = Find(ORG_MEMBERS, equal("org_id"), ("joined_at", "id"))
LIST_ORG_MEMBERSHIPS_BY_USER = Find(ORG_MEMBERS, equal("user_id"), ("joined_at", "id"))
CREATE_ORG_MEMBER = Insert(ORG_MEMBERS)
UPDATE_ORG_MEMBER = Update(ORG_MEMBERS, ("id",))
DELETE_ORG_MEMBER = Delete(ORG_MEMBERS, equal("org_id", "user_id"))
FIND_ORG_INVITATION = Get(ORG_INVITATIONS, ("id",))
LIST_ORG_INVITATIONS = Find(
    ORG_INVITATIONS,
    (
        *equal("org_id"),
        *equal("status", optional=True),
    ),
    OLDEST_FIRST,
)
LIST_ORG_INVITATIONS_BY_EMAIL = Find(
    ORG_INVITATIONS,
    (
        *equal("email"),
        *equal("status", optional=True),
    ),
    OLDEST_FIRST,
)
CREATE_ORG_INVITATION = Insert(ORG_INVITATIONS)
UPDATE_ORG_INVITATION = Update(ORG_INVITATIONS, ("id",), expect=("status",))
DELETE_EXPIRED_ORG_INVITATIONS = Delete(ORG_INVITATIONS, (Filter("expires_at", "now", "<=", optional=False),))
FIND_ORG_ROLE = Get(
    ORG_ROLES,
    (
        "org_id",
        "name",
    ),
)
LIST_ORG_ROLES = Find(ORG_ROLES, equal("org_id"), ("name", "id"))
CREATE_ORG_ROLE = Insert(ORG_ROLES)
UPDATE_ORG_ROLE = Update(ORG_ROLES, ("id",))
DELETE_ORG_ROLE = Delete(ORG_ROLES, equal("id"))
FIND_SSO_CONNECTION = Get(SSO_CONNECTIONS, ("id",))
FIND_SSO_CONNECTION_BY_DOMAIN = Get(SSO_CONNECTIONS, ("domain",))
LIST_SSO_CONNECTIONS = Find(SSO_CONNECTIONS, equal("org_id"), OLDEST_FIRST)
CREATE_SSO_CONNECTION = Insert(SSO_CONNECTIONS)
UPDATE_SSO_CONNECTION = Update(SSO_CONNECTIONS, ("id",))
DELETE_SSO_CONNECTION = Delete(SSO_CONNECTIONS, equal("id"))
