"""Routes of sessions, API keys and bans: of the person who calls, or of anybody for a service."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from kavach_core.engine.people import User as UserValue
from kavach_core.http._access import Access
from kavach_core.http._errors import Refused, missing
from kavach_core.http._models import Answer, Body, Moment, Query, Text
from kavach_core.http._principals import Kind
from kavach_core.http._routing import SERVICES, Call, Route
from kavach_core.http._sign_in import NO_STORE, Session, User
from kavach_core.policy.scopes import Scope, read_scopes

MAX_PAGE: Final = 1000

NOT_KEYS: Final[frozenset[Kind]] = frozenset({"service", "user"})
"""Who may touch credentials: an API key makes no others."""


class OfUser(Query):
    """Whose; a person need not say."""

    user_id: Text | None = None


class Page(OfUser):
    """Whose, and which of them."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = MAX_PAGE
    offset: Annotated[int, Field(ge=0, le=2**31)] = 0


class CreateApiKey(Body):
    """What a key is called, what it may do, and for a service, whose it is."""

    name: Text
    permissions: Annotated[list[Scope], Field(min_length=1)]
    expires_at: Moment | None = None
    user_id: Text | None = None


class ApiKey(Answer):
    """An API key; `key` is empty but for the answer that creates it."""

    id: str
    user_id: str
    name: str
    key: str
    key_prefix: str
    permissions: list[str]
    expires_at: Moment | None
    last_used_at: Moment | None
    created_at: Moment


class Ban(Body):
    """Why, and until when; without a moment it is for good."""

    reason: Text | None = None
    expires_at: Moment | None = None


class KnownUser(User):
    """A person as a service sees them."""

    banned: bool
    ban_reason: str | None
    ban_expires_at: Moment | None


def person(call: Call, user_id: str | None) -> str:
    """Return whose things a call is about; raises `Refused` with 404, 403 and 422."""
    if call.principal.kind == "service":
        call.access.everywhere()
    found = call.access.owner(user_id)
    if found is None:
        raise Refused(422, "INVALID_INPUT", "userId: a service names the user")
    return found


async def user(access: Access, user_id: str) -> UserValue:
    """Return a user; raises `Refused` with 404."""
    access.everywhere()
    found = await access.kavach.user.get(user_id)
    if found is None:
        raise missing("user")
    return found


async def list_sessions(call: Call) -> list[Session]:
    """List sessions."""
    found = await call.kavach.session.list(person(call, call.asked(OfUser).user_id))
    return [Session.of(each) for each in found]


async def revoke_session(call: Call) -> None:
    """End a session."""
    owner = person(call, call.asked(OfUser).user_id)
    if not await call.kavach.session.revoke(call.path["id"], user_id=owner):
        raise missing("session")


async def revoke_sessions(call: Call) -> None:
    """End all sessions but the one of the request."""
    owner = person(call, call.asked(OfUser).user_id)
    await call.kavach.session.revoke_all(owner, keep=call.principal.id)


async def create_api_key(call: Call) -> ApiKey:
    """Create a key."""
    wanted = call.sent(CreateApiKey)
    made = await call.kavach.api_key.create(
        user_id=person(call, wanted.user_id),
        name=wanted.name,
        permissions=read_scopes(wanted.permissions),
        expires_at=wanted.expires_at,
    )
    call.headers.update(NO_STORE)
    return ApiKey.of(made)


async def list_api_keys(call: Call) -> list[ApiKey]:
    """List keys."""
    asked = call.asked(Page)
    owner = person(call, asked.user_id)
    found = await call.kavach.api_key.list(owner, limit=asked.limit, offset=asked.offset)
    return [ApiKey.of(each) for each in found]


async def revoke_api_key(call: Call) -> None:
    """Revoke a key."""
    owner = person(call, call.asked(OfUser).user_id)
    if not await call.kavach.api_key.revoke(call.path["id"], user_id=owner):
        raise missing("API key")


async def get_user(call: Call) -> KnownUser:
    """Return a user."""
    return KnownUser.of(call.found(UserValue))


async def ban(call: Call) -> KnownUser:
    """Ban a user."""
    why = call.sent(Ban)
    found = call.found(UserValue)
    return KnownUser.of(await call.kavach.user.ban(found.id, reason=why.reason, expires_at=why.expires_at))


async def unban(call: Call) -> KnownUser:
    """Lift a ban."""
    return KnownUser.of(await call.kavach.user.unban(call.found(UserValue).id))


ROUTES: Final = (
    Route(
        "GET",
        "/sessions",
        list_sessions,
        "List sessions that have not ended, oldest first",
        NOT_KEYS,
        "users:read",
        answer=list[Session],
        query=OfUser,
    ),
    Route(
        "DELETE",
        "/sessions",
        revoke_sessions,
        "End all sessions but the one of the request",
        NOT_KEYS,
        "users:write",
        status=204,
        query=OfUser,
    ),
    Route(
        "DELETE",
        "/sessions/{id}",
        revoke_session,
        "End a session at once",
        NOT_KEYS,
        "users:write",
        status=204,
        query=OfUser,
    ),
    Route(
        "POST",
        "/api-keys",
        create_api_key,
        "Create an API key, which is shown this once and may do what its permissions name",
        NOT_KEYS,
        "users:write",
        answer=ApiKey,
        status=201,
        body=CreateApiKey,
    ),
    Route(
        "GET",
        "/api-keys",
        list_api_keys,
        "List API keys, oldest first",
        NOT_KEYS,
        "users:read",
        answer=list[ApiKey],
        query=Page,
    ),
    Route(
        "DELETE",
        "/api-keys/{id}",
        revoke_api_key,
        "Revoke an API key for good",
        NOT_KEYS,
        "users:write",
        status=204,
        query=OfUser,
    ),
    Route("GET", "/users/{id}", get_user, "Read a user", SERVICES, "users:read", user, answer=KnownUser),
    Route(
        "POST",
        "/users/{id}/ban",
        ban,
        "Ban a user: out at once, and not in again until it is over",
        SERVICES,
        "users:write",
        user,
        answer=KnownUser,
        body=Ban,
    ),
    Route("POST", "/users/{id}/unban", unban, "Lift a ban", SERVICES, "users:write", user, answer=KnownUser),
)
