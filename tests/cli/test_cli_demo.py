"""The command line as a user meets it: another process, its output, its exit status, and what it left behind."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

import pytest

from database_fixture import Database
from kavach_core import Kavach, create_kavach
from kavach_core.cli import main

Typed: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]

KAVACH = Path(sys.executable).with_name("kavach")

DECISIONS = [
    ("github-reader", "read", "mcp:github:repos", "allowed", None),
    ("github-reader", "write", "mcp:github:repos", "denied", "no_permission"),
    ("github-reader", "read", "mcp:github:issues", "allowed", None),
    ("(unknown)", "read", "mcp:github:issues", "denied", "unknown_agent"),
    ("github-reader", "read", "mcp:github:issues", "allowed", None),
    ("sub-reader", "read", "mcp:github:issues", "denied", "no_permission"),
    ("sub-reader", "read", "mcp:github:issues", "allowed", None),
]
"""What the demo decides, in order."""


ABOUT_LOOKS = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
"""What an environment says about colours and width."""


def environment(**changes: str) -> dict[str, str]:
    """Return this process's environment without what it says about colours and width."""
    return {name: value for name, value in os.environ.items() if name not in ABOUT_LOOKS} | changes


def kavach(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [KAVACH, *arguments], capture_output=True, text=True, check=False, env=env or environment(), timeout=60
    )


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Return what runs `kavach` in this process: quicker, where the process itself is not what is tested."""
    for name in ABOUT_LOOKS:
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        status = main(arguments)
        return subprocess.CompletedProcess(arguments, status, *capsys.readouterr())

    return run


def run_demo(typed: Typed, url: str) -> str:
    """Run the demo and return its output; fail where it failed."""
    done = typed("demo", "--database", url)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def on_terminal(*arguments: str, **env: str) -> str:
    """Run `kavach` on a pseudo-terminal of 80 columns, and return what it wrote."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [KAVACH, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(TERM="xterm-256color", **env)
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            read = os.read(ours, 4096)
        except OSError:  # Linux says that the other end is closed by EIO
            break
        if not read:
            break
        written += read
    os.close(ours)
    assert child.wait(timeout=60) == 0
    return written.decode()


def owner_in(output: str) -> str:
    found = re.search(r"owner_id=(demo-[0-9a-f-]{36})$", output, re.MULTILINE)
    assert found is not None, output
    return found[1]


def trail_in(output: str) -> list[tuple[str, ...]]:
    """Return the rows of the audit table without their times."""
    rows = re.findall(r"^ +\d\d:\d\d:\d\d  (.+?) *$", output, re.MULTILINE)
    return [tuple(re.split(r" {2,}", row)) for row in rows]


def open_again(database: Database) -> Kavach:
    """Open the database as it is, without creating anything."""
    return create_kavach(database={"provider": database.provider, "url": database.url, "skip_migrations": True})


def error_of(done: subprocess.CompletedProcess[str], status: int) -> str:
    """Return the one line of an error; fail where there is more, or another exit status."""
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert re.fullmatch(r"error: .+\n", done.stderr), done.stderr
    return done.stderr


def test_demo_tells_the_documented_example(typed: Typed, database: Database) -> None:
    output = run_demo(typed, database.url)

    expected = [tuple(cell for cell in row if cell) for row in DECISIONS]
    assert trail_in(output) == expected
    told = re.findall(r"^ +(allowed|denied) +(\w+) on ([\w:]+),", output, re.MULTILINE)
    assert told == [(result, action, resource) for _, action, resource, result, _ in DECISIONS]
    assert re.search(r"^ +refused +delegating delete on mcp:github:issues$", output, re.MULTILINE)
    assert re.search(r"^ +effective +read on mcp:github:issues$", output, re.MULTILINE)
    assert "id,agent_id,user_id,action,resource" in output


@pytest.mark.not_in_memory
def test_demo_leaves_what_it_says_in_the_database(typed: Typed, database: Database) -> None:
    owner = owner_in(run_demo(typed, database.url))

    with open_again(database) as again:
        agents = again.agent.list(owner_id=owner)
        assert [(agent.name, agent.type, agent.status) for agent in agents] == [
            ("github-reader", "autonomous", "active"),
            ("sub-reader", "delegated", "active"),
        ]
        names = {agent.id: agent.name for agent in agents}
        rows = list(again.storage.stream_audit_logs())
        assert [
            (names.get(row.agent_id, "(unknown)"), row.action, row.resource, row.result, row.code) for row in rows
        ] == DECISIONS
        assert [chain.status for chain in again.delegation.list_chains(agents[1].id)] == ["active"]


@pytest.mark.not_in_memory
def test_demo_runs_twice_and_disturbs_nothing(typed: Typed, database: Database) -> None:
    with create_kavach(database={"provider": database.provider, "url": database.url}) as before:
        mine = before.agent.create(
            owner_id="user-1", name="mine", type="service", permissions=[{"resource": "a:b", "actions": ["read"]}]
        )
        decision = before.authorize(mine.id, action="read", resource="a:b")
        stored = before.agent.get(mine.id)

    outputs = [run_demo(typed, database.url) for _ in range(2)]

    owners = [owner_in(output) for output in outputs]
    assert len(set(owners)) == 2
    assert [trail_in(output) for output in outputs] == [trail_in(outputs[0])] * 2, "a run shows its own rows only"
    with open_again(database) as after:
        assert after.agent.get(mine.id) == stored
        assert [row.id for row in after.audit.query(agent_id=mine.id)] == [decision.audit_id]
        assert {agent.owner_id for agent in after.agent.list()} == {"user-1", *owners}


