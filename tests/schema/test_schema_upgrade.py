"""Adding what a database lacks: all of it, nothing else, and again after a crash."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from database_fixture import Database, driver_url
from described import SYNC, described
from kavach_core.errors import SchemaMismatch
from kavach_schema.tables import TABLES
from kavach_schema.tables.agents import AGENTS
from kavach_sqlalchemy import check_schema, create_sqlalchemy_adapter, upgrade_schema
from storage.samples import row

START = """
import json, sys
from kavach_core import create_kavach
settings = json.loads(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
with create_kavach(database=settings) as kavach:
    kavach.agent.create(owner_id="ada", name="n", type="service", permissions=[])
"""

PROGRAM = Path(__file__).with_name("upgrading.py")


def execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def damage(engine: Engine) -> None:
    """Leave a database that lacks tables, columns and indexes."""
    on = " ON kavach_agents" if engine.dialect.name == "mysql" else ""
    execute(
        engine,
        "DROP TABLE kavach_trust_scores",
        "DROP TABLE kavach_users",
        "ALTER TABLE kavach_audit_logs DROP COLUMN code",
        "ALTER TABLE kavach_audit_logs DROP COLUMN reason",
        f"DROP INDEX kavach_agents_token_hash_key{on}",
        f"DROP INDEX kavach_agents_created_at_id_idx{on}",
    )


def created(engine: Engine) -> dict[str, Any]:
    """Create all tables, and return how they look."""
    create_sqlalchemy_adapter(engine).prepare_schema()
    return described(engine)


def start(database: Database, killed_before: int = 0) -> subprocess.Popen[str]:
    """Start a process that upgrades."""
    url = driver_url(database.provider, database.url, SYNC[database.provider])
    program = [sys.executable, str(PROGRAM), database.provider, url, str(killed_before)]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_adds_what_is_missing_and_nothing_the_second_time(engine: Engine) -> None:
    whole = created(engine)
    values = row(AGENTS)
    agent = create_sqlalchemy_adapter(engine).create_agent(**values)
    damage(engine)
    announced: list[str] = []
    expected = [statement for found in check_schema(engine) for statement in found.statements]

    assert upgrade_schema(engine, before_each=announced.append) == announced == expected != []

    assert described(engine) == whole
    assert check_schema(engine) == []
    assert upgrade_schema(engine) == []
    assert create_sqlalchemy_adapter(engine, skip_migrations=True).find_agent_by_id(agent.id) == agent


def test_makes_all_tables_in_an_empty_database(engine: Engine) -> None:
    upgrade_schema(engine, prefix="app_")
    upgraded = described(engine, "app_")
    create_sqlalchemy_adapter(engine).prepare_schema()
    assert len(upgraded) == len(TABLES)
    assert check_schema(engine, prefix="app_") == []


def test_makes_tables_in_a_schema_of_postgresql(engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        execute(engine, "CREATE SCHEMA iam")
        upgrade_schema(engine, schema="iam")
        execute(engine, "ALTER TABLE iam.kavach_audit_logs DROP COLUMN code")
        assert len(upgrade_schema(engine, schema="iam")) == 1
        assert check_schema(engine, schema="iam") == []
        assert described(engine) == {}


def test_added_text_is_compared_exactly_whatever_the_table_is(engine: Engine) -> None:
    created(engine)
    execute(engine, "ALTER TABLE kavach_audit_logs DROP COLUMN code")
    if engine.dialect.name == "mysql":
        execute(engine, "ALTER TABLE kavach_audit_logs DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
    upgrade_schema(engine)
    assert check_schema(engine) == []


def test_what_cannot_be_added_stays_and_is_told(engine: Engine) -> None:
    created(engine)
    execute(engine, "ALTER TABLE kavach_tenants DROP COLUMN name", "ALTER TABLE kavach_audit_logs DROP COLUMN code")
    assert len(upgrade_schema(engine)) == 1
    (left,) = check_schema(engine)
    assert left.text.startswith("column kavach_tenants.name is missing; add it as ")


def test_rows_in_the_way_of_a_unique_index_are_told_and_stay(engine: Engine) -> None:
    storage = create_sqlalchemy_adapter(engine)
    storage.prepare_schema()
    on = " ON kavach_agents" if engine.dialect.name == "mysql" else ""
    execute(engine, f"DROP INDEX kavach_agents_token_hash_key{on}")
    twins = [storage.create_agent(**row(AGENTS, id=name, token_hash="not-to-be-shown")) for name in "ab"]
    with pytest.raises(SchemaMismatch, match=r"rows share what must be unique.*kavach_agents_token_hash_key") as caught:
        upgrade_schema(engine)
    assert "not-to-be-shown" not in str(caught.value)
    assert [storage.find_agent_by_id(name) for name in "ab"] == twins
    assert storage.delete_agent("b")
    upgrade_schema(engine)
    assert check_schema(engine) == []


@pytest.mark.not_in_memory
@pytest.mark.parametrize("killed_before", [1, 2, 4, 6])
def test_is_completed_after_kill_9(engine: Engine, database: Database, killed_before: int) -> None:
    whole = created(engine)
    damage(engine)
    missing = [statement for found in check_schema(engine) for statement in found.statements]
    with start(database, killed_before) as killed:
        assert killed.wait() == -signal.SIGKILL, killed.stderr
    each_by_itself = engine.dialect.name == "mysql"
    done = killed_before - 1 if each_by_itself else 0

    assert upgrade_schema(engine) == missing[done:]

    assert described(engine) == whole


@pytest.mark.not_in_memory
def test_two_processes_at_once_both_succeed(engine: Engine, database: Database) -> None:
    whole = created(engine)
    damage(engine)
    missing = sum(len(found.statements) for found in check_schema(engine))

    ends = [process.communicate() for process in [start(database), start(database)]]

    assert [error for _, error in ends] == ["", ""]
    assert sum(int(sent) for sent, _ in ends) == missing
    assert described(engine) == whole


@pytest.mark.not_in_memory
def test_an_upgrade_and_starts_on_an_empty_database_all_come_up(engine: Engine, database: Database) -> None:
    processes = [start(database), start(database)]
    create_sqlalchemy_adapter(engine).prepare_schema()
    assert [process.communicate()[1] for process in processes] == ["", ""]
    assert check_schema(engine) == []


@pytest.mark.not_in_memory
def test_a_start_completes_tables_whose_making_was_killed(engine: Engine, database: Database) -> None:
    with start(database, killed_before=20) as killed:
        assert killed.wait() == -signal.SIGKILL, killed.stderr
    each_by_itself = engine.dialect.name == "mysql"
    assert len(described(engine)) == (19 if each_by_itself else 0)
    create_sqlalchemy_adapter(engine).prepare_schema()
    assert check_schema(engine) == []


@pytest.mark.not_in_memory
def test_two_processes_that_start_at_once_on_an_empty_database_both_come_up(engine: Engine, database: Database) -> None:
    settings = {"provider": database.provider, "url": database.url, "prefix": "app_"}
    if database.provider == "postgres":
        execute(engine, "CREATE SCHEMA iam")
        settings["schema"] = "iam"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", START, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    ends = [process.communicate(timeout=60)[1] for process in processes]
    assert (ends, [process.returncode for process in processes]) == (["", ""], [0, 0])
    schema = settings.get("schema")
    assert check_schema(engine, prefix="app_", schema=schema) == []
    assert create_sqlalchemy_adapter(engine, prefix="app_", schema=schema).count_agents() == 2
    assert described(engine) == {}
