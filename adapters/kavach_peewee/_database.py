"""What we use of a Peewee database, typed, and what can be asked about its transaction.

Peewee keeps its state per thread, and `playhouse.pwasyncio` per task. All that this package knows of that state, and of
the drivers below it, is in this module.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, Final, Protocol, cast
from weakref import WeakSet

import peewee
from peewee import PeeweeException
from playhouse.pool import MaxConnectionsExceeded, PooledDatabase

from kavach_core.errors import ConfigurationError, TransactionAborted, TransactionContextLost, TransactionError

_DRIVERS: Final = frozenset(
    {"sqlite3", "aiosqlite", "psycopg", "psycopg2", "asyncpg", "pymysql", "MySQLdb", "aiomysql", "mysql", "mariadb"}
)
"""The modules whose errors Peewee lets through where it does not know their class."""

_IN_TRANSACTION: Final = 1
"""The bit in the status of a MySQL server that tells that a transaction is open."""


class Cursor(Protocol):
    """The result of a statement."""

    description: Sequence[object] | None
    rowcount: int

    def fetchall(self) -> Sequence[Sequence[object]]:
        """Return the rows."""
        ...

    def close(self) -> None:
        """Release what the driver holds."""
        ...


class Database(Protocol):
    """The part of `peewee.Database` that is used here; Peewee itself is not typed."""

    database: Any
    deferred: bool
    param: str
    _state: Any

    def execute_sql(self, sql: str, params: Sequence[object] | None = None) -> Cursor:
        """Send a statement, opening a connection where none is open."""
        ...

    def connect(self) -> object:
        """Open this thread's or task's connection."""
        ...

    def connection(self) -> Any:
        """Return this thread's or task's connection."""
        ...

    def close(self) -> object:
        """Close it, or give it back to its pool."""
        ...

    def is_closed(self) -> bool:
        """Tell whether this thread or task has no connection."""
        ...

    def atomic(self, *begin: str) -> AbstractContextManager[object]:
        """Open a transaction, or a savepoint inside one."""
        ...


def resolved(handle: object) -> Database:
    """Return the database of a handle: itself, what a proxy stands for, or what a transaction belongs to."""
    found = getattr(handle, "db", handle) if not isinstance(handle, peewee.Database) else handle
    if isinstance(found, peewee.Proxy):
        found = found.obj
        if found is None:
            raise ConfigurationError("the DatabaseProxy stands for no database yet; call its initialize() first")
    if not isinstance(found, peewee.Database):
        raise ConfigurationError(f"kavach takes a Peewee database, not {type(handle).__name__}")
    if any(kind.__name__ == "SqliteQueueDatabase" for kind in type(found).__mro__):
        raise ConfigurationError("SqliteQueueDatabase has no transactions; use SqliteDatabase or a pooled one")
    return cast("Database", found)


def is_asyncio(database: Database) -> bool:
    """Tell whether a database is one of `playhouse.pwasyncio`."""
    return hasattr(database, "aexecute_sql")


def require_asyncio(handle: object) -> Database:
    """Return the database of a handle, which MUST be one for asyncio."""
    database = resolved(handle)
    if not is_asyncio(database):
        raise ConfigurationError(f"using() takes a database of playhouse.pwasyncio, not {type(database).__name__}")
    return database


def in_memory(database: Database) -> bool:
    """Tell whether a SQLite database is lost when this thread closes its connection; a pool would keep it."""
    if not isinstance(database, peewee.SqliteDatabase) or isinstance(database, PooledDatabase) or is_asyncio(database):
        return False
    name = str(database.database)
    return name in ("", ":memory:") or "mode=memory" in name or "vfs=memdb" in name


def transactions(database: Database) -> Sequence[object]:
    """Return Peewee's open transactions of this thread or task, the outermost first."""
    found: Sequence[object] = database._state.transactions
    return found


def outermost(database: Database) -> object | None:
    """Return what identifies the transaction that is open in this thread or task; None where there is none.

    Raises `TransactionError` in a `manual_commit()` block: nobody can tell there where a transaction begins.
    """
    found = transactions(database)
    if not found:
        return None
    if isinstance(found[0], peewee._manual):
        raise TransactionError("the database is in manual_commit(); leave that block, or use atomic() instead")
    return found[0]


