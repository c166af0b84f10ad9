"""The adapter: what all storages share is Kavach's, and this is what is left to do."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from threading import Lock
from typing import Final, NoReturn, TypeVar, cast

from kavach_core import Storage, errors
from kavach_core.storage import Capabilities
from kavach_core.storage.operations import Operation, table_of
from kavach_core.storage.sql import Planner, Request, Rows, SqlDialect, Steps, drive
from kavach_core.storage.sql.schema import create_tables

T = TypeVar("T")

CAPABILITIES: Final = Capabilities(
    transactions=True, savepoints=True, joins_host=True, concurrent_writers=False, returning=True
)

PLANNER: Final = Planner(SqlDialect("sqlite", "qmark"))

# IMMEDIATE waits for other writers; a transaction that begins to write half-way would not wait, but fail.
TRANSACTION: Final = ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
SAVEPOINT: Final = ("SAVEPOINT kavach", "RELEASE kavach", "ROLLBACK TO kavach", "RELEASE kavach")


def open_storage(path: str, *, factory: type[sqlite3.Connection] = sqlite3.Connection) -> Storage:
    """Return the storage in a SQLite file, on connections of a class; missing tables are created."""
    storage = Storage(FileBackend(path, factory))
    storage.prepare_schema()
    return storage


class FileBackend:
    """Run each operation on a connection of its own; SQLite commits a single statement by itself."""

    in_transaction = False
    capabilities = CAPABILITIES

    def __init__(self, path: str, factory: type[sqlite3.Connection]) -> None:
        self._connect = partial(
            sqlite3.connect, path, factory=factory, timeout=30, isolation_level=None, check_same_thread=False
        )
        self._idle: list[sqlite3.Connection] = []

    def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation, in a transaction if it takes several statements."""
        plan = PLANNER.plan(operation, values)
        with self._connected() as connection, enclosed(connection, *TRANSACTION) if plan.atomic else nullcontext():
            return cast("T", send(connection, plan.steps, table_of(operation).name))

    @contextmanager
    def transaction(self) -> Iterator[BoundBackend]:
        """Open a connection and a transaction."""
        with self._connected() as connection, enclosed(connection, *TRANSACTION), _bound(connection) as bound:
            yield bound

    def using(self, handle: object) -> BoundBackend:
        """Join the transaction that the application began: a SAVEPOINT outside of one would commit at its RELEASE."""
        if not isinstance(handle, sqlite3.Connection):
            raise errors.ConfigurationError(f"using() takes a sqlite3.Connection, not {type(handle).__name__}")
        with translating():
            if not handle.in_transaction:
                raise errors.TransactionError("no transaction is open to be joined; call execute('BEGIN') first")
        return BoundBackend(handle)

    def prepare_schema(self) -> None:
        """Create the missing tables; readers and a writer do not wait for each other from then on."""
        with self._connected() as connection:
            with suppress(sqlite3.OperationalError):  # it does not wait for others; the next start does it then
                connection.execute("PRAGMA journal_mode = WAL")
            with enclosed(connection, *TRANSACTION):
                send(connection, create_tables(PLANNER.dialect))

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that nobody else uses; where nothing failed it is kept for the next."""
        try:
            connection = self._idle.pop()
        except IndexError:
            with translating():
                connection = self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)


class BoundBackend:
    """Run operations in a transaction that is open, ours or the application's, one at a time."""

    in_transaction = True
    capabilities = CAPABILITIES

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._turn = Lock()
        self._ended = False

    def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation; several statements that may fail half-way get a savepoint."""
        plan = PLANNER.plan(operation, values)
        with self._in_turn() as connection, enclosed(connection, *SAVEPOINT) if plan.atomic else nullcontext():
            return cast("T", send(connection, plan.steps, table_of(operation).name))

    @contextmanager
    def transaction(self) -> Iterator[BoundBackend]:
        """Open a savepoint; until it ends this storage refuses to work, as savepoints nest and do not overlap."""
        with self._in_turn() as connection, enclosed(connection, *SAVEPOINT), _bound(connection) as bound:
            yield bound

    def using(self, handle: object) -> NoReturn:
        """Refuse: these operations have a transaction."""
        raise errors.TransactionError("this storage has a transaction; call using() on the one that it came from")

    def prepare_schema(self) -> None:
        """Do nothing: the storage that this one came from did it."""

    def close(self) -> None:
        """Do nothing: whoever opened the connection closes it."""

    @contextmanager
    def _in_turn(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection, in its transaction, to one caller at a time."""
        if not self._turn.acquire(blocking=False):
            raise errors.TransactionError("another thread, task or inner block is using this transaction; wait for it")
        try:
            with translating():
                if self._ended or not self._connection.in_transaction:
                    raise errors.TransactionContextLost("this transaction has ended; open a new one, or join it")
            yield self._connection
        finally:
            self._turn.release()


@contextmanager
def _bound(connection: sqlite3.Connection) -> Iterator[BoundBackend]:
    """Yield a backend that is of no use after the block."""
    bound = BoundBackend(connection)
    try:
        yield bound
    finally:
        if not bound._turn.acquire(timeout=30):
            raise errors.TransactionError("an inner block of this transaction was never left, so it is rolled back")
        bound._ended = True
        bound._turn.release()


def send(connection: sqlite3.Connection, steps: Steps[T], table: str = "the database") -> T:
    """Send the statements of a plan, and return what they mean."""

    def one(request: Request) -> Rows:
        cursor = connection.cursor()
        cursor.row_factory = None  # the host may have set another one on its connection
        cursor.execute(request.sql, request.parameters)
        return Rows(cursor.fetchall(), cursor.rowcount)

    with translating(table):
        return drive(steps, one)


@contextmanager
def translating(table: str = "the database") -> Iterator[None]:
    """Raise the contract's errors in the place of the driver's, which become their cause."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translated(error, table) from error


def _translated(error: sqlite3.Error, table: str) -> errors.StorageError:
    """Return the contract's error; it names no value."""
    name = getattr(error, "sqlite_errorname", "")
    if name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
        return errors.ConflictError(table, re.findall(r"\w+\.(\w+)", str(error)))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return errors.BackendUnavailable("the database is too busy; try again", retryable=True)
    if isinstance(error, sqlite3.ProgrammingError) or str(error).startswith("no such savepoint"):
        return errors.TransactionContextLost("the transaction has ended, or its connection is another thread's")
    if str(error).startswith(("no such", "table ")):
        return errors.SchemaMismatch(f"{table}: a table or a column is missing; call prepare_schema()")
    return errors.BackendUnavailable("the database refuses to work; check its file and its disk", retryable=False)


@contextmanager
def enclosed(connection: sqlite3.Connection, begin: str, keep: str, *undo: str) -> Iterator[None]:
    """Enclose work that is kept or undone as a whole; it is undone at once, and not when its connection is closed.

    A closed connection keeps its transaction, and its locks, as long as a cursor in some traceback is alive.
    """
    with translating():
        connection.execute(begin)
    try:
        yield
        with translating():
            connection.execute(keep)
    except BaseException:
        with suppress(sqlite3.Error):  # what was begun is gone already
            for statement in undo:
                connection.execute(statement)
        raise
