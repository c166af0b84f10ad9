"""Routes of delegations: what agents hand to each other."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from kavach_core import Agent
from kavach_core import Delegation as DelegationValue
from kavach_core.engine.settings import DEFAULT_MAX_DEPTH
from kavach_core.http._access import Access
from kavach_core.http._models import Answer, Body, Moment, Permission, Query, Text
from kavach_core.http._routing import ANYONE_KNOWN, PEOPLE, Call, Route


class Delegation(Answer):
    """Permissions that one agent handed to another."""

    id: str
    from_agent: str
    to_agent: str
    parent_chain_id: str | None
    permissions: list[Permission]
    depth: int
    max_depth: int
    status: str
    expires_at: Moment
    created_at: Moment


class Delegate(Body):
    """What one agent hands to another."""

    from_agent: Text
    to_agent: Text
    permissions: Annotated[list[Permission], Field(min_length=1)]
    expires_at: Moment
    max_depth: Annotated[int, Field(ge=1, le=1000)] = DEFAULT_MAX_DEPTH
    parent_chain_id: Text | None = None


class ListDelegations(Query):
    """Which delegations."""

    status: Literal["active", "revoked", "all"] = "active"


async def create(call: Call) -> Delegation:
    """Hand permissions on between two agents that are both within reach."""
    wanted = call.sent(Delegate)
    for agent_id in (wanted.from_agent, wanted.to_agent):
        await call.access.agent(agent_id)
    return Delegation.of(
        await call.kavach.delegate(
            from_agent=wanted.from_agent,
            to_agent=wanted.to_agent,
            permissions=wanted.permissions,
            expires_at=wanted.expires_at,
            max_depth=wanted.max_depth,
            parent_chain_id=wanted.parent_chain_id,
        )
    )


async def list_(call: Call) -> list[Delegation]:
    """List the delegations from and to an agent."""
    status = call.asked(ListDelegations).status
    chains = await call.kavach.delegation.list_chains(call.found(Agent).id, status=None if status == "all" else status)
    return [Delegation.of(chain) for chain in chains]


async def permissions(call: Call) -> list[Permission]:
    """Return what an agent may do now."""
    return await call.kavach.delegation.get_effective_permissions(call.found(Agent).id)


async def revoke(call: Call) -> None:
    """Revoke a delegation."""
    await call.kavach.delegation.revoke(call.found(DelegationValue).id)


ROUTES: Final = (
    Route(
        "POST",
        "/delegations",
        create,
        "Hand permissions of one agent to another",
        PEOPLE,
        "delegations:write",
        answer=Delegation,
        status=201,
        body=Delegate,
    ),
    Route(
        "GET",
        "/delegations/{id}",
        list_,
        "List the delegations from and to an agent",
        PEOPLE,
        "delegations:read",
        Access.agent,
        answer=list[Delegation],
        query=ListDelegations,
    ),
    Route(
        "GET",
        "/delegations/{id}/permissions",
        permissions,
        "Return what an agent may do now: its own permissions and those it received",
        ANYONE_KNOWN,
        "delegations:read",
        Access.agent,
        answer=list[Permission],
    ),
    Route(
        "DELETE",
        "/delegations/{id}",
        revoke,
        "Revoke a delegation with all that rests on it",
        PEOPLE,
        "delegations:write",
        Access.delegation,
        status=204,
    ),
)
