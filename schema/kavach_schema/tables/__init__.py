"""Every table, once: what is not here does not exist."""

from __future__ import annotations

from typing import Final

from kavach_schema.model import Table
from kavach_schema.tables import agents, identity, oauth, sign_in

__all__ = ["AREAS", "TABLES", "TABLES_BY_NAME", "agents", "identity", "oauth", "sign_in"]

AREAS: Final[dict[str, tuple[Table[object], ...]]] = {
    module.__name__.rpartition(".")[2]: tuple(table for table in vars(module).values() if isinstance(table, Table))
    for module in (identity, agents, oauth, sign_in)
}
"""The tables by what they are for."""

TABLES: Final = tuple(table for tables in AREAS.values() for table in tables)

TABLES_BY_NAME: Final = {table.name: table for table in TABLES}
