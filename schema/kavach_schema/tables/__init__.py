"""Every table, once: what is not here does not exist."""

from __future__ import annotations

from typing import Final

from kavach_schema.model import Table
from kavach_schema.tables import agents, identity, oauth, sign_in

__all__ = ["TABLES", "TABLES_BY_NAME", "agents", "identity", "oauth", "sign_in"]

TABLES: Final[tuple[Table[object], ...]] = tuple(
    table
    for module in (identity, agents, oauth, sign_in)
    for table in vars(module).values()
    if isinstance(table, Table)
)

TABLES_BY_NAME: Final = {table.name: table for table in TABLES}
