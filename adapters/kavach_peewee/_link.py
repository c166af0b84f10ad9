"""Statements sent through a Peewee database, in whatever transaction it has open; errors translated.

They go through `execute_sql`, so the host's query hooks and log see them, and Peewee's state stays the only one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from traceback import clear_frames
from typing import Any, Final, NoReturn, TypeVar

import peewee
from peewee import ImproperlyConfigured, PeeweeException
from playhouse.pool import MaxConnectionsExceeded

from kavach_core.errors import (
    BackendUnavailable,
    ConfigurationError,
    KavachError,
    MissingDependency,
    StorageError,
    TransactionAborted,
    TransactionError,
)
from kavach_core.storage.sql import Plan, Planner, Request, Rows, SqlDialect, drive, planner_for, run
from kavach_core.storage.sql.errors import translate
from kavach_core.storage.sql.plans import Steps
from kavach_peewee._database import (
    Database,
    driver_error,
    in_memory,
    is_asyncio,
    is_broken,
    is_open,
    note_aborted,
    refuse_aborted,
    transactions,
)
from kavach_peewee._drivers import known_flavour, learn_flavour, sql_dialect
from kavach_schema.model import Table
from kavach_schema.render.ddl import Naming

T = TypeVar("T")

_BEGIN: Final[dict[str, tuple[str, ...]]] = {
    "sqlite": ("IMMEDIATE",),
    # MySQL's default locks the neighbours of a row in the index: transactions on different rows wait for each other.
    "mysql": ("READ COMMITTED",),
    "mariadb": ("READ COMMITTED",),
}
"""What Peewee's `begin()` takes for a transaction of ours."""


