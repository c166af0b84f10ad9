"""The matrix of the routes of people: who may call them, and requests for ada's things, or for bob's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from engine.people import PASSWORD
from http_api.support import Api
from kavach_core.http._routing import Route

OPEN_TO_ALL: Final = ("POST /sign-up/email", "POST /sign-in/email", "POST /sign-out")

PEOPLE_MATRIX: Final = """
POST /sign-up/email                        201 201 201 201 201 201 201 201 201 201 201 201 201 201 201
POST /sign-in/email                        200 200 200 200 200 200 200 200 200 200 200 200 200 200 200
POST /sign-out                             204 204 204 204 204 204 204 204 204 204 204 204 204 204 204
GET /session                               401 401 403 403 403 403 200 200 200 403 403 403 403 403 401
POST /change-password                      401 401 403 403 403 403 204 204 204 403 403 403 403 403 401
GET /sessions                              401 401 200 403 403 403 200 404 200 403 403 403 403 403 401
DELETE /sessions                           401 401 204 403 403 403 204 404 204 403 403 403 403 403 401
DELETE /sessions/{id}                      401 401 204 403 403 403 204 404 204 403 403 403 403 403 401
POST /api-keys                             401 401 201 403 403 403 201 404 201 403 403 403 403 403 401
GET /api-keys                              401 401 200 403 403 403 200 404 200 403 403 403 403 403 401
DELETE /api-keys/{id}                      401 401 204 403 403 403 204 404 204 403 403 403 403 403 401
GET /users/{id}                            401 401 200 403 403 403 403 403 403 403 403 403 403 403 401
POST /users/{id}/ban                       401 401 200 403 403 403 403 403 403 403 403 403 403 403 401
POST /users/{id}/unban                     401 401 200 403 403 403 403 403 403 403 403 403 403 403 401
POST /organizations                        401 401 201 403 403 403 201 404 201 201 404 403 403 403 401
GET /organizations                         401 401 200 403 403 403 200 404 200 200 404 403 403 403 401
GET /organizations/{id}                    401 401 200 403 403 403 200 404 200 200 404 403 403 403 401
PATCH /organizations/{id}                  401 401 200 403 403 403 200 404 200 200 404 403 403 403 401
DELETE /organizations/{id}                 401 401 204 403 403 403 204 404 204 204 404 403 403 403 401
POST /organizations/{id}/transfer          401 401 200 403 403 403 200 404 200 200 404 403 403 403 401
GET /organizations/{id}/members            401 401 200 403 403 403 200 404 200 200 404 403 403 403 401
PATCH /organizations/{id}/members/{userId} 401 401 200 403 403 403 200 404 200 200 404 403 403 403 401
DELETE /organizations/{id}/members/{userId} 401 401 204 403 403 403 204 404 204 204 404 403 403 403 401
POST /organizations/{id}/invitations       401 401 201 403 403 403 201 404 201 201 404 403 403 403 401
GET /organizations/{id}/invitations        401 401 200 403 403 403 200 404 200 200 404 403 403 403 401
DELETE /organizations/{id}/invitations/{invitationId} 401 401 204 403 403 403 204 404 204 204 404 403 403 403 401
POST /invitations/accept                   401 401 403 403 403 403 200 404 200 200 404 403 403 403 401
"""
"""Nothing here is of a tenant: credentials of one are refused, but for people, who have their own wherever they are."""

Request = tuple[str, dict[str, Any]]
Make = Callable[[Any, str], Awaitable[Request]]


async def person(api: Api, user_id: str) -> str:
    """Make sure that a user of this id is known, and has a password."""
    if await api.kavach.user.get(user_id) is None:
        await api.kavach.user.create(id=user_id, email=f"{user_id}@example.com")
        await api.kavach.user.set_password(user_id, password=PASSWORD)
    return user_id


async def person_of(api: Api, route: Route) -> str | None:
    """Return the token of a session of ada's, for the routes about that alone."""
    if route.path not in ("/session", "/change-password"):
        return None
    return (await api.kavach.session.create(await person(api, "ada"), method="test")).token


async def _organization(world: Any) -> Any:
    """Return an organization of the owner's, with the member carl."""
    owner = await person(world.api, world.owner)
    slug = f"org-{world.giver.id}"
    made = await world.api.kavach.organization.create(name="Acme", slug=slug, owner_id=owner)
    await world.api.kavach.organization.add_member(made.id, user_id=await person(world.api, "carl"))
    return made


