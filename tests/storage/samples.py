"""Rows for tests, made from the data model; each call makes a row that no other one conflicts with."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from kavach_core.storage import contract
from kavach_core.storage.operations import Operation
from kavach_schema.model import Column, Table

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

_numbers = count(1)

_JSON: dict[str, object] = {
    "list[str]": ["read"],
    "list[JsonValue]": [{"name": "x"}],
    "list[dict[str, JsonValue]]": [{"resource": "mcp:github:*"}],
    "dict[str, JsonValue]": {"a": 1},
    "JsonValue": None,
}


def at(seconds: float) -> datetime:
    """Return the moment some seconds after `T0`."""
    return T0 + timedelta(seconds=seconds)


def row(table: Table[Any], **values: object) -> dict[str, Any]:
    """Return the values of a new row with every column set."""
    number = next(_numbers)
    made = {column.name: _value(table, column, number) for column in table.columns}
    if unknown := set(values) - set(made):
        raise AssertionError(f"{table.name} has no {unknown}")
    return made | values


def least(table: Table[Any]) -> dict[str, Any]:
    """Return the values of a new row with only the required columns set."""
    return {name: value for name, value in row(table).items() if not table.by_name[name].optional}


def _value(table: Table[Any], column: Column, number: int) -> object:
    match column.kind:
        case "text":
            return f"{column.name[:12]}-{number:06}"[-(column.length or 100) :]
        case "integer":
            return number
        case "boolean":
            return False
        case "time":
            return at(0)
        case "json":
            return _JSON[column.annotation]


def operations(*kinds: type[Operation[Any]]) -> Iterator[tuple[str, Any]]:
    """List the operations of the contract with their names, those of some kinds only."""
    for name, value in vars(contract).items():
        if isinstance(value, kinds or Operation):
            yield name, value
        elif isinstance(value, tuple):
            yield from ((f"{name}[{i}]", item) for i, item in enumerate(value) if isinstance(item, kinds or Operation))


async def execute(storage: Any, operation: Operation[Any], values: Mapping[str, object]) -> Any:
    """Execute an operation on the backend of a storage of either colour."""
    result = storage._backend.execute(operation, values)
    return await result if inspect.isawaitable(result) else result


class Failure(Exception):
    """What ends a transaction in tests."""


async def fail_after(storage: Any, work: Callable[[Any], Awaitable[Any]]) -> None:
    """Do some work in a transaction, and raise `Failure` inside of it."""
    async with storage.transaction() as transaction:
        await work(transaction)
        raise Failure


async def roll_back(storage: Any, work: Callable[[Any], Awaitable[Any]]) -> None:
    """Do some work in a transaction that is rolled back."""
    with pytest.raises(Failure):
        await fail_after(storage, work)
