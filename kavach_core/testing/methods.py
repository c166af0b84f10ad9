"""The documented methods as data: which operation each one is, and how it is called with the values of a row.

Clauses that hold for every method of a kind are written once and run over these values.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeVar, cast

from kavach_core.storage import AsyncStorage, contract
from kavach_core.storage.operations import (
    Consume,
    Count,
    Delete,
    Find,
    Gather,
    Get,
    Increment,
    Insert,
    InsertMany,
    Operation,
    Update,
    Upsert,
    table_of,
)
from kavach_core.testing.samples import Values
from kavach_schema import inputs
from kavach_schema.model import Column, Table
from kavach_schema.record import Record
from kavach_schema.tables import TABLES

O_co = TypeVar("O_co", bound=Operation[Any], covariant=True)

RENAMED: Final = {"update_api_key": "update_api_key_last_used"}
"""Methods whose name is not that of their operation."""

WITHOUT_OPERATION: Final = frozenset(
    {"capabilities", "close", "in_transaction", "prepare_schema", "transaction", "using"}
)
"""What else a storage offers; clauses of their own cover it."""

PURGES: Final = ("now", "before")
"""The parameters that name the moment of a purge."""


@dataclass(frozen=True)
class Method:
    """A documented method and its operation."""

    name: str
    operation: Any

    def __str__(self) -> str:
        """Return the name, which identifies a parametrized clause."""
        return self.name

    @property
    def table(self) -> Table[Record]:
        """Return the table that the method is about."""
        return cast("Table[Record]", table_of(self.operation))

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """List the named parameters of the method."""
        found = inspect.signature(getattr(AsyncStorage, self.name)).parameters.values()
        return tuple(p.name for p in found if p.name != "self" and p.kind is not inspect.Parameter.VAR_KEYWORD)

    @property
    def takes_filters(self) -> bool:
        """Tell whether filters are given by their names, whatever they are."""
        found = inspect.signature(getattr(AsyncStorage, self.name)).parameters.values()
        return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in found)

    @property
    def returns(self) -> str:
        """Return the declared type of the result, as it is written."""
        annotation: str = inspect.signature(getattr(AsyncStorage, self.name)).return_annotation
        return annotation

    @property
    def changeable(self) -> tuple[Column, ...]:
        """List the columns that an update may change, but for those of the key."""
        if self.name in RENAMED.values():
            names: Iterable[str] = self.parameters[1:]
        else:
            names = getattr(inputs, f"{self.table.record}Changes").__annotations__
        by_name = self.table.by_name
        return tuple(by_name[name] for name in names if name not in self.operation.by and name != self.table.key)

    def is_everybodys(self, row: Any) -> bool:
        """Tell whether a row names nobody and is found whoever is asked for, so that other clauses may have left it."""
        filters = self.operation.filters if isinstance(self.operation, Find) else ()
        return bool(filters) and all(f.or_null and getattr(row, f.column) is None for f in filters)

    async def by_key(self, storage: AsyncStorage, values: Values, **more: Any) -> Any:
        """Call a method that names its row by the columns `by`: find, update, consume and the like."""
        first, *others = self.operation.by
        return await self(storage, values[first], **{name: values[name] for name in others}, **more)

    async def deleting(self, storage: AsyncStorage, values: Values) -> Any:
        """Call a delete with a value for each of its filters."""
        first, *others = (f.name for f in self.operation.filters)
        return await self(storage, values[first], **{name: values[name] for name in others})

    async def __call__(self, storage: AsyncStorage, *arguments: Any, **keywords: Any) -> Any:
        """Call the method as it is."""
        return await getattr(storage, self.name)(*arguments, **keywords)


def _declared() -> dict[str, Method]:
    found: dict[str, Method] = {}
    for constant, operation in vars(contract).items():
        if isinstance(operation, Operation):
            name = RENAMED.get(constant.lower(), constant.lower())
            found[name] = Method(name, operation)
    return found


METHODS: Final = _declared()
"""Every documented method that is an operation, by name."""


def methods(*kinds: type[Operation[Any]]) -> list[Method]:
    """List the methods whose operation is of one of these kinds, in the order of the contract."""
    return [method for method in METHODS.values() if isinstance(method.operation, kinds)]


GETS: Final = methods(Get)
GATHERS: Final = methods(Gather)
INSERTS: Final = methods(Insert)
UPDATES: Final = methods(Update)
UPSERTS: Final = methods(Upsert)
CONSUMES: Final = methods(Consume)
INCREMENTS: Final = methods(Increment)
COUNTS: Final = methods(Count)
MANY: Final = methods(InsertMany)
WRITERS: Final = [*INSERTS, *UPSERTS]
"""One method for each table that writes a whole row."""

LATEST: Final = [method for method in methods(Find) if method.name.startswith("find_latest_")]
STREAMS: Final = [method for method in methods(Find) if method.name.startswith("stream_")]
KEYED_LISTS: Final = [m for m in methods(Find) if m.table.key in {f.column for f in m.operation.filters}]
"""Methods that find the rows whose keys are named, each one or none."""
LISTS: Final = [method for method in methods(Find) if method not in (*LATEST, *STREAMS, *KEYED_LISTS)]
PAGED: Final = [method for method in LISTS if "after" in method.parameters]

_DELETES: Final = methods(Delete)
PURGE_METHODS: Final = [m for m in _DELETES if m.operation.filters[0].name in PURGES]
KEYED_DELETES: Final = [m for m in _DELETES if m.returns == "bool"]
OWNED_DELETES: Final = [m for m in _DELETES if m not in PURGE_METHODS and m not in KEYED_DELETES]

_WRITER: Final = {method.table.name: method for method in WRITERS}
_READERS: Final = {
    table.name: next(m for kind in ((GETS), (LISTS)) for m in kind if m.table is table) for table in TABLES
}

OWNERS: Final = {
    "delete_user": "kavach_users",
    "delete_agent": "kavach_agents",
    "delete_org": "kavach_organizations",
}
"""Methods that delete a row with all that belongs to it, and the row's table."""


async def write(storage: AsyncStorage, table: Table[Any], values: Values) -> Any:
    """Write a new row of any table, and return its record."""
    return await _WRITER[table.name](storage, **values)


async def read(storage: AsyncStorage, table: Table[Any], values: Values) -> Any:
    """Read the row of any table that was written with `values`, through a documented method; None if it is not there.

    Columns that clauses change are not used to find it.
    """
    reader = _READERS[table.name]
    if isinstance(reader.operation, Get):
        return await reader.by_key(storage, values)
    # The tables without a find by key are listed by whom they are about, which is their first filter.
    first = reader.operation.filters[0].name
    found = await reader(storage, **{first: values[first]})
    return next((row for row in found if row.id == values["id"]), None)