def test_demo_shows_only_the_beginning_of_a_token(typed: Typed) -> None:
    tokens = re.findall(r"kv_\S*", run_demo(typed, ":memory:"))

    assert len(set(tokens)) == 2, "that of the beginning, and that of the rotation"
    assert all(re.fullmatch(r"kv_[\w-]{8}\.\.\.", token) for token in tokens)


def test_demo_takes_the_path_of_a_file(typed: Typed, tmp_path: Path) -> None:
    path = tmp_path / "agents.db"

    output = run_demo(typed, str(path))

    assert path.exists()
    assert output.startswith(f"Kavach {version('kavach-core')} on SQLite, {path}\n")


def test_output_in_a_pipe_is_plain_and_80_columns_wide() -> None:
    done = kavach("demo", env=environment(COLUMNS="200"))

    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_reader_that_leaves_a_pipe_is_no_error() -> None:
    done = subprocess.run(
        ["bash", "-c", '"$0" demo | head -1', KAVACH], capture_output=True, text=True, check=False, env=environment()
    )

    assert done.stdout == f"Kavach {version('kavach-core')} on SQLite in memory\n"
    assert done.stderr == ""


def test_output_on_a_terminal_is_coloured() -> None:
    output = on_terminal("demo")

    assert "\x1b[32mallowed" in output
    assert "\x1b[31mdenied" in output


def test_no_color_is_honoured() -> None:
    output = on_terminal("demo", NO_COLOR="1")

    assert "allowed" in output
    codes = {code for found in re.findall(r"\x1b\[([\d;]*)m", output) for code in found.split(";")}
    assert codes <= {"0", "1", "2"}, "bold and dim are no colours"


def test_version(typed: Typed) -> None:
    done = typed("--version")

    assert (done.returncode, done.stdout, done.stderr) == (0, f"kavach {version('kavach-core')}\n", "")


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_names_the_commands(typed: Typed, arguments: tuple[str, ...]) -> None:
    done = typed(*arguments)

    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"Usage: kavach COMMAND", done.stdout)
    assert re.search(r"\bdemo\b", done.stdout)


def test_help_of_the_demo_names_what_a_database_may_be(typed: Typed) -> None:
    done = typed("demo", "--help")

    assert done.returncode == 0
    for text in ("--database", ":memory:", "sqlite:///", "postgresql://", "mysql://"):
        assert text in done.stdout


def test_help_loads_no_orm() -> None:
    program = (
        "import sys; from kavach_core.cli import main; main(['--help']); "
        "sys.exit('sqlalchemy' in sys.modules or 'kavach_core.cli.demo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, capture_output=True).returncode == 0


def test_an_error_is_status_and_line_of_the_process_too() -> None:
    assert "--nope" in error_of(kavach("demo", "--nope"), 2)
    assert "oracle" in error_of(kavach("demo", "--database", "oracle://host/name"), 1)


@pytest.mark.parametrize("arguments", [("demo", "--nope"), ("nope",), ("demo", "--database")])
def test_a_wrong_command_line_is_status_2(typed: Typed, arguments: tuple[str, ...]) -> None:
    error_of(typed(*arguments), 2)


def test_an_unknown_scheme_names_those_that_are_known(typed: Typed) -> None:
    error = error_of(typed("demo", "--database", "oracle://user:hunter2@host/name"), 1)

    assert "oracle" in error
    assert all(scheme in error for scheme in ("sqlite", "postgresql", "mysql", "mariadb"))
    assert "hunter2" not in error


def test_a_malformed_url_is_refused_without_its_password(typed: Typed) -> None:
    error = error_of(typed("demo", "--database", "sqlite+nope://user:hunter2@host:port/name"), 1)

    assert "malformed url" in error
    assert "hunter2" not in error


@pytest.mark.parametrize(
    ("modules", "url", "extra"),
    [
        (["psycopg"], "postgresql://user:hunter2@host/name", "postgres"),
        (["MySQLdb", "pymysql"], "mysql://user:hunter2@host/name", "mysql"),
    ],
)
def test_a_missing_driver_names_the_extra(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, modules: list[str], url: str, extra: str
) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed

    error = error_of(typed("demo", "--database", url), 1)

    assert f"pip install 'kavach-core[{extra}]'" in error
    assert "hunter2" not in error


def test_a_missing_orm_names_the_extra() -> None:
    program = "import sys; sys.modules['sqlalchemy'] = None; from kavach_core.cli import main; sys.exit(main(['demo']))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert "pip install 'kavach-core[sqlalchemy]'" in error_of(done, 1)


def test_a_database_that_does_not_answer_is_one_line(typed: Typed, database: Database, tmp_path: Path) -> None:
    if database.provider == "sqlite":
        url = str(tmp_path / "no" / "such" / "folder" / "kavach.db")
    else:
        url = f"{database.url.partition('://')[0]}://user:hunter2@127.0.0.1:1/name"

    error = error_of(typed("demo", "--database", url), 1)

    assert "the database" in error
    assert "hunter2" not in error
