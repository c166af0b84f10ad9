"""People as the engine shows them: users, sessions, API keys, organizations; and stored rows as these values."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kavach_core.engine.reading import expired
from kavach_schema import records

InvitationStatus = Literal["pending", "accepted", "declined", "revoked", "expired"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class User(_Value):
    """A person; `banned` tells whether a ban is in force now."""

    id: str
    email: str
    name: str | None
    banned: bool
    ban_reason: str | None
    ban_expires_at: datetime | None
    metadata: dict[str, JsonValue] | None
    created_at: datetime
    updated_at: datetime


class Session(_Value):
    """A signed-in session. `token` is set where it was made, and empty otherwise: only its hash is stored."""

    id: str
    user_id: str
    token: str = Field("", repr=False)
    expires_at: datetime
    ip: str | None
    user_agent: str | None
    created_at: datetime


class SignedIn(_Value):
    """A person who signed up or in, and the session, with its token."""

    user: User
    session: Session


class ApiKey(_Value):
    """A key of a person's program. `key` is set by `create` alone and is empty otherwise: only its hash is stored."""

    id: str
    user_id: str
    name: str
    key: str = Field("", repr=False)
    key_prefix: str
    permissions: list[str]
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


class Organization(_Value):
    """A group of people; `owner_id` is the user who cannot leave it, and may delete it."""

    id: str
    name: str
    slug: str
    owner_id: str
    metadata: dict[str, JsonValue] | None
    created_at: datetime
    updated_at: datetime


class Member(_Value):
    """A person in an organization, with the role there."""

    org_id: str
    user_id: str
    role: str
    joined_at: datetime


class OrganizationRole(_Value):
    """A role that an organization defined; what its permissions mean is the host's to say."""

    id: str
    org_id: str
    name: str
    permissions: list[str]


class Invitation(_Value):
    """An invitation to an organization. `token` is set by `invite` alone: whoever got it by e-mail can accept."""

    id: str
    org_id: str
    email: str
    role: str
    invited_by: str
    status: InvitationStatus
    token: str = Field("", repr=False)
    expires_at: datetime
    created_at: datetime


def ban_in_force(row: records.User, now: datetime) -> bool:
    """Tell whether a user is banned, for good or until later."""
    return row.banned and not expired(row.ban_expires_at, now)


def user_value(row: records.User, now: datetime) -> User:
    """Return a stored user."""
    banned = ban_in_force(row, now)
    return User(
        id=row.id,
        email=row.email,
        name=row.name,
        banned=banned,
        ban_reason=row.ban_reason if banned else None,
        ban_expires_at=row.ban_expires_at if banned else None,
        metadata=row.metadata,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def session_value(row: records.Session, token: str = "") -> Session:
    """Return a stored session."""
    origin = row.metadata or {}
    ip, user_agent = origin.get("ip"), origin.get("userAgent")
    return Session(
        id=row.id,
        user_id=row.user_id,
        token=token,
        expires_at=row.expires_at,
        ip=ip if isinstance(ip, str) else None,
        user_agent=user_agent if isinstance(user_agent, str) else None,
        created_at=row.created_at,
    )


def api_key_value(row: records.ApiKey, key: str = "") -> ApiKey:
    """Return a stored API key."""
    return ApiKey(key=key, **row.model_dump(exclude={"key_hash"}))


def organization_value(row: records.Organization) -> Organization:
    """Return a stored organization."""
    return Organization.model_validate(row.model_dump())


def member_value(row: records.OrgMember) -> Member:
    """Return a stored membership."""
    return Member(org_id=row.org_id, user_id=row.user_id, role=row.role, joined_at=row.joined_at)


def role_value(row: records.OrgRole) -> OrganizationRole:
    """Return a stored role."""
    return OrganizationRole(id=row.id, org_id=row.org_id, name=row.name, permissions=row.permissions)


def invitation_value(row: records.OrgInvitation, now: datetime, token: str = "") -> Invitation:
    """Return a stored invitation; a pending one whose time has come is expired."""
    status = "expired" if row.status == "pending" and expired(row.expires_at, now) else row.status
    return Invitation.model_validate({**row.model_dump(), "status": status, "token": token})
