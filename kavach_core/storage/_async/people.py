"""Methods on users, tenants and sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from kavach_core.storage import contract
from kavach_core.storage._async.backend import AsyncMethods
from kavach_schema.inputs import (
    SessionChanges,
    SessionInput,
    TenantChanges,
    TenantInput,
    UserChanges,
    UserInput,
)
from kavach_schema.records import Session, Tenant, User


class AsyncPeopleMethods(AsyncMethods):
    """Users, tenants and sessions."""

    async def find_user_by_id(self, user_id: str) -> User | None:
        """Return the user with this id, or None."""
        return await self._execute(contract.FIND_USER_BY_ID, {"id": user_id})

    async def find_user_by_email(self, email: str) -> User | None:
        """Return the user with exactly this e-mail address, or None; the case of letters counts."""
        return await self._execute(contract.FIND_USER_BY_EMAIL, {"email": email})

    async def create_user(self, **values: Unpack[UserInput]) -> User:
        """Write a new user and return it.

        Raises `ConflictError` where the id, the e-mail address, the user name or a customer id is taken.
        """
        return await self._execute(contract.CREATE_USER, values)

    async def update_user(self, user_id: str, **changes: Unpack[UserChanges]) -> User | None:
        """Change the named fields and return the user, or None where there is none.

        Raises `ConflictError` where a new unique value is taken.
        """
        return await self._execute(contract.UPDATE_USER, {"id": user_id, **changes})

    async def delete_user(self, user_id: str) -> bool:
        """Delete a user and all rows that belong to it, in one transaction; tell whether there was one.

        Agents stay: `owner_id` names whoever the host's sign-in knows. Audit logs stay.
        """
        return await self._delete_owner(contract.DELETE_USER, contract.DELETE_ROWS_OF_USER, user_id)

    async def find_tenant_by_id(self, tenant_id: str) -> Tenant | None:
        """Return the tenant with this id, or None."""
        return await self._execute(contract.FIND_TENANT_BY_ID, {"id": tenant_id})

    async def find_tenant_by_slug(self, slug: str) -> Tenant | None:
        """Return the tenant with exactly this slug, or None."""
        return await self._execute(contract.FIND_TENANT_BY_SLUG, {"slug": slug})

    async def list_tenants(
        self, *, limit: int = 100, offset: int | None = None, after: Tenant | None = None
    ) -> list[Tenant]:
        """Return tenants by creation, oldest first; `after` is the last one of the page before."""
        page = {"limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_TENANTS, page)

    async def create_tenant(self, **values: Unpack[TenantInput]) -> Tenant:
        """Write a new tenant and return it; raises `ConflictError` where the id or the slug is taken."""
        return await self._execute(contract.CREATE_TENANT, values)

    async def update_tenant(self, tenant_id: str, **changes: Unpack[TenantChanges]) -> Tenant | None:
        """Change the named fields and return the tenant, or None where there is none."""
        return await self._execute(contract.UPDATE_TENANT, {"id": tenant_id, **changes})

    async def delete_tenant(self, tenant_id: str) -> bool:
        """Delete a tenant and tell whether there was one; its agents stay and keep its id."""
        return await self._execute(contract.DELETE_TENANT, {"id": tenant_id}) > 0

    async def find_session_by_id(self, session_id: str) -> Session | None:
        """Return the session with this id, expired or not, or None."""
        return await self._execute(contract.FIND_SESSION_BY_ID, {"id": session_id})

    async def find_session_by_token_hash(self, token_hash: str) -> Session | None:
        """Return the session whose token has this hash, expired or not, or None."""
        return await self._execute(contract.FIND_SESSION_BY_TOKEN_HASH, {"token_hash": token_hash})

    async def list_sessions_by_user(self, user_id: str, *, limit: int = 100) -> list[Session]:
        """Return a user's sessions by creation, oldest first."""
        values = {"user_id": user_id, "limit": limit}
        return await self._execute(contract.LIST_SESSIONS_BY_USER, values)

    async def create_session(self, **values: Unpack[SessionInput]) -> Session:
        """Write a new session and return it; raises `ConflictError` where the id is taken."""
        return await self._execute(contract.CREATE_SESSION, values)

    async def update_session(self, session_id: str, **changes: Unpack[SessionChanges]) -> Session | None:
        """Change the named fields and return the session, or None where there is none."""
        return await self._execute(contract.UPDATE_SESSION, {"id": session_id, **changes})

    async def delete_session(self, session_id: str) -> bool:
        """Delete a session and tell whether there was one."""
        return await self._execute(contract.DELETE_SESSION, {"id": session_id}) > 0

    async def delete_sessions_by_user(self, user_id: str) -> int:
        """Delete all sessions of a user, and return their number."""
        return await self._execute(contract.DELETE_SESSIONS_BY_USER, {"user_id": user_id})

    async def delete_expired_sessions(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the sessions that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_SESSIONS, {"now": now, "limit": limit})
