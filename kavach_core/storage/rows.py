"""Rows in and out: a writer's keywords completed and encoded, a driver's tuple turned into a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Generic, NoReturn, TypeVar, cast

from kavach_core.errors import InvalidInput
from kavach_core.storage.compiled import compile_complete, compile_decode
from kavach_core.storage.operations import Filter
from kavach_core.storage.values import Encoder, Primitive, decoder, encoder
from kavach_schema import records
from kavach_schema.model import Table
from kavach_schema.record import Record

R = TypeVar("R")


class RowCodec(Generic[R]):
    """Convert between the values of one table's columns and its records."""

    def __init__(self, table: Table[R]) -> None:
        """Build the converters of all columns once."""
        self.table = table
        self.names = tuple(table.by_name)
        self.encoders: dict[str, Encoder] = {c.name: encoder(table, c) for c in table.columns}
        self._record: type[Record] = getattr(records, table.record)
        self._decoders = [(c.name, decode) for c in table.columns if (decode := decoder(c))]
        self.decode: Callable[[Sequence[object]], R] = compile_decode(table.columns, self._record, self._decode)
        """Turn a stored row, all columns in declared order, into a record."""
        self.row: Callable[[Mapping[str, object]], tuple[Primitive, ...]]
        self.row = compile_complete(table.columns, self.encoders, self._refuse)
        """Return the encoded values of a new row, all columns in declared order; unknown and missing are refused."""

    def complete(self, values: Mapping[str, object]) -> dict[str, Primitive]:
        """Return the same by name."""
        return dict(zip(self.names, self.row(values), strict=True))

    def _refuse(self, values: Mapping[str, object]) -> NoReturn:
        self.refuse_unknown(values)
        missing = [c.name for c in self.table.columns if not c.optional and c.name not in values]
        raise InvalidInput(f"{self.table.name}: missing {', '.join(missing)}")

    def refuse_unknown(self, names: Iterable[str]) -> None:
        """Refuse names that are no columns."""
        if unknown := [name for name in names if name not in self.encoders]:
            raise InvalidInput(f"{self.table.name}: unknown field {', '.join(sorted(unknown))}")

    def _decode(self, row: Sequence[object]) -> R:
        """Do what `decode` does, and say which value is not what its column holds."""
        values = dict(zip(self.names, row, strict=True))
        for name, convert in self._decoders:
            value = values[name]
            if value is not None:
                values[name] = convert(value)
        return cast("R", self._record.from_row(values))


PAGE: Final = ("limit", "offset", "after")
"""The names of the values that choose a page of a listing."""


def refuse_unknown_filters(
    table: Table[object], filters: Iterable[Filter], values: Iterable[str], *others: str
) -> None:
    """Refuse names that are neither filters nor `others`: a filter that is misspelt would find too much."""
    known = {f.name for f in filters}.union(others)
    if unknown := [name for name in values if name not in known]:
        raise InvalidInput(f"{table.name}: unknown filter {', '.join(sorted(unknown))}")


def codec(table: Table[R]) -> RowCodec[R]:
    """Return the codec of a table, built at first use."""
    found = _codecs.get(table)
    if found is None:
        found = _codecs[table] = RowCodec[object](table)
    return cast("RowCodec[R]", found)


_codecs: dict[Table[object], RowCodec[object]] = {}
