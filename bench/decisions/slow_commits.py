"""Commits that take a millisecond longer, as on a disk that is further away than this machine's.

PostgreSQL waits by itself (`commit_delay`); SQLite's connections sleep, in their thread, after each statement that
committed. Both are alike for whatever commits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, sleep
from typing import Any, Final, Self

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.data import new_audit_log
from bench.decisions.stored import Stored
from bench.raw import raw_driver

DELAY: Final = 0.001


@contextmanager
def delayed_on_postgres(stored: Stored) -> Iterator[bool]:
    """Let connections that are made from now on to this database wait at each commit, and say whether they do.

    Without `fsync` PostgreSQL has nothing to wait for.
    """
    name = stored.database.address["database"]
    before = _commit_time(stored)
    for setting in ("commit_delay = 1000", "commit_siblings = 0"):
        stored.raw.run(f"ALTER DATABASE {name} SET {setting}")
    try:
        yield _commit_time(stored) - before > DELAY / 2
    finally:
        for setting in ("commit_delay", "commit_siblings"):
            stored.raw.run(f"ALTER DATABASE {name} RESET {setting}")


def delay_on_sqlite(engine: AsyncEngine) -> None:
    """Let each new connection of an engine sleep after each commit."""

    def slow(_dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
        parameters["factory"] = _SlowConnection

    event.listen(engine.sync_engine, "do_connect", slow)


def _commit_time(stored: Stored) -> float:
    """Return nearly the least seconds that writing a row takes on a connection of its own; others may make it wait."""
    with raw_driver(stored.database) as raw:
        times = []
        for number in range(50):
            started = perf_counter()
            raw.insert_audit_log(new_audit_log(number, 10).stored)
            times.append(perf_counter() - started)
    return sorted(times)[2]


class _SlowCursor(sqlite3.Cursor):
    def execute(self, sql: str, parameters: Any = ()) -> Self:
        connection = self.connection
        inside, changes = connection.in_transaction, connection.total_changes
        super().execute(sql, parameters)
        wrote_alone = not connection.in_transaction and connection.total_changes != changes
        if wrote_alone or (inside and sql.startswith("COMMIT")):
            sleep(DELAY)
        return self


class _SlowConnection(sqlite3.Connection):
    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(_SlowCursor)

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        return self.cursor().execute(sql, parameters)  # type: ignore[no-any-return]  # cursor() takes any factory

    def commit(self) -> None:
        inside = self.in_transaction
        super().commit()
        if inside:
            sleep(DELAY)
