"""`kavach delegation`: what agents hand to each other, on a database or on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cyclopts import App

from kavach_core.cli.work import ANYWHERE, Json, Permissions, Where, working

if TYPE_CHECKING:
    from kavach_core.client.types import DelegationChain

app = App(name="delegation", help="Hand permissions from one agent to another, and take them back.")

_COLUMNS: Final = ("id", "from", "to", "permissions", "depth", "status", "expires")


@app.command
def create(
    from_agent: str,
    to_agent: str,
    /,
    *,
    permission: Permissions,
    expires_at: str,
    max_depth: int | None = None,
    where: Where = ANYWHERE,
    json: Json = False,
) -> None:
    """Hand permissions from one agent to another.

    Parameters
    ----------
    from_agent
        The id of the agent that has them.
    to_agent
        The id of the agent that gets them.
    permission
        RESOURCE=ACTION,ACTION, such as mcp:github:*=read, or a JSON object with constraints. May be given several
        times.
    expires_at
        Until when, in ISO 8601; without an offset it is UTC.
    max_depth
        How many hops there may be from the agent whose own permission it is.
    """
    from kavach_core.cli.output import show
    from kavach_core.cli.reading import read_moment, read_permissions
    from kavach_core.client.types import DelegateInput

    ends = read_moment(expires_at, "--expires-at").isoformat()
    given = DelegateInput(from_agent, to_agent, read_permissions(permission), ends, max_depth)
    with working(where) as kavach:
        made = kavach.delegation.create(given)
    show(made, lambda chain: dict(zip(_COLUMNS, _cells(chain), strict=True)), as_json=json)


@app.command(name="list")
def list_(agent: str, /, *, where: Where = ANYWHERE, json: Json = False) -> None:
    """Show the delegations from and to an agent, oldest first.

    Parameters
    ----------
    agent
        The agent's id.
    """
    from kavach_core.cli.output import show_table

    with working(where) as kavach:
        show_table(_COLUMNS, _cells, kavach.delegation.list_chains(agent), as_json=json)


@app.command
def revoke(id: str, /, *, where: Where = ANYWHERE) -> None:
    """Revoke a delegation for good, with all that rests on it.

    Parameters
    ----------
    id
        The delegation's id.
    """
    with working(where) as kavach:
        kavach.delegation.revoke(id)


def _cells(chain: DelegationChain) -> tuple[str, ...]:
    from kavach_core.cli.reading import written

    may = " ".join(map(written, chain.permissions))
    return chain.id, chain.from_agent, chain.to_agent, may, str(chain.depth), chain.status or "", chain.expires_at
