"""`kavach audit` as an operator types it."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from cli.test_cli_demo import Typed, error_of, kavach, on_terminal, typed
from database_fixture import Database
from kavach_core import create_kavach

__all__ = ["typed"]

pytestmark = [pytest.mark.one_database, pytest.mark.not_in_memory]


@pytest.fixture
def trail(database: Database) -> str:
    """Return the URL of a database with three rows: one allowed, one denied, one that would harm a terminal."""
    settings = {"provider": database.provider, "url": database.url}
    with create_kavach(database=settings) as opened:
        agent = opened.agent.create(
            owner_id="ada", name="a", type="service", permissions=[{"resource": "mcp:*", "actions": ["read"]}], id="one"
        )
        opened.authorize(agent.id, action="read", resource="mcp:github")
        opened.authorize(agent.id, action="write", resource="mcp:github")
        opened.authorize("nobody", action="=1+1", resource="\x1b[2J")
    return database.url


def rows_of(lines: str) -> list[Any]:
    return [json.loads(line) for line in lines.splitlines()]


@pytest.mark.every_database
def test_an_export_goes_to_a_file_or_to_standard_output(typed: Typed, trail: str, tmp_path: Path) -> None:
    printed = kavach("audit", "export", trail, "--format", "csv")
    assert (printed.returncode, printed.stderr) == (0, "")
    done = typed("audit", "export", trail, "--format", "csv", "--output", str(tmp_path / "audit.csv"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "wrote 3 rows to " in done.stdout
    with (tmp_path / "audit.csv").open(newline="") as file:
        written = file.read()
    header, *rows = csv.reader(io.StringIO(written, newline=""), strict=True)
    assert [row[header.index("action")] for row in rows] == ["read", "write", "'=1+1"]
    # The pipe's lines were read with universal newlines.
    assert printed.stdout == written.replace("\r\n", "\n")
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


def test_an_export_takes_filters_and_formats(typed: Typed, trail: str, tmp_path: Path) -> None:
    target = tmp_path / "out"

    def exported(*arguments: str) -> str:
        assert typed("audit", "export", trail, "-o", str(target), *arguments).returncode == 0
        return target.read_text()

    assert len(json.loads(exported())) == 3
    for arguments, actions in (
        (["--agent", "one", "--result", "denied"], ["write"]),
        (["--user", "ada"], ["read", "write"]),
        (["--action", "read", "--action", "=1+1"], ["read", "=1+1"]),
        (["--since", "2020-01-01", "--until", "2100-01-01T00:00:00Z"], ["read", "write", "=1+1"]),
        (["--until", "2020-01-01"], []),
    ):
        assert [row["action"] for row in rows_of(exported("--format", "jsonl", *arguments))] == actions


def test_an_export_shows_a_bar_on_a_terminal(trail: str, tmp_path: Path) -> None:
    shown = on_terminal("audit", "export", trail, "--output", str(tmp_path / "out"), COLUMNS="80")
    assert "rows" in shown
    assert "3/3" in shown
    assert len(json.loads((tmp_path / "out").read_text())) == 3


def test_an_export_that_fails_leaves_the_file_as_it_was(typed: Typed, trail: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")
    error = error_of(typed("audit", "export", trail, "-o", str(tmp_path / "none" / "out")), 1)
    assert "cannot write" in error
    with create_kavach(database={"provider": "sqlite", "url": trail}) as opened:
        row = next(iter(opened.storage.stream_audit_logs()))
    from sqlalchemy import create_engine, text

    engine = create_engine(trail)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE kavach_audit_logs SET timestamp = 99999999999999 WHERE id = :id"), {"id": row.id}
        )
    engine.dispose()
    error_of(typed("audit", "export", trail, "-o", str(tmp_path / "out")), 1)
    assert (tmp_path / "out").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("out")) == ["out"]


def test_a_query_shows_rows_newest_first_and_no_control_characters(typed: Typed, trail: str) -> None:
    done = typed("audit", "query", trail)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "\\x1b[2J" in done.stdout
    lines = [line.split() for line in done.stdout.splitlines()]
    codes = [line[-1] for line in lines if "mcp:github" in line or "nobody" in line]
    assert codes == ["unknown_agent", "no_permission", "allowed"]
    short = typed("audit", "query", trail, "--limit", "1", "--agent", "one").stdout
    assert "no_permission" in short
    assert "unknown_agent" not in short


def age(url: str) -> None:
    """Let all rows settle, by making them older."""
    run_sql(url, "UPDATE kavach_audit_logs SET timestamp = timestamp - 3600")


def run_sql(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_a5_heads_that_were_kept_find_what_was_cut(typed: Typed, trail: str, tmp_path: Path) -> None:
    assert typed("audit", "seal", trail).stdout == ""
    age(trail)
    heads = tmp_path / "heads"
    heads.write_text(typed("audit", "seal", trail).stdout)
    good = typed("audit", "verify", trail, "--heads", str(heads))
    assert (good.returncode, good.stderr) == (0, "")
    assert "3 rows" in good.stdout
    assert heads.read_text().split()[1] in good.stdout
    assert good.stdout.endswith("all is as it was sealed\n")
    run_sql(trail, "DELETE FROM kavach_audit_seals")
    run_sql(trail, "DELETE FROM kavach_audit_logs")
    assert typed("audit", "verify", trail).returncode == 0
    bad = typed("audit", "verify", trail, "--heads", str(heads))
    assert (bad.returncode, bad.stderr) == (1, "")
    assert bad.stdout.endswith("problem: seal 1 is missing\n")


def test_a5_a_row_that_was_changed_is_named_without_its_control_characters(typed: Typed, trail: str) -> None:
    run_sql(trail, "UPDATE kavach_audit_logs SET id = char(27) || 'x' WHERE agent_id = 'nobody'")
    age(trail)
    typed("audit", "seal", trail)
    run_sql(trail, "UPDATE kavach_audit_logs SET result = 'allowed' WHERE agent_id = 'nobody'")
    bad = typed("audit", "verify", trail)
    assert bad.returncode == 1
    assert "problem: row \\x1bx of seal 1 was changed" in bad.stdout


def test_a_cleanup_says_how_many_rows_it_deleted(typed: Typed, trail: str) -> None:
    assert "younger rows have not settled" in error_of(typed("audit", "cleanup", trail, "--before", "2100-01-01"), 1)
    assert typed("audit", "cleanup", trail, "--before", "2020-01-01").stdout == "deleted 0 rows\n"
    age(trail)
    moment = (datetime.now(UTC) - timedelta(minutes=2)).isoformat()
    assert typed("audit", "cleanup", trail, "--before", moment).stdout == "deleted 3 rows\n"
    assert "3 rows" in typed("audit", "verify", trail).stdout


def test_a5_a_cleanup_spares_what_is_held(typed: Typed, trail: str) -> None:
    placed = typed("audit", "hold", trail, "--agent", "one", "--reason", "case\x1b 7", "--by", "counsel")
    hold = placed.stdout.strip()
    shown = typed("audit", "holds", trail).stdout
    assert hold[:8] in shown
    assert "case\\x1b 7" in shown
    age(trail)
    moment = (datetime.now(UTC) - timedelta(minutes=2)).isoformat()
    assert typed("audit", "cleanup", trail, "--before", moment).stdout == "deleted 1 rows\n"
    assert typed("audit", "lift", hold, "--database", trail, "--by", "counsel").returncode == 0
    assert hold[:8] not in typed("audit", "holds", trail).stdout
    assert typed("audit", "cleanup", trail, "--before", moment).stdout == "deleted 2 rows\n"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["query", "URL", "--since", "yesterday"], 1, "--since: write a moment such as"),
        (["query", "URL", "--limit", "0"], 1, "limit: must be an integer from 1 to 1000"),
        (["export", "URL", "--format", "xml"], 2, "xml"),
        (["verify", "URL", "--heads", "missing"], 1, "cannot read missing"),
        (["lift", "none", "--database", "URL", "--by", "x"], 1, "no hold has this id"),
        (["hold", "URL", "--by", "x"], 2, "--reason"),
        (["verify", "missing.db"], 1, "there is no file missing.db"),
        (["export", "missing.db"], 1, "there is no file missing.db"),
        (["export", "URL", "--prefix", "other_"], 1, "other_"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    typed: Typed, trail: str, arguments: list[str], status: int, message: str
) -> None:
    assert message in error_of(typed("audit", *[trail if word == "URL" else word for word in arguments]), status)
