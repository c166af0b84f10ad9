"""What can be typed after `kavach`, and how it ends.

Each error is one line on standard error, and `ending` has the exit statuses. What a command needs is imported when it
runs, so that `kavach --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, MissingArgumentError, Parameter, UnusedCliTokensError, validators

from kavach_core.cli.agents import app as agents
from kavach_core.cli.agents import authorize
from kavach_core.cli.approvals import app as approvals
from kavach_core.cli.audit import app as audit
from kavach_core.cli.delegations import app as delegations
from kavach_core.cli.ending import FAILED, INTERRUPTED, MISUSED, OK, Misused
from kavach_core.cli.schema import app as schema
from kavach_core.cli.target import Database
from kavach_core.cli.token import app as token
from kavach_core.errors import KavachError, MissingDependency


def _version() -> str:
    return f"kavach {version('kavach-core')}"


app = App(
    name="kavach",
    help="Identity, permissions, delegation and audit for AI agents, on the database that you already have.",
    version=_version,
)
app.command(schema)
app.command(audit)
app.command(token)
app.command(agents)
app.command(approvals)
app.command(delegations)
app.command(authorize)


@app.command
def completion(shell: Literal["bash", "zsh", "fish"], /) -> None:
    """Print what a shell needs to complete commands and options, such as: eval "$(kavach completion bash)".

    Parameters
    ----------
    shell
        The shell.
    """
    print(app.generate_completion(shell=shell))


@app.command
def demo(*, database: Annotated[str, Parameter(name=["--database", "-d"])] = ":memory:") -> None:
    """Create two agents, let them ask, rotate a token, delegate, and show the audit trail.

    Nothing that the database holds already is touched: missing tables are created, and all rows belong to an owner of
    this run's own. They stay, so that you can look at them.

    Parameters
    ----------
    database
        Where to run: ":memory:", the path of an SQLite file, or a URL such as sqlite:///kavach.db,
        postgresql://user@host/name or mysql://user@host/name.
    """
    from kavach_core.cli.demo import run

    run(database)


@app.command
def doctor(
    database: Database,
    *,
    prefix: Annotated[str, Parameter(name=["--prefix"])] = "kavach_",
    schema: Annotated[str | None, Parameter(name=["--schema"])] = None,
) -> int:
    """Examine a database: versions, tables, settings, clock and speed, with advice for each finding.

    No setting is changed. To measure a commit a few rows are written and deleted. Exit status 1 means that there is a
    problem: Kavach will not work, or not rightly.

    Parameters
    ----------
    database
        The path of an SQLite file, or a URL such as postgresql://user@host/name.
    prefix
        What the names of the tables begin with.
    schema
        The schema of PostgreSQL that the tables live in.
    """
    try:
        from kavach_core.cli.doctor import run
    except ModuleNotFoundError as error:
        if error.name != "sqlalchemy":
            raise
        raise MissingDependency("the doctor needs SQLAlchemy; run: pip install 'kavach-core[sqlalchemy]'") from error

    return OK if run(database, prefix=prefix, schema=schema) else FAILED


@app.command
def purge(
    database: Database,
    *,
    batch: Annotated[int, Parameter(name=["--batch"])] = 1000,
    prefix: Annotated[str, Parameter(name=["--prefix"])] = "kavach_",
    schema: Annotated[str | None, Parameter(name=["--schema"])] = None,
) -> None:
    """Remove what has expired from every table: delegations, requests, counters, sessions, codes and links.

    Agents and the audit trail stay. It may run beside the application, and as often as you like.

    Parameters
    ----------
    database
        The path of an SQLite file, or a URL such as postgresql://user@host/name.
    batch
        How many rows one statement deletes at most.
    prefix
        What the names of the tables begin with.
    schema
        The schema of PostgreSQL that the tables live in.
    """
    from kavach_core.cli.purge import run

    run(database, prefix=prefix, schema=schema, batch=batch)


@app.command
def serve(
    *,
    database: Database,
    host: str = "127.0.0.1",
    port: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))] = 8787,
    trusted_proxy: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    log: Literal["json", "text"] = "json",
) -> None:
    """Serve the HTTP API under /api/kavach, until it is stopped; /health and /ready are at the root too.

    Missing tables are created. Callers need a credential: see `kavach token create`. The log goes to standard error,
    the address to standard output once it is listened to.

    Parameters
    ----------
    database
        The path of an SQLite file, or a URL such as postgresql://user@host/name.
    host
        The address to listen on.
    port
        The port to listen on; 0 is any that is free.
    trusted_proxy
        An address or a network of proxies whose X-Forwarded-For is believed; may be given several times.
    log
        How the log is written: a JSON object for each line, or text.
    """
    try:
        from kavach_core.cli.serve import run
    except ModuleNotFoundError as error:
        if error.name != "uvicorn":
            raise
        raise MissingDependency("the server needs uvicorn; run: pip install 'kavach-core[server]'") from error

    run(database, host=host, port=port, trusted_proxies=trusted_proxy, log=log)


@app.command
def conformance(
    *harnesses: str,
    report: Path | None = None,
    select: Annotated[str | None, Parameter(name=["-k"])] = None,
) -> int:
    """Prove storage adapters: run the conformance suite and say which level each one reaches.

    A harness is a class that you write: it opens your storage, and what it takes to judge it. The levels are core,
    transactional, joined and concurrent. Exit status 0 means that each harness reached the level that it asks for.

    Parameters
    ----------
    harnesses
        What to prove: package.module:Class, or package.module for all harnesses that it defines. Modules of the current
        folder are found.
    report
        Write all that was found out into this file, as JSON.
    select
        Run only clauses that match, as `pytest -k` does: parts of names and levels, with and, or, not. No level is
        judged then, and exit status 0 means that none of these clauses failed.
    """
    try:
        from kavach_core.cli.conformance import run

        return OK if run(harnesses, report=report, select=select) else FAILED
    except ModuleNotFoundError as error:
        if error.name not in ("pytest", "hypothesis"):
            raise
        raise MissingDependency(
            f"the conformance suite needs {error.name}; run: pip install 'kavach-core[testing]'"
        ) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` name, by default the process's own, and return the exit status."""
    try:
        command, bound, *_ = app.parse_args(arguments, print_error=False, exit_on_error=False)
        status: int | None = command(*bound.args, **bound.kwargs)
    except CycloptsError as error:
        return _failed(Misused(_misread(error)), MISUSED)
    except Misused as error:
        return _failed(error, MISUSED)
    except KavachError as error:
        return _failed(error, FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe left, as `head` does: Python must not try to write the rest to it when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return OK if status is None else status


def _misread(error: CycloptsError) -> str:
    """Say what is wrong with a command line, in the form of all other errors."""
    advice = f"see: {' '.join(['kavach', *(error.command_chain or ())])} --help"
    match error:
        case MissingArgumentError(argument=argument) if argument is not None:
            variables = [f", or set {name}" for name in argument.parameter.env_var or ()]
            option = getattr(error, "keyword", None) or argument.name  # cyclopts 4.0 does not keep how it was typed
            return f"{option} needs a value{''.join(variables)}; {advice}"
        case UnusedCliTokensError():
            return f"more words than the command takes: {' '.join(error.unused_tokens or ())}; {advice}"
    said = str(error).rstrip(".")
    return said[:1].lower() + said[1:]


def _failed(error: Exception, status: int) -> int:
    """Say in one line what is wrong, without the traceback, which may show what an error message never does."""
    # What a server finds wrong with single fields, it lists beside its message.
    details = getattr(error, "details", None)
    fields = [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []
    said = "; ".join([str(error), *(f"{each.get('field')}: {each.get('message')}" for each in fields)])
    print("error:", " ".join(said.split()), file=sys.stderr)
    return status
