"""A live database against the data model: what differs, how bad that is, and which statements add what is missing.

Pure: `inspection` asks, `schema` acts. What works as well as ours is no difference: a wider text, an index of another
name, a column that we do not know and need not fill.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from kavach_core.storage.sql.dialect import SqlDialect
from kavach_core.storage.sql.inspection import StoredColumn, StoredIndex, StoredTable
from kavach_schema.model import LONG_TEXT, Column, Index, Table
from kavach_schema.render.ddl import (
    MYSQL_COLLATIONS,
    Flavour,
    add_column,
    column_type,
    create_index,
    create_table,
    quote,
)
from kavach_schema.tables import TABLES

Severity = Literal["broken", "lacking", "note"]
"""Kavach does not work with what is broken, and refuses to start; it works worse with what is lacking; a note is good
to know."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Say what of one table is not as in the data model; `statements` would add what is missing."""

    table: str
    text: str
    severity: Severity
    statements: tuple[str, ...] = ()


def differences(dialect: SqlDialect, stored: Mapping[str, StoredTable]) -> list[Difference]:
    """Return all differences, in the order of the model."""
    return [found for table in TABLES for found in _of_table(dialect, table, stored)]


def _of_table(dialect: SqlDialect, table: Table[object], stored: Mapping[str, StoredTable]) -> Iterator[Difference]:
    name, flavour = dialect.naming.table(table.name), dialect.flavour
    there = stored.get(name)
    if there is None:
        statements = create_table(table, flavour, dialect.naming)
        yield Difference(name, f"table {name} is missing", "broken", tuple(statements))
        return
    for column in table.columns:
        found = there.columns.get(column.name)
        if found is None:
            yield _missing_column(dialect, table, column, name)
        else:
            for text, severity in _of_column(column, found, flavour):
                yield Difference(name, f"column {name}.{column.name} {text}", severity)
    for column_name, extra in there.columns.items():
        if column_name not in table.by_name and not (extra.nullable or extra.defaulted):
            text = f"column {name}.{column_name} is not Kavach's, and needs a value; give it a default"
            yield Difference(name, text, "broken")
    if there.key != (table.key,) and not _unique_over(there, (table.key,)):
        yield Difference(name, f"the primary key of {name} is not ({table.key}); add it to the table", "broken")
    for index in table.constraints(name):
        if set(index.columns) <= set(there.columns) | _addable(table) and not _covered(there, index):
            yield _missing_index(dialect, table, index, name, there.indexes)
    for column_name, target in there.references.items():
        owner = table.by_name[column_name].belongs_to if column_name in table.by_name else target
        if owner is None or dialect.naming.table(owner) != target:
            text = (
                f"column {name}.{column_name} references {target}: other values are refused where foreign keys are on"
            )
            yield Difference(name, text, "note")


def _missing_column(dialect: SqlDialect, table: Table[object], column: Column, name: str) -> Difference:
    what = f"column {name}.{column.name} is missing"
    if not column.optional:
        kind = column_type(column, dialect.flavour)
        return Difference(name, f"{what}; add it as {kind} NOT NULL, with a value for each row", "broken")
    return Difference(name, what, "broken", (add_column(table, column, dialect.flavour, dialect.naming),))


def _addable(table: Table[object]) -> set[str]:
    return {column.name for column in table.columns if column.optional}


def _missing_index(
    dialect: SqlDialect, table: Table[object], index: Index, name: str, others: Iterable[StoredIndex]
) -> Difference:
    kind = "unique index" if index.unique else "index"
    what = f"{kind} {index.name} ({', '.join(index.columns)})"
    severity: Severity = "broken" if index.unique else "lacking"
    if any(other.name == index.name for other in others):
        return Difference(name, f"{what} is another one; rename or drop that, and add this", severity)
    statement = create_index(table, index, dialect.flavour, dialect.naming)
    return Difference(name, f"{what} is missing", severity, (statement,))


def _covered(table: StoredTable, index: Index) -> bool:
    """Tell whether an index does all that ours would do, whatever its name is."""
    if index.unique:
        return _unique_over(table, index.columns)
    return any(other.plain and other.columns[: len(index.columns)] == index.columns for other in table.indexes)


