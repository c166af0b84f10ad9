"""`kavach audit`: read, export, seal, verify and hold the audit trail of a database, by hand or from a scheduler."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, Unpack

from cyclopts import App, Parameter

from kavach_core.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from kavach_core import AuditHead, Kavach
    from kavach_core.engine.export import Progress
    from kavach_schema.filters import AuditLogFilter
    from kavach_schema.records import AuditLog

app = App(name="audit", help="Read, export, seal and verify the audit trail of a database.")

_COLUMNS: Final = ("time", "agent", "action", "resource", "result", "code")


@dataclass(frozen=True)
class Tables:
    """Where the tables are."""

    prefix: str = "kavach_"
    """What the names of the tables begin with."""

    schema: str | None = None
    """The schema of PostgreSQL that the tables live in."""


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

    def filters(self) -> AuditLogFilter:
        """Return the filters of the engine."""
        return {
            "agent_id": self.agent,
            "user_id": self.user,
            "result": self.result,
            "actions": self.action or None,
            "since": _moment(self.since, "--since"),
            "until": _moment(self.until, "--until"),
        }


# Each field is an option of its own.
_Tables = Annotated[Tables, Parameter(name="*")]
_Chosen = Annotated[Chosen, Parameter(name="*")]

_TABLES: Final = Tables()
_ALL: Final = Chosen()


@app.command
def query(url: str, /, *, limit: int = 50, chosen: _Chosen = _ALL, tables: _Tables = _TABLES) -> None:
    """Show the newest rows that match, newest first.

    Parameters
    ----------
    url
        The database: the path of an SQLite file, or a URL such as postgresql://user@host/name.
    limit
        How many rows at most, up to 1000.
    """
    from kavach_core.cli.terminal import Terminal

    with _opened(url, tables) as kavach:
        rows = kavach.audit.query(limit=limit, **chosen.filters())
        Terminal().table(_COLUMNS, [_cells(row) for row in rows])


@app.command
def export(
    url: str,
    /,
    *,
    format: Literal["csv", "json", "jsonl"] = "json",
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    chosen: _Chosen = _ALL,
    tables: _Tables = _TABLES,
) -> None:
    """Write all rows that match, oldest first, into a file or to standard output.

    The file appears, or is replaced, when all rows are written. On a terminal a bar shows how far it is.

    Parameters
    ----------
    url
        The database: the path of an SQLite file, or a URL such as postgresql://user@host/name.
    format
        CSV with a header, one JSON array, or a JSON object in each line.
    output
        The file to write; standard output where there is none.
    """
    with _opened(url, tables) as kavach:
        if output is None:
            if isinstance(sys.stdout, TextIOWrapper):
                # CSV ends its lines by itself.
                sys.stdout.reconfigure(encoding="utf-8", newline="")
            kavach.audit.export_to(sys.stdout, format=format, **chosen.filters())
            sys.stdout.flush()
            return
        _export_file(kavach, format, output, chosen.filters())


@app.command
def seal(url: str, /, *, tables: _Tables = _TABLES) -> None:
    """Seal the rows that have settled, and print the head: a line to keep where the database's users cannot write.

    Parameters
    ----------
    url
        The database: the path of an SQLite file, or a URL such as postgresql://user@host/name.
    """
    with _opened(url, tables) as kavach:
        head = kavach.audit.seal()
        if head is not None:
            print(head)


@app.command
def verify(url: str, /, *, heads: Path | None = None, tables: _Tables = _TABLES) -> int:
    """Compare all rows with their seals, and name the first that was changed, removed or added.

    Exit status 0 means that all is as it was sealed, 1 that it is not.

    Parameters
    ----------
    url
        The database: the path of an SQLite file, or a URL such as postgresql://user@host/name.
    heads
        A file with lines that `kavach audit seal` printed: a trail that was cut or sealed anew is found by them.
    """
    from kavach_core.cli.terminal import Terminal

    kept = [] if heads is None else _read_heads(heads)
    terminal = Terminal()
    with _opened(url, tables) as kavach, terminal.progress() as bar:
        report = kavach.audit.verify(heads=kept, progress=_shown(bar, kavach))
    terminal.line("verified", f"{report.verified} rows")
    terminal.line("removed", f"{report.removed} rows")
    terminal.line("unsealed", f"{report.unsealed} rows")
    if report.head is not None:
        terminal.line("head", f"seal {report.head.number}", report.head.hash)
    if report.problem is not None:
        terminal.last(f"problem: {_harmless(str(report.problem))}")
        return 1
    terminal.last("all is as it was sealed")
    return 0


@app.command
def cleanup(url: str, /, *, before: str, tables: _Tables = _TABLES) -> None:
    """Verify the trail, seal it, and delete the rows that are older than a moment.

    Parameters
    ----------
    url
        The database: the path of an SQLite file, or a URL such as postgresql://user@host/name.
    before
        The moment, in ISO 8601; without an offset it is UTC.
    """
    with _opened(url, tables) as kavach:
        print(f"deleted {kavach.audit.cleanup(before=_read_moment(before, '--before'))} rows")


@app.command
def hold(
    url: str, /, *, reason: str, by: str, agent: str | None = None, user: str | None = None, tables: _Tables = _TABLES
) -> None:
    """Place a legal hold on the rows of an agent, of an owner's agents, or on all, and print its id.

    Parameters
    ----------
    url
        The database: the path of an SQLite file, or a URL such as postgresql://user@host/name.
    reason
        Why, such as the number of a case.
    by
        Who orders it.
    agent
        Hold only rows of the agent with this id.
    user
        Hold only rows of agents of this owner.
    """
    with _opened(url, tables) as kavach:
        print(kavach.audit.place_hold(reason=reason, by=by, agent_id=agent, user_id=user).id)


@app.command
def lift(url: str, hold_id: str, /, *, by: str, tables: _Tables = _TABLES) -> None:
    """Lift a legal hold.

    Parameters
    ----------
    url
        The database: the path of an SQLite file, or a URL such as postgresql://user@host/name.
    hold_id
        The id that `kavach audit hold` printed.
    by
        Who orders it.
    """
    with _opened(url, tables) as kavach:
        kavach.audit.lift_hold(hold_id, by=by)


@app.command
def holds(url: str, /, *, tables: _Tables = _TABLES) -> None:
    """Show the legal holds that are in force, oldest first.

    Parameters
    ----------
    url
        The database: the path of an SQLite file, or a URL such as postgresql://user@host/name.
    """
    from kavach_core.cli.terminal import Terminal

    with _opened(url, tables) as kavach:
        rows = [
            (each.id, f"{each.created_at:%Y-%m-%d %H:%M:%S}", each.agent_id or "", each.user_id or "", each.reason)
            for each in kavach.audit.list_holds()
        ]
        cells = [tuple(_harmless(cell) for cell in row) for row in rows]
        Terminal().table(("hold", "placed", "agent", "user", "reason"), cells)


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


def _export_file(
    kavach: Kavach, format: Literal["csv", "json", "jsonl"], output: Path, filters: AuditLogFilter
) -> None:
    from kavach_core.cli.terminal import Terminal

    terminal = Terminal()
    partial = output.with_name(f"{output.name}.part")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file, terminal.progress() as bar:
            shown = _shown(bar, kavach, **filters)
            written = kavach.audit.export_to(file, format=format, progress=shown, **filters)
        partial.replace(output)
    except OSError as error:
        raise ConfigurationError(f"cannot write {output}: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)
    terminal.last(f"wrote {written} rows to {output}")


def _cells(row: AuditLog) -> tuple[str, ...]:
    cells = (f"{row.timestamp:%Y-%m-%d %H:%M:%S}", row.agent_id, row.action, row.resource, row.result, row.code or "")
    return tuple(_harmless(cell) for cell in cells)


def _harmless(text: str) -> str:
    """Spell out what a terminal would obey: agents choose what they ask for."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _moment(text: str | None, name: str) -> datetime | None:
    return None if text is None else _read_moment(text, name)


def _read_moment(text: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{name}: write a moment such as 2030-01-31 or 2030-01-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@contextmanager
def _opened(url: str, tables: Tables) -> Iterator[Kavach]:
    """Yield a Kavach on a database as it is: no table is made and no setting changed."""
    from kavach_core.cli.target import plain_engine

    with plain_engine(url) as engine:
        from kavach_core import create_kavach
        from kavach_sqlalchemy import create_sqlalchemy_adapter

        yield create_kavach(
            storage=create_sqlalchemy_adapter(engine, skip_migrations=True, prefix=tables.prefix, schema=tables.schema)
        )
