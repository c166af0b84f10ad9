"""`kavach token`: what programs call the HTTP API with, made and withdrawn by whoever has the database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from cyclopts import App, Parameter

from kavach_core.cli.target import Database, provider_of
from kavach_core.cli.work import Place, opened

app = App(name="token", help="Create, list and revoke the tokens with which programs call the HTTP API.")

_COLUMNS: Final = ("id", "name", "token", "scopes", "tenant", "expires", "last used")


@app.command
def create(
    *,
    database: Database,
    name: str,
    scope: Annotated[tuple[str, ...], Parameter(negative=())],
    tenant: str | None = None,
    expires: str | None = None,
) -> None:
    """Create a token and print it: it is not shown again. Missing tables are created.

    Parameters
    ----------
    database
        The path of an SQLite file, or a URL such as postgresql://user@host/name.
    name
        What the token is for.
    scope
        What it may do, such as agents:read, or admin for everything; may be given several times.
    tenant
        The id of the tenant that it sees; without, it sees all.
    expires
        How long it is good, such as 24h or 90d; without, until it is revoked.
    """
    from kavach_core import create_kavach
    from kavach_core.policy.durations import parse_duration

    life = None if expires is None else parse_duration(expires)
    with create_kavach(database={"provider": provider_of(database), "url": database}) as kavach:
        ends = None if life is None else datetime.now(UTC) + life
        print(kavach.service_token.create(name=name, scopes=scope, tenant_id=tenant, expires_at=ends).token)


@app.command(name="list")
def list_(*, database: Database) -> None:
    """List the tokens, by how they begin.

    Parameters
    ----------
    database
        The path of an SQLite file, or a URL such as postgresql://user@host/name.
    """
    from kavach_core.cli.terminal import Terminal

    with opened(Place(database)) as kavach:
        rows = []
        last = None
        while page := kavach.service_token.list(limit=1000, after=last):
            last = page[-1]
            rows += [
                (
                    each.id,
                    each.name,
                    f"{each.token_prefix}...",
                    " ".join(each.scopes),
                    each.tenant_id or "",
                    _shown(each.expires_at),
                    _shown(each.last_used_at),
                )
                for each in page
            ]
    Terminal().table(_COLUMNS, rows)


@app.command
def revoke(token_id: str, /, *, database: Database) -> None:
    """Revoke a token: the next call with it is refused.

    Parameters
    ----------
    token_id
        The id that `kavach token list` shows.
    database
        The path of an SQLite file, or a URL such as postgresql://user@host/name.
    """
    with opened(Place(database)) as kavach:
        kavach.service_token.revoke(token_id)
    print("revoked")


def _shown(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
