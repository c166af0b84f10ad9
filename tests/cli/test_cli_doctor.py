"""`kavach doctor`: what it finds on each database, and what it leaves as it was."""

from __future__ import annotations

import gzip
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from database_fixture import Database
from described import open_engine
from kavach_core.cli import main
from kavach_core.cli.doctor import Finding, examine
from kavach_schema.tables import TABLES
from kavach_sqlalchemy import create_sqlalchemy_adapter

FIXTURE = Path(__file__).parents[1] / "fixtures" / "kavachos-0.2.1-sample.db.gz"

SETTINGS = {
    "sqlite": ["journal", "file"],
    "postgresql": ["encoding", "isolation", "durability", "clock"],
    "mysql": ["mode", "collation", "isolation", "durability", "clock"],
}


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """Yield a synchronous engine on the test's empty database."""
    yield from open_engine(database)


def examined(engine: Engine) -> dict[str, Finding]:
    return {finding.label: finding for finding in examine(engine, prefix="kavach_", schema=None)}


def test_a_database_in_order_has_no_problem(engine: Engine) -> None:
    storage = create_sqlalchemy_adapter(engine)
    storage.prepare_schema()
    found = examined(engine)
    kind = engine.dialect.name
    assert list(found) == ["driver", "server", "tables", *SETTINGS[kind], "round trip", "commit"]
    assert [finding.label for finding in found.values() if finding.verdict == "problem"] == []
    assert f"SQLAlchemy {version('sqlalchemy')}" in found["driver"].text
    assert found["tables"].text == "as Kavach needs them"
    assert "for a row and its commit" in found["commit"].text
    assert all(bool(finding.advice) == (finding.verdict != "fine") for finding in found.values())
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM kavach_email_otps")).scalar() == 0


def test_missing_tables_are_a_problem_and_are_not_made(engine: Engine) -> None:
    found = examined(engine)
    assert (found["tables"].verdict, found["tables"].text[:2]) == ("problem", str(len(TABLES)))
    assert found["commit"].text == "not measured: the tables come first"
    assert examined(engine)["tables"] == found["tables"]


def test_a_missing_index_is_advice(engine: Engine) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    on = " ON kavach_agents" if engine.dialect.name == "mysql" else ""
    with engine.begin() as connection:
        connection.execute(text(f"DROP INDEX kavach_agents_created_at_id_idx{on}"))
    found = examined(engine)
    assert found["tables"].verdict == "advice"
    assert "kavach schema upgrade" in found["tables"].advice


def test_a_wrong_clock_is_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    if engine.dialect.name != "sqlite":
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() - 90)
        clock = examined(engine)["clock"]
        assert clock.verdict == "advice"
        assert clock.text in {f"this machine's and the server's are {s} s apart" for s in (89, 90)}


def test_settings_of_postgresql_are_judged(engine: Engine, database: Database) -> None:
    if engine.dialect.name == "postgresql":
        name = database.url.rpartition("/")[2]
        with engine.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
            connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"))
        engine.dispose()
        try:
            found = examined(engine)
        finally:
            with engine.connect() as connection:
                connection.execute(text(f"ALTER DATABASE {name} RESET ALL"))
        assert (found["durability"].verdict, found["isolation"].verdict) == ("advice", "advice")
        assert found["durability"].text.startswith("synchronous_commit = off, fsync = ")


@pytest.mark.one_database
@pytest.mark.not_in_memory
def test_the_command_changes_no_setting_and_tells_by_its_status(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "adopted.db"
    path.write_bytes(gzip.decompress(FIXTURE.read_bytes()))
    before = path.read_bytes()
    assert main(["doctor", str(path)]) == 1
    assert path.read_bytes() == before
    told = capsys.readouterr().out
    assert "19 tables refer to kavach_users" in told
    assert "problem: kavach schema check URL" in told
    assert told.endswith("problems: 1, advice: 2\n")
    main(["schema", "upgrade", str(path)])
    capsys.readouterr()
    assert main(["doctor", str(path)]) == 0
    assert capsys.readouterr().out.endswith("problems: 0, advice: 2\n")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("SELECT count(*) FROM kavach_email_otps").fetchone() == (0,)
