"""Transactions that are not what they seem."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from conformance.broken.working import Given, Working, caught_by
from kavach_core.errors import InvalidInput, TransactionContextLost
from kavach_core.storage.operations import Operation


@caught_by("test_the_hosts_rollback_removes_its_rows_and_ours")
class CommitsForTheHost(Working):
    """A write in the host's transaction commits it."""

    handle: Any = None

    def using(self, handle: object) -> CommitsForTheHost:
        view = CommitsForTheHost(self.inner.using(handle))
        view.handle = handle
        return view

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        result = super().execute(operation, values)
        if isinstance(self.handle, Session):
            self.handle.connection().connection.dbapi_connection.commit()  # type: ignore[union-attr]  # None only once it is closed
        return result


@caught_by("test_claimed_joins_are_the_hosts")
class OnlyClaimsToJoin(Working):
    """The handle is ignored: writes go through a connection of the storage's own."""

    def using(self, handle: object) -> Working:
        return type(self)(self.inner)


@caught_by("test_a_failed_savepoint_removes_only_its_own")
class NestsFlatly(Working):
    """A transaction inside a transaction is the same one, and never fails alone."""

    @contextmanager
    def transaction(self) -> Iterator[Working]:
        if self.in_transaction:
            yield self
        else:
            with super().transaction() as bound:
                yield bound


@caught_by("test_an_error_removes_what_was_done")
class CommitsAfterAnError(Working):
    """Leaving a transaction commits, whatever the reason."""

    @contextmanager
    def transaction(self) -> Iterator[Working]:
        failure: BaseException | None = None
        with self.inner.transaction() as bound:
            try:
                yield type(self)(bound)
            except BaseException as error:
                failure = error
        if failure is not None:
            raise failure


@caught_by("test_nobody_sees_what_is_not_committed")
class WritesOutsideOfItsTransaction(Working):
    """A transaction is only a word: each call commits."""

    @contextmanager
    def transaction(self) -> Iterator[Working]:
        yield Pretending(self.inner)


class Pretending(WritesOutsideOfItsTransaction):
    """What such a transaction yields."""

    @property
    def in_transaction(self) -> bool:
        return True


@caught_by("test_a_bound_storage_is_of_no_use_after_its_block")
class OutlivesItsTransaction(Working):
    """After the block a transaction's storage goes on, on a connection of its own."""

    outer: Any = None

    @contextmanager
    def transaction(self) -> Iterator[Working]:
        with self.inner.transaction() as bound:
            found = OutlivesItsTransaction(bound)
            found.outer = self.inner
            yield found

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        try:
            return super().execute(operation, values)
        except TransactionContextLost:
            return self.outer.execute(operation, values)


@caught_by("test_without_concurrent_writers_the_second_waits")
class TurnsWritersAway(Working):
    """Every writer is turned away while another one is busy, without a chance to try again."""

    @contextmanager
    def transaction(self) -> Iterator[Working]:
        if self._busy:
            raise InvalidInput("another writer is busy")
        type(self)._busy = True
        try:
            with super().transaction() as bound:
                yield bound
        finally:
            type(self)._busy = False

    _busy: ClassVar[bool] = False


@caught_by("test_claimed_writers_write_at_the_same_time")
class ClaimsConcurrentWriters(Working):
    """Two writers are said to write at the same time, on a database that knows one."""

    claims: ClassVar[dict[str, bool]] = {"concurrent_writers": True}
