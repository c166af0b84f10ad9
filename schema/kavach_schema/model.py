"""The vocabulary of the data model: columns, indexes and tables as frozen values.

Everything that knows a table (SQL, records, inputs, ORM models) is derived from these values, so that a column is
written down once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final, Generic, Literal, TypeVar

R_co = TypeVar("R_co", covariant=True)

Kind = Literal["text", "integer", "boolean", "json", "time"]

LONG_TEXT: Final = 1_000_000
"""Characters that a text without a declared length holds: below every server's packet and page limits."""

MAX_IDENTIFIER: Final = 63
"""Characters of a name that PostgreSQL keeps; MySQL keeps one more."""


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""No value at all, where None is a value."""


@dataclass(frozen=True, slots=True)
class Column:
    """Describe one column.

    `length` counts characters and is set for text that a key or an index can hold; `default` is what a row gets when
    the writer names no value; `annotation` is the Python type of a JSON column's value.
    """

    name: str
    kind: Kind
    length: int | None = None
    nullable: bool = False
    default: str | int | bool | Unset = UNSET
    annotation: str = "JsonValue"
    belongs_to: str | None = None
    """The table whose row owns this one: when that row is deleted, this one is deleted with it."""

    @property
    def optional(self) -> bool:
        """Tell whether a writer may leave the column out."""
        return self.nullable or self.default is not UNSET

    @property
    def fallback(self) -> str | int | bool | None:
        """Return what an optional column holds where the writer leaves it out."""
        return None if self.default is UNSET else self.default


@dataclass(frozen=True, slots=True)
class Index:
    """Describe an index or a unique constraint by the columns it covers, in order."""

    name: str
    columns: tuple[str, ...]
    unique: bool


@dataclass(frozen=True, eq=False)
class Table(Generic[R_co]):
    """Describe one table; `R_co` is the record that its rows become.

    `model` is the name of the documented Prisma model. Uniques and indexes are tuples of column names.
    """

    name: str
    model: str
    doc: str
    columns: tuple[Column, ...]
    key: str = "id"
    uniques: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        """Refuse keys, uniques and indexes over columns that the table does not have."""
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name}: a column is declared twice")
        for columns in ((self.key,), *self.uniques, *self.indexes):
            if unknown := set(columns) - set(names):
                raise ValueError(f"{self.name}: no column {sorted(unknown)}")
        indexes = [index.name for index in self.constraints()]
        if len(set(indexes)) != len(indexes):
            raise ValueError(f"{self.name}: two indexes share a name")

    @property
    def record(self) -> str:
        """Name the record class of the rows."""
        return self.model.removeprefix("Kavach")

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Map column names to columns, in declared order."""
        return {column.name: column for column in self.columns}

    def constraints(self, name: str | None = None) -> tuple[Index, ...]:
        """List uniques, then indexes, with their names in a table called `name`."""
        table = name or self.name
        return tuple(
            Index(_index_name(table, columns, "key" if unique else "idx"), columns, unique)
            for group, unique in ((self.uniques, True), (self.indexes, False))
            for columns in group
        )


def _index_name(table: str, columns: tuple[str, ...], suffix: str) -> str:
    name = "_".join((table, *columns, suffix))
    if len(name) > MAX_IDENTIFIER:
        name = "_".join((table, columns[0], suffix))
    if len(name) > MAX_IDENTIFIER:
        raise ValueError(f"index name {name!r} is longer than {MAX_IDENTIFIER} characters: use a shorter table prefix")
    return name


def text(
    name: str,
    length: int = 255,
    *,
    null: bool = False,
    default: str | Unset = UNSET,
    belongs_to: str | None = None,
) -> Column:
    """Declare text of at most `length` characters, compared exactly."""
    return Column(name, "text", length, null, default, belongs_to=belongs_to)


def long_text(name: str, *, null: bool = False) -> Column:
    """Declare text of at most `LONG_TEXT` characters that no index covers."""
    return Column(name, "text", None, null)


def integer(name: str, *, null: bool = False, default: int | Unset = UNSET) -> Column:
    """Declare a signed 64-bit integer."""
    return Column(name, "integer", None, null, default)


def boolean(name: str, *, default: bool) -> Column:
    """Declare a boolean."""
    return Column(name, "boolean", None, False, default)


def json(name: str, annotation: str = "JsonValue", *, null: bool = False) -> Column:
    """Declare a JSON value whose Python type is `annotation`."""
    return Column(name, "json", None, null, annotation=annotation)


def time(name: str, *, null: bool = False) -> Column:
    """Declare a moment: integer Unix seconds in every database, an aware UTC datetime in a record."""
    return Column(name, "time", None, null)


def key(name: str = "id", *, belongs_to: str | None = None) -> Column:
    """Declare the key: text made by the application before the insert."""
    return text(name, belongs_to=belongs_to)


def metadata() -> Column:
    """Declare the free-form object that an application attaches to a row."""
    return json("metadata", "dict[str, JsonValue]", null=True)
