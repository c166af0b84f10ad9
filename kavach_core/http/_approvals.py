"""Routes of approvals: what waits for a person, and the answer. An agent never answers."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, JsonValue

from kavach_core import Approval as ApprovalValue
from kavach_core.engine.values import ApprovalStatus
from kavach_core.http._access import Access
from kavach_core.http._errors import Refused
from kavach_core.http._models import Answer, Body, Moment, Query, Text
from kavach_core.http._routing import PEOPLE, Call, Route

MAX_PAGE: Final = 1000
DEFAULT_PAGE: Final = 100


class Approval(Answer):
    """A call that waits for a person's consent, or got an answer."""

    id: str
    agent_id: str
    user_id: str
    action: str
    resource: str
    arguments: dict[str, JsonValue] | None
    status: ApprovalStatus
    expires_at: Moment
    responded_at: Moment | None
    responded_by: str | None
    created_at: Moment


class ListApprovals(Query):
    """Which requests; the next page comes `after` the last one of this."""

    agent_id: Text | None = None
    user_id: Text | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE
    after: Text | None = None


class Respond(Body):
    """Who answers: a service names the person; of a signed-in person it is known."""

    by: Text | None = None


async def list_(call: Call) -> list[Approval]:
    """List what waits for an answer, oldest first."""
    asked = call.asked(ListApprovals)
    owner = call.access.owner(asked.user_id)
    if asked.agent_id is not None and not call.access.unlimited:
        await call.access.agent(asked.agent_id)
    last = None if asked.after is None else await call.access.approval(asked.after)
    found: list[Approval] = []
    while len(found) < asked.limit:
        page = await call.kavach.approval.list_pending(asked.agent_id, user_id=owner, limit=MAX_PAGE, after=last)
        within = await call.access.agents_within(request.agent_id for request in page)
        found += [Approval.of(request) for request in page if request.agent_id in within]
        if len(page) < MAX_PAGE:
            break
        last = page[-1]
    return found[: asked.limit]


async def get(call: Call) -> Approval:
    """Return a request."""
    return Approval.of(call.found(ApprovalValue))


async def approve(call: Call) -> Approval:
    """Consent to one call."""
    return Approval.of(await call.kavach.approval.approve(call.found(ApprovalValue).id, by=_person(call)))


async def deny(call: Call) -> Approval:
    """Refuse a call."""
    return Approval.of(await call.kavach.approval.deny(call.found(ApprovalValue).id, by=_person(call)))


def _person(call: Call) -> str:
    """Return who answers; a service is believed, for its scope says so."""
    by = call.sent(Respond).by
    if call.principal.kind == "service":
        if by is None:
            raise Refused(422, "INVALID_INPUT", "by: name the person who answers")
        return by
    person = call.principal.user_id
    if person is None or by not in (None, person):
        raise Refused(403, "FORBIDDEN", "by: a person answers for nobody else")
    return person


ROUTES: Final = (
    Route(
        "GET",
        "/approvals",
        list_,
        "List the requests that wait for an answer, oldest first",
        PEOPLE,
        "approvals:read",
        answer=list[Approval],
        query=ListApprovals,
    ),
    Route("GET", "/approvals/{id}", get, "Read a request", PEOPLE, "approvals:read", Access.approval, answer=Approval),
    Route(
        "POST",
        "/approvals/{id}/approve",
        approve,
        "Consent to one call, once, until the request expires",
        PEOPLE,
        "approvals:write",
        Access.approval,
        answer=Approval,
        body=Respond,
    ),
    Route(
        "POST",
        "/approvals/{id}/deny",
        deny,
        "Refuse such calls until the request expires",
        PEOPLE,
        "approvals:write",
        Access.approval,
        answer=Approval,
        body=Respond,
    ),
)
