"""Adapters that are broken on purpose, each in one way that was met in the field or is easily made."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from conformance.sqlalchemy_harness import SyncSqlalchemyHarness
from kavach_core.errors import (
    ConflictError,
    InvalidInput,
    KavachError,
    NestedTransactionUnsupported,
    NotFoundError,
    TransactionContextLost,
)
from kavach_core.storage import Capabilities, Storage
from kavach_core.storage.operations import (
    Consume,
    Delete,
    Find,
    Gather,
    Get,
    Increment,
    Insert,
    InsertMany,
    Operation,
    Update,
    Upsert,
)
from kavach_core.testing import Harness
from kavach_schema.record import Record

W = TypeVar("W", bound="Working")

Given = Mapping[str, Any]

PAUSE = 0.002
"""Seconds between a read and the write that relies on it: long enough for others."""

LONGEST = 1000
"""Characters that a column which cuts holds."""


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


def text_changed(change: Callable[[str], str], values: Given) -> dict[str, Any]:
    return {name: change(value) if isinstance(value, str) else value for name, value in values.items()}


@caught_by("test_no_count_is_lost")
class ReadsThenWritesCounters(Working):
    """A counter is read, added to in Python, and written back."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if not isinstance(operation, Increment) or not operation.create or values.get("limit") is not None:
            return super().execute(operation, values)
        named = {name: values[name] for name in operation.by}
        stored = self.inner.execute(Get(operation.table, operation.by), named)
        if stored is None:
            return super().execute(operation, values)
        time.sleep(PAUSE)
        total = getattr(stored, operation.column) + values[operation.column]
        return self.inner.execute(Update(operation.table, operation.by), {**named, operation.column: total})


@caught_by("test_one_of_many_uses_it_up")
class ReadsThenDeletesWhatIsUsed(Working):
    """What is good once is looked up, and then deleted or marked."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if not isinstance(operation, Consume):
            return super().execute(operation, values)
        named = {name: values[name] for name in operation.by}
        found = self.inner.execute(Get(operation.table, operation.by), named)
        time.sleep(PAUSE)
        used = super().execute(operation, values)
        return found if found is not None and not (operation.mark and getattr(found, operation.mark)) else used


@caught_by("test_many_upserts_leave_one_row")
class LooksBeforeItUpserts(Working):
    """An upsert is a look, and then an insert or an update."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if not isinstance(operation, Upsert):
            return super().execute(operation, values)
        named = {name: values[name] for name in operation.by}
        if self.inner.execute(Get(operation.table, operation.by), named) is not None:
            return super().execute(operation, values)
        time.sleep(PAUSE)
        return self.inner.execute(Insert(operation.table), values)


@caught_by("test_one_of_many_changes_what_it_expects")
class ComparesThenSets(Working):
    """An expected value is compared in Python."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if not isinstance(operation, Update) or not operation.expect:
            return super().execute(operation, values)
        guards = {name: values.get(f"expected_{name}") for name in operation.expect}
        rest = {name: value for name, value in values.items() if not name.startswith("expected_")}
        stored = self.inner.execute(Get(operation.table, operation.by), {name: values[name] for name in operation.by})
        time.sleep(PAUSE)
        if stored is None or any(g is not None and getattr(stored, name) != g for name, g in guards.items()):
            return None
        return self.inner.execute(operation, rest)


@caught_by("test_a_limit_grants_exactly_what_it_says")
class LooksAtTheLimitFirst(Working):
    """A limit is looked at before the counter is raised."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if not isinstance(operation, Increment) or values.get("limit") is None or not operation.create:
            return super().execute(operation, values)
        named = {name: values[name] for name in operation.by}
        stored = self.inner.execute(Get(operation.table, operation.by), named)
        time.sleep(PAUSE)
        amount = values[operation.column]
        if (getattr(stored, operation.column) if stored else 0) + amount > values["limit"]:
            return None
        return super().execute(operation, {**values, "limit": None})


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
            self.handle.connection().connection.dbapi_connection.commit()  # type: ignore[union-attr]
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


