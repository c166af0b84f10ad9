"""The backend on a database: in the host's transaction where one is open, in one of its own otherwise.

It is written without colour: `playhouse.pwasyncio` runs synchronous code over its databases by switching greenlets, and
`_asyncio` enters that layer once per operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeVar, cast

from kavach_core.errors import BackendUnavailable, TransactionAborted, TransactionError
from kavach_core.storage.capabilities import Capabilities
from kavach_core.storage.operations import Operation, reads_only, table_of
from kavach_core.storage.sql import Planner
from kavach_core.storage.sql.schema import check_tables, create_tables, lock_schema, missing_tables, unlock_schema
from kavach_peewee._bound import BoundBackend, join
from kavach_peewee._database import Database, ours, outermost, refuse_strays, remember, resolved, transactions
from kavach_peewee._drivers import capabilities_of
from kavach_peewee._link import Link, connected, link_to, refuse_foreign_transaction
from kavach_schema.render.ddl import Naming

T = TypeVar("T")

_TRIES: Final = 5
"""How often an operation that is a transaction of its own is run when the database rolls it back for another one."""


class DatabaseBackend:
    """Run operations on the connection that the database has in this thread or task, or on one opened for each."""

    def __init__(self, handle: object, *, naming: Naming, skip_migrations: bool) -> None:
        """Use a database or a proxy, which MUST stand for one of the same colour whenever it is used."""
        self._handle = handle
        self._naming = naming
        self._skip_migrations = skip_migrations
        self._prepared: tuple[Database, Planner] | None = None
        database = resolved(handle)
        capabilities_of(database)
        self._database = database if handle is database else None
        """None for a proxy, which may come to stand for another one."""

    @property
    def capabilities(self) -> Capabilities:
        """Return what a storage on this database offers."""
        return capabilities_of(resolved(self._handle))

    @property
    def in_transaction(self) -> bool:
        """Tell whether the host has a transaction open in this thread or task."""
        return bool(transactions(resolved(self._handle)))

    def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation, and again where nothing is lost by it.

        That is when it lost against another transaction, and for a read when the connection that was opened for it
        turned out to be broken.
        """
        database, planner = self._ready()
        if transactions(database) and outermost(database) is not None:
            remember(database)
            return BoundBackend(database, self._naming, planner, joined=True).execute(operation, values)
        table = table_of(operation)
        for number in range(1, _TRIES + 1):
            last = number == _TRIES
            plan = planner.plan(operation, values)
            link = Link(database, planner)
            opened = database.is_closed()
            try:
                if not opened:
                    refuse_foreign_transaction(database)
                    return cast("T", link.run_alone(plan, table))
                with connected(database):
                    return cast("T", link.run_alone(plan, table))
            except TransactionAborted:
                if last:
                    raise
            except BackendUnavailable:
                if last or not opened or not reads_only(operation) or not link.lost:
                    raise
        raise AssertionError("unreachable")

    @contextmanager
    def transaction(self) -> Iterator[BoundBackend]:
        """Open a transaction, or a savepoint in the host's."""
        database, planner = self._ready()
        if outermost(database) is not None:
            remember(database)
            with BoundBackend(database, self._naming, planner, joined=True).transaction() as bound:
                yield bound
            return
        with self._connected(database) as link, link.block():
            ours.add(outermost(database))
            bound = BoundBackend(database, self._naming, planner, joined=False)
            try:
                yield bound
            finally:
                bound.end()

    def using(self, handle: object) -> BoundBackend:
        """Join the transaction that a database has open in this thread or task."""
        return join(handle, self._naming)

    def prepare_schema(self) -> None:
        """Create or check the tables once."""
        self._ready()

    def close(self) -> None:
        """Do nothing: the database is the host's, and what an operation opened it has closed."""

    def _ready(self) -> tuple[Database, Planner]:
        """Return the database, whose tables have been created or checked, and its planner."""
        database = self._database or resolved(self._handle)
        refuse_strays(database)
        prepared = self._prepared
        if prepared is None or prepared[0] is not database:
            prepared = self._prepared = database, self._prepare(database)
        return prepared

    def _prepare(self, database: Database) -> Planner:
        if outermost(database) is not None:
            link = link_to(database, self._naming)
            if not self._skip_migrations and link.steps(missing_tables(link.dialect)):
                raise TransactionError("tables are missing, and a transaction is open; call prepare_schema() before it")
            link.steps(check_tables(link.dialect))
            return link.planner
        with self._connected(database) as link:
            if self._skip_migrations:
                link.steps(check_tables(link.dialect))
            elif link.steps(missing_tables(link.dialect)):
                with link.block():
                    link.steps(lock_schema(link.dialect))
                    try:
                        link.steps(create_tables(link.dialect))
                    finally:
                        if not link.lost:
                            link.steps(unlock_schema(link.dialect))
        return link.planner

    @contextmanager
    def _connected(self, database: Database) -> Iterator[Link]:
        with connected(database) as opened:
            if not opened:
                refuse_foreign_transaction(database)
            yield link_to(database, self._naming)