def _unique_over(table: StoredTable, columns: tuple[str, ...]) -> bool:
    return any(other.unique and other.plain and set(other.columns) == set(columns) for other in table.indexes)


def _of_column(column: Column, stored: StoredColumn, flavour: Flavour) -> Iterator[tuple[str, Severity]]:
    """Yield what is wrong with a column that is there."""
    fit = _FITS[flavour](column, stored.type.lower())
    wanted = column_type(column, flavour).partition(" ")[0]
    if fit is not None:
        how = "cannot hold" if fit == "broken" else "holds less than"
        yield (f"is {stored.type.upper() or 'without a type'}, which {how} {wanted}", fit)
        return
    if column.nullable and not stored.nullable and not stored.defaulted:
        yield ("is NOT NULL, and may have no value; drop that constraint", "broken")
    if stored.nullable and not column.nullable and flavour != "sqlite":
        yield ("may be NULL, which Kavach never writes", "note")
    if column.kind == "text" and stored.collation is not None:
        yield from _of_collation(stored.collation, flavour)


def _of_collation(collation: str, flavour: Flavour) -> Iterator[tuple[str, Severity]]:
    if flavour == "postgresql":
        if collation not in ("C", "POSIX", "default"):
            yield (f"sorts by the collation {quote(collation, flavour)}, not by code points", "note")
    elif flavour != "sqlite" and collation != MYSQL_COLLATIONS[flavour]:
        wanted = MYSQL_COLLATIONS[flavour]
        yield (f"has the collation {collation}, which takes different texts for equal; use {wanted}", "lacking")


def _fits_sqlite(column: Column, kind: str) -> Severity | None:
    """Judge by affinity: https://sqlite.org/datatype3.html#determination_of_column_affinity."""
    if "int" in kind:
        affinity = "integer"
    elif re.search("char|clob|text", kind):
        affinity = "text"
    elif not kind or "blob" in kind:
        affinity = "none"
    elif re.search("real|floa|doub", kind):
        affinity = "real"
    else:
        affinity = "boolean" if kind == "boolean" else "numeric"
    match column.kind:
        case "text" | "json":
            return None if affinity in ("text", "none") else "broken"
        case "boolean":
            return None if affinity in ("integer", "boolean", "none") else "broken"
        case _:
            return None if affinity in ("integer", "none") else "broken"


def _fits_postgresql(column: Column, kind: str) -> Severity | None:
    match column.kind:
        case "integer" | "time":
            return _fits_integer(kind)
        case "boolean" | "json":
            return None if kind == {"boolean": "boolean", "json": "jsonb"}[column.kind] else "broken"
        case _:
            if kind in ("text", "character varying"):
                return None
            return _holds(column, _length(kind, "character varying"))


def _fits_mysql(column: Column, kind: str) -> Severity | None:
    match column.kind:
        case "integer" | "time":
            return _fits_integer(kind)
        case "boolean":
            return None if kind.startswith(("tinyint", "smallint", "int", "bigint")) else "broken"
        case "json":
            return None if kind in ("json", "longtext") else "broken"
        case _:
            return _holds(column, _MYSQL_TEXTS.get(kind) or _length(kind, "varchar"))


def _fits_integer(kind: str) -> Severity | None:
    if re.fullmatch(r"bigint(\(\d+\))?", kind):
        return None
    return "lacking" if re.match("(small|medium|tiny|big)?int", kind) else "broken"


def _length(kind: str, varying: str) -> int | None:
    found = re.fullmatch(rf"{varying}\((\d+)\)", kind)
    return int(found[1]) if found else None


def _holds(column: Column, length: int | None) -> Severity | None:
    """Judge text of at most `length` characters; None is no text of varying length."""
    if length is None:
        return "broken"
    return None if length >= (column.length or LONG_TEXT) else "lacking"


_MYSQL_TEXTS: Final = {"tinytext": 63, "text": 16383, "mediumtext": 4194303, "longtext": 1073741823}
"""The characters that these types hold at least, at up to four bytes each."""

_FITS: Final = {
    "sqlite": _fits_sqlite,
    "postgresql": _fits_postgresql,
    "mysql": _fits_mysql,
    "mariadb": _fits_mysql,
}
