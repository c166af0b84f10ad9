"""What operations of several areas share."""

from __future__ import annotations

from kavach_core.storage.operations import Delete, Filter
from kavach_schema.model import Table
from kavach_schema.tables import TABLES

OLDEST_FIRST = ("created_at", "id")


def deletions_with(owner: Table[object]) -> tuple[Delete, ...]:
    """Return the deletions of all rows that belong to a row of `owner`; the value `owner` is its key."""
    return tuple(
        Delete(table, (Filter(column.name, "owner", optional=False),))
        for table in TABLES
        for column in table.columns
        if column.belongs_to == owner.name
    )
