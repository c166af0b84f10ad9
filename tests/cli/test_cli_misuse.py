"""What makes no sense on a command line is said in one line that says what to do, whatever the command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kavach_core import create_kavach
from kavach_core.cli import main


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no option be said by the environment."""
    monkeypatch.delenv("KAVACH_DATABASE", raising=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["doctor"], "--database needs a value, or set KAVACH_DATABASE; see: kavach doctor --help"),
        (["purge"], "--database needs a value, or set KAVACH_DATABASE; see: kavach purge --help"),
        (["token", "list", "-d"], "-d needs a value, or set KAVACH_DATABASE; see: kavach token list --help"),
        (["agent", "create", "x"], "--owner needs a value; see: kavach agent create --help"),
        (["authorize", "x"], "ACTION needs a value; see: kavach authorize --help"),
        (["demo", "a", "b"], "more words than the command takes: a b; see: kavach demo --help"),
        (["demo", "--databse", "x"], "unknown option: --databse. Did you mean --database?"),
        (["dmo"], 'unknown command "dmo". Did you mean "demo"?'),
        (["serve", "-d", "x", "--port", "x"], 'invalid value for --port: unable to convert "x" into int'),
    ],
)
def test_a_command_line_that_makes_no_sense_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(arguments) == 2
    line = capsys.readouterr().err
    assert line.startswith(f"error: {said}")
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    "words", ["doctor", "purge", "schema check", "schema upgrade", "schema audit-triggers", "token list"]
)
def test_the_database_is_named_in_one_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    command = words.split()
    path = str(tmp_path / "kavach.db")
    create_kavach(database={"provider": "sqlite", "url": path}).close()
    assert main([*command, "--database", path]) == 0
    monkeypatch.setenv("KAVACH_DATABASE", path)
    assert main(command) == 0


@pytest.mark.parametrize("command", [["token", "list"], ["token", "revoke", "x"], ["doctor"], ["purge"]])
def test_a_mistyped_path_makes_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    path = tmp_path / "mistyped.db"
    assert main([*command, "--database", str(path)]) == 1
    assert re.search(r"error: there is no file .*mistyped.db; check the path", capsys.readouterr().err)
    assert not path.exists()