@caught_by("test_a_text_does_not_find_its_likes")
class FindsWithoutCase(Working):
    """A name that is not found is tried in lower case, as a collation without case would find it."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        found = super().execute(operation, values)
        if found is not None or not isinstance(operation, Get):
            return found
        every = super().execute(Find(operation.table, (), (operation.table.key,)), {"limit": None})
        wanted = [str(values[name]).casefold() for name in operation.by]
        return next((r for r in every if [str(getattr(r, n)).casefold() for n in operation.by] == wanted), None)


@caught_by("test_text_is_kept_exactly")
class StripsText(Working):
    """Text loses the space at its end, as in a CHAR column."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        return super().execute(operation, text_changed(str.rstrip, values))


@caught_by("test_text_is_kept_exactly")
class ComposesText(Working):
    """Text is normalised to NFC."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        return super().execute(operation, text_changed(lambda text: unicodedata.normalize("NFC", text), values))


@caught_by("test_long_text_is_kept")
class CutsText(Working):
    """Long text is cut to what a column happens to hold, without a word."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        return super().execute(operation, text_changed(lambda text: text[:LONGEST], values))


@caught_by("test_a_moment_is_kept")
class RoundsTime(Working):
    """Moments are kept to the minute."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        changed = {n: v.replace(second=0) if hasattr(v, "tzinfo") else v for n, v in values.items()}
        return super().execute(operation, changed)


@caught_by("test_json_comes_back_as_it_was")
class LosesJsonNull(Working):
    """Keys of JSON objects whose value is null are dropped."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        return super().execute(operation, {name: self._without_null(value) for name, value in values.items()})

    def _without_null(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._without_null(item) for key, item in value.items() if item is not None}
        return [self._without_null(item) for item in value] if isinstance(value, list) else value


@caught_by("test_a_list_is_in_total_order")
class OrdersWithoutTieBreaker(Working):
    """Rows of one second come in any order."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        found = super().execute(operation, values)
        if not isinstance(operation, Find) or len(operation.order) < 2:
            return found
        first = operation.order[0]
        found.reverse()
        return sorted(found, key=lambda row: getattr(row, first), reverse=operation.descending)


@caught_by("test_a_limit_cuts_the_list")
class CutsOneTooLate(Working):
    """A limit lets one more row through."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if isinstance(operation, Find) and values.get("limit"):
            values = {**values, "limit": values["limit"] + 1}
        return super().execute(operation, values)


@caught_by("test_a_taken_key_is_a_conflict")
class SwallowsConflicts(Working):
    """A row whose key is taken is given back as if it had been written."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        try:
            return super().execute(operation, values)
        except ConflictError:
            if not isinstance(operation, Insert):
                raise
            key = operation.table.key
            return self.inner.execute(Get(operation.table, (key,)), {key: values[key]})


@caught_by("test_an_update_that_changes_nothing_finds_its_row")
class CountsChangedRows(Working):
    """An update that changes nothing says that there is no row, as MySQL's count of changed rows would."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if not isinstance(operation, Update):
            return super().execute(operation, values)
        named = {name: values[name] for name in operation.by}
        before = self.inner.execute(Get(operation.table, operation.by), named)
        after = super().execute(operation, values)
        return None if before == after else after


@caught_by("test_none_empties_a_column")
class TakesNoneForLeftOut(Working):
    """None in an update is taken for a column that was left out."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if isinstance(operation, Update):
            values = {name: value for name, value in values.items() if value is not None}
        return super().execute(operation, values)


@caught_by("test_an_unknown_field_is_refused")
class IgnoresUnknownFields(Working):
    """A misspelled field is left out without a word."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if isinstance(operation, Insert | Upsert):
            values = {name: value for name, value in values.items() if name in operation.table.by_name}
        return super().execute(operation, values)


