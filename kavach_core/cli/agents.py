"""`kavach agent` and `kavach authorize`: agents and their decisions, on a database or on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from cyclopts import App

from kavach_core.cli.ending import DENIED, OK
from kavach_core.cli.work import ANYWHERE, Json, Permissions, Where, working
from kavach_core.errors import NotFoundError

if TYPE_CHECKING:
    from kavach_core.client.types import Agent, AuthorizeResult

app = App(name="agent", help="Create, find, change and revoke agents.")

_COLUMNS: Final = ("id", "name", "owner", "type", "status")


@app.command
def create(
    name: str,
    /,
    *,
    owner: str,
    type: Literal["autonomous", "delegated", "service"] = "autonomous",
    permission: Permissions = (),
    expires_at: str | None = None,
    metadata: str | None = None,
    where: Where = ANYWHERE,
    json: Json = False,
) -> None:
    """Create an agent, and show its token, this once.

    Parameters
    ----------
    name
        What people call it.
    owner
        The id of the person or the organization that it belongs to.
    type
        What kind of agent it is.
    permission
        RESOURCE=ACTION,ACTION, such as mcp:github:*=read, or a JSON object with constraints. May be given several
        times.
    expires_at
        When it ends, in ISO 8601; without an offset it is UTC.
    metadata
        What else is to be kept about it: a JSON object.
    """
    from kavach_core.cli.output import show
    from kavach_core.cli.reading import read_object, read_permissions, written_moment
    from kavach_core.client.types import CreateAgentInput

    given = CreateAgentInput(
        owner,
        name,
        type,
        read_permissions(permission),
        written_moment(expires_at, "--expires-at"),
        read_object(metadata, "--metadata"),
    )
    with working(where) as kavach:
        show(kavach.agents.create(given), _fields, as_json=json)


@app.command(name="list")
def list_(
    *,
    owner: str | None = None,
    status: Literal["active", "revoked", "expired"] | None = None,
    type: Literal["autonomous", "delegated", "service"] | None = None,
    limit: int = 100,
    where: Where = ANYWHERE,
    json: Json = False,
) -> None:
    """Show agents, oldest first.

    Parameters
    ----------
    owner
        Only agents of this owner.
    status
        Only agents that are stored with this status.
    type
        Only agents of this kind.
    limit
        How many at most, up to 1000.
    """
    from kavach_core.cli.output import show_table
    from kavach_core.client.types import AgentFilters

    with working(where) as kavach:
        show_table(_COLUMNS, _cells, kavach.agents.list(AgentFilters(owner, status, type, limit)), as_json=json)


@app.command
def get(id: str, /, *, where: Where = ANYWHERE, json: Json = False) -> None:
    """Show an agent.

    Parameters
    ----------
    id
        The agent's id.
    """
    from kavach_core.cli.output import show

    with working(where) as kavach:
        found = kavach.agents.get(id)
        if found is None:
            raise NotFoundError("no agent has this id")
        show(found, _fields, as_json=json)


@app.command
def update(
    id: str,
    /,
    *,
    name: str | None = None,
    permission: Permissions = (),
    expires_at: str | None = None,
    metadata: str | None = None,
    where: Where = ANYWHERE,
    json: Json = False,
) -> None:
    """Change what is given of an agent.

    Parameters
    ----------
    id
        The agent's id.
    name
        What people call it from now on.
    permission
        All permissions that it has from now on, as for create; may be given several times.
    expires_at
        When it ends, in ISO 8601; without an offset it is UTC.
    metadata
        What else is to be kept about it: a JSON object.
    """
    from kavach_core.cli.output import show
    from kavach_core.cli.reading import read_object, read_permissions, written_moment
    from kavach_core.client.types import UpdateAgentInput

    changes = UpdateAgentInput(
        name,
        read_permissions(permission) or None,
        written_moment(expires_at, "--expires-at"),
        read_object(metadata, "--metadata"),
    )
    with working(where) as kavach:
        show(kavach.agents.update(id, changes), _fields, as_json=json)


@app.command
def revoke(id: str, /, *, where: Where = ANYWHERE) -> None:
    """Revoke an agent for good, with all that it delegated.

    Parameters
    ----------
    id
        The agent's id.
    """
    with working(where) as kavach:
        kavach.agents.revoke(id)


@app.command
def rotate(id: str, /, *, where: Where = ANYWHERE, json: Json = False) -> None:
    """Give an agent a new token, and show it, this once; the old one is dead at once.

    Parameters
    ----------
    id
        The agent's id.
    """
    from kavach_core.cli.output import show

    with working(where) as kavach:
        show(kavach.agents.rotate(id), _fields, as_json=json)


def authorize(
    agent: str,
    action: str,
    resource: str,
    /,
    *,
    arguments: str | None = None,
    where: Where = ANYWHERE,
    json: Json = False,
) -> int:
    """Decide whether an agent may do something now, and record the decision; exit status 3 is a denial.

    Parameters
    ----------
    agent
        The agent's id.
    action
        What it would do, such as read.
    resource
        To what, such as mcp:github:repos.
    arguments
        The arguments of the call: a JSON object.
    """
    from kavach_core.cli.output import show
    from kavach_core.cli.reading import read_object
    from kavach_core.client.types import AuthorizeRequest

    request = AuthorizeRequest(action, resource, read_object(arguments, "--arguments"))
    with working(where) as kavach:
        decided = kavach.authorize(agent, request)
    show(decided, _decision, as_json=json)
    return OK if decided.allowed else DENIED


def _decision(result: AuthorizeResult) -> dict[str, str | None]:
    said = {"allowed": "yes"} if result.allowed else {"denied": result.reason or "no reason was given"}
    return {**said, "code": result.code, "approval": result.approval_id, "audit": result.audit_id}


def _fields(agent: Agent) -> dict[str, str | None]:
    from kavach_core.cli.reading import written

    return {
        "id": agent.id,
        "name": agent.name,
        "owner": agent.owner_id,
        "tenant": agent.tenant_id,
        "type": agent.type,
        "status": agent.status,
        "expires": agent.expires_at,
        "may": " ".join(map(written, agent.permissions)),
        "token": agent.token,
    }


def _cells(agent: Agent) -> tuple[str, ...]:
    return agent.id, agent.name, agent.owner_id, agent.type, agent.status
