"""`kavach purge`: what has expired goes, and the counts are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from database_fixture import Database
from kavach_core import create_kavach
from kavach_core.cli import main
from kavach_sqlalchemy import open_storage

NOW = datetime.now(UTC)


def fill(database: Database, prefix: str = "kavach_") -> None:
    """Write sessions of which three have expired, and an agent."""
    storage = open_storage(database.provider, database.url, prefix=prefix)
    with create_kavach(storage=storage) as kavach:
        for number in range(5):
            expires = NOW + timedelta(days=number - 3, hours=1)
            kavach.storage.create_session(id=f"{number}", user_id="ada", expires_at=expires, created_at=NOW)
        kavach.agent.create(owner_id="ada", name="a", type="service", permissions=[])
    storage.close()


def left(database: Database, prefix: str = "kavach_") -> list[str]:
    storage = open_storage(database.provider, database.url, prefix=prefix)
    found = [row.id for row in storage.list_sessions_by_user("ada")]
    storage.close()
    return found


@pytest.mark.not_in_memory
@pytest.mark.parametrize("options", [(), ("--batch", "1")])
def test_what_has_expired_goes_and_is_counted(
    database: Database, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    fill(database)
    assert main(["purge", database.url, *options]) == 0
    shown = capsys.readouterr().out
    assert ["3", "kavach_sessions"] in [line.split() for line in shown.splitlines()]
    assert "rows removed: 3" in shown
    assert "kavach_agents" not in shown
    assert left(database) == ["3", "4"]
    assert main(["purge", database.url]) == 0
    assert "rows removed: 0" in capsys.readouterr().out


@pytest.mark.one_database
def test_tables_may_have_another_prefix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = Database("sqlite-file", "sqlite", f"sqlite:///{tmp_path / 'app.db'}")
    fill(database, prefix="app_")
    assert main(["purge", database.url, "--prefix", "app_"]) == 0
    assert "app_sessions" in capsys.readouterr().out
    assert left(database, prefix="app_") == ["3", "4"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["missing.db"], 1, "there is no file"),
        (["redis://x"], 1, "unknown database scheme"),
        (["empty.db"], 1, "kavach_"),
        (["empty.db", "--batch", "0"], 1, ""),
        (["empty.db", "--batch", "x"], 2, ""),
        ([], 2, ""),
    ],
)
def test_what_cannot_be_purged_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.db").touch()
    assert main(["purge", *arguments]) == status
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error
    assert not Path("missing.db").exists()
