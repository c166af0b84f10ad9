"""Triggers with which the database itself refuses to change the audit trail, and lets retention through."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from database_fixture import Database
from engine.support import READ_ISSUES, Host, ask, make_agent
from kavach_core import create_kavach
from kavach_core.cli import main
from kavach_core.cli.schema import trigger_script
from kavach_schema.render.ddl import Naming
from kavach_schema.render.triggers import create_audit_triggers

pytestmark = [pytest.mark.one_database, pytest.mark.not_in_memory, pytest.mark.empty_database]

REFUSED = "audit rows and their seals stay as they were written"

FORBIDDEN = [
    "UPDATE kavach_audit_logs SET result = 'denied'",
    "DELETE FROM kavach_audit_logs",
    "UPDATE kavach_audit_seals SET removed_before = 99999999999",
    "DELETE FROM kavach_audit_seals",
]


async def assert_refused(host: Host, *statements: str) -> None:
    from sqlalchemy.exc import DBAPIError

    for statement in statements:
        with pytest.raises(DBAPIError, match=REFUSED):
            await host.sql(statement)


@pytest.mark.every_database
async def test_a5_the_database_refuses_changes_and_lets_retention_through(host: Host, kavach: Any) -> None:
    url = host.opened.database.url
    assert main(["schema", "audit-triggers", url]) == main(["schema", "audit-triggers", url]) == 0
    agent = await make_agent(kavach, READ_ISSUES)
    assert await ask(kavach, agent) is None
    host.clock.pass_time(hours=1)
    assert await ask(kavach, agent) is None
    host.clock.pass_time(hours=1)
    await kavach.audit.seal()
    await assert_refused(host, *FORBIDDEN)
    if host.opened.database.provider == "postgres":
        await assert_refused(host, "TRUNCATE kavach_audit_logs", "TRUNCATE kavach_audit_seals")
    assert len(await host.audit_rows()) == 2
    assert await kavach.audit.cleanup(before=host.clock.later(minutes=-90)) == 1
    await assert_refused(host, *FORBIDDEN)
    report = await kavach.audit.verify()
    assert (report.problem, report.removed, report.verified) == (None, 1, 1)
    assert main(["schema", "audit-triggers", url, "--remove"]) == 0
    for statement in FORBIDDEN:
        await host.sql(statement)
    assert await host.audit_rows() == []


def test_a_dry_run_prints_a_script_that_does_the_same(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"provider": "sqlite", "url": database.url, "prefix": "app_"}
    with create_kavach(database=settings) as kavach:
        kavach.authorize("nobody", action="read", resource="a")
    assert main(["schema", "audit-triggers", database.url, "--prefix", "app_", "--dry-run"]) == 0
    path = database.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE app_audit_logs SET result = 'denied'")
        connection.commit()
        connection.executescript(capsys.readouterr().out)
        with pytest.raises(sqlite3.IntegrityError, match=REFUSED):
            connection.execute("DELETE FROM app_audit_logs")


def test_what_the_database_refuses_is_one_line(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    sqlite3.connect(database.url.removeprefix("sqlite:///")).close()
    assert main(["schema", "audit-triggers", database.url]) == 1
    assert capsys.readouterr().err.startswith("error: the database refused a trigger (OperationalError)")


def test_names_have_the_prefix_and_the_schema_of_the_tables() -> None:
    for statement in create_audit_triggers("postgresql", Naming("app_", "iam")):
        assert "kavach_" not in statement
        assert '"iam"."app_' in statement


def test_a_script_for_mysql_says_where_a_statement_ends() -> None:
    """The client would end a trigger at the semicolon inside of it."""
    script = trigger_script(create_audit_triggers("mysql"), delimited=True)
    first, *statements, last = script.split("$$\n")
    assert (first, last) == ("DELIMITER ", "DELIMITER ;\n")
    assert statements == create_audit_triggers("mariadb")
