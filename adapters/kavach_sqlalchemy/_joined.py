"""A backend inside the host's transaction: its session or connection, and never a commit of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Final, TypeVar, cast
from weakref import WeakSet

from sqlalchemy import Connection, RootTransaction
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session

from kavach_core.errors import ConfigurationError, TransactionAborted, TransactionContextLost, TransactionError
from kavach_core.storage.operations import Operation, table_of
from kavach_core.storage.sql import Planner, planner_for
from kavach_schema.render.ddl import Naming
from kavach_sqlalchemy._drivers import capabilities_of, sql_dialect
from kavach_sqlalchemy._link import Link, Turn

T = TypeVar("T")

_aborted: Final[WeakSet[RootTransaction]] = WeakSet()
"""The host's transactions that the database has rolled back, which the host may not have noticed."""


def join(handle: object, naming: Naming) -> JoinedBackend:
    """Return a backend on a session or connection; raises `ConfigurationError` for anything else."""
    if not isinstance(handle, Session | Connection):
        raise ConfigurationError(f"using() takes a Session or a Connection, not {type(handle).__name__}")
    return JoinedBackend(handle, naming)


class JoinedBackend:
    """Run operations in the transaction of the host's session or connection, which the host ends.

    It is bound to the transaction that is open when it is made or, where none is, to the one that its first operation
    begins. When that has ended it refuses to go on: what it wrote next would be in a transaction that nobody commits.
    """

    in_transaction = True

    def __init__(self, handle: Session | Connection, naming: Naming) -> None:
        """Use a handle; nothing is sent before the first operation."""
        self._handle = handle
        self._naming = naming
        self._turn = Turn()
        self._planner: Planner | None = None
        self._transaction: object = handle.get_transaction()
        self._joined = False
        self._ended = False
        try:
            bind = handle.get_bind() if isinstance(handle, Session) else handle
        except InvalidRequestError as error:
            raise ConfigurationError("the session has no engine; give it one with bind=...") from error
        self.capabilities = capabilities_of(bind.dialect)

    def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation in the host's transaction, which stays usable after a conflict."""
        with self._turn:
            link = self._link()
            plan = link.planner.plan(operation, values)
            try:
                return cast(
                    "T",
                    link.run_inside(
                        plan, table_of(operation), yielding=plan.yielding is not None and self._sees_commits()
                    ),
                )
            except Exception:
                if link.aborted and (root := self._connection().get_transaction()):
                    _aborted.add(root)
                raise
            except BaseException as error:
                # As SQLAlchemy does for its own statements: a cancelled one leaves the driver in the middle of a reply.
                self._connection().invalidate(error)
                raise

    @contextmanager
    def transaction(self) -> Iterator[JoinedBackend]:
        """Open a savepoint, as the host would: its pending objects are part of it."""
        with self._turn:
            self._link().begin_before_savepoint()
            root = self._connection().get_transaction()
            nested: AbstractContextManager[object] = self._handle.begin_nested()
        inner = JoinedBackend(self._handle, self._naming)
        inner._turn = self._turn
        failure: BaseException | None = None
        try:
            with nested:
                try:
                    yield inner
                except BaseException as error:
                    failure = error
                    raise
                finally:
                    inner._ended = True
        except BaseException as error:
            if error is not failure and isinstance(failure, TransactionAborted):
                # MySQL rolled everything back: the savepoint is gone, and that is not the news.
                raise failure from error
            if error is failure and root is not None:
                _aborted.discard(root)  # the savepoint was there to roll back to
            raise

    def using(self, handle: object) -> JoinedBackend:
        """Join the transaction of another handle."""
        return join(handle, self._naming)

    def prepare_schema(self) -> None:
        """Do nothing: tables are not created inside a host's transaction."""

    def close(self) -> None:
        """Do nothing: the handle is the host's."""

    def _link(self) -> Link:
        """Return the handle's connection, with a transaction begun and the session's pending objects flushed."""
        if self._ended:
            raise TransactionContextLost(
                "the savepoint of this storage has ended; use the storage that it came from, or open a new one"
            )
        if self._transaction is not None and self._handle.get_transaction() is not self._transaction:
            raise TransactionContextLost(
                "the transaction that this storage joined has ended; take a new one with using()"
            )
        try:
            if isinstance(self._handle, Session) and self._handle.autoflush:
                self._handle.flush()
            connection = self._connection()
            if not connection.in_transaction():
                connection.begin()
            borrowed = connection.connection
        except InvalidRequestError as error:
            raise TransactionContextLost(
                "the session or connection is closed, or waits for its rollback; end it, and open a new one"
            ) from error
        if self._planner is None:
            self._planner = planner_for(sql_dialect(connection.dialect, self._naming))
        link = Link(borrowed, connection.dialect, self._planner)
        link.aborted = connection.get_transaction() in _aborted
        link.refuse_aborted()
        if not self._joined:
            if link.autocommit:
                raise TransactionError(
                    "the connection commits each statement by itself; join one with another isolation level"
                )
            self._transaction = self._handle.get_transaction()
            self._joined = True
        return link

    def _sees_commits(self) -> bool:
        """Tell whether the host's transaction sees at once what others commit, as far as SQLAlchemy knows."""
        connection = self._connection()
        named = connection.get_execution_options().get("isolation_level") or getattr(
            connection.dialect, "_on_connect_isolation_level", None
        )
        return (named or connection.default_isolation_level) == "READ COMMITTED"

    def _connection(self) -> Connection:
        return self._handle.connection() if isinstance(self._handle, Session) else self._handle
