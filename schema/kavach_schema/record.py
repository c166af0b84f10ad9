"""The base of all records: a frozen row that is built without validating what the database already guarantees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict

_new = object.__new__
_set_values, _set_names, _set_extra, _set_private = (
    BaseModel.__dict__[slot].__set__
    for slot in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)


class Record(BaseModel):
    """Hold one row: frozen, compared by value, times as aware UTC datetimes."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @classmethod
    def from_row(cls, values: dict[str, object]) -> Self:
        """Build a record from the converted values of all its columns, which MUST be exactly its fields.

        Nothing is validated and the mapping is kept, not copied: this is the path of every read.
        """
        record = _new(cls)
        _set_values(record, values)
        _set_names(record, values.keys())
        _set_extra(record, None)
        _set_private(record, None)
        return record

    def replace(self, **changes: object) -> Self:
        """Return a copy with some fields changed, unvalidated."""
        values: Mapping[str, object] = self.__dict__
        return self.from_row({**values, **changes})
