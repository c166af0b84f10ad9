"""What the conformance suite needs of us: the storage, and means to judge it that know nothing of Kavach's adapter."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from kavach_stdlib import open_async_storage, open_storage

from kavach_core import AsyncStorage, Storage
from kavach_core.testing import Harness, Host, HostTransaction, Observer, Statements

CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
"""How statements begin that are no operations."""


class Watched(sqlite3.Connection):
    """A connection that is known while it is open, and that counts statements where somebody asks for it."""

    opened: ClassVar[set[Watched]] = set()
    counters: ClassVar[list[Counter]] = []

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.execute("PRAGMA synchronous = OFF")  # tests need not survive a power cut
        self.opened.add(self)
        self.set_trace_callback(self._sent)

    def close(self) -> None:
        super().close()
        self.opened.discard(self)

    def _sent(self, sql: str) -> None:
        if not sql.startswith(CONTROL):
            for counter in self.counters:
                counter.count += 1


class Counter:
    """The number of statements that were sent."""

    count = 0


class SqliteObserver:
    """Read the file with a connection of its own, as somebody who has never heard of Kavach."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def row(self, table: str, column: str, value: str) -> Mapping[str, object] | None:
        return read(self._connection, table, column, value)


def read(connection: sqlite3.Connection, table: str, column: str, value: str) -> dict[str, object] | None:
    """Return the row of a table whose column holds this value."""
    cursor = connection.execute(f"SELECT * FROM {table} WHERE {column} = ?", [value])
    names = [described[0] for described in cursor.description]
    found = cursor.fetchone()
    return dict(zip(names, found, strict=True)) if found else None


class Application:
    """An application that writes notes with sqlite3, on connections with that library's own settings.

    Kavach's storage for asyncio calls them in threads of its own, hence check_same_thread=False.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def begin(self) -> Iterator[HostTransaction]:
        with closing(sqlite3.connect(self._path, check_same_thread=False, factory=Watched)) as connection:
            connection.execute("BEGIN")
            yield Work(connection)


class Work:
    """A transaction of the application."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.handle = connection

    def insert(self, value: str) -> None:
        self.handle.execute("INSERT INTO host_notes VALUES (?)", [value])

    def values(self) -> Sequence[str]:
        return [value for (value,) in self.handle.execute("SELECT value FROM host_notes")]

    def row(self, table: str, column: str, value: str) -> Mapping[str, object] | None:
        return read(self.handle, table, column, value)

    def commit(self) -> None:
        self.handle.commit()

    def rollback(self) -> None:
        self.handle.rollback()


class FileHarness(Harness):
    """What both colours have in common: a database file, looked at with plain sqlite3."""

    path: Path

    @contextmanager
    def observer(self) -> Iterator[Observer]:
        with closing(sqlite3.connect(self.path)) as connection:
            yield SqliteObserver(connection)

    @contextmanager
    def statements(self) -> Iterator[Statements]:
        counter = Counter()
        Watched.counters.append(counter)
        yield counter
        Watched.counters.remove(counter)

    def leaks(self) -> int:
        # What waits to be used again may be open, but not in a transaction.
        return sum(connection.in_transaction for connection in Watched.opened)

    @contextmanager
    def host(self) -> Iterator[Host]:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("CREATE TABLE host_notes (value TEXT NOT NULL)")
        yield Application(self.path)


class SyncHarness(FileHarness):
    colour = "sync"

    @contextmanager
    def open(self) -> Iterator[Storage]:
        with TemporaryDirectory() as folder:
            self.path = Path(folder) / "kavach.db"
            with self.second() as storage:
                yield storage

    @contextmanager
    def second(self) -> Iterator[Storage]:
        with closing(open_storage(str(self.path), factory=Watched)) as storage:
            yield storage


class AsyncHarness(FileHarness):
    colour = "asyncio"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncStorage]:
        with TemporaryDirectory() as folder:
            self.path = Path(folder) / "kavach.db"
            async with self.second() as storage:
                yield storage

    @asynccontextmanager
    async def second(self) -> AsyncIterator[AsyncStorage]:
        storage = await open_async_storage(str(self.path), factory=Watched)
        yield storage
        await storage.close()
