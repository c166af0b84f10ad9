"""Operations on users, tenants and sessions."""

from __future__ import annotations

from kavach_core.storage.contract._common import OLDEST_FIRST, deletions_with
from kavach_core.storage.operations import Delete, Filter, Find, Get, Insert, Update, equal
from kavach_schema.tables.identity import SESSIONS, TENANTS, USERS

FIND_USER_BY_ID = Get(USERS, ("id",))
FIND_USER_BY_EMAIL = Get(USERS, ("email",))
CREATE_USER = Insert(USERS)
UPDATE_USER = Update(USERS, ("id",))
DELETE_USER = Delete(USERS, equal("id"))
DELETE_ROWS_OF_USER = deletions_with(USERS)

FIND_TENANT_BY_ID = Get(TENANTS, ("id",))
FIND_TENANT_BY_SLUG = Get(TENANTS, ("slug",))
LIST_TENANTS = Find(TENANTS, (), OLDEST_FIRST)
CREATE_TENANT = Insert(TENANTS)
UPDATE_TENANT = Update(TENANTS, ("id",))
DELETE_TENANT = Delete(TENANTS, equal("id"))

FIND_SESSION_BY_ID = Get(SESSIONS, ("id",))
FIND_SESSION_BY_TOKEN_HASH = Get(SESSIONS, ("token_hash",))
LIST_SESSIONS_BY_USER = Find(SESSIONS, equal("user_id"), OLDEST_FIRST)
CREATE_SESSION = Insert(SESSIONS)
UPDATE_SESSION = Update(SESSIONS, ("id",), expect=("expires_at",))
DELETE_SESSION = Delete(SESSIONS, (*equal("id"), *equal("user_id", optional=True)))
DELETE_SESSIONS_BY_USER = Delete(SESSIONS, equal("user_id"))
DELETE_EXPIRED_SESSIONS = Delete(SESSIONS, (Filter("expires_at", "now", "<=", optional=False),))
