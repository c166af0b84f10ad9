"""One driver connection in use: statements sent on it, transactions and savepoints in it, errors translated.

Statements go to the driver's cursor and not through `Connection.execute`: measured, that is 1.1 to 1.6 times the raw
driver, against 1.8 to 3.5. The connection still is the pool's or the host's, so its transaction is theirs too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from itertools import count
from typing import Any

from sqlalchemy import Dialect

from kavach_core.errors import StorageError, TransactionAborted, TransactionError
from kavach_core.storage.sql import Plan, Planner, Request, Rows, SqlDialect, drive, run
from kavach_core.storage.sql.errors import translate
from kavach_core.storage.sql.plans import Steps
from kavach_schema.model import Table
from kavach_sqlalchemy._pool import Loan
from kavach_sqlalchemy._sending import sender

_savepoints = count(1)


class Turn:
    """Let one operation at a time into a transaction: a connection carries one conversation."""

    def __init__(self) -> None:
        """Start free."""
        self._taken = False

    def __enter__(self) -> None:
        """Take the turn; raises `TransactionError` while another thread or task has it."""
        if self._taken:
            raise TransactionError(
                "another thread or task is using this transaction; give each one a transaction of its own"
            )
        self._taken = True

    def __exit__(self, *error: object) -> None:
        """Give the turn back."""
        self._taken = False


class Link:
    """A driver connection that is borrowed from a pool or from a host."""

    def __init__(self, loan: Loan, driver: Dialect, planner: Planner) -> None:
        """Use a connection, whose driver raises the errors of `driver`."""
        self.loan = loan
        self._connection: Any = loan.dbapi_connection
        self._driver = driver
        self._errors: type[Exception] = driver.loaded_dbapi.Error
        self._sender = sender(driver)
        self.planner = planner
        self.dialect: SqlDialect = planner.dialect
        self.lost = False
        """The connection broke: it is of no further use."""
        self.aborted = False
        """The database rolled the transaction back for another one."""

    def run(self, plan: Plan, table: Table[object]) -> Any:
        """Run a plan's steps; what they do is undone only by the transaction around them."""
        try:
            return run(plan, self._send)
        except self._errors as error:
            raise self.translated(error, table) from error

    def run_inside(self, plan: Plan, table: Table[object], *, yielding: bool = True) -> Any:
        """Run a plan in an open transaction, which stays usable when a key is taken.

        `yielding` allows to try a statement that yields to a taken key, before a savepoint is taken.
        """
        self.refuse_aborted()
        if plan.may_conflict and (plan.atomic or self.dialect.aborts_on_error):
            if yielding and plan.yielding is not None and (reply := self._tried(plan.yielding, table)).count:
                return plan.finish(reply)
            with self.savepoint():
                return self.run(plan, table)
        return self.run(plan, table)

    def _tried(self, request: Request, table: Table[object]) -> Rows:
        """Send a statement that may fail for anything but a taken key, and then spoils the transaction."""
        try:
            return self._send(request)
        except BaseException as error:
            found = self.translated(error, table) if isinstance(error, self._errors) else error
            self.aborted = True  # PostgreSQL would answer COMMIT with a rollback, and no error
            if found is error:
                raise
            raise found from error

    def steps(self, steps: Steps[Any], table: Table[object] | None = None) -> Any:
        """Drive steps on this connection."""
        try:
            return drive(steps, self._send)
        except self._errors as error:
            raise self.translated(error, table) from error

    def _send(self, request: Request) -> Rows:
        return self._sender(self._connection, request)

    def translated(self, error: Exception, table: Table[object] | None = None) -> StorageError:
        """Return the contract's error for a driver's."""
        if self._driver.is_disconnect(error, self._connection, None):  # type: ignore[arg-type]
            self.lost = True
        found = translate(error, self.dialect.flavour, self.dialect.naming, table, disconnect=self.lost)
        self.aborted |= isinstance(found, TransactionAborted)
        return found

    def refuse_aborted(self) -> None:
        """Refuse to go on after a deadlock: on MySQL each further statement would commit by itself."""
        if self.aborted:
            raise TransactionAborted("the database rolled this transaction back; end it, and run it again")

    @property
    def autocommit(self) -> bool:
        """Tell whether the driver commits each statement by itself; asks the client only."""
        return self._driver.detect_autocommit_setting(self._connection)

    def begin(self) -> None:
        """Open a transaction that will write."""
        if self.autocommit or self._sqlite_idle:
            self.say(self.dialect.begin)

    def commit(self) -> None:
        """Commit what was begun, by us or by the driver."""
        self.refuse_aborted()
        try:
            if self.autocommit:
                self.say("COMMIT")
            else:
                self._connection.commit()
        except self._errors as error:
            raise self.translated(error) from error

    def rollback(self) -> None:
        """Roll back what was begun, by us or by the driver."""
        if not self.autocommit:
            self._connection.rollback()
        elif not self._sqlite_idle:
            self.say("ROLLBACK")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Enclose work that can fail alone in an open transaction."""
        name = f"kavach_{next(_savepoints)}"
        self.refuse_aborted()
        self.begin_before_savepoint()
        self.say(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException as error:
            # A cancelled block too: whoever catches that outside, as asyncio.timeout() does, may go on and commit.
            # A deadlock on MySQL has rolled everything back: the savepoint is gone, and that is not the news.
            known = not isinstance(error, Exception) or isinstance(error, TransactionAborted)
            with suppress(StorageError) if known else nullcontext():
                self.say(f"ROLLBACK TO SAVEPOINT {name}")
                self.say(f"RELEASE SAVEPOINT {name}")
                self.aborted = False
            raise
        self.say(f"RELEASE SAVEPOINT {name}")

    def begin_before_savepoint(self) -> None:
        """Begin on SQLite, where a SAVEPOINT outside of a transaction is one, and its RELEASE commits.

        The driver begins before the first INSERT, UPDATE or DELETE only; see sqlalchemy#8795.
        """
        if self._sqlite_idle:
            self.say("BEGIN")

    @property
    def _sqlite_idle(self) -> bool:
        if self.dialect.flavour != "sqlite":
            return False
        driver = getattr(self._connection, "driver_connection", self._connection)  # aiosqlite's is wrapped
        return not getattr(driver, "in_transaction", True)

    def say(self, sql: str) -> None:
        """Send a statement without parameters."""
        self.steps(_one(sql))


def _one(sql: str) -> Steps[None]:
    yield Request(sql)
