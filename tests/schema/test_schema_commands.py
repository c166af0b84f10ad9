"""`kavach schema check`, `upgrade` and `sql`: what they print, and how they end."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from database_fixture import Database
from described import described
from kavach_core.cli import main
from kavach_schema.render.ddl import FLAVOURS
from kavach_schema.tables import TABLES
from kavach_sqlalchemy import check_schema, create_sqlalchemy_adapter

GENERATED = Path(__file__).parents[2] / "schema" / "generated"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    """Run `kavach schema`, and return its status and what it printed."""
    status = main(["schema", *arguments])
    out, error = capsys.readouterr()
    assert error == ""
    return status, out.splitlines()


@pytest.mark.not_in_memory
def test_check_upgrade_check(engine: Engine, database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    whole = described(engine)
    assert run(capsys, "check", database.url) == (0, ["the tables are as Kavach needs them"])
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE kavach_audit_logs DROP COLUMN code"))
        connection.execute(text("DROP TABLE kavach_users"))
    engine.dispose()

    status, told = run(capsys, "check", database.url)
    assert (status, told) == (
        1,
        [
            "broken   table kavach_users is missing",
            "broken   column kavach_audit_logs.code is missing",
            "2 broken, 0 lacking; kavach schema upgrade adds 2 of them",
        ],
    )
    status, script = run(capsys, "upgrade", database.url, "--dry-run")
    assert (status, "CREATE TABLE IF NOT EXISTS" in script[0], "ALTER TABLE" in script[-1]) == (0, True, True)
    assert len(check_schema(engine)) == 2
    engine.dispose()

    status, told = run(capsys, "upgrade", database.url)
    assert (status, told[: len(script)]) == (0, script)
    assert told[len(script) :][1:] == ["the tables are as Kavach needs them"]
    assert described(engine) == whole
    assert run(capsys, "upgrade", database.url) == (
        0,
        ["nothing was missing", "the tables are as Kavach needs them"],
    )


@pytest.mark.not_in_memory
def test_what_is_left_to_the_user_is_told_by_the_status(
    engine: Engine, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    create_sqlalchemy_adapter(engine, prefix="app_").prepare_schema()
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE app_tenants DROP COLUMN name"))
    status, told = run(capsys, "upgrade", database.url, "--prefix", "app_")
    assert (status, told[0], told[-1]) == (1, "nothing was missing", "1 broken, 0 lacking")
    assert told[1].startswith("broken   column app_tenants.name is missing; add it as ")


@pytest.mark.not_in_memory
def test_a_prefix_and_a_schema_are_options_of_each_command(
    engine: Engine, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    naming = ["--prefix", "app_"]
    engine.connect().close()  # makes the file
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA iam"))
        naming += ["--schema", "iam"]
    engine.dispose()
    missing = run(capsys, "check", database.url, *naming)
    assert (missing[0], missing[1][0]) == (1, "broken   table app_users is missing")
    script = run(capsys, "upgrade", database.url, "--dry-run", *naming)
    assert script == run(capsys, "upgrade", database.url, "--dry-run", *naming), "a dry run sends nothing"
    assert (script[0], "app_users" in script[1][0]) == (0, True)
    assert run(capsys, "upgrade", database.url, *naming)[0] == 0
    assert run(capsys, "check", database.url, *naming) == (0, ["the tables are as Kavach needs them"])
    assert run(capsys, "upgrade", database.url, "--dry-run", *naming) == (0, [])
    assert main(["doctor", database.url, *naming]) == 0
    assert len(check_schema(engine)) == len(TABLES), "tables of the usual names were made"


@pytest.mark.one_database
@pytest.mark.not_in_memory
def test_check_changes_nothing(database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "an odd #name?.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE host_orders (id TEXT)")
        connection.commit()
    before = path.read_bytes()
    assert run(capsys, "check", str(path))[0] == 1
    assert run(capsys, "upgrade", str(path), "--dry-run")[0] == 0
    assert (path.read_bytes(), [file.name for file in tmp_path.iterdir()]) == (before, [path.name])


@pytest.mark.one_database
@pytest.mark.not_in_memory
def test_upgrade_makes_a_file_that_is_not_there(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "upgrade", str(tmp_path / "new.db"))[0] == 0
    assert run(capsys, "check", f"sqlite:///{tmp_path / 'new.db'}") == (0, ["the tables are as Kavach needs them"])


@pytest.mark.parametrize("provider", FLAVOURS)
def test_sql_is_what_is_generated(provider: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, _, generated = (GENERATED / f"{provider}.sql").read_text().partition("\n\n")
    assert run(capsys, "sql", "--provider", provider) == (0, generated.splitlines())


def test_sql_has_the_prefix_and_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    _, told = run(capsys, "sql", "--provider", "postgresql", "--prefix", "app_", "--schema", "iam")
    assert told[0] == 'CREATE TABLE IF NOT EXISTS "iam"."app_users" ('
    assert sum(line.startswith("CREATE TABLE") for line in told) == len(TABLES)
    assert "kavach_" not in "".join(told)


@pytest.mark.parametrize(
    ("arguments", "told", "status"),
    [
        (["sql", "--provider", "sqlite", "--schema", "iam"], "has no schemas", 1),
        (["sql", "--provider", "postgresql", "--schema", "a b"], "no table prefix or schema", 1),
        (["sql"], "--provider", 2),
        (["check"], "KAVACH_DATABASE", 2),
        (["check", "--prefix", "a b", ":memory:"], "no table prefix or schema", 1),
        (["check", "--schema", "iam", ":memory:"], "has no schemas", 1),
    ],
)
def test_mistakes_are_told_in_one_line(
    arguments: list[str], told: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", *arguments]) == status
    out, error = capsys.readouterr()
    assert (out, error.count("\n"), told.lower() in error.lower()) == ("", 1, True)


def test_the_script_of_a_dry_run_makes_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    path.touch()
    kavach = [sys.executable, "-c", "import sys; from kavach_core.cli import main; sys.exit(main())"]
    done = subprocess.run([*kavach, "schema", "upgrade", "--dry-run", path], capture_output=True, check=True, text=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(done.stdout)
    assert main(["schema", "check", str(path)]) == 0


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("none.db", "there is no file none.db"),
        ("oracle://host/name", "unknown database scheme"),
        ("postgresql://user:secret@127.0.0.1:1/name", "cannot be reached"),
    ],
)
@pytest.mark.parametrize("command", [["doctor"], ["schema", "check"], ["schema", "upgrade", "--dry-run"]])
def test_what_cannot_be_examined_is_told_in_one_line(
    command: list[str],
    url: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*command, url]) == 1
    out, error = capsys.readouterr()
    assert (error.count("\n"), told in error, "secret" in out + error) == (1, True, False)
    assert list(tmp_path.iterdir()) == []
