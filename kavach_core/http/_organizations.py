"""Routes of organizations, for their members, each as far as the role goes, and for services of no tenant."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, JsonValue

from kavach_core.engine.people import InvitationStatus
from kavach_core.engine.people import Organization as OrganizationValue
from kavach_core.http._access import Access
from kavach_core.http._errors import Refused, missing
from kavach_core.http._models import Answer, Body, Moment, Query, Text
from kavach_core.http._people import MAX_PAGE, Page, person
from kavach_core.http._routing import PEOPLE, Call, Route
from kavach_core.http._sign_in import NO_STORE
from kavach_schema.model import UNSET

_MANAGERS: Final = ("owner", "admin")


class CreateOrganization(Body):
    """What a new organization is; a service names its owner."""

    name: Text
    slug: Text
    metadata: dict[str, JsonValue] | None = None
    owner_id: Text | None = None


class UpdateOrganization(Body):
    """What changes; what is left out stays."""

    name: Text = ""
    metadata: dict[str, JsonValue] | None = None


class Transfer(Body):
    """Which member owns the organization from now on."""

    owner_id: Text


class SetRole(Body):
    """The role of a member from now on."""

    role: Text


class Invite(Body):
    """Who is invited, and to which role."""

    email: Text
    role: Text = "member"


class Answered(Body):
    """The token of the invitation, as it was sent to the address."""

    token: Text = Field(repr=False)


class Paged(Query):
    """Which of them."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = MAX_PAGE
    offset: Annotated[int, Field(ge=0, le=2**31)] = 0


class Organization(Answer):
    """An organization."""

    id: str
    name: str
    slug: str
    owner_id: str
    metadata: dict[str, JsonValue] | None
    created_at: Moment
    updated_at: Moment


class Member(Answer):
    """A member."""

    org_id: str
    user_id: str
    role: str
    joined_at: Moment


class Invitation(Answer):
    """An invitation; `token` is empty but for the answer that creates it, and is to be sent to the address."""

    id: str
    org_id: str
    email: str
    role: str
    invited_by: str
    status: InvitationStatus
    token: str
    expires_at: Moment
    created_at: Moment


async def _reach(access: Access, org_id: str, roles: tuple[str, ...]) -> OrganizationValue:
    """Return an organization that the caller is in; raises `Refused` with 404, and with 403 for a lesser role."""
    if access.principal.kind == "service":
        access.everywhere()
        role: str | None = _MANAGERS[0]
    else:
        role = await access.kavach.organization.role_of(org_id, user_id=access.principal.user_id or "")
    found = None if role is None else await access.kavach.organization.get(org_id)
    if found is None:
        raise missing("organization")
    if roles and role not in roles:
        raise Refused(403, "FORBIDDEN", f"this takes the role {' or '.join(roles)} in the organization")
    return found


async def seen(access: Access, org_id: str) -> OrganizationValue:
    """Return an organization of the caller's."""
    return await _reach(access, org_id, ())


async def managed(access: Access, org_id: str) -> OrganizationValue:
    """Return an organization that the caller manages."""
    return await _reach(access, org_id, _MANAGERS)


async def owned(access: Access, org_id: str) -> OrganizationValue:
    """Return an organization that the caller owns."""
    return await _reach(access, org_id, _MANAGERS[:1])


async def create(call: Call) -> Organization:
    """Create an organization."""
    wanted = call.sent(CreateOrganization)
    owner = person(call, wanted.owner_id)
    made = await call.kavach.organization.create(
        name=wanted.name, slug=wanted.slug, owner_id=owner, metadata=wanted.metadata
    )
    return Organization.of(made)


async def list_(call: Call) -> list[Organization]:
    """List organizations."""
    asked = call.asked(Page)
    user_id = person(call, asked.user_id)
    found = await call.kavach.organization.list_by_user(user_id, limit=asked.limit, offset=asked.offset)
    return [Organization.of(each) for each in found]


async def get(call: Call) -> Organization:
    """Return an organization."""
    return Organization.of(call.found(OrganizationValue))


async def update(call: Call) -> Organization:
    """Change what was sent."""
    changes = call.sent(UpdateOrganization)
    given = changes.model_fields_set
    changed = await call.kavach.organization.update(
        call.found(OrganizationValue).id,
        name=changes.name if "name" in given else UNSET,
        metadata=changes.metadata if "metadata" in given else UNSET,
    )
    return Organization.of(changed)


async def delete(call: Call) -> None:
    """Delete an organization."""
    await call.kavach.organization.delete(call.found(OrganizationValue).id)


async def transfer(call: Call) -> Organization:
    """Give an organization to another member."""
    org = call.found(OrganizationValue)
    return Organization.of(await call.kavach.organization.transfer(org.id, to=call.sent(Transfer).owner_id))


async def list_members(call: Call) -> list[Member]:
    """List members."""
    asked = call.asked(Paged)
    org = call.found(OrganizationValue)
    found = await call.kavach.organization.list_members(org.id, limit=asked.limit, offset=asked.offset)
    return [Member.of(each) for each in found]


