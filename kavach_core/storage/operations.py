"""The closed set of operations that a storage executes.

Each documented method is one of these values, declared once in `contract`. An adapter prepares an operation into its
native statement the first time it meets it, and from then on only executes: building a query per call costs 5 to 16
times the raw driver. Operations are compared by identity, so a dictionary keyed by them is that cache.

Values are passed by name. A filter marked `optional` applies only where its value is given and not None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from kavach_schema.model import Table

R_co = TypeVar("R_co", covariant=True)
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R")

Comparison = Literal["=", "<", "<=", ">", ">=", "in", "pattern"]


@dataclass(frozen=True, slots=True)
class Filter:
    """Compare a column with the value called `name`.

    `either` names a second column that may match instead; with `or_null` a column without a value matches too.

    With "pattern" the column holds a resource pattern, and the value is a resource. A pattern with a `*` matches where
    all that stands before the first one is what the value, with a `:` behind it, begins with; one without `*` where it
    equals the value. So every pattern that covers the resource is found, and few others.
    """

    column: str
    name: str
    comparison: Comparison = "="
    optional: bool = True
    either: str | None = None
    or_null: bool = False


def equal(*columns: str, optional: bool = False) -> tuple[Filter, ...]:
    """Return filters that compare columns with the values of the same names."""
    return tuple(Filter(column, column, optional=optional) for column in columns)


@dataclass(frozen=True, eq=False)
class Operation(Generic[T_co]):
    """An operation whose result is `T_co`."""


@dataclass(frozen=True, eq=False)
class Get(Operation[R_co | None], Generic[R_co]):
    """Read the row that the unique columns `by` name; None where there is none."""

    table: Table[R_co]
    by: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Find(Operation[list[R]], Generic[R]):
    """Read rows in the total order of `order` (which MUST end in the key), at most `limit` after skipping `offset`.

    With the value `after`, a record, only rows behind it in that order. `limit` None means all. With `current`, rows
    MUST be read as they are committed now, also where the transaction reads everything else as it was at its start.
    """

    table: Table[R]
    filters: tuple[Filter, ...]
    order: tuple[str, ...]
    descending: bool = False
    current: bool = False


@dataclass(frozen=True, eq=False)
class Along:
    """Name rows that go along with a row of another table: those that `find` finds, without a page.

    The filters named in `of` compare with that row's columns instead of with values; none matches a column without a
    value, but for what `or_null` says. All others MUST be given.
    """

    find: Find[Any]
    of: Mapping[str, str]

    @property
    def asked(self) -> tuple[Filter, ...]:
        """Return the filters that compare with values of the call."""
        return tuple(f for f in self.find.filters if f.name not in self.of)


@dataclass(frozen=True, eq=False)
class Gather(Operation[tuple[Any, ...] | None]):
    """Read the row that the unique columns `by` name, and all rows that go along with it, as of one moment.

    The result is the row and a list for each of `along`, each in its own order; None where there is no such row. What
    others commit meanwhile MUST be seen wholly or not at all.
    """

    table: Table[object]
    by: tuple[str, ...]
    along: tuple[Along, ...]


@dataclass(frozen=True, eq=False)
class Count(Operation[int]):
    """Count rows; `current` as in `Find`."""

    table: Table[object]
    filters: tuple[Filter, ...]
    current: bool = False


@dataclass(frozen=True, eq=False)
class Insert(Operation[R_co], Generic[R_co]):
    """Write a new row and return it; a taken key or unique value is a conflict."""

    table: Table[R_co]


@dataclass(frozen=True, eq=False)
class InsertMany(Operation[list[R]], Generic[R]):
    """Write the new rows in the value `rows`, all or none, and return them in order."""

    table: Table[R]


@dataclass(frozen=True, eq=False)
class Update(Operation[R_co | None], Generic[R_co]):
    """Change the row that `by` names and return it as it is now; None where there is none.

    The values of columns outside `by` are the changes. Each column in `expect` MUST still hold the value called
    `expected_<column>`, or nothing changes and the result is None (compare-and-set); such a value is optional.
    """

    table: Table[R_co]
    by: tuple[str, ...]
    expect: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Upsert(Operation[R_co], Generic[R_co]):
    """Write the row that the unique columns `by` name, new or over the stored one, and return it; free of races.

    `keep` are columns that a stored row keeps.
    """

    table: Table[R_co]
    by: tuple[str, ...]
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Increment(Operation[R_co | None], Generic[R_co]):
    """Add the value of `column` to the stored row that the unique columns `by` name, and return the row as it is now.

    Where no row is stored, write the values as a new one if `create` is set; otherwise the result is None. Where the
    sum would pass the value `limit` (None: no limit) or the stored `bound` column (NULL: no limit), or a filter in
    `alive` does not match, nothing changes and the result is None. Where none of these refuses a sum that 64 bits
    cannot hold, it is `InvalidInput` and nothing changes. Sums MUST be exact however many write at once.
    """

    table: Table[R_co]
    by: tuple[str, ...]
    column: str
    create: bool = True
    bound: str | None = None
    alive: tuple[Filter, ...] = ()


@dataclass(frozen=True, eq=False)
class Consume(Operation[R_co | None], Generic[R_co]):
    """Use up the row that the unique columns `by` name and return it: of any number of callers exactly one gets it.

    The row is deleted; with `mark`, a boolean column, it stays and is marked, and a marked row is not there to be
    consumed. Where a filter in `alive` does not match, nothing changes and the result is None.
    """

    table: Table[R_co]
    by: tuple[str, ...]
    mark: str | None = None
    alive: tuple[Filter, ...] = ()


@dataclass(frozen=True, eq=False)
class Delete(Operation[int]):
    """Delete the rows that all filters match, and return how many there were.

    With the value `limit`, at most that many of them, whichever they are.
    """

    table: Table[object]
    filters: tuple[Filter, ...]


def table_of(operation: Operation[object]) -> Table[object]:
    """Return the table that an operation of this set is about."""
    table: Table[object] = getattr(operation, "table")  # noqa: B009 - each kind declares it with a type of its own
    return table


def reads_only(operation: Operation[object]) -> bool:
    """Tell whether an operation changes nothing, and so needs no transaction and may be repeated."""
    return isinstance(operation, Get | Find | Gather | Count)
