"""Routes of agents: create, list, read, change, rotate, revoke."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final
from urllib.parse import urlencode

from pydantic import Field, JsonValue

from kavach_core import Agent as AgentValue
from kavach_core.engine.values import AgentStatus, AgentType
from kavach_core.http._access import Access
from kavach_core.http._models import Answer, Body, Moment, Permission, Query, Text
from kavach_core.http._routing import ANYONE_KNOWN, PEOPLE, Call, Route
from kavach_schema.filters import AgentFilter
from kavach_schema.model import UNSET

MAX_PAGE: Final = 1000


class Agent(Answer):
    """An agent; `token` is empty but for the answers that create and rotate it."""

    id: str
    owner_id: str
    tenant_id: str | None
    name: str
    type: str
    status: AgentStatus
    token: str
    token_prefix: str
    permissions: list[Permission]
    metadata: dict[str, JsonValue] | None
    expires_at: Moment | None
    created_at: Moment
    updated_at: Moment


class CreateAgent(Body):
    """What a new agent is."""

    owner_id: Text
    name: Text
    type: AgentType
    permissions: list[Permission]
    expires_at: Moment | None = None
    metadata: dict[str, JsonValue] | None = None
    tenant_id: Text | None = None


class UpdateAgent(Body):
    """What changes; what is left out stays."""

    name: Text = ""
    permissions: list[Permission] = Field(default_factory=list)
    expires_at: Moment | None = None
    metadata: dict[str, JsonValue] | None = None


class ListAgents(Query):
    """Which agents; the next page comes `after` the last agent of this one, and `Link` names it."""

    user_id: Text | None = None
    status: AgentStatus | None = None
    type: AgentType | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = MAX_PAGE
    after: Text | None = None


async def create(call: Call) -> Agent:
    """Create an agent."""
    wanted = call.sent(CreateAgent)
    return Agent.of(
        await call.kavach.agent.create(
            owner_id=wanted.owner_id,
            name=wanted.name,
            type=wanted.type,
            permissions=wanted.permissions,
            expires_at=wanted.expires_at,
            metadata=wanted.metadata,
            tenant_id=call.access.place(wanted.owner_id, wanted.tenant_id),
        )
    )


async def list_(call: Call) -> list[Agent]:
    """List the agents within reach."""
    asked = call.asked(ListAgents)
    filters = call.access.agents(asked.user_id)
    filters["type"] = asked.type
    if asked.status in ("active", "revoked"):
        filters["status"] = asked.status
    last = None if asked.after is None else await call.access.agent(asked.after)
    found: list[Agent] = []
    async for agent in _walk(call.access, filters, last):
        if asked.status not in (None, agent.status):
            continue
        if len(found) == asked.limit:
            again = asked.model_dump(mode="json", by_alias=True, exclude_none=True) | {"after": found[-1].id}
            call.headers["Link"] = f'<?{urlencode(again)}>; rel="next"'
            break
        found.append(Agent.of(agent))
    return found


async def _walk(access: Access, filters: AgentFilter, last: AgentValue | None) -> AsyncIterator[AgentValue]:
    """Yield agents within reach, page by page."""
    while page := await access.kavach.agent.list(limit=MAX_PAGE, after=last, **filters):
        for agent in page:
            if access.reaches(agent):
                yield agent
        if len(page) < MAX_PAGE:
            return
        last = page[-1]


async def get(call: Call) -> Agent:
    """Return an agent."""
    return Agent.of(call.found(AgentValue))


async def update(call: Call) -> Agent:
    """Change what was sent."""
    changes = call.sent(UpdateAgent)
    given = changes.model_fields_set
    return Agent.of(
        await call.kavach.agent.update(
            call.found(AgentValue).id,
            name=changes.name if "name" in given else UNSET,
            permissions=changes.permissions if "permissions" in given else UNSET,
            expires_at=changes.expires_at if "expires_at" in given else UNSET,
            metadata=changes.metadata if "metadata" in given else UNSET,
        )
    )


async def revoke(call: Call) -> None:
    """Revoke an agent."""
    await call.kavach.agent.revoke(call.found(AgentValue).id)


async def rotate(call: Call) -> Agent:
    """Give an agent a new token."""
    return Agent.of(await call.kavach.agent.rotate(call.found(AgentValue).id))


ROUTES: Final = (
    Route(
        "POST",
        "/agents",
        create,
        "Create an agent; its token is shown this once",
        PEOPLE,
        "agents:write",
        answer=Agent,
        status=201,
        body=CreateAgent,
    ),
    Route("GET", "/agents", list_, "List agents", PEOPLE, "agents:read", answer=list[Agent], query=ListAgents),
    Route("GET", "/agents/{id}", get, "Read an agent", ANYONE_KNOWN, "agents:read", Access.agent, answer=Agent),
    Route(
        "PATCH",
        "/agents/{id}",
        update,
        "Change an agent; permissions are replaced as a whole",
        PEOPLE,
        "agents:write",
        Access.agent,
        answer=Agent,
        body=UpdateAgent,
    ),
    Route(
        "DELETE",
        "/agents/{id}",
        revoke,
        "Revoke an agent for good",
        PEOPLE,
        "agents:write",
        Access.agent,
        status=204,
    ),
    Route(
        "POST",
        "/agents/{id}/rotate",
        rotate,
        "Give an agent a new token; the old one is dead at once",
        PEOPLE,
        "agents:write",
        Access.agent,
        answer=Agent,
    ),
)