def is_open(connection: Any) -> bool | None:
    """Tell whether a transaction is open, as the driver knows it; None where it cannot tell. Nothing is sent."""
    ask = _asking.get(type(connection))
    if ask is None:
        ask = _asking[type(connection)] = _way_to_ask(connection)
    return ask(connection)


_asking: Final[dict[type, Callable[[Any], bool | None]]] = {}
"""For each driver's connections the way to ask them."""


def _way_to_ask(driver: Any) -> Callable[[Any], bool | None]:
    if hasattr(driver, "conn"):  # playhouse.pwasyncio wraps the driver's
        return lambda wrapped: is_open(wrapped.conn)
    if hasattr(driver, "in_transaction"):  # sqlite3, aiosqlite
        return lambda driver: bool(driver.in_transaction)
    if hasattr(driver, "is_in_transaction"):  # asyncpg
        return lambda driver: bool(driver.is_in_transaction())
    if hasattr(driver, "get_transaction_status"):  # psycopg2, aiomysql
        return lambda driver: bool(driver.get_transaction_status())
    if hasattr(driver, "pgconn"):  # psycopg
        return lambda driver: bool(driver.pgconn.transaction_status)
    if isinstance(getattr(driver, "server_status", None), int):  # pymysql
        return lambda driver: bool(driver.server_status & _IN_TRANSACTION)
    return lambda _: None


def is_broken(connection: Any) -> bool:
    """Tell whether the driver has noticed that a connection is of no further use."""
    if callable(stale := getattr(connection, "stale", None)):  # playhouse.pwasyncio
        return bool(stale())
    if not callable(closed := getattr(connection, "closed", False)) and closed:  # psycopg, psycopg2
        return True
    return not getattr(connection, "open", True)  # pymysql, mysqlclient


def driver_error(error: BaseException) -> Exception | None:
    """Return the driver's error inside Peewee's, or Peewee's own; None for an error that is nobody's of theirs."""
    if isinstance(error, PeeweeException):
        return getattr(error, "orig", None) or error
    if isinstance(error, OSError | MaxConnectionsExceeded):
        return error
    if isinstance(error, Exception) and type(error).__module__.partition(".")[0] in _DRIVERS:
        return error
    return None


_seen: ContextVar[tuple[Database, Sequence[object], object] | None] = ContextVar("kavach_peewee_seen", default=None)

ours: Final[WeakSet[Any]] = WeakSet()
"""Outermost transactions that we began: whoever has one also has the storage that is bound to it."""

_aborted: Final[WeakSet[Any]] = WeakSet()
"""Outermost transactions that the database rolled back for another one, of which Peewee knows nothing."""


def note_aborted(database: Database, *, aborted: bool) -> None:
    """Note that the open transaction was rolled back by the database, or that a savepoint saved it."""
    if found := transactions(database):
        (_aborted.add if aborted else _aborted.discard)(found[0])


def refuse_aborted(database: Database) -> None:
    """Refuse to go on after a deadlock: on MySQL each further statement would commit by itself."""
    if (found := transactions(database)) and found[0] in _aborted:
        raise TransactionAborted("the database rolled this transaction back; leave its block, and run it again")


def remember(database: Database) -> None:
    """Remember the open transaction for tasks and threads that are started from here with a copy of the context."""
    found = transactions(database)
    if found and found[0] not in ours:
        _seen.set((database, found, found[0]))


def refuse_strays(database: Database) -> None:
    """Raise `TransactionContextLost` in a task that was started inside the host's open transaction.

    Peewee gives each task a connection of its own: what `gather()`, `create_task()` and, up to Python 3.11,
    `wait_for()` run inside `async with database.atomic()` is outside of it, and a rollback would not undo it.
    """
    seen = _seen.get()
    if seen is None and not is_asyncio(database):
        return
    inherited = getattr(database._state, "_cv", None)
    # Before anything else asks for this task's own state, which takes the place of the inherited one.
    state = inherited.get(None) if inherited is not None else None
    if state is None and seen is None:
        return
    begun: list[tuple[Sequence[object], object]] = []
    if state is not None and state._task is not asyncio.current_task() and state.transactions:
        begun.append((state.transactions, state.transactions[0]))
    if seen is not None and seen[0] is database and seen[1] is not transactions(database):
        begun.append(seen[1:])
    if any(found and found[0] is first and first not in ours for found, first in begun):
        raise TransactionContextLost(
            "this task or thread was started inside a transaction that it is no part of; call kavach in the one that"
            " began it, or start this one outside"
        )
