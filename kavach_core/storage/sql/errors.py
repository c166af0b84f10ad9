"""Driver errors as the contract's own, recognised by code: SQLSTATE, SQLite's error names, MySQL's numbers."""

from __future__ import annotations

import re
from typing import Final

from kavach_core.errors import (
    BackendUnavailable,
    ConflictError,
    SchemaMismatch,
    StorageError,
    TransactionAborted,
    TransactionError,
)
from kavach_schema.model import Table
from kavach_schema.render.ddl import Flavour, Naming

_POSTGRESQL: Final = {
    "23505": "conflict",
    "40001": "aborted",
    "40P01": "aborted",
    "25P02": "spoiled",
    "42P01": "schema",
    "42703": "schema",
    "3F000": "schema",
    "55P03": "busy",
    "57014": "busy",
    "53": "busy",
    "57P": "gone",
    "08": "gone",
    "28": "refused",
    "3D": "refused",
}

_SQLITE: Final = {
    "SQLITE_CONSTRAINT_UNIQUE": "conflict",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "conflict",
    "SQLITE_CONSTRAINT_ROWID": "conflict",
    "SQLITE_BUSY": "busy",
    "SQLITE_LOCKED": "busy",
    "SQLITE_FULL": "refused",
    "SQLITE_IOERR": "refused",
    "SQLITE_CANTOPEN": "refused",
    "SQLITE_READONLY": "refused",
    "SQLITE_CORRUPT": "refused",
    "SQLITE_NOTADB": "refused",
}

_MYSQL: Final = {
    1062: "conflict",
    1213: "aborted",
    1205: "busy",
    1040: "busy",
    1203: "busy",
    3024: "busy",
    1146: "schema",
    1054: "schema",
    1044: "refused",
    1045: "refused",
    1049: "refused",
    2002: "gone",
    2003: "gone",
    2006: "gone",
    2013: "gone",
    2014: "gone",
    2055: "gone",
}


def translate(
    error: Exception,
    flavour: Flavour,
    naming: Naming,
    table: Table[object] | None,
    *,
    disconnect: bool = False,
) -> StorageError:
    """Return the contract's error for a driver's; raise it `from` the driver's error.

    `disconnect` tells that the connection is of no further use.
    """
    name = table.name if table else "the database"
    match "gone" if disconnect else _meaning(error, flavour):
        case "conflict":
            return ConflictError(name, _columns(error, flavour, naming, table))
        case "aborted":
            return TransactionAborted(
                "the database rolled the transaction back, because another one was in its way; run it again"
            )
        case "spoiled":
            return TransactionError("an earlier error spoiled this transaction; roll it back and begin a new one")
        case "schema":
            return SchemaMismatch(
                f"{name}: a table or a column is missing; create the tables, or start without skip_migrations"
            )
        case "busy":
            return BackendUnavailable("the database is too busy; try again", retryable=True)
        case "gone":
            return BackendUnavailable("the database does not answer; check that it runs, and try again", retryable=True)
        case "refused":
            return BackendUnavailable(
                "the database refuses to work; check its address, its rights and its disk",
                retryable=False,
            )
        case _:
            return StorageError(f"{name}: the database refused the statement ({type(error).__name__})")


def _meaning(error: Exception, flavour: Flavour) -> str | None:
    if flavour == "postgresql":
        state = _sqlstate(error)
        return next((_POSTGRESQL[state[:n]] for n in (5, 3, 2) if state[:n] in _POSTGRESQL), None)
    if flavour == "sqlite":
        if str(error).startswith(("no such table", "no such column", "table ")):
            return "schema"
        # An extended name, such as SQLITE_BUSY_SNAPSHOT, begins with the primary one.
        name: str = getattr(error, "sqlite_errorname", "")
        return _SQLITE.get(name) or _SQLITE.get("_".join(name.split("_")[:2]))
    return _MYSQL.get(error.args[0]) if error.args else None


def _sqlstate(error: Exception) -> str:
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or ""


def _columns(error: Exception, flavour: Flavour, naming: Naming, table: Table[object] | None) -> tuple[str, ...]:
    """Return the columns of the violated constraint; none where the driver does not tell."""
    if flavour == "sqlite":
        return tuple(re.findall(r"\w+\.(\w+)", str(error)))
    if flavour == "postgresql":
        found = re.search(r"Key \(([^)]*)\)=", _detail(error))
        return tuple(re.findall(r"\w+", found[1])) if found else ()
    found = re.search(r"for key '(?:[^'.]*\.)?([^']*)'$", str(error.args[-1]))
    if table is None or found is None:
        return ()
    if found[1] == "PRIMARY":
        return (table.key,)
    indexes = table.constraints(naming.table(table.name))
    return next((index.columns for index in indexes if index.name == found[1]), ())


def _detail(error: Exception) -> str:
    """Return PostgreSQL's detail line from psycopg's diagnostics, or asyncpg's error, which SQLAlchemy wraps."""
    diagnostics = getattr(error, "diag", None)
    found = (getattr(holder, "detail", None) for holder in (error, error.__cause__))
    return getattr(diagnostics, "message_detail", None) or next(filter(None, found), "")
