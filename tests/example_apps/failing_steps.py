"""A database that fails at a chosen step of a request, and only if the steps before it are done.

A trigger refuses the row of a step; at the commit PostgreSQL has deferred triggers, and SQLite deferred foreign keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from example_apps.application import Application


@dataclass(frozen=True)
class Fault:
    """A new row of `table` is refused, at once or at the commit, where `done` holds."""

    table: str
    done: str = "TRUE"
    at_commit: bool = False


_PROJECT = "EXISTS (SELECT 1 FROM projects WHERE agent_id = NEW.{agent})"
_AGENT = "EXISTS (SELECT 1 FROM kavach_agents WHERE id = NEW.agent_id)"
_PERMISSION = "EXISTS (SELECT 1 FROM kavach_permissions WHERE id = NEW.id)"
_BOTH = f"{_PROJECT} AND {_AGENT}".format(agent="agent_id")

STEPS = {
    "project": Fault("projects"),
    "agent": Fault("kavach_agents", _PROJECT.format(agent="id")),
    "permission": Fault("kavach_permissions", _BOTH),
    "commit": Fault("kavach_permissions", f"{_BOTH} AND {_PERMISSION}", at_commit=True),
}
"""The steps of a request whose rows are all in one transaction."""

PROJECT = STEPS["project"]
PROJECT_AT_COMMIT = Fault("projects", _AGENT, at_commit=True)
AGENT = Fault("kavach_agents")
PERMISSION = Fault("kavach_permissions", _AGENT)

_POSTGRES = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN IF {done} THEN RAISE 'the database fails here'; END IF; RETURN NEW; END $$",
    "CREATE {kind} refuse {when} INSERT ON {table} {deferred} FOR EACH ROW EXECUTE FUNCTION refuse()",
)
_POSTGRES_UNDO = ("DROP FUNCTION refuse CASCADE",)
_SQLITE = (
    "CREATE TABLE nobody (id PRIMARY KEY)",
    "CREATE TABLE refused (id REFERENCES nobody DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TRIGGER refuse {when} INSERT ON {table} WHEN {done} BEGIN {refuse}; END",
)
_SQLITE_UNDO = ("DROP TRIGGER refuse", "DROP TABLE refused", "DROP TABLE nobody")


@contextmanager
def failing(application: Application, fault: Fault) -> Iterator[None]:
    """Let the database fail; it works again afterwards."""
    late = fault.at_commit
    words = {
        "table": fault.table,
        "done": fault.done,
        "kind": "CONSTRAINT TRIGGER" if late else "TRIGGER",
        "when": "AFTER" if late else "BEFORE",
        "deferred": "DEFERRABLE INITIALLY DEFERRED" if late else "",
        "refuse": "INSERT INTO refused VALUES (1)" if late else "SELECT RAISE(ABORT, 'the database fails here')",
    }
    do, undo = (_POSTGRES, _POSTGRES_UNDO) if application.on_postgres else (_SQLITE, _SQLITE_UNDO)
    with application.connect() as connection:
        for statement in do:
            connection.execute(statement.format(**words))
        try:
            yield
        finally:
            for statement in undo:
                connection.execute(statement)