async def set_role(call: Call) -> Member:
    """Give a member another role."""
    org = await managed(call.access, call.path["id"])
    changed = await call.kavach.organization.set_role(org.id, user_id=call.path["userId"], role=call.sent(SetRole).role)
    return Member.of(changed)


async def remove_member(call: Call) -> None:
    """Remove a member; any member may leave."""
    user_id = call.path["userId"]
    leaves = call.principal.kind != "service" and user_id == call.principal.user_id
    org = await (seen if leaves else managed)(call.access, call.path["id"])
    if not await call.kavach.organization.remove_member(org.id, user_id=user_id):
        raise missing("member")


async def invite(call: Call) -> Invitation:
    """Invite an address."""
    wanted = call.sent(Invite)
    made = await call.kavach.invitation.create(
        org_id=call.found(OrganizationValue).id,
        email=wanted.email,
        role=wanted.role,
        invited_by=call.principal.user_id or call.principal.id,
    )
    call.headers.update(NO_STORE)
    return Invitation.of(made)


async def list_invitations(call: Call) -> list[Invitation]:
    """List invitations."""
    asked = call.asked(Paged)
    org = call.found(OrganizationValue)
    found = await call.kavach.invitation.list(org.id, limit=asked.limit, offset=asked.offset)
    return [Invitation.of(each) for each in found]


async def revoke_invitation(call: Call) -> None:
    """Withdraw an invitation."""
    org = await managed(call.access, call.path["id"])
    if not await call.kavach.invitation.revoke(call.path["invitationId"], org_id=org.id):
        raise missing("invitation")


async def accept(call: Call) -> Member:
    """Accept an invitation in the name of the caller."""
    user_id = call.principal.user_id
    if call.principal.kind == "service" or user_id is None:
        raise Refused(403, "FORBIDDEN", "a person accepts an invitation for themselves")
    return Member.of(await call.kavach.invitation.accept(call.sent(Answered).token, user_id=user_id))


_READ: Final = "organizations:read"
_WRITE: Final = "organizations:write"

ROUTES: Final = (
    Route(
        "POST",
        "/organizations",
        create,
        "Create an organization, owned by the caller",
        PEOPLE,
        _WRITE,
        answer=Organization,
        status=201,
        body=CreateOrganization,
    ),
    Route(
        "GET",
        "/organizations",
        list_,
        "List the organizations of a person",
        PEOPLE,
        _READ,
        answer=list[Organization],
        query=Page,
    ),
    Route("GET", "/organizations/{id}", get, "Read an organization", PEOPLE, _READ, seen, answer=Organization),
    Route(
        "PATCH",
        "/organizations/{id}",
        update,
        "Change an organization",
        PEOPLE,
        _WRITE,
        managed,
        answer=Organization,
        body=UpdateOrganization,
    ),
    Route(
        "DELETE",
        "/organizations/{id}",
        delete,
        "Delete an organization with all that belongs to it",
        PEOPLE,
        _WRITE,
        owned,
        status=204,
    ),
    Route(
        "POST",
        "/organizations/{id}/transfer",
        transfer,
        "Give an organization to another member",
        PEOPLE,
        _WRITE,
        owned,
        answer=Organization,
        body=Transfer,
    ),
    Route(
        "GET",
        "/organizations/{id}/members",
        list_members,
        "List members in the order of joining",
        PEOPLE,
        _READ,
        seen,
        answer=list[Member],
        query=Paged,
    ),
    Route(
        "PATCH",
        "/organizations/{id}/members/{userId}",
        set_role,
        "Give a member another role",
        PEOPLE,
        _WRITE,
        answer=Member,
        body=SetRole,
    ),
    Route(
        "DELETE",
        "/organizations/{id}/members/{userId}",
        remove_member,
        "Remove a member, or leave",
        PEOPLE,
        _WRITE,
        status=204,
    ),
    Route(
        "POST",
        "/organizations/{id}/invitations",
        invite,
        "Invite an e-mail address; the token is shown this once, and is to be sent there",
        PEOPLE,
        _WRITE,
        managed,
        answer=Invitation,
        status=201,
        body=Invite,
    ),
    Route(
        "GET",
        "/organizations/{id}/invitations",
        list_invitations,
        "List invitations, oldest first",
        PEOPLE,
        _READ,
        managed,
        answer=list[Invitation],
        query=Paged,
    ),
    Route(
        "DELETE",
        "/organizations/{id}/invitations/{invitationId}",
        revoke_invitation,
        "Withdraw an invitation",
        PEOPLE,
        _WRITE,
        status=204,
    ),
    Route(
        "POST",
        "/invitations/accept",
        accept,
        "Become a member: for the account of the address that was invited",
        PEOPLE,
        _WRITE,
        answer=Member,
        body=Answered,
    ),
)
