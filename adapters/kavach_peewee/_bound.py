"""A backend inside a transaction that is open: the host's `atomic()`, or a block of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TypeVar, cast

from kavach_core.errors import BackendUnavailable, TransactionContextLost, TransactionError
from kavach_core.storage.capabilities import Capabilities
from kavach_core.storage.operations import Operation, table_of
from kavach_core.storage.sql import Planner
from kavach_peewee._database import Database, is_broken, is_open, outermost, refuse_aborted, resolved
from kavach_peewee._drivers import capabilities_of
from kavach_peewee._link import Link, link_to
from kavach_schema.render.ddl import Naming

T = TypeVar("T")


def join(handle: object, naming: Naming) -> BoundBackend:
    """Return a backend in the transaction that a database has open in this thread or task."""
    return BoundBackend(resolved(handle), naming, None, joined=True)


class BoundBackend:
    """Run operations in the transaction that was open when it was made, and refuse to go on in any other.

    Peewee keeps transactions per thread, and in asyncio per task: elsewhere the same database has another connection,
    which commits each statement by itself.
    """

    in_transaction = True

    def __init__(self, database: Database, naming: Naming, planner: Planner | None, *, joined: bool) -> None:
        """Bind to the open transaction; raises `TransactionContextLost` where there is none."""
        self._joined = joined
        self._database = database
        self._naming = naming
        self._planner = planner
        self._transaction: object | None = outermost(database)
        if self._transaction is None:
            raise TransactionContextLost(
                "no transaction is open in this thread or task; call using() inside database.atomic()"
            )
        self._connection: object = database.connection()
        self._savepoint_is_open = False

    @property
    def capabilities(self) -> Capabilities:
        """Return what a storage on this database offers."""
        return capabilities_of(self._database)

    def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation; a conflict leaves the transaction usable."""
        link = self._link()
        plan = link.planner.plan(operation, values)
        return cast("T", link.run_inside(plan, table_of(operation), yielding=not self._joined))

    @contextmanager
    def transaction(self) -> Iterator[BoundBackend]:
        """Open a savepoint."""
        with ExitStack() as stack:
            link = self._link()
            self._savepoint_is_open = True
            stack.callback(self._savepoint_left)
            stack.enter_context(link.block())
            bound = BoundBackend(self._database, self._naming, link.planner, joined=False)
            stack.callback(bound.end)
            yield bound

    def using(self, handle: object) -> BoundBackend:
        """Join the transaction of another database; refused in a block of ours."""
        if not self._joined:
            raise TransactionError(
                "this storage is bound to a transaction; call using() on the storage that it came from"
            )
        return join(handle, self._naming)

    def prepare_schema(self) -> None:
        """Do nothing: tables are not created inside a transaction."""

    def end(self) -> None:
        """Refuse everything from now on."""
        self._transaction = None

    def close(self) -> None:
        """Do nothing: whoever began the transaction ends it."""

    def _savepoint_left(self) -> None:
        self._savepoint_is_open = False

    def _link(self) -> Link:
        if self._transaction is None or outermost(self._database) is not self._transaction:
            raise TransactionContextLost(
                "this transaction has ended, or was begun in another thread or task; take a new storage with using()"
            )
        if self._savepoint_is_open:
            # It would be undone with the savepoint.
            raise TransactionError("a savepoint of this transaction is open; use the storage that is bound to it")
        refuse_aborted(self._database)
        connection = self._database.connection()
        if connection is not self._connection:
            raise TransactionContextLost("the connection of this transaction was replaced; begin a new one")
        if is_broken(connection):
            raise BackendUnavailable("the connection of this transaction broke; begin a new one", retryable=True)
        if is_open(connection) is False:
            # A deadlock ends the whole transaction on MySQL, as CREATE TABLE does; Peewee does not notice.
            raise TransactionContextLost("the database has ended this transaction; begin a new one")
        if self._planner is None:
            self._planner = link_to(self._database, self._naming).planner
        return Link(self._database, self._planner)
