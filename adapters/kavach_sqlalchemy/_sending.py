"""One statement sent on a driver's connection, in as few steps as that driver allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sqlalchemy import Dialect
from sqlalchemy.util import await_only

from kavach_core.storage.sql import Request, Rows

Send: TypeAlias = Callable[[Any, Request], Rows]


def sender(dialect: Dialect) -> Send:
    """Return what sends statements on a connection of this dialect; it raises the driver's errors."""
    return _send_aiosqlite if dialect.driver == "aiosqlite" else _send


def _send(connection: Any, request: Request) -> Rows:
    cursor = connection.cursor()
    try:
        cursor.execute(request.sql, request.parameters)
        # What psycopg's description takes to make is a third of a round trip.
        returns = request.returns if request.returns is not None else cursor.description
        return Rows(cursor.fetchall() if returns else (), cursor.rowcount)
    finally:
        cursor.close()


def _send_aiosqlite(connection: Any, request: Request) -> Rows:
    """Send what needs no count in one hop to the driver's thread and back; SQLAlchemy's cursor makes four."""
    if request.returns is None or request.sql.startswith("DELETE "):
        return _send(connection, request)
    try:
        return Rows(await_only(connection.driver_connection.execute_fetchall(request.sql, request.parameters)), -1)
    except Exception as error:
        connection._handle_exception(error)
        raise
