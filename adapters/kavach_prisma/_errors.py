"""Errors of Prisma, its engine and the way to it as the contract's own; known by code, never by class.

Each generated package has error classes of its own. A raw query's error is P2010 and holds the database's own code.
"""

from __future__ import annotations

import re
from typing import Any, Final

import httpx

from kavach_core.errors import (
    BackendUnavailable,
    StorageError,
    TransactionAborted,
    TransactionContextLost,
)
from kavach_core.storage.sql import SqlDialect
from kavach_core.storage.sql.errors import translate
from kavach_schema.model import Table

_SQLITE: Final = {
    1555: "SQLITE_CONSTRAINT_PRIMARYKEY",
    2067: "SQLITE_CONSTRAINT_UNIQUE",
    2579: "SQLITE_CONSTRAINT_ROWID",
    5: "SQLITE_BUSY",
    6: "SQLITE_LOCKED",
    8: "SQLITE_READONLY",
    10: "SQLITE_IOERR",
    11: "SQLITE_CORRUPT",
    13: "SQLITE_FULL",
    14: "SQLITE_CANTOPEN",
    26: "SQLITE_NOTADB",
}
"""Names of SQLite's codes: extended ones, and primary ones, which are the last byte."""

_REFUSED: Final = {"P1000", "P1003", "P1010", "P1011"}
_GONE: Final = {"P1001", "P1002", "P1017"}
_BUSY: Final = {"P1008", "P2024"}
_ABORTED: Final = {"P2034"}

LIMIT_PASSED: Final = (
    "prisma rolled the transaction back at its time limit; give tx() a longer timeout, or do less in one"
)


class RawQueryError(Exception):
    """The error of a raw query, with the attributes by which the database's own drivers tell it."""

    def __init__(self, dialect: SqlDialect, code: str, message: str) -> None:
        """Take apart what P2010 holds."""
        super().__init__(int(code) if code.isdecimal() else code, message)
        self.message = message
        self.detail = message
        self.sqlstate = code
        number = int(code) if code.isdecimal() else 0
        self.sqlite_errorname = _SQLITE.get(number) or _SQLITE.get(number & 0xFF, "")
        self._sqlite = dialect.flavour == "sqlite"

    def __str__(self) -> str:
        """Return the database's message, as its own driver does."""
        return self.message if self._sqlite else super().__str__()


def translated(error: Exception, dialect: SqlDialect, table: Table[object] | None) -> StorageError | None:
    """Return the contract's error for one of Prisma's, or None for an error of another origin."""
    if isinstance(error, httpx.TimeoutException):
        return BackendUnavailable("the prisma engine does not answer in time; try again", retryable=True)
    if isinstance(error, httpx.TransportError):
        return BackendUnavailable(
            "the prisma engine does not answer; disconnect the client and connect it again", retryable=False
        )
    if not _is_prisma(error):
        return None
    if type(error).__name__ in ("ClientNotConnectedError", "HTTPClientClosedError", "NotConnectedError"):
        return BackendUnavailable("the prisma client is not connected; call its connect() first", retryable=False)
    code, meta = _code(error), getattr(error, "meta", None) or {}
    if code == "P2010" and "code" in meta:
        raw = RawQueryError(dialect, str(meta["code"]), str(meta.get("message", "")))
        return translate(raw, dialect.flavour, dialect.naming, table)
    if code in _ABORTED:
        return TransactionAborted(
            "the database rolled the transaction back, because another one was in its way; run it again"
        )
    if code in _GONE:
        return BackendUnavailable("the database does not answer; check that it runs, and try again", retryable=True)
    if code in _BUSY:
        return BackendUnavailable("the database is too busy; try again", retryable=True)
    if code in _REFUSED:
        return BackendUnavailable("the database refuses to work; check its address and its rights", retryable=False)
    return _about_transaction(error, str(error)) or StorageError(
        f"{table.name if table else 'the database'}: prisma refused the statement ({code or type(error).__name__})"
    )


def is_lost(error: BaseException | None) -> bool:
    """Tell whether a connection of the engine's to the database broke, which the engine replaces by another."""
    if error is None or _code(error) not in ("P1017", "P2010"):
        return False
    meta = getattr(error, "meta", None) or {}
    return _code(error) == "P1017" or str(meta.get("code", ""))[:3] in ("57P", "080")


def _about_transaction(error: Exception, message: str) -> StorageError | None:
    if "Unable to start a transaction" in message:
        return BackendUnavailable(
            "prisma found no connection for a transaction in time; try again, or raise max_wait", retryable=True
        )
    if "expired transaction" in message or "Transaction already closed: Could not perform" in message:
        return TransactionAborted(LIMIT_PASSED)
    if "Transaction already closed" in message or "Transaction not found" in message or _status(error) in (404, 422):
        return TransactionContextLost("this transaction has ended; begin a new one")
    return None


def _is_prisma(error: Exception) -> bool:
    return any(base.__name__ == "PrismaError" for base in type(error).__mro__)


def _code(error: Any) -> str:
    """Return Prisma's code; errors of transactions hold it in the engine's answer, which is their message."""
    code = getattr(error, "code", None)
    if code is None:
        found = re.search(r'"error_code":"(P\d+)"', str(error))
        code = found[1] if found else None
    return str(code or "")


def _status(error: Any) -> int:
    return int(getattr(getattr(error, "response", None), "status", 0))
