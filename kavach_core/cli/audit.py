"""`kavach audit`: read, export, seal, verify and hold the audit trail of a database, by hand or from a scheduler."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TextIO, Unpack

from cyclopts import App, Parameter

from kavach_core.cli.work import ANYWHERE, Json, Where, opened, working
from kavach_core.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from kavach_core import AuditHead, Kavach
    from kavach_core.cli.direct import Direct
    from kavach_core.client import KavachSyncClient
    from kavach_core.client.types import AuditEntry, AuditFilters
    from kavach_core.engine.export import Progress
    from kavach_schema.filters import AuditLogFilter

app = App(name="audit", help="Read, follow, export, seal and verify the audit trail.")

Format = Literal["csv", "json", "jsonl"]

COLUMNS: Final = ("time", "agent", "action", "resource", "result", "code")


@dataclass(frozen=True)
class Chosen:
    """Which rows."""

    agent: str | None = None
    """Only rows of the agent with this id."""

    user: str | None = None
    """Only rows of agents of this owner."""

    result: Literal["allowed", "denied"] | None = None
    """Only calls with this result."""

    action: Annotated[tuple[str, ...], Parameter(negative=())] = ()
    """Only this action; may be given several times."""

    since: str | None = None
    """Only rows from this moment on, in ISO 8601; without an offset it is UTC."""

    until: str | None = None
    """Only rows before this moment."""

    def sought(self, limit: int | None = None) -> AuditFilters:
        """Return the filters of a query."""
        from kavach_core.cli.reading import written_moment
        from kavach_core.client.types import AuditFilters

        return AuditFilters(
            agent_id=self.agent,
            user_id=self.user,
            since=written_moment(self.since, "--since"),
            until=written_moment(self.until, "--until"),
            actions=list(self.action) or None,
            result=self.result,
            limit=limit,
        )


_Chosen = Annotated[Chosen, Parameter(name="*")]
"""Each field is an option of its own."""

_ALL: Final = Chosen()


@app.command
def query(where: Where = ANYWHERE, *, limit: int = 50, chosen: _Chosen = _ALL, json: Json = False) -> None:
    """Show the newest rows that match, newest first.

    Parameters
    ----------
    limit
        How many rows at most, up to 1000.
    """
    from kavach_core.cli.output import show_table

    with working(where) as kavach:
        show_table(COLUMNS, cells, kavach.audit.query(chosen.sought(limit)), as_json=json)


@app.command
def tail(
    where: Where = ANYWHERE,
    *,
    limit: Annotated[int, Parameter(name=["--limit", "-n"])] = 10,
    follow: Annotated[bool, Parameter(name=["--follow", "-f"], negative=())] = False,
    chosen: _Chosen = _ALL,
    json: Json = False,
) -> None:
    """Show the newest rows that match, newest last, and with --follow each new one as it comes, until Ctrl-C.

    Parameters
    ----------
    limit
        How many rows that are there already, up to 1000.
    follow
        Go on, and look for new rows every second.
    """
    from kavach_core.cli.output import print_json
    from kavach_core.cli.tail import newest
    from kavach_core.cli.terminal import harmless

    with working(where) as kavach:
        for row in newest(kavach.audit.query, chosen.sought(limit), follow=follow):
            if json:
                print_json(row.to_dict())
            else:
                print("  ".join(harmless(cell) for cell in cells(row)), flush=True)


@app.command
def export(
    where: Where = ANYWHERE,
    *,
    format: Format = "json",
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    chosen: _Chosen = _ALL,
) -> None:
    """Write all rows that match, oldest first, into a file or to standard output.

    The file appears, or is replaced, when all rows are written. On a terminal a bar shows how far it is.

    Parameters
    ----------
    format
        CSV with a header, one JSON array, or a JSON object in each line.
    output
        The file to write; standard output where there is none.
    """
    with working(where) as kavach:
        if output is not None:
            _export_file(kavach, format, output, chosen.sought())
            return
        if isinstance(sys.stdout, TextIOWrapper):
            # CSV ends its lines by itself.
            sys.stdout.reconfigure(encoding="utf-8", newline="")
        _export(kavach, format, sys.stdout, chosen.sought())
        sys.stdout.flush()


@app.command
def seal(where: Where = ANYWHERE) -> None:
    """Seal the rows that have settled, and print the head: a line to keep where the database's users cannot write."""
    with opened(where) as kavach:
        head = kavach.audit.seal()
        if head is not None:
            print(head)


