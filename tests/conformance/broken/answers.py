"""Wrong answers, wrong errors, and too many statements."""

from __future__ import annotations

from typing import Any, ClassVar

from conformance.broken.working import Given, Working, caught_by
from kavach_core.errors import ConflictError, KavachError, NotFoundError
from kavach_core.storage.operations import Delete, Get, Insert, InsertMany, Operation, Update, Upsert


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
