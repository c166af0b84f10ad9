"""Organizations: groups of people with roles, joined by invitation.

An organization has one owner, who is a member of it with the role "owner" as long as it exists, until ownership is
transferred. Whoever changes members locks the organization's row first, so that changes follow one another. Who may
call what is for the host to decide, by `role_of`; the HTTP API does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from pydantic import JsonValue
from uuid_utils import uuid7

from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine.people import (
    Member,
    Organization,
    OrganizationRole,
    member_value,
    organization_value,
    role_value,
)
from kavach_core.engine.reading import Clock, check, plain
from kavach_core.errors import ConflictError, InvalidInput, NotFoundError
from kavach_core.storage import AsyncStorage
from kavach_schema import records
from kavach_schema.inputs import OrganizationChanges
from kavach_schema.model import UNSET, Unset
from kavach_schema.tables.identity import ORG_ROLES, ORGANIZATIONS

OWNER: Final = "owner"
ADMIN: Final = "admin"
BUILT_IN: Final = (OWNER, ADMIN, "member")

_PAGE: Final = 1000

_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class AsyncOrganizations:
    """The organizations of a Kavach."""

    def __init__(self, storage: AsyncStorage, clock: Clock) -> None:
        """Use a storage."""
        self._storage = storage
        self._clock = clock

    async def create(
        self, *, name: str, slug: str, owner_id: str, metadata: Mapping[str, JsonValue] | None = None
    ) -> Organization:
        """Create an organization whose owner is a user and its first member, and return it.

        `slug` is lower-case letters, digits and single hyphens. Raises `ConflictError` where it is taken,
        `NotFoundError` where there is no such user, and `InvalidInput`.
        """
        if not name:
            raise InvalidInput("name must not be empty")
        if not isinstance(slug, str) or len(slug) > 63 or not _SLUG.fullmatch(slug):
            raise InvalidInput("slug: write up to 63 lower-case letters, digits and single hyphens, such as acme-labs")
        described = plain(metadata, "metadata")
        check(ORGANIZATIONS, name=name, metadata=described)
        now = self._clock()

        async def work(storage: AsyncStorage) -> Organization:
            await _user(storage, owner_id)
            row = await storage.create_org(
                id=str(uuid7()),
                name=name,
                slug=slug,
                owner_id=owner_id,
                metadata=described,
                created_at=now,
                updated_at=now,
            )
            await add_async_member(storage, row.id, owner_id, OWNER, now)
            return organization_value(row)

        return await run_async_transaction(self._storage, work)

    async def get(self, org_id: str) -> Organization | None:
        """Return the organization with this id, or None."""
        row = await self._storage.find_org_by_id(org_id)
        return None if row is None else organization_value(row)

    async def get_by_slug(self, slug: str) -> Organization | None:
        """Return the organization with exactly this slug, or None."""
        row = await self._storage.find_org_by_slug(slug)
        return None if row is None else organization_value(row)

    async def list_by_user(self, user_id: str, *, limit: int = 100, offset: int | None = None) -> list[Organization]:
        """Return the organizations that a user is a member of, in the order of joining, at most `limit` of them."""
        memberships = await self._storage.list_org_memberships_by_user(user_id, limit=limit, offset=offset)
        found = [await self._storage.find_org_by_id(membership.org_id) for membership in memberships]
        return [organization_value(row) for row in found if row is not None]

    async def update(
        self,
        org_id: str,
        *,
        name: str | Unset = UNSET,
        metadata: Mapping[str, JsonValue] | Unset | None = UNSET,
    ) -> Organization:
        """Change what is given, and return the organization; raises `NotFoundError` and `InvalidInput`."""
        changes: OrganizationChanges = {"updated_at": self._clock()}
        if name is not UNSET:
            if not name:
                raise InvalidInput("name must not be empty")
            changes["name"] = name
        if metadata is not UNSET:
            changes["metadata"] = plain(metadata, "metadata")
        row = await self._storage.update_org(org_id, **changes)
        if row is None:
            raise _missing()
        return organization_value(row)

    async def delete(self, org_id: str) -> bool:
        """Delete an organization with its members, roles and invitations; tell whether there was one."""
        return await self._storage.delete_org(org_id)

    async def transfer(self, org_id: str, *, to: str) -> Organization:
        """Make another member the owner; the one of before stays, as "admin". Raises `NotFoundError`."""

        async def work(storage: AsyncStorage) -> Organization:
            row = await lock_async_organization(storage, org_id, self._clock())
            if row.owner_id != to:
                await _change_role(storage, org_id, to, OWNER)
                await _change_role(storage, org_id, row.owner_id, ADMIN)
            changed = await storage.update_org(org_id, owner_id=to)
            return organization_value(changed or row)

        return await run_async_transaction(self._storage, work)

    async def list_members(self, org_id: str, *, limit: int = 100, offset: int | None = None) -> list[Member]:
        """Return the members of an organization in the order of joining, at most `limit` of them."""
        rows = await self._storage.list_org_members(org_id, limit=limit, offset=offset)
        return [member_value(row) for row in rows]

    async def role_of(self, org_id: str, *, user_id: str) -> str | None:
        """Return the role of a user in an organization, None for one who is no member."""
        row = await self._storage.find_org_member(org_id, user_id=user_id)
        return None if row is None else row.role

    async def add_member(self, org_id: str, *, user_id: str, role: str = "member") -> Member:
        """Make a user a member without an invitation; raises `NotFoundError`, `ConflictError` and `InvalidInput`."""
        now = self._clock()

        async def work(storage: AsyncStorage) -> Member:
            await lock_async_organization(storage, org_id, now)
            await _user(storage, user_id)
            await check_async_role(storage, org_id, role)
            return member_value(await add_async_member(storage, org_id, user_id, role, now))

        return await run_async_transaction(self._storage, work)

    async def set_role(self, org_id: str, *, user_id: str, role: str) -> Member:
        """Give a member another role, and return the member; the owner's is changed by `transfer` alone.

        With a role other than "admin" the member's open invitations are revoked. Raises `NotFoundError` and
        `InvalidInput`.
        """

        async def work(storage: AsyncStorage) -> Member:
            _refuse_owner(await lock_async_organization(storage, org_id, self._clock()), user_id)
            await check_async_role(storage, org_id, role)
            if role != ADMIN:
                await _revoke_invitations(storage, org_id, user_id)
            return member_value(await _change_role(storage, org_id, user_id, role))

        return await run_async_transaction(self._storage, work)

    async def remove_member(self, org_id: str, *, user_id: str) -> bool:
        """Remove a member, who is not the owner, and revoke the open invitations that the member made.

        Tells whether there was one. Raises `InvalidInput` for the owner.
        """

        async def work(storage: AsyncStorage) -> bool:
            _refuse_owner(await lock_async_organization(storage, org_id, self._clock()), user_id)
            await _revoke_invitations(storage, org_id, user_id)
            return await storage.delete_org_member(org_id, user_id=user_id)

        return await run_async_transaction(self._storage, work)

    async def create_role(self, org_id: str, *, name: str, permissions: Iterable[str] = ()) -> OrganizationRole:
        """Define a role; raises `NotFoundError`, `ConflictError` where the name is taken, and `InvalidInput`."""
        if not name:
            raise InvalidInput("name must not be empty")
        if isinstance(permissions, str):
            raise InvalidInput("permissions: expected a list of names, got str")
        allowed = list(permissions)
        check(ORG_ROLES, name=name, permissions=allowed)
        if name in BUILT_IN:
            raise ConflictError(ORG_ROLES.name, ("org_id", "name"))

        async def work(storage: AsyncStorage) -> OrganizationRole:
            await lock_async_organization(storage, org_id, self._clock())
            row = await storage.create_org_role(id=str(uuid7()), org_id=org_id, name=name, permissions=allowed)
            return role_value(row)

        return await run_async_transaction(self._storage, work)

    async def list_roles(self, org_id: str) -> list[OrganizationRole]:
        """Return the roles that an organization defined, by name; "owner", "admin" and "member" exist besides."""
        return [role_value(row) for row in await self._storage.list_org_roles(org_id)]

    async def delete_role(self, org_id: str, *, name: str) -> bool:
        """Delete a role, and tell whether there was one; members who have it keep its name, which means nothing now."""
        row = await self._storage.find_org_role(org_id, name=name)
        return row is not None and await self._storage.delete_org_role(row.id)


async def add_async_member(
    storage: AsyncStorage, org_id: str, user_id: str, role: str, now: datetime
) -> records.OrgMember:
    """Write a membership; raises `ConflictError` for one who is a member already."""
    return await storage.create_org_member(id=str(uuid7()), org_id=org_id, user_id=user_id, role=role, joined_at=now)


async def check_async_role(storage: AsyncStorage, org_id: str, role: str) -> None:
    """Refuse a role that a member cannot be given; raises `InvalidInput`."""
    if role == OWNER:
        raise InvalidInput("role: an organization has one owner; transfer it instead")
    if role not in BUILT_IN and await storage.find_org_role(org_id, name=role) is None:
        raise InvalidInput('role: unknown here; use "admin", "member" or a role that the organization defined')


async def lock_async_organization(storage: AsyncStorage, org_id: str, now: datetime) -> records.Organization:
    """Keep others from changing the members until this transaction ends; raises `NotFoundError`."""
    row = await storage.update_org(org_id, updated_at=now)
    if row is None:
        raise _missing()
    return row


async def _revoke_invitations(storage: AsyncStorage, org_id: str, user_id: str) -> None:
    """Revoke what a member may have kept to come back by: whoever invites has seen the token."""
    last = None
    while page := await storage.list_org_invitations(org_id, status="pending", limit=_PAGE, after=last):
        last = page[-1]
        for row in page:
            if row.invited_by == user_id:
                await storage.update_org_invitation(row.id, expected_status="pending", status="revoked")


async def _change_role(storage: AsyncStorage, org_id: str, user_id: str, role: str) -> records.OrgMember:
    member = await storage.find_org_member(org_id, user_id=user_id)
    changed = None if member is None else await storage.update_org_member(member.id, role=role)
    if changed is None:
        raise NotFoundError("the organization has no such member")
    return changed


async def _user(storage: AsyncStorage, user_id: str) -> None:
    if await storage.find_user_by_id(user_id) is None:
        raise NotFoundError("no user has this id")


def _refuse_owner(row: records.Organization, user_id: str) -> None:
    if row.owner_id == user_id:
        raise InvalidInput("the owner cannot be removed or get another role; transfer the organization first")


def _missing() -> NotFoundError:
    return NotFoundError("no organization has this id")
