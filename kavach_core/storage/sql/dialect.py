"""What a statement must know about the database that it is for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from kavach_core.errors import ConfigurationError
from kavach_schema.model import Column, Table
from kavach_schema.render.ddl import DEFAULT_NAMING, Flavour, Naming, qualified, quote
from kavach_schema.tables import TABLES

ParamStyle = Literal["qmark", "format", "numeric_dollar"]


@dataclass(frozen=True, slots=True)
class SqlDialect:
    """Describe a database and the placeholders that its driver takes."""

    flavour: Flavour
    paramstyle: ParamStyle
    naming: Naming = DEFAULT_NAMING
    without_returning: bool = False
    """The server is a MariaDB older than 10.0.5, or shall be used like one."""

    @property
    def returning(self) -> bool:
        """Tell whether UPDATE and upserts give back the row; MariaDB has RETURNING elsewhere only."""
        return self.flavour in ("sqlite", "postgresql")

    @property
    def delete_returning(self) -> bool:
        """Tell whether DELETE gives back the row."""
        return self.flavour != "mysql" and not self.without_returning

    @property
    def aborts_on_error(self) -> bool:
        """Tell whether a failed statement spoils its transaction, unless a savepoint encloses it."""
        return self.flavour == "postgresql"

    @property
    def begin(self) -> str:
        """Return the statement that opens a transaction which will write."""
        return "BEGIN IMMEDIATE" if self.flavour == "sqlite" else "BEGIN"

    def table(self, table: Table[object]) -> str:
        """Return the quoted name of a table."""
        return qualified(table, self.flavour, self.naming)

    def name(self, column: str) -> str:
        """Return a quoted column name; SQLite takes "name" for a text where there is no such column, `name` never."""
        return f"`{column}`" if self.flavour == "sqlite" else quote(column, self.flavour)

    def selected(self, column: Column) -> str:
        """Return a column as SELECT and RETURNING name it.

        JSON is read as text everywhere, so that one codec decodes it: drivers differ in what they parse.
        """
        name = self.name(column.name)
        return f"{name}::text" if column.kind == "json" and self.flavour == "postgresql" else name

    def position(self, text: str, part: str) -> str:
        """Return where a part begins in a text, counted from 1; 0 where it does not occur."""
        return f"{'strpos' if self.flavour == 'postgresql' else 'instr'}({text}, '{part}')"

    def first(self, text: str, count: str) -> str:
        """Return the first characters of a text, as many as an expression says."""
        return f"substr({text}, 1, {count})" if self.flavour == "sqlite" else f"left({text}, {count})"

    def placeholder(self, position: int) -> str:
        """Return the placeholder of the parameter at a position, counted from 1."""
        if self.paramstyle == "numeric_dollar":
            return f"${position}"
        return "?" if self.paramstyle == "qmark" else "%s"


@cache
def naming_of(prefix: str, schema: str | None) -> Naming:
    """Return where the tables live; raises `ConfigurationError` for names that no table can have."""
    try:
        naming = Naming(prefix, schema)
        for table in TABLES:
            table.constraints(naming.table(table.name))  # refuses names that are too long
        return naming
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
