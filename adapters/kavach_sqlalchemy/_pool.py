"""Connections of an engine's pool, on loan for one operation.

SQLAlchemy wraps what it lends into a proxy that finds its way back when it is forgotten, and tells who listens; on
SQLite that takes half as long as a look-up. Here each loan is given back in a `finally`, so where nobody listens, and
the connections commit by themselves and need no reset, the proxy is left out. The pool's limit, its overflow, its
recycling and its invalidation work as ever: `_do_get` and `_do_return_conn` are what a pool of one's own implements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.pool import QueuePool

if TYPE_CHECKING:
    from sqlalchemy import Engine, Pool
    from sqlalchemy.engine.interfaces import DBAPIConnection


class Loan(Protocol):
    """A connection that is given back with `close()`; `invalidate()` closes it, and the pool makes another one."""

    @property
    def dbapi_connection(self) -> Any:
        """Return the connection as SQLAlchemy's dialect knows it."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...

    def invalidate(self, e: BaseException | None = None, soft: bool = False) -> None:
        """Close the connection; what is given back is a place for another one."""
        ...


class BareLoan:
    """A loan without SQLAlchemy's proxy; it MUST be closed once."""

    __slots__ = ("_connection_record", "_pool", "dbapi_connection")

    def __init__(self, pool: Pool, record: Any, connection: DBAPIConnection) -> None:
        """Hold a record that was taken from the pool, and its open connection."""
        self._pool = pool
        self._connection_record = record
        self.dbapi_connection: Any = connection

    @property
    def is_valid(self) -> bool:
        """Tell the pool, which asks, that it may invalidate this loan."""
        return True

    def close(self) -> None:
        """Give the connection back."""
        self._pool._do_return_conn(self._connection_record)

    def invalidate(self, e: BaseException | None = None, soft: bool = False) -> None:
        """Close the connection."""
        self._connection_record.invalidate(e, soft)


def borrow(engine: Engine) -> Loan:
    """Borrow a connection; raises what the pool and the driver raise."""
    pool = engine.pool
    if engine.dialect.skip_autocommit_rollback and isinstance(pool, QueuePool) and not _is_watched(pool):
        record: Any = pool._do_get()
        try:
            connection = record.get_connection()
            bare = engine.dialect.detect_autocommit_setting(connection)
        except BaseException as error:
            record.invalidate(error)
            pool._do_return_conn(record)
            raise
        if bare:
            return BareLoan(pool, record, connection)
        pool._do_return_conn(record)
    return engine.raw_connection()


def _is_watched(pool: QueuePool) -> bool:
    """Tell whether somebody wants to know of loans, or to have connections tried before."""
    told = pool.dispatch
    return bool(told.checkout or told.checkin or told.reset or pool._pre_ping or pool._should_log_debug())
