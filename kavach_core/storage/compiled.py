"""Functions written and compiled for one table: a row into its record, a writer's keywords into a row.

A loop over columns asks for each value again what is known of its column beforehand, and takes 1.5 to 3 times as long.
What these functions do not expect they leave to the loop, which knows what to say about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from pydantic_core import from_json

from kavach_core.storage.values import MAX_INTEGER, MIN_INTEGER, Encoder, Primitive, decode_json
from kavach_schema.model import LONG_TEXT, Column
from kavach_schema.record import Record

Decode: TypeAlias = Callable[[Sequence[object]], Any]
Complete: TypeAlias = Callable[[Mapping[str, object]], tuple[Primitive, ...]]

_DECODED: Final = {
    "time": "None if {0} is None else moment({0}, UTC)",
    "json": "None if {0} is None else from_json({0}) if {0}.__class__ is str else decode_json({0})",
    "boolean": "None if {0} is None else {0} != 0",
}


def compile_decode(columns: Sequence[Column], record: type[Record], otherwise: Decode) -> Decode:
    """Return the function that turns a stored row, all columns in order, into a record.

    Where a value is not what its column holds, `otherwise` is asked.
    """
    names = [f"c{number}" for number in range(len(columns))]
    values = ", ".join(
        f"{column.name!r}: {_DECODED.get(column.kind, '{0}').format(name)}"
        for name, column in zip(names, columns, strict=True)
    )
    lines = (
        "def convert(row):",
        "    try:",
        f"        {', '.join(names)}, = row",
        f"        values = {{{values}}}",
        "    except (OSError, OverflowError, TypeError, ValueError):",
        "        return otherwise(row)",
        "    return from_row(values)",
    )
    return _compiled(
        lines,
        moment=datetime.fromtimestamp,
        UTC=UTC,
        from_json=from_json,
        decode_json=decode_json,
        from_row=record.from_row,
        otherwise=otherwise,
    )


def compile_complete(columns: Sequence[Column], encoders: Mapping[str, Encoder], refuse: Complete) -> Complete:
    """Return the function that checks and encodes the values of a new row, all columns in order.

    Where names are unknown or missing `refuse` is called, and MUST raise. A value is left to its column's encoder
    unless it is known to be stored as it is.
    """
    lines = ["def convert(values):", "    names = values.keys()"]
    lines += ["    if not (names <= known and names >= required):", "        return refuse(values)"]
    for number, column in enumerate(columns):
        default = f".get({column.name!r}, d{number})" if column.optional else f"[{column.name!r}]"
        unusual = _UNUSUAL[column.kind].format(f"c{number}", column.length or LONG_TEXT)
        null = f"c{number} is not None and " if column.nullable else ""
        lines += [
            f"    c{number} = values{default}",
            f"    if {null}({unusual}):",
            f"        c{number} = e{number}(c{number})",
        ]
    lines.append(f"    return ({', '.join(f'c{number}' for number in range(len(columns)))},)")
    return _compiled(
        lines,
        known=frozenset(encoders),
        required=frozenset(column.name for column in columns if not column.optional),
        refuse=refuse,
        **{f"e{number}": encoders[column.name] for number, column in enumerate(columns)},
        **{f"d{number}": column.fallback for number, column in enumerate(columns)},
    )


_UNUSUAL: Final = {
    "text": "{0}.__class__ is not str or len({0}) > {1} or not {0}.isascii() or '\\0' in {0}",
    "integer": f"{{0}}.__class__ is not int or not {MIN_INTEGER} <= {{0}} <= {MAX_INTEGER}",
    "boolean": "{0} is not True and {0} is not False",
    "time": "True",
    "json": "True",
}
"""Conditions under which a value must go through its column's encoder."""


def _compiled(lines: Sequence[str], **names: object) -> Callable[[Any], Any]:
    """Return the function `convert` of these lines, which are made of the data model's names only."""
    namespace: dict[str, Any] = dict(names)
    exec("\n".join(lines), namespace)  # noqa: S102 - made of the model
    convert: Callable[[Any], Any] = namespace["convert"]
    return convert
