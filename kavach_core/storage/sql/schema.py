"""The steps that create missing tables, check what the host created, or add what it lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from kavach_core.errors import BackendUnavailable, SchemaMismatch
from kavach_core.storage.sql.comparison import Difference, differences
from kavach_core.storage.sql.dialect import SqlDialect
from kavach_core.storage.sql.inspection import stored_tables, with_references
from kavach_core.storage.sql.plans import Request, Steps
from kavach_schema.model import Table
from kavach_schema.render.ddl import create_table
from kavach_schema.tables import TABLES

_LOCK: Final = 0x6B61766163680001
"""The key of our advisory lock on PostgreSQL, where CREATE ... IF NOT EXISTS by two sessions at once fails."""

_MYSQL_LOCK: Final = "CONCAT('kavach.', LEFT(SHA2(DATABASE(), 256), 40))"
"""The name of our lock on MySQL, where CREATE ... IF NOT EXISTS by two sessions at once can deadlock.

Its locks are the server's, and their names end at 64 characters.
"""

_PATIENCE: Final = 60
"""Seconds that a process waits for another one on MySQL; the other servers wait as long as their settings say."""


def missing_tables(dialect: SqlDialect) -> Steps[Sequence[Table[object]]]:
    """Return the tables of the model that the database does not have.

    Raises `SchemaMismatch` where one that it does have is not as Kavach needs it: creating the others would not help.
    """
    stored = yield from stored_tables(dialect)
    there = [found for found in differences(dialect, stored) if found.table in stored]
    _refuse(there)
    return [table for table in TABLES if dialect.naming.table(table.name) not in stored]


def create_tables(dialect: SqlDialect) -> Steps[None]:
    """Create the missing tables; MUST run in a transaction, after `lock_schema`."""
    for table in (yield from missing_tables(dialect)):
        for statement in create_table(table, dialect.flavour, dialect.naming):
            yield Request(statement)


def check_tables(dialect: SqlDialect) -> Steps[None]:
    """Raise `SchemaMismatch` for the first thing that Kavach does not work with; what only slows it down is let be."""
    _refuse(differences(dialect, (yield from stored_tables(dialect))))


def compare(dialect: SqlDialect) -> Steps[list[Difference]]:
    """Return all that is not as in the data model, foreign keys included."""
    stored = yield from stored_tables(dialect)
    return differences(dialect, (yield from with_references(dialect, stored)))


def lock_schema(dialect: SqlDialect) -> Steps[None]:
    """Wait until no other process creates or changes tables; MUST be sent in the transaction that is to do so.

    On PostgreSQL and SQLite the lock ends with the transaction, on MySQL with `unlock_schema` or the connection.
    """
    if dialect.flavour == "postgresql":
        yield Request(f"SELECT pg_advisory_xact_lock({_LOCK})::text")
    elif dialect.flavour != "sqlite":
        reply = yield Request(f"SELECT GET_LOCK({_MYSQL_LOCK}, {_PATIENCE})")
        if reply.rows[0][0] != 1:
            raise BackendUnavailable("another process is changing the tables; try again", retryable=True)


def unlock_schema(dialect: SqlDialect) -> Steps[None]:
    """Let other processes create and change tables."""
    if dialect.flavour in ("mysql", "mariadb"):
        yield Request(f"SELECT RELEASE_LOCK({_MYSQL_LOCK})")


def upgrade_tables(dialect: SqlDialect, before_each: Callable[[str], None]) -> Steps[list[str]]:
    """Add missing tables, optional columns and indexes; return the statements that were sent.

    MUST run in a transaction, after `lock_schema`. On SQLite and PostgreSQL all of them hold or none; on MySQL each
    holds by itself, and the next run adds the rest. Nothing is dropped or rewritten. `before_each` is told each
    statement before it is sent.
    """
    sent: list[str] = []
    for found in differences(dialect, (yield from stored_tables(dialect))):
        for statement in found.statements:
            before_each(statement)
            yield Request(statement)
            sent.append(statement)
    return sent


def _refuse(found: Iterable[Difference]) -> None:
    """Raise for the first of these that is broken, and say who can mend it."""
    broken = next((each for each in found if each.severity == "broken"), None)
    if broken is not None:
        raise SchemaMismatch(broken.text + ("; add it, or run: kavach schema upgrade URL" if broken.statements else ""))