def _for_everybody(**body: str) -> Make:
    async def make(world: Any, path: str) -> Request:
        await person(world.api, "ada")
        return path, {"json": {name: value.format(id=world.giver.id) for name, value in body.items()}} if body else {}

    return make


def _of_user(**body: object) -> Make:
    """Ask for what belongs to the owner: in the query, or in a body."""

    async def make(world: Any, path: str) -> Request:
        whose = {"userId": await person(world.api, world.owner)}
        return path, {"json": {**body, **whose}} if body else {"params": whose}

    return make


async def _session(world: Any, path: str) -> Request:
    made = await world.api.kavach.session.create(await person(world.api, world.owner), method="test")
    return path.format(id=made.id), {"params": {"userId": world.owner}}


async def _api_key(world: Any, path: str) -> Request:
    owner = await person(world.api, world.owner)
    made = await world.api.kavach.api_key.create(user_id=owner, name="ci", permissions=["audit:read"])
    return path.format(id=made.id), {"params": {"userId": world.owner}}


def _user(**body: object) -> Make:
    async def make(world: Any, path: str) -> Request:
        return path.format(id=await person(world.api, world.owner)), {"json": body} if body else {}

    return make


def _in_organization(**body: object) -> Make:
    async def make(world: Any, path: str) -> Request:
        org = await _organization(world)
        kavach = world.api.kavach
        made = await kavach.invitation.create(org_id=org.id, email="eve@example.com", invited_by=world.owner)
        found = path.format(id=org.id, userId="carl", invitationId=made.id)
        return found, {"json": body} if body else {}

    return make


async def _new_organization(world: Any, path: str) -> Request:
    owner = await person(world.api, world.owner)
    return path, {"json": {"name": "Acme", "slug": f"new-{world.giver.id}", "ownerId": owner}}


async def _accept(world: Any, path: str) -> Request:
    """Send an invitation for the owner's address to an organization of carl's."""
    owner = await person(world.api, world.owner)
    kavach = world.api.kavach
    org = await kavach.organization.create(
        name="Acme", slug=f"other-{world.giver.id}", owner_id=await person(world.api, "carl")
    )
    made = await kavach.invitation.create(org_id=org.id, email=f"{owner}@example.com", invited_by="carl")
    return path, {"json": {"token": made.token}}


PEOPLE_MAKERS: Final[dict[str, Make]] = {
    "POST /sign-up/email": _for_everybody(email="{id}@example.com", password=PASSWORD),
    "POST /sign-in/email": _for_everybody(email="ada@example.com", password=PASSWORD),
    "POST /sign-out": _for_everybody(),
    "GET /session": _for_everybody(),
    "POST /change-password": _for_everybody(currentPassword=PASSWORD, newPassword=PASSWORD),
    "GET /sessions": _of_user(),
    "DELETE /sessions": _of_user(),
    "DELETE /sessions/{id}": _session,
    "POST /api-keys": _of_user(name="ci", permissions=["audit:read"]),
    "GET /api-keys": _of_user(),
    "DELETE /api-keys/{id}": _api_key,
    "GET /users/{id}": _user(),
    "POST /users/{id}/ban": _user(reason="spam"),
    "POST /users/{id}/unban": _user(),
    "POST /organizations": _new_organization,
    "GET /organizations": _of_user(),
    "GET /organizations/{id}": _in_organization(),
    "PATCH /organizations/{id}": _in_organization(name="Acme Labs"),
    "DELETE /organizations/{id}": _in_organization(),
    "POST /organizations/{id}/transfer": _in_organization(ownerId="carl"),
    "GET /organizations/{id}/members": _in_organization(),
    "PATCH /organizations/{id}/members/{userId}": _in_organization(role="admin"),
    "DELETE /organizations/{id}/members/{userId}": _in_organization(),
    "POST /organizations/{id}/invitations": _in_organization(email="new@example.com"),
    "GET /organizations/{id}/invitations": _in_organization(),
    "DELETE /organizations/{id}/invitations/{invitationId}": _in_organization(),
    "POST /invitations/accept": _accept,
}
