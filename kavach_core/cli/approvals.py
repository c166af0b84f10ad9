"""`kavach approvals`: calls that wait for a person's consent, on a database or on a server."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from kavach_core.cli.work import ANYWHERE, Json, Where, working

if TYPE_CHECKING:
    from kavach_core.client.types import Approval

app = App(name="approvals", help="Show and answer the calls that wait for a person's consent.")

_By = Annotated[
    str | None,
    Parameter(name=["--by"], help="The id of the person who answers; a server knows a person by the token."),
]


@app.command(name="list")
def list_(
    *,
    agent: str | None = None,
    user: str | None = None,
    limit: int = 100,
    where: Where = ANYWHERE,
    json: Json = False,
) -> None:
    """Show the requests that wait for an answer, oldest first.

    Parameters
    ----------
    agent
        Only requests of the agent with this id.
    user
        Only requests of agents of this owner.
    limit
        How many at most, up to 1000.
    """
    from kavach_core.cli.output import show_fields
    from kavach_core.client.types import ApprovalFilters

    with working(where) as kavach:
        found = kavach.approvals.list_pending(ApprovalFilters(agent, user, limit))
        show_fields(_fields, found, as_json=json)


@app.command
def approve(id: str, /, *, by: _By = None, where: Where = ANYWHERE, json: Json = False) -> None:
    """Consent to a call: one such call is let through before the request expires.

    Parameters
    ----------
    id
        The request's id.
    """
    from kavach_core.cli.output import show

    with working(where) as kavach:
        show(kavach.approvals.approve(id, by=by), _fields, as_json=json)


@app.command
def deny(id: str, /, *, by: _By = None, where: Where = ANYWHERE, json: Json = False) -> None:
    """Refuse a call: such calls are denied until the request expires.

    Parameters
    ----------
    id
        The request's id.
    """
    from kavach_core.cli.output import show

    with working(where) as kavach:
        show(kavach.approvals.deny(id, by=by), _fields, as_json=json)


def _fields(request: Approval) -> dict[str, str | None]:
    return {
        "id": request.id,
        "agent": request.agent_id,
        "owner": request.user_id,
        "call": f"{request.action} {request.resource}",
        "arguments": None if request.arguments is None else dumps(request.arguments, ensure_ascii=False),
        "status": request.status,
        "answered by": request.responded_by,
        "expires": request.expires_at,
    }