@caught_by("test_a_missing_row_is_none")
class RaisesForMissingRows(Working):
    """What is not there is an error."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        found = super().execute(operation, values)
        if found is None and isinstance(operation, Get):
            raise NotFoundError("no such row")
        return found


@caught_by("test_a_delete_tells_whether_there_was_a_row")
class DeletesAlways(Working):
    """A delete always says that there was a row."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        found = super().execute(operation, values)
        return max(found, 1) if isinstance(operation, Delete) else found


@caught_by("test_many_new_rows_are_written_all_or_none")
class WritesManyOneByOne(Working):
    """Many rows are many calls, and an error leaves those before it."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if not isinstance(operation, InsertMany):
            return super().execute(operation, values)
        return [self.inner.execute(Insert(operation.table), row) for row in values["rows"]]


@caught_by("test_what_others_change_is_seen_at_once")
class ReadsFromACache(Working):
    """A row that was read once is remembered for ever."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner)
        self.cache: dict[object, Record] = {}

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if not isinstance(operation, Get):
            return super().execute(operation, values)
        key = operation, *(values[name] for name in operation.by)
        if key not in self.cache:
            found = super().execute(operation, values)
            if found is None:
                return None
            self.cache[key] = found
        return self.cache[key]


@caught_by("test_a_row_is_found_by_what_names_it")
class LeaksConnections(Working):
    """A connection that is opened for a read is never given back."""

    left: ClassVar[list[Any]] = []

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if isinstance(operation, Get) and len(self.left) < 3:
            self.left.append(self.inner._engine.raw_connection())
        return super().execute(operation, values)


@caught_by("test_a_conflict_is_kept_secret")
class TellsWhatIsTaken(Working):
    """The message of a conflict holds the value that is taken."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        try:
            return super().execute(operation, values)
        except ConflictError as error:
            told = ConflictError(error.table, error.columns)
            told.args = (f"{error.args[0]}: {[values.get(name) for name in error.columns]}",)
            raise told from error.__cause__


@caught_by("test_a_conflict_is_kept_secret")
class HidesTheCause(Working):
    """The driver's error is not the cause of ours."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        try:
            return super().execute(operation, values)
        except KavachError as error:
            found = error
        raise found.with_traceback(None) from None


@caught_by("test_a_call_sends_no_more_than_it_needs")
class AsksTwice(Working):
    """A row is read again after it was written."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        found = super().execute(operation, values)
        if isinstance(operation, Insert):
            key = operation.table.key
            return self.inner.execute(Get(operation.table, (key,)), {key: getattr(found, key)})
        return found


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


@caught_by("test_any_sequence_of_methods_is_as_in_memory")
class UpdatesOnce(Working):
    """A row's second update is lost: only a sequence of calls shows it."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner)
        self.updated: set[object] = set()

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if not isinstance(operation, Update):
            return super().execute(operation, values)
        named = {name: values[name] for name in operation.by}
        key = operation, *named.values()
        if key in self.updated:
            return self.inner.execute(Get(operation.table, operation.by), named)
        self.updated.add(key)
        return super().execute(operation, values)


class WithoutSavepoints(Working):
    """A storage that has transactions, says that it has no savepoints, and keeps its word."""

    claims: ClassVar[dict[str, bool]] = {"savepoints": False}

    @contextmanager
    def transaction(self) -> Iterator[Working]:
        if self.in_transaction:
            raise NestedTransactionUnsupported("this storage has no savepoints; do without the inner transaction()")
        with super().transaction() as bound:
            yield bound


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


@caught_by("test_facts_are_as_of_one_moment")
class GathersOneByOne(Working):
    """What goes along with a row is read after it, and others write in between."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if not isinstance(operation, Gather):
            return super().execute(operation, values)
        found = self.inner.execute(operation, values)
        time.sleep(PAUSE)
        return found and (found[0], *self.inner.execute(operation, values)[1:])


@caught_by("test_permissions_that_may_cover_a_resource_are_facts")
class FindsPatternsWithoutCase(Working):
    """The resource that is asked for is compared in lower case."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if isinstance(operation, Gather):
            return super().execute(operation, {**values, "resource": values["resource"].lower()})
        return super().execute(operation, values)
