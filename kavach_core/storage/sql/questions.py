"""Statements with filters: one text for each set of values that are given, prepared at its first call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from kavach_core.errors import InvalidInput
from kavach_core.storage.operations import Count, Delete, Filter, Find
from kavach_core.storage.rows import codec, refuse_unknown_filters
from kavach_core.storage.sql.plans import Request
from kavach_core.storage.sql.render import Statement
from kavach_core.storage.values import MAX_INTEGER, Encoder, Primitive
from kavach_schema.model import Table

Values: TypeAlias = Mapping[str, object]

Source: TypeAlias = tuple[str, Encoder]
"""The name of a value, and what makes a parameter of it."""


class _Prepared(NamedTuple):
    sql: str
    sources: Sequence[Source]
    returns: bool


class Question:
    """What an operation with filters asks for, whichever of them are given."""

    def __init__(
        self,
        operation: Find[object] | Count | Delete,
        others: Sequence[str],
        render: Callable[[frozenset[str], int], Statement],
    ) -> None:
        """Prepare nothing yet; `others` are the names of values that are no filters."""
        self._operation = operation
        self._others: Final = others
        self._render = render
        self._known = frozenset({*(f.name for f in operation.filters), *others})
        self._lists = [f.name for f in operation.filters if f.comparison == "in"]
        self._prepared: dict[tuple[tuple[str, ...], int], _Prepared] = {}

    def request(self, values: Values) -> Request:
        """Return the request of one call; refused values raise `InvalidInput`."""
        if not values.keys() <= self._known:
            refuse_unknown_filters(self._operation.table, self._operation.filters, values, *self._others)
        choices = 0
        for name in self._lists:
            if values.get(name) is not None:
                values = {**values, name: self._chosen(name, values[name])}
                choices = len(values[name])  # type: ignore[arg-type]
        shape = (tuple([name for name, value in values.items() if value is not None]), choices)
        prepared = self._prepared.get(shape)
        if prepared is None:
            prepared = self._prepared[shape] = self._prepare(*shape)
        return Request(prepared.sql, [encode(values[name]) for name, encode in prepared.sources], prepared.returns)

    def _prepare(self, present: Sequence[str], choices: int) -> _Prepared:
        operation = self._operation
        given = [f for f in operation.filters if f.name in present]
        for f in operation.filters:
            if not f.optional and f.name not in present:
                raise InvalidInput(f"{operation.table.name}: {f.name} is required")
        if "offset" in present and "limit" not in present:
            raise InvalidInput(f"{operation.table.name}: an offset needs a limit")
        if isinstance(operation, Delete) and not given:
            raise InvalidInput(f"{operation.table.name}: nothing says which rows to delete")
        statement = self._render(frozenset(present), choices)
        sources = self._sources(given, choices)
        return _Prepared(statement.sql, [sources[name] for name in statement.names], statement.returns)

    def _sources(self, given: Sequence[Filter], choices: int) -> dict[str, Source]:
        operation = self._operation
        encoders = codec(operation.table).encoders
        sources: dict[str, Source] = {f.name: (f.name, encoders[f.column]) for f in given}
        for f in given:
            if f.comparison == "in":
                sources |= {f"{f.name}_{i}": (f.name, _item(encoders[f.column], i)) for i in range(choices)}
        sources |= {name: (name, _page_number(name)) for name in ("limit", "offset")}
        if isinstance(operation, Find):
            sources |= {f"after_{name}": ("after", _field(encoders[name], name)) for name in operation.order}
        return sources

    def _chosen(self, name: str, value: object) -> Sequence[object]:
        """Return the values of an `in` filter, the last one repeated up to a power of two: so there are few texts."""
        chosen = [*value]  # type: ignore[misc]
        if not chosen:
            raise InvalidInput(f"{self._operation.table.name}: {name} is empty; leave it out to match all")
        return chosen + chosen[-1:] * ((1 << (len(chosen) - 1).bit_length()) - len(chosen))


def bind_filters(table: Table[object], filters: Sequence[Filter], values: Values) -> dict[str, Primitive]:
    """Return the encoded values of filters that MUST be given."""
    if missing := [f.name for f in filters if values.get(f.name) is None]:
        raise InvalidInput(f"{table.name}: {missing[0]} is required")
    return {f.name: codec(table).encoders[f.column](values[f.name]) for f in filters}


def _item(encode: Encoder, position: int) -> Encoder:
    return lambda chosen: encode(chosen[position])  # type: ignore[index]


def _field(encode: Encoder, name: str) -> Encoder:
    return lambda record: encode(getattr(record, name))


def _page_number(name: str) -> Encoder:
    def encode(number: object) -> int:
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_INTEGER:
            raise InvalidInput(f"{name} must be an integer of 0 or more")
        return number

    return encode
