"""What a column can hold: Python values checked and turned into what drivers take, and back.

Every value passes here before a statement is built, so that a value which a column cannot hold is refused before it
reaches the database, and never cut or clamped by it. No message names a value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeAlias

from pydantic_core import from_json, to_json

from kavach_core.errors import InvalidInput, StorageError
from kavach_schema.model import LONG_TEXT, Column, Table

Primitive: TypeAlias = str | int | bool | None
Encoder: TypeAlias = Callable[[object], Primitive]

MAX_INTEGER: Final = 2**63 - 1
MIN_INTEGER: Final = -(2**63)

MAX_JSON_DEPTH: Final = 31
"""Levels of nesting that every database stores: MariaDB's JSON_VALID refuses the 32nd."""


def encoder(table: Table[object], column: Column) -> Encoder:
    """Return the function that checks a value for a column and returns what the driver stores.

    Text MUST be valid Unicode without NUL, no longer than the column; integers MUST fit 64 bits; a time MUST be an
    aware datetime, and is stored in whole seconds, rounded down; JSON MUST consist of objects with text keys, lists,
    text, integers of 64 bits, finite floats, booleans and None.
    """
    where = f"{table.name}.{column.name}"
    check = _ENCODERS[column.kind](where, column)
    if column.nullable:
        return lambda value: None if value is None else check(value)
    return check


def decoder(column: Column) -> Callable[[object], object] | None:
    """Return the function that turns a stored value that is not null into a record's, or None for the value itself."""
    match column.kind:
        case "time":
            return _decode_time
        case "json":
            return decode_json
        case "boolean":
            return bool
        case _:
            return None


def refuse_overflow(table: Table[object], column: str, total: int) -> None:
    """Refuse a sum that leaves the 64 bits of a counter: PostgreSQL and MySQL would fail, SQLite make it a float."""
    if total > MAX_INTEGER:
        raise InvalidInput(f"{table.name}.{column}: the counter would pass its largest value, of 64 bits")
    if total < MIN_INTEGER:
        raise InvalidInput(f"{table.name}.{column}: the counter would pass its smallest value, of 64 bits")


def check_text(value: str, where: str) -> None:
    """Refuse NUL, which PostgreSQL cannot store, and lone surrogates, which have no UTF-8 form."""
    if "\0" in value:
        raise InvalidInput(f"{where}: text must not contain NUL; remove it")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidInput(f"{where}: text must not contain lone surrogates; pass valid unicode") from None


def check_time(value: object, where: str) -> datetime:
    """Return an aware datetime unchanged; refuse everything else."""
    if not isinstance(value, datetime):
        raise InvalidInput(f"{where}: expected a datetime, got {_name(value)}")
    if value.utcoffset() is None:
        raise InvalidInput(f"{where}: a naive datetime names no moment; pass an aware one, such as datetime.now(UTC)")
    return value


def _text(where: str, column: Column) -> Encoder:
    longest = column.length or LONG_TEXT

    def encode(value: object) -> str:
        if not isinstance(value, str):
            raise InvalidInput(f"{where}: expected text, got {_name(value)}")
        if len(value) > longest:
            raise InvalidInput(f"{where}: text of {len(value)} characters; at most {longest} fit")
        if "\0" in value or not value.isascii():
            check_text(value, where)
        return value

    return encode


def _integer(where: str, column: Column) -> Encoder:
    def encode(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidInput(f"{where}: expected an integer, got {_name(value)}")
        if not MIN_INTEGER <= value <= MAX_INTEGER:
            raise InvalidInput(f"{where}: integer outside of 64 bits")
        return value

    return encode


def _boolean(where: str, column: Column) -> Encoder:
    def encode(value: object) -> bool:
        if not isinstance(value, bool):
            raise InvalidInput(f"{where}: expected a boolean, got {_name(value)}")
        return value

    return encode


def _time(where: str, column: Column) -> Encoder:
    def encode(value: object) -> int:
        return math.floor(check_time(value, where).timestamp())

    return encode


def _json(where: str, column: Column) -> Encoder:
    def encode(value: object) -> str:
        if value is None:
            raise InvalidInput(f"{where}: a value is required, got None")
        text = encode_json(value, where)
        if len(text) > LONG_TEXT:
            raise InvalidInput(f"{where}: json of {len(text)} characters; at most {LONG_TEXT} fit")
        return text

    return encode


_ENCODERS: Final[dict[str, Callable[[str, Column], Encoder]]] = {
    "text": _text,
    "integer": _integer,
    "boolean": _boolean,
    "time": _time,
    "json": _json,
}


def encode_json(value: object, where: str) -> str:
    """Return JSON text that every database gives back as an equal value."""
    if _check_json(value, where, MAX_JSON_DEPTH):
        return _spelled(value)
    return to_json(value).decode()


def _check_json(value: object, where: str, depth: int) -> bool:
    """Refuse what is not portable JSON; tell whether it holds a float that must be spelled out.

    PostgreSQL keeps numbers as decimals: 1.5e17 comes back as the integer 150000000000000000, which need not equal the
    float. Written with a decimal point it stays one.
    """
    if isinstance(value, str):
        if "\0" in value or not value.isascii():
            check_text(value, where)
    elif value is None or isinstance(value, bool):
        pass
    elif isinstance(value, int):
        if not MIN_INTEGER <= value <= MAX_INTEGER:
            raise InvalidInput(f"{where}: json integer outside of 64 bits; pass it as text")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidInput(f"{where}: json has no infinity and no nan")
        return abs(value) >= 1e16
    elif isinstance(value, dict | list | tuple):
        if depth == 0:
            raise InvalidInput(f"{where}: json nested deeper than {MAX_JSON_DEPTH} levels")
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str):
                    raise InvalidInput(f"{where}: json keys must be text, got {_name(key)}")
                if "\0" in key or not key.isascii():
                    check_text(key, where)
            value = value.values()
        spelled = False
        for item in value:
            kind = item.__class__
            # Most values are one of these, and a call for each takes longer than to look.
            if kind is str:
                if "\0" in item or not item.isascii():
                    check_text(item, where)
            elif kind is float and -1e16 < item < 1e16:
                pass
            elif item is not None and kind is not bool:
                spelled |= _check_json(item, where, depth - 1)
        return spelled
    else:
        raise InvalidInput(f"{where}: {_name(value)} has no json form; convert it to text first")
    return False


def _spelled(value: object) -> str:
    if isinstance(value, float) and abs(value) >= 1e16:
        return f"{value:.1f}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_spelled(key)}:{_spelled(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_spelled, value)) + "]"
    return to_json(value).decode()


def decode_json(value: object) -> object:
    """Return the value of JSON text; what a driver has decoded already is returned as it is."""
    if not isinstance(value, str | bytes):
        return value
    try:
        return from_json(value)
    except ValueError as error:
        raise StorageError("a stored value is no JSON; look for what else writes into these tables") from error


def _decode_time(value: object) -> datetime:
    try:
        return datetime.fromtimestamp(value, UTC)  # type: ignore[arg-type]
    except (OSError, OverflowError, TypeError, ValueError) as error:
        raise StorageError("a stored time is no unix time in seconds; look for rows written in milliseconds") from error


def _name(value: object) -> str:
    return type(value).__name__
