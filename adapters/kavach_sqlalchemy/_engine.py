"""The backend on an engine.

Like its siblings it is written without colour: SQLAlchemy runs the same code under asyncio by switching greenlets in
its own driver layer, and `_asyncio` enters that layer once per operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kavach_core.errors import (
    BackendUnavailable,
    ConfigurationError,
    StorageError,
    TransactionAborted,
)
from kavach_core.storage.operations import Operation, reads_only, table_of
from kavach_core.storage.sql import Plan, Planner, planner_for
from kavach_core.storage.sql.comparison import Difference
from kavach_core.storage.sql.errors import translate
from kavach_core.storage.sql.schema import (
    check_tables,
    compare,
    create_tables,
    lock_schema,
    missing_tables,
    unlock_schema,
    upgrade_tables,
)
from kavach_schema.render.ddl import Naming
from kavach_sqlalchemy._bound import BoundBackend
from kavach_sqlalchemy._drivers import capabilities_of, sql_dialect
from kavach_sqlalchemy._joined import JoinedBackend, join
from kavach_sqlalchemy._link import Link, Turn
from kavach_sqlalchemy._pool import Loan, borrow

T = TypeVar("T")

_TRIES: Final = 5
"""How often an operation that is a transaction of its own is run when the database rolls it back for another one."""


_LAST_OF_TRIES: Final = (*(False,) * (_TRIES - 1), True)
"""For each try whether it is the last."""


class EngineBackend:
    """Run each operation on a connection from the engine's pool, in a transaction of its own."""

    in_transaction = False

    def __init__(self, engine: Engine, *, naming: Naming, skip_migrations: bool, owned: bool) -> None:
        """Use an engine; `owned` says that closing disposes of it."""
        self._engine = engine
        self._naming = naming
        self._skip_migrations = skip_migrations
        self._owned = owned
        self._planner: Planner | None = None
        self.capabilities = capabilities_of(engine.dialect)

    def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation, and again where nothing is lost by it.

        That is when it lost against another transaction, and for a read when its connection turned out to be broken.
        """
        planner = self._planner or self._prepared()
        for last in _LAST_OF_TRIES:
            plan = planner.plan(operation, values)
            link = self._link(planner)
            try:
                return cast("T", self._run(link, plan, operation))
            except TransactionAborted:
                if last:
                    raise
            except BackendUnavailable as error:
                self._note(link, error)
                if last or not link.lost or not reads_only(operation):
                    raise
            except BaseException as error:
                self._note(link, error)
                raise
            finally:
                link.loan.close()
        raise AssertionError("unreachable")

    def _run(self, link: Link, plan: Plan, operation: Operation[T]) -> object:
        if plan.atomic:
            with _committed(link):
                return link.run(plan, table_of(operation))
        result = link.run(plan, table_of(operation))
        if not link.autocommit and not reads_only(operation):
            link.commit()
        return result

    @contextmanager
    def transaction(self) -> Iterator[BoundBackend]:
        """Open a transaction on a connection of its own."""
        self.prepare_schema()
        with ExitStack() as stack:
            link = self._begun(stack)
            bound = BoundBackend(link, self.capabilities, Turn())
            stack.callback(bound.end)
            yield bound

    def using(self, handle: object) -> JoinedBackend:
        """Join the transaction of a session or connection."""
        return join(handle, self._naming)

    def _begun(self, stack: ExitStack) -> Link:
        """Borrow a connection and open a transaction, on another connection where the first is broken."""
        for last in _LAST_OF_TRIES:
            link = None
            try:
                with ExitStack() as attempt:
                    link = attempt.enter_context(self._borrowed())
                    attempt.enter_context(_committed(link))
                    stack.push(attempt.pop_all())
                    return link
            except BackendUnavailable:
                if last or link is None or not link.lost:
                    raise
        raise AssertionError("unreachable")

    def prepare_schema(self) -> None:
        """Create or check the tables once."""
        if self._planner is None:
            self._prepared()

    def _prepared(self) -> Planner:
        with self._borrowed() as link:
            planner = link.planner
            if self._skip_migrations:
                link.steps(check_tables(planner.dialect))
            elif link.steps(missing_tables(planner.dialect)):
                with _committed(link), _alone(link):
                    link.steps(create_tables(planner.dialect))
            if not link.autocommit:
                link.rollback()
        self._planner = planner
        return planner

    def compare_schema(self) -> list[Difference]:
        """Return all that is not as in the data model; nothing is changed."""
        with self._borrowed() as link:
            found: list[Difference] = link.steps(compare(link.dialect))
            if not link.autocommit:
                link.rollback()
            return found

    def upgrade_schema(self, before_each: Callable[[str], None]) -> list[str]:
        """Add what is missing, and return the statements that did it."""
        with self._borrowed() as link, _committed(link), _alone(link):
            sent: list[str] = link.steps(upgrade_tables(link.dialect, before_each))
            return sent

    @contextmanager
    def _borrowed(self) -> Iterator[Link]:
        """Borrow a connection."""
        link = self._link(self._planner)
        try:
            yield link
        except BaseException as error:
            self._note(link, error)
            raise
        finally:
            link.loan.close()

    def _link(self, planner: Planner | None) -> Link:
        loan = self._connect()
        try:
            planner = planner or planner_for(sql_dialect(self._engine.dialect, self._naming))
            return Link(loan, self._engine.dialect, planner)
        except BaseException:
            loan.close()
            raise

    def _note(self, link: Link, error: BaseException) -> None:
        """Do not give a connection back that broke, or was left in the middle of something.

        When one broke the others of the pool did too, in all likelihood, so they are replaced when they are next used.
        """
        if link.lost:
            # As SQLAlchemy does itself: dispose() would orphan the connections that others are using.
            self._engine.pool._invalidate(cast("Any", link.loan), error)
        elif not isinstance(error, Exception):
            link.loan.invalidate(error)

    def _connect(self) -> Loan:
        try:
            return borrow(self._engine)
        except PoolTimeout as error:
            raise BackendUnavailable(
                "all connections of the pool are in use; try again, or give the engine a larger pool",
                retryable=True,
            ) from error
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise _unreachable(error, self._engine) from error
        except (TypeError, ArgumentError) as error:
            raise ConfigurationError(
                "the driver refuses an option of the url; check what stands behind the ? and the path"
            ) from error
        except OSError as error:
            raise BackendUnavailable(
                "the database cannot be reached; check its address, its name and that it runs", retryable=True
            ) from error

    def close(self) -> None:
        """Dispose of the engine if it is ours."""
        if self._owned:
            self._engine.dispose()


def _unreachable(error: Exception, engine: Engine) -> StorageError:
    flavour = sql_dialect(engine.dialect, Naming()).flavour
    found = translate(error, flavour, Naming(), None)
    if isinstance(found, BackendUnavailable):
        return found
    return BackendUnavailable(
        "the database cannot be reached; check its address, its name and that it runs", retryable=True
    )


@contextmanager
def _alone(link: Link) -> Iterator[None]:
    """Let no other process change the tables meanwhile."""
    link.steps(lock_schema(link.dialect))
    try:
        yield
    finally:
        if not link.lost:
            link.steps(unlock_schema(link.dialect))


@contextmanager
def _committed(link: Link) -> Iterator[None]:
    """Enclose a transaction of our own."""
    link.begin()
    try:
        yield
        link.commit()
    except Exception as error:
        try:
            link.rollback()
        except Exception as second:
            raise BackendUnavailable(
                "the connection broke before the transaction was rolled back; the database does so",
                retryable=True,
            ) from (second if isinstance(error, StorageError) else error)
        raise
