"""Rows for clauses, made from the data model.

Nothing is assumed of what the database holds already: keys and unique values are random, so that no row made here
meets another one.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from kavach_schema.model import UNSET, Column, Table

Values = dict[str, Any]
"""The keywords with which a row is written."""

T0: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""When the sampled rows were created."""

LATER: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""When the sampled rows expire: no purge of a clause reaches them."""

_JSON: Final[dict[str, object]] = {
    "list[str]": ["read", "write"],
    "list[JsonValue]": [{"name": "x", "level": 1}],
    "list[dict[str, JsonValue]]": [{"resource": "mcp:github:*", "actions": ["read"]}],
    "dict[str, JsonValue]": {"a": 1, "b": {"c": None}},
}

_OTHER_JSON: Final[dict[str, object]] = {
    "list[str]": ["delete"],
    "list[JsonValue]": [],
    "list[dict[str, JsonValue]]": [{"resource": "other"}],
    "dict[str, JsonValue]": {"changed": True},
}


def fresh(prefix: str = "") -> str:
    """Return text that no other row holds."""
    return f"{prefix}{uuid4().hex}"


def at(seconds: float) -> datetime:
    """Return the moment some seconds after `T0`."""
    return T0 + timedelta(seconds=seconds)


def long_ago() -> datetime:
    """Return a moment between 1980 and 2010 for a purge of one clause; rows that expire then are no other clause's."""
    return datetime(1980, 1, 1, tzinfo=UTC) + timedelta(seconds=secrets.randbelow(30 * 365 * 86_400))


def sample(table: Table[Any], **overrides: object) -> Values:
    """Return the values of a new row with every column set."""
    made = {column.name: _value(column) for column in table.columns}
    if unknown := set(overrides) - set(made):
        raise AssertionError(f"{table.name} has no {sorted(unknown)}")
    return made | overrides


def least(table: Table[Any], **overrides: object) -> Values:
    """Return the values of a new row with the required columns only."""
    return {name: value for name, value in sample(table).items() if not table.by_name[name].optional} | overrides


def complete(table: Table[Any], values: Values) -> Values:
    """Return what the record of a new row holds: columns that the writer left out have their default, or None."""
    defaults = {c.name: None if c.default is UNSET else c.default for c in table.columns}
    return {name: values.get(name, default) for name, default in defaults.items()}


def another(column: Column, value: object) -> Any:
    """Return a value that a column can hold and that differs from `value`."""
    match column.kind:
        case "boolean":
            return not value
        case "json":
            return _OTHER_JSON[column.annotation]
        case "integer":
            return (value if isinstance(value, int) else 0) + 7
        case "time":
            return (value if isinstance(value, datetime) else T0) + timedelta(days=1)
        case "text":
            return _value(column)


def is_unique(table: Table[Any], column: str) -> bool:
    """Tell whether the column takes part in the key or in a unique combination."""
    return column == table.key or any(column in columns for columns in table.uniques)


def _value(column: Column) -> object:
    match column.kind:
        case "text":
            return _text(column.name, column.length or 200)
        case "integer":
            return secrets.randbelow(1000) + 1
        case "boolean":
            return False
        case "time":
            return LATER if "expires" in column.name else T0
        case "json":
            return _JSON[column.annotation]


def _text(name: str, length: int) -> str:
    digits = fresh()
    return f"{name}-{digits}" if len(name) + 1 + len(digits) <= length else digits[:length]
