"""What is broken, and what runs the suite on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

from sqlalchemy import Engine, event

from conformance.sqlalchemy_harness import SyncSqlalchemyHarness
from kavach_core.errors import NestedTransactionUnsupported
from kavach_core.storage import Capabilities, Storage
from kavach_core.storage.operations import Operation
from kavach_core.testing import Harness

W = TypeVar("W", bound="Working")

Given = Mapping[str, Any]

PAUSE = 0.002
"""Seconds between a read and the write that relies on it: long enough for others."""


class Working:
    """A backend that passes everything on to another one; those below change one thing each."""

    claims: ClassVar[dict[str, bool]] = {}
    """Capabilities that are claimed, whatever the other backend says."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    @property
    def capabilities(self) -> Capabilities:
        found: Capabilities = self.inner.capabilities
        return replace(found, **self.claims)

    @property
    def in_transaction(self) -> bool:
        return bool(self.inner.in_transaction)

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        return self.inner.execute(operation, values)

    @contextmanager
    def transaction(self) -> Iterator[Working]:
        with self.inner.transaction() as bound:
            yield type(self)(bound)

    def using(self, handle: object) -> Working:
        return type(self)(self.inner.using(handle))

    def prepare_schema(self) -> None:
        self.inner.prepare_schema()

    def close(self) -> None:
        self.inner.close()


CAUGHT_BY: dict[type[Working], str] = {}
"""The broken adapters, each with the clause that catches it."""


def caught_by(clause: str) -> Callable[[type[W]], type[W]]:
    def note(broken: type[W]) -> type[W]:
        CAUGHT_BY[broken] = clause
        return broken

    return note


def harness_of(backend: type[Working]) -> type[Harness]:
    """Return a harness whose storages are SQLAlchemy's on a SQLite file, behind such a backend."""

    class BrokenHarness(SyncSqlalchemyHarness):
        database = "sqlite-file"
        driver = "pysqlite"

        def _known(self, engine: Engine) -> None:
            super()._known(engine)
            event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 2000"))

        @contextmanager
        def _storage(self, url: str) -> Iterator[Storage]:
            with super()._storage(url) as storage:
                yield Storage(backend(storage._backend))

    return BrokenHarness


class WithoutSavepoints(Working):
    """A storage that has transactions, says that it has no savepoints, and keeps its word."""

    claims: ClassVar[dict[str, bool]] = {"savepoints": False}

    @contextmanager
    def transaction(self) -> Iterator[Working]:
        if self.in_transaction:
            raise NestedTransactionUnsupported("this storage has no savepoints; do without the inner transaction()")
        with super().transaction() as bound:
            yield bound
