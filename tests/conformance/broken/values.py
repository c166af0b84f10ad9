"""Values that come back as others, are found by others, or in another order."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from conformance.broken.working import Given, Working, caught_by
from kavach_core.storage.operations import Find, Gather, Get, Operation

LONGEST = 1000
"""Characters that a column which cuts holds."""


def text_changed(change: Callable[[str], str], values: Given) -> dict[str, Any]:
    return {name: change(value) if isinstance(value, str) else value for name, value in values.items()}


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


@caught_by("test_permissions_that_may_cover_a_resource_are_facts")
class FindsPatternsWithoutCase(Working):
    """The resource that is asked for is compared in lower case."""

    def execute(self, operation: Operation[Any], values: Given) -> Any:
        if isinstance(operation, Gather):
            return super().execute(operation, {**values, "resource": values["resource"].lower()})
        return super().execute(operation, values)


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