class Link:
    """The connection that a database has open in this thread or task."""

    def __init__(self, database: Database, planner: Planner) -> None:
        """Send statements to a database."""
        self.database = database
        self.planner = planner
        self.lost = False
        """The connection broke: it is of no further use."""

    @property
    def dialect(self) -> SqlDialect:
        """Return what the statements are written for."""
        return self.planner.dialect

    def run(self, plan: Plan, table: Table[object]) -> Any:
        """Run a plan's steps; what they do is undone only by the transaction around them."""
        try:
            return run(plan, self._send)
        except KavachError:
            raise
        except Exception as error:
            self._raise(error, table)

    def run_inside(self, plan: Plan, table: Table[object], *, yielding: bool) -> Any:
        """Run a plan in an open transaction, which stays usable when a key is taken.

        `yielding` allows to try a statement that yields to a taken key, before a savepoint is taken.
        """
        if plan.may_conflict and (plan.atomic or self.dialect.aborts_on_error):
            if yielding and plan.yielding is not None and (reply := self._tried(plan.yielding, table)).count:
                return plan.finish(reply)
            with self.block():
                return self.run(plan, table)
        return self.run(plan, table)

    def _tried(self, request: Request, table: Table[object]) -> Rows:
        """Send a statement that may fail for anything but a taken key, and then spoils the transaction."""
        try:
            return self._send(request)
        except BaseException as error:
            note_aborted(self.database, aborted=True)  # PostgreSQL would answer COMMIT with a rollback, and no error
            if not isinstance(error, Exception):
                raise
            self._raise(error, table)

    def run_alone(self, plan: Plan, table: Table[object]) -> Any:
        """Run a plan in a transaction of its own: Peewee's connections commit each statement by themselves."""
        if plan.atomic:
            with self.block():
                return self.run(plan, table)
        return self.run(plan, table)

    def steps(self, steps: Steps[T], table: Table[object] | None = None) -> T:
        """Drive steps on this connection."""
        try:
            return drive(steps, self._send)
        except KavachError:
            raise
        except Exception as error:
            self._raise(error, table)

    def _send(self, request: Request) -> Rows:
        cursor = self.database.execute_sql(request.sql, request.parameters)
        try:
            # What psycopg's description takes to make is a third of a round trip.
            returns = request.returns if request.returns is not None else cursor.description
            return Rows(cursor.fetchall() if returns else (), cursor.rowcount)
        finally:
            cursor.close()

    @contextmanager
    def block(self) -> Iterator[None]:
        """Open a transaction that will write, or a savepoint inside one; it is Peewee's own `atomic()`."""
        begin = _BEGIN.get(self.dialect.flavour, ())
        nested = bool(transactions(self.database))
        block = self.database.atomic(*begin)
        try:
            self._guarded(block.__enter__)
        except BaseException as error:
            if not isinstance(error, Exception):
                self._forget_begin()
            raise
        try:
            yield
            refuse_aborted(self.database)
        except BaseException as error:
            self._undo(block, error, nested=nested)
            raise
        self._guarded(lambda: block.__exit__(None, None, None))

    def _forget_begin(self) -> None:
        """Undo a BEGIN that was interrupted: aiosqlite's thread goes on with it, and then the pool would have it."""
        if self.dialect.flavour == "sqlite" and not transactions(self.database):
            with suppress(PeeweeException):
                self.database.execute_sql("ROLLBACK")

    def _undo(self, block: Any, error: BaseException, *, nested: bool) -> None:
        if nested and isinstance(block, peewee._atomic) and is_broken(self.database.connection()):
            # Peewee for asyncio would take another connection for it, on which the host's COMMIT succeeds.
            return
        try:
            block.__exit__(type(error), error, error.__traceback__)
            note_aborted(self.database, aborted=False)
        except Exception as second:
            # With a broken connection, and on MySQL after a deadlock, there is nothing left to roll back to.
            cause = driver_error(second)
            if cause is None:
                raise
            if not isinstance(error, StorageError) and isinstance(error, Exception):
                raise BackendUnavailable(
                    "the connection broke before the transaction was rolled back; the database does so",
                    retryable=True,
                ) from error

    def _guarded(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:
            self._raise(error, None)

    def _raise(self, error: Exception, table: Table[object] | None) -> NoReturn:
        """Raise the contract's error for a driver's, and any other as it is."""
        # Peewee leaves the cursor that failed to its frame. If the garbage collector finds it in another thread, it
        # waits there for this connection, which may wait for a lock that the other thread holds.
        clear_frames(error.__traceback__)
        cause = driver_error(error)
        if cause is None:
            raise error
        self.lost = self.lost or (not self.database.is_closed() and is_broken(self.database.connection()))
        if isinstance(cause, PeeweeException | OSError | MaxConnectionsExceeded):
            raise unreachable(cause) from cause
        found = translate(cause, self.dialect.flavour, self.dialect.naming, table, disconnect=self.lost)
        if isinstance(found, TransactionAborted):
            note_aborted(self.database, aborted=True)
        raise found from cause


def link_to(database: Database, naming: Naming) -> Link:
    """Return the link to a database whose connection is open."""
    flavour = known_flavour(database)
    if flavour is None:
        provisional = Link(database, planner_for(sql_dialect(database, "mysql", naming)))
        flavour = learn_flavour(database, provisional.steps(_version()))
    return Link(database, planner_for(sql_dialect(database, flavour, naming)))


def _version() -> Steps[str]:
    reply = yield Request("SELECT VERSION()")
    return str(reply.rows[0][0])


@contextmanager
def connected(database: Database) -> Iterator[bool]:
    """Open a connection where this thread or task has none, and close it after; tell whether it was opened here.

    One that the host opened stays open. So does one to a database in memory, which would be lost with it.
    """
    if not database.is_closed():
        yield False
        return
    open_connection(database)
    try:
        yield True
    finally:
        if not in_memory(database):
            close_connection(database)


def open_connection(database: Database) -> None:
    """Open this thread's or task's connection, as the host configured it."""
    if database.deferred:
        raise ConfigurationError("the database has no name yet; call its init() first")
    task = asyncio.current_task() if is_asyncio(database) else None
    cancellations = task.cancelling() if task else 0
    try:
        database.connect()
    except Exception as error:
        cause = driver_error(error)
        if cause is None:
            raise
        found = translate(cause, known_flavour(database) or "mysql", Naming(), None)
        raise (found if isinstance(found, BackendUnavailable) else unreachable(cause)) from cause
    if task and task.cancelling() > cancellations:
        # Peewee waits for its pool with wait_for(), which swallows it up to Python 3.11: python/cpython#81839
        close_connection(database)
        raise asyncio.CancelledError


def close_connection(database: Database) -> None:
    """Close what `open_connection` opened; that it broke has been said already."""
    try:
        database.close()
    except AssertionError:
        # aiomysql asserts that a connection is given back once; Peewee does it again with one that is broken.
        if not is_asyncio(database):
            raise
    except Exception as error:
        if driver_error(error) is None:
            raise


def unreachable(cause: Exception) -> KavachError:
    """Return the contract's error for a connection that cannot be had."""
    if isinstance(cause, ImproperlyConfigured):
        return MissingDependency("the database's driver is not installed; install it, or the extra that brings it")
    if isinstance(cause, MaxConnectionsExceeded):
        return BackendUnavailable(
            "all connections of the pool are in use; try again, or give the pool more", retryable=True
        )
    return BackendUnavailable(
        "the database cannot be reached; check its address, its name and that it runs", retryable=True
    )


def refuse_foreign_transaction(database: Database) -> None:
    """Raise `TransactionError` where a transaction is open that Peewee does not know of: a BEGIN might commit it."""
    if is_open(database._state.conn):
        raise TransactionError(
            "a transaction is open that Peewee does not know of; begin it with atomic() instead of by SQL"
        )
