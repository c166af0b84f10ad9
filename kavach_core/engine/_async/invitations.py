"""Invitations to organizations: a token that proves who reads the mailbox that was invited.

An account's e-mail address alone proves nothing, for whoever signs up writes what they like: to accept takes the token
that was sent to the address, and an account of that address. The id of an invitation is the hash of its token.
"""

from __future__ import annotations

from datetime import datetime

from kavach_core.engine._async.organizations import (
    add_async_member,
    check_async_role,
    lock_async_organization,
)
from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine.people import Invitation, Member, invitation_value, member_value
from kavach_core.engine.reading import Clock, expired
from kavach_core.engine.settings import Rules
from kavach_core.engine.tokens import INVITATION_PREFIX, hash_token, new_token
from kavach_core.errors import NotFoundError
from kavach_core.policy.sign_in import normal_email
from kavach_core.storage import AsyncStorage
from kavach_schema import records


class AsyncInvitations:
    """The invitations of a Kavach."""

    def __init__(self, storage: AsyncStorage, rules: Rules, clock: Clock) -> None:
        """Use a storage under rules."""
        self._storage = storage
        self._lifetime = rules.users.invitation_expiry
        self._clock = clock

    async def create(self, *, org_id: str, email: str, invited_by: str, role: str = "member") -> Invitation:
        """Invite an e-mail address to an organization, and return the invitation; its token is shown this once.

        The host sends the token to the address, and to nobody else. Raises `NotFoundError` and `InvalidInput`.
        """
        address = normal_email(email)
        token = new_token(INVITATION_PREFIX)
        now = self._clock()

        async def work(storage: AsyncStorage) -> Invitation:
            if await storage.find_org_by_id(org_id) is None:
                raise NotFoundError("no organization has this id")
            await check_async_role(storage, org_id, role)
            row = await storage.create_org_invitation(
                id=token.hash,
                org_id=org_id,
                email=address,
                role=role,
                invited_by=invited_by,
                expires_at=now + self._lifetime,
                created_at=now,
            )
            return invitation_value(row, now, token.token)

        return await run_async_transaction(self._storage, work)

    async def list(self, org_id: str, *, limit: int = 100, offset: int | None = None) -> list[Invitation]:
        """Return the invitations of an organization, whatever their status, oldest first, at most `limit` of them."""
        now = self._clock()
        rows = await self._storage.list_org_invitations(org_id, limit=limit, offset=offset)
        return [invitation_value(row, now) for row in rows]

    async def accept(self, token: str, *, user_id: str) -> Member:
        """Make a user a member whose e-mail address was invited; of several calls one does.

        Raises `NotFoundError` where no open invitation has this token, or it is for another address, and
        `ConflictError` for one who is a member already.
        """
        now = self._clock()

        async def work(storage: AsyncStorage) -> Member:
            user = await storage.find_user_by_id(user_id)
            row = await _open(storage, token, now)
            if user is None or user.email != row.email:
                raise _missing()
            await lock_async_organization(storage, row.org_id, now)
            await _answer(storage, row.id, "accepted")
            return member_value(await add_async_member(storage, row.org_id, user_id, row.role, now))

        return await run_async_transaction(self._storage, work)

    async def decline(self, token: str) -> None:
        """Refuse an invitation for good; raises `NotFoundError` where no open one has this token."""
        row = await _open(self._storage, token, self._clock())
        await _answer(self._storage, row.id, "declined")

    async def revoke(self, invitation_id: str, *, org_id: str) -> bool:
        """Withdraw a pending invitation of an organization; tell whether there was one."""
        row = await self._storage.find_org_invitation(invitation_id)
        if row is None or row.org_id != org_id:
            return False
        changed = await self._storage.update_org_invitation(row.id, expected_status="pending", status="revoked")
        return changed is not None


async def _open(storage: AsyncStorage, token: str, now: datetime) -> records.OrgInvitation:
    row = await storage.find_org_invitation(hash_token(token))
    if row is None or row.status != "pending" or expired(row.expires_at, now):
        raise _missing()
    return row


async def _answer(storage: AsyncStorage, invitation_id: str, status: str) -> None:
    if await storage.update_org_invitation(invitation_id, expected_status="pending", status=status) is None:
        raise _missing()


def _missing() -> NotFoundError:
    return NotFoundError("no open invitation has this token")
