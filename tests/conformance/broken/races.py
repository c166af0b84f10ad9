"""What is not one operation, or is, and loses to others."""

from __future__ import annotations

import time
from typing import Any

from conformance.broken.working import PAUSE, Given, Working, caught_by
from kavach_core.storage.operations import Consume, Gather, Get, Increment, Insert, Operation, Update, Upsert
from kavach_schema.record import Record


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


@caught_by("test_facts_are_as_of_one_moment")
class GathersOneByOne(Working):
    """What goes along with a row is read after it, and others write in between."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if not isinstance(operation, Gather):
            return super().execute(operation, values)
        found = self.inner.execute(operation, values)
        time.sleep(PAUSE)
        return found and (found[0], *self.inner.execute(operation, values)[1:])


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
