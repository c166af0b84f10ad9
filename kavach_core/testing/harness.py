"""What a third party writes to have its storage proved: one class that opens things, and judges nothing.

    class MyHarness(Harness):
        colour = "sync"

        @contextmanager
        def open(self):
            with my_database() as url:
                self.url = url
                storage = create_my_adapter(url)
                storage.prepare_schema()
                yield storage
                storage.close()

        @contextmanager
        def observer(self):
            ...

Where a method opens something it returns a block, synchronous or asynchronous as suits it; where it answers a question
it may be a coroutine function. For `colour = "asyncio"` everything runs in one event loop, so what `open()` made may be
used by the others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar

from kavach_core.storage import AsyncStorage, Storage
from kavach_core.testing.levels import Level

T = TypeVar("T")

Colour = Literal["sync", "asyncio"]

Block: TypeAlias = AbstractContextManager[T] | AbstractAsyncContextManager[T]
"""Something to enter, of either colour."""

Answer: TypeAlias = T | Awaitable[T]
"""A result, or what a coroutine function returns."""


class Observer(Protocol):
    """Read the database as somebody who has never heard of the adapter would: with a driver and SQL, for example.

    It MUST NOT share a connection, a cache or a codec with the adapter: it is there to contradict it.
    """

    def row(self, table: str, column: str, value: str) -> Answer[Mapping[str, object] | None]:
        """Return the committed row of one of our tables whose column, its key, holds this value; None without one.

        It has all columns, as the driver gives them: times are integers, booleans may be 0 and 1, JSON may be text or
        what the driver makes of it.
        """
        ...


class Statements(Protocol):
    """How many statements the adapter sent while the block was open."""

    @property
    def count(self) -> int:
        """Return the number; statements that begin or end transactions and savepoints do not count."""
        ...


class HostTransaction(Protocol):
    """A transaction of the host application that is open, with a way to the host's own table."""

    @property
    def handle(self) -> Any:
        """Return what `storage.using()` takes: a session, a connection, a transaction object of the host's ORM."""
        ...

    def insert(self, value: str) -> Answer[None]:
        """Write a row with this text into the host's own table, in this transaction and at once."""
        ...

    def values(self) -> Answer[Sequence[str]]:
        """Read the texts of all rows of the host's own table, in this transaction."""
        ...

    def row(self, table: str, column: str, value: str) -> Answer[Mapping[str, object] | None]:
        """Read a row as an observer does, in this transaction and with the host's own means."""
        ...

    def commit(self) -> Answer[None]:
        """Commit; the handle may be used again afterwards, for another transaction or for none."""
        ...

    def rollback(self) -> Answer[None]:
        """Roll back."""
        ...


class Host(Protocol):
    """A host application: it has a table of its own in the database where ours are, and begins transactions."""

    def begin(self) -> Block[HostTransaction]:
        """Begin a transaction on a connection of the host's own.

        Leaving the block without a commit, or with an error, rolls back; nothing may stay open after it. Several may be
        open at once. Where the handle begins by itself at the first statement, it may be handed out before that.
        """
        ...


class Harness(ABC):
    """Open a storage and what it takes to judge it.

    One instance serves all clauses of a test class, one after the other: it is opened before the first and closed after
    the last. Clauses leave rows behind and tolerate those of others, so the database need not be emptied. Two instances
    MUST NOT share a database at the same time: under pytest-xdist each worker process has one of its own.
    """

    colour: ClassVar[Colour]
    """Whether `open()` yields a `Storage` or an `AsyncStorage`."""

    level: ClassVar[Level] = Level.CONCURRENT
    """What `kavach conformance` demands of the storage."""

    skips: ClassVar[Mapping[str, str]] = {}
    """Clauses not to run, by name, with the reason. A level with such a clause is not reached."""

    expected_failures: ClassVar[Mapping[str, str]] = {}
    """Clauses that are known to fail, by name, with the reason. One that passes after all fails: take it out."""

    has_driver: ClassVar[bool] = True
    """Errors that the database reports come from a driver, and so MUST have the driver's error as their cause."""

    writers: ClassVar[int] = 16
    """How many threads or tasks write at once in races; at least 16 show most of them."""

    @abstractmethod
    def open(self) -> Block[Storage] | Block[AsyncStorage]:
        """Open the storage on a database with our tables, and close both after the block."""

    @abstractmethod
    def observer(self) -> Block[Observer]:
        """Open an independent reader of the same database."""

    def second(self) -> Block[Storage] | Block[AsyncStorage] | None:
        """Open another storage on the same database, with connections of its own: another process, as it were.

        None leaves out what others see of a transaction; the level `transactional` is then not reached.
        """
        return None

    def host(self) -> Block[Host] | None:
        """Open a host application on the same database; None where the storage declares `joins_host=False`."""
        return None

    def statements(self) -> Block[Statements] | None:
        """Count the statements that the storage of `open()` sends; None where it sends none, or nobody can tell."""
        return None

    def leaks(self) -> Answer[int] | None:
        """Return how many connections or transactions are open now; None where nobody can tell.

        It is asked after each clause, and MUST be 0: connections that wait in a pool do not count.
        """
        return None