@app.command
def verify(where: Where = ANYWHERE, *, heads: Path | None = None) -> int:
    """Compare all rows with their seals, and name the first that was changed, removed or added.

    Exit status 0 means that all is as it was sealed, 1 that it is not.

    Parameters
    ----------
    heads
        A file with lines that `kavach audit seal` printed: a trail that was cut or sealed anew is found by them.
    """
    from kavach_core.cli.terminal import Terminal, harmless

    kept = [] if heads is None else _read_heads(heads)
    terminal = Terminal()
    with opened(where) as kavach, terminal.progress() as bar:
        report = kavach.audit.verify(heads=kept, progress=_shown(bar, kavach))
    terminal.line("verified", f"{report.verified} rows")
    terminal.line("removed", f"{report.removed} rows")
    terminal.line("unsealed", f"{report.unsealed} rows")
    if report.head is not None:
        terminal.line("head", f"seal {report.head.number}", report.head.hash)
    if report.problem is not None:
        terminal.last(f"problem: {harmless(str(report.problem))}")
        return 1
    terminal.last("all is as it was sealed")
    return 0


@app.command
def cleanup(where: Where = ANYWHERE, *, before: str) -> None:
    """Verify the trail, seal it, and delete the rows that are older than a moment.

    Parameters
    ----------
    before
        The moment, in ISO 8601; without an offset it is UTC.
    """
    from kavach_core.cli.reading import read_moment

    with opened(where) as kavach:
        print(f"deleted {kavach.audit.cleanup(before=read_moment(before, '--before'))} rows")


@app.command
def hold(where: Where = ANYWHERE, *, reason: str, by: str, agent: str | None = None, user: str | None = None) -> None:
    """Place a legal hold on the rows of an agent, of an owner's agents, or on all, and print its id.

    Parameters
    ----------
    reason
        Why, such as the number of a case.
    by
        Who orders it.
    agent
        Hold only rows of the agent with this id.
    user
        Hold only rows of agents of this owner.
    """
    with opened(where) as kavach:
        print(kavach.audit.place_hold(reason=reason, by=by, agent_id=agent, user_id=user).id)


@app.command
def lift(hold_id: str, /, *, by: str, where: Where = ANYWHERE) -> None:
    """Lift a legal hold.

    Parameters
    ----------
    hold_id
        The id that `kavach audit hold` printed.
    by
        Who orders it.
    """
    with opened(where) as kavach:
        kavach.audit.lift_hold(hold_id, by=by)


@app.command
def holds(where: Where = ANYWHERE) -> None:
    """Show the legal holds that are in force, oldest first."""
    from kavach_core.cli.terminal import Terminal, harmless

    with opened(where) as kavach:
        rows = [
            (each.id, f"{each.created_at:%Y-%m-%d %H:%M:%S}", each.agent_id or "", each.user_id or "", each.reason)
            for each in kavach.audit.list_holds()
        ]
        shown = [tuple(harmless(cell) for cell in row) for row in rows]
        Terminal().table(("hold", "placed", "agent", "user", "reason"), shown)


def _read_heads(path: Path) -> list[AuditHead]:
    from kavach_core import AuditHead

    try:
        return [AuditHead.parse(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {path}; pass a file of lines that kavach audit seal printed") from error


def _shown(bar: Bar | None, kavach: Kavach, **filters: Unpack[AuditLogFilter]) -> Progress | None:
    """Return what moves a bar, None where there is no terminal to show it."""
    if bar is None:
        return None
    task = bar.add_task("rows", total=kavach.audit.count(**filters))
    return lambda rows: bar.update(task, completed=rows, refresh=True)


def _export(
    kavach: Direct | KavachSyncClient, format: Format, file: TextIO, filters: AuditFilters, bar: Bar | None = None
) -> int | None:
    """Write the rows to a file, and return how many there were, None where only the server knows."""
    from kavach_core.cli.direct import Direct, engine_filter
    from kavach_core.client.types import ExportOptions

    if isinstance(kavach, Direct):
        chosen = engine_filter(filters)
        shown = _shown(bar, kavach.kavach, **chosen)
        return kavach.kavach.audit.export_to(file, format=format, progress=shown, **chosen)
    rows = filters.since, filters.until, filters.agent_id, filters.user_id, filters.actions, filters.result
    file.write(kavach.audit.export(ExportOptions(format, *rows)))
    return None


def _export_file(kavach: Direct | KavachSyncClient, format: Format, output: Path, filters: AuditFilters) -> None:
    from kavach_core.cli.terminal import Terminal

    terminal = Terminal()
    partial = output.with_name(f"{output.name}.part")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file, terminal.progress() as bar:
            rows = _export(kavach, format, file, filters, bar)
        partial.replace(output)
    except OSError as error:
        raise ConfigurationError(f"cannot write {output}: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)
    terminal.last(f"wrote {'' if rows is None else f'{rows} rows to '}{output}")


def cells(row: AuditEntry) -> tuple[str, ...]:
    """Return a row as a table shows it."""
    moment = datetime.fromisoformat(row.timestamp)
    return f"{moment:%Y-%m-%d %H:%M:%S}", row.agent_id, row.action, row.resource, row.result, row.code or ""
