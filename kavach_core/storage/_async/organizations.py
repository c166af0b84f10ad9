"""Methods on organisations, their members, invitations, roles and identity providers."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from kavach_core.storage import contract
from kavach_core.storage._async.backend import AsyncMethods
from kavach_schema.inputs import (
    OrganizationChanges,
    OrganizationInput,
    OrgInvitationChanges,
    OrgInvitationInput,
    OrgMemberChanges,
    OrgMemberInput,
    OrgRoleChanges,
    OrgRoleInput,
    SsoConnectionChanges,
    SsoConnectionInput,
)
from kavach_schema.records import Organization, OrgInvitation, OrgMember, OrgRole, SsoConnection


class AsyncOrganizationMethods(AsyncMethods):
    """Organisations, their members, invitations, roles and identity providers."""

    async def find_org_by_id(self, org_id: str) -> Organization | None:
        """Return the organisation with this id, or None where there is none."""
        return await self._execute(contract.FIND_ORG_BY_ID, {"id": org_id})

    async def find_org_by_slug(self, slug: str) -> Organization | None:
        """Return the organisation with exactly this slug, or None where there is none."""
        return await self._execute(contract.FIND_ORG_BY_SLUG, {"slug": slug})

    async def list_orgs_by_owner(
        self, owner_id: str, *, limit: int = 100, offset: int | None = None, after: Organization | None = None
    ) -> list[Organization]:
        """Return an owner's organisations by creation, oldest first; `after` is the last one of the page before."""
        values: dict[str, object] = {"owner_id": owner_id, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_ORGS_BY_OWNER, values)

    async def create_org(self, **values: Unpack[OrganizationInput]) -> Organization:
        """Write a new organisation and return it; raises `ConflictError` where the id or the slug is taken."""
        return await self._execute(contract.CREATE_ORG, values)

    async def update_org(self, org_id: str, **changes: Unpack[OrganizationChanges]) -> Organization | None:
        """Change the named fields and return the organisation, or None where there is none."""
        return await self._execute(contract.UPDATE_ORG, {"id": org_id, **changes})

    async def delete_org(self, org_id: str) -> bool:
        """Delete an organisation and all rows that belong to it, in one transaction; tell whether there was one."""
        return await self._delete_owner(contract.DELETE_ORG, contract.DELETE_ROWS_OF_ORG, org_id)

    async def find_org_member(self, org_id: str, *, user_id: str) -> OrgMember | None:
        """Return the membership of a user in an organisation, or None where there is none."""
        return await self._execute(contract.FIND_ORG_MEMBER, {"org_id": org_id, "user_id": user_id})

    async def list_org_members(
        self, org_id: str, *, limit: int = 100, offset: int | None = None, after: OrgMember | None = None
    ) -> list[OrgMember]:
        """Return an organisation's members by joining, oldest first; `after` is the last one of the page before."""
        values: dict[str, object] = {"org_id": org_id, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_ORG_MEMBERS, values)

    async def list_org_memberships_by_user(
        self, user_id: str, *, limit: int = 100, offset: int | None = None, after: OrgMember | None = None
    ) -> list[OrgMember]:
        """Return a user's memberships by joining, oldest first; `after` is the last one of the page before."""
        values: dict[str, object] = {"user_id": user_id, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_ORG_MEMBERSHIPS_BY_USER, values)

    async def create_org_member(self, **values: Unpack[OrgMemberInput]) -> OrgMember:
        """Write a new membership and return it.

        Raises `ConflictError` where the id, or the pair of organisation and user, is taken.
        """
        return await self._execute(contract.CREATE_ORG_MEMBER, values)

    async def update_org_member(self, member_id: str, **changes: Unpack[OrgMemberChanges]) -> OrgMember | None:
        """Change the named fields and return the membership, or None where there is none."""
        return await self._execute(contract.UPDATE_ORG_MEMBER, {"id": member_id, **changes})

    async def delete_org_member(self, org_id: str, *, user_id: str) -> bool:
        """Delete the membership of a user in an organisation and tell whether there was one."""
        return await self._execute(contract.DELETE_ORG_MEMBER, {"org_id": org_id, "user_id": user_id}) > 0

    async def find_org_invitation(self, invitation_id: str) -> OrgInvitation | None:
        """Return the invitation with this id, whatever its status, or None where there is none."""
        return await self._execute(contract.FIND_ORG_INVITATION, {"id": invitation_id})

    async def list_org_invitations(
        self,
        org_id: str,
        *,
        status: str | None = None,
        limit: int = 100,
        offset: int | None = None,
        after: OrgInvitation | None = None,
    ) -> list[OrgInvitation]:
        """Return an organisation's invitations by creation, oldest first.

        `after` is the last one of the page before.
        """
        values: dict[str, object] = {
            "org_id": org_id,
            "status": status,
            "limit": limit,
            "offset": offset,
            "after": after,
        }
        return await self._execute(contract.LIST_ORG_INVITATIONS, values)

    async def list_org_invitations_by_email(
        self,
        email: str,
        *,
        status: str | None = None,
        limit: int = 100,
        offset: int | None = None,
        after: OrgInvitation | None = None,
    ) -> list[OrgInvitation]:
        """Return the invitations of exactly this e-mail address by creation, oldest first.

        `after` is the last one of the page before.
        """
        values: dict[str, object] = {"email": email, "status": status, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_ORG_INVITATIONS_BY_EMAIL, values)

    async def create_org_invitation(self, **values: Unpack[OrgInvitationInput]) -> OrgInvitation:
        """Write a new invitation and return it; raises `ConflictError` where the id is taken."""
        return await self._execute(contract.CREATE_ORG_INVITATION, values)

    async def update_org_invitation(
        self, invitation_id: str, *, expected_status: str | None = None, **changes: Unpack[OrgInvitationChanges]
    ) -> OrgInvitation | None:
        """Change the named fields and return the invitation, or None where there is none.

        With `expected_status`, only while the stored value is still that: of several answers exactly one wins.
        """
        values: dict[str, object] = {"id": invitation_id, **changes, "expected_status": expected_status}
        return await self._execute(contract.UPDATE_ORG_INVITATION, values)

    async def delete_expired_org_invitations(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the invitations that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_ORG_INVITATIONS, {"now": now, "limit": limit})

    async def find_org_role(self, org_id: str, *, name: str) -> OrgRole | None:
        """Return the role of this name in an organisation, or None where there is none."""
        return await self._execute(contract.FIND_ORG_ROLE, {"org_id": org_id, "name": name})

    async def list_org_roles(self, org_id: str) -> list[OrgRole]:
        """Return all roles of an organisation by name."""
        return await self._execute(contract.LIST_ORG_ROLES, {"org_id": org_id})

    async def create_org_role(self, **values: Unpack[OrgRoleInput]) -> OrgRole:
        """Write a new role and return it.

        Raises `ConflictError` where the id, or the name in this organisation, is taken.
        """
        return await self._execute(contract.CREATE_ORG_ROLE, values)

    async def update_org_role(self, role_id: str, **changes: Unpack[OrgRoleChanges]) -> OrgRole | None:
        """Change the named fields and return the role, or None where there is none."""
        return await self._execute(contract.UPDATE_ORG_ROLE, {"id": role_id, **changes})

    async def delete_org_role(self, role_id: str) -> bool:
        """Delete the role and tell whether there was one."""
        return await self._execute(contract.DELETE_ORG_ROLE, {"id": role_id}) > 0

    async def find_sso_connection(self, connection_id: str) -> SsoConnection | None:
        """Return the connection with this id, or None where there is none."""
        return await self._execute(contract.FIND_SSO_CONNECTION, {"id": connection_id})

    async def find_sso_connection_by_domain(self, domain: str) -> SsoConnection | None:
        """Return the connection for exactly this domain, enabled or not, or None where there is none."""
        return await self._execute(contract.FIND_SSO_CONNECTION_BY_DOMAIN, {"domain": domain})

    async def list_sso_connections(
        self, org_id: str, *, limit: int = 100, offset: int | None = None, after: SsoConnection | None = None
    ) -> list[SsoConnection]:
        """Return an organisation's connections by creation, oldest first.

        `after` is the last one of the page before.
        """
        values: dict[str, object] = {"org_id": org_id, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_SSO_CONNECTIONS, values)

    async def create_sso_connection(self, **values: Unpack[SsoConnectionInput]) -> SsoConnection:
        """Write a new connection and return it; raises `ConflictError` where the id or the domain is taken."""
        return await self._execute(contract.CREATE_SSO_CONNECTION, values)

    async def update_sso_connection(
        self, connection_id: str, **changes: Unpack[SsoConnectionChanges]
    ) -> SsoConnection | None:
        """Change the named fields and return the connection, or None where there is none."""
        return await self._execute(contract.UPDATE_SSO_CONNECTION, {"id": connection_id, **changes})

    async def delete_sso_connection(self, connection_id: str) -> bool:
        """Delete the connection and tell whether there was one."""
        return await self._execute(contract.DELETE_SSO_CONNECTION, {"id": connection_id}) > 0
