"""One writer, all readers: the same records, whoever wrote them and whoever reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from interop.participants import Participant
from interop.rows import expected, rows_of
from kavach_core.storage.operations import Filter, Find
from kavach_core.testing.clauses.json_values import exactly
from kavach_core.testing.methods import write
from kavach_core.testing.samples import Values, sample
from kavach_schema.model import Table
from kavach_schema.tables import TABLES
from kavach_schema.tables.agents import AGENTS
from storage.samples import Failure, execute

BY_KEYS = {
    table.name: Find(table, (Filter(table.key, "keys", "in", optional=False),), (table.key,)) for table in TABLES
}
"""Reads rows of any table by their keys, which are difficult texts too."""

Written = dict[str, dict[str, Values]]
"""What each table must hold, by table and key."""


async def written_by(storage: Any) -> Written:
    """Write all rows of all tables through the documented methods, in one transaction; check what they return."""
    found: Written = {}
    async with storage.transaction() as transaction:
        for table in TABLES:
            rows = rows_of(table)
            records = [await write(transaction, table, row) for row in rows]
            found[table.name] = {row[table.key]: expected(table, row) for row in rows}
            assert differences(table, found[table.name], records) == []
    return found


async def assert_read_alike(
    written: Written, readers: Iterable[Participant], storages: Mapping[Participant, Any]
) -> None:
    """Assert that each reader finds each row as it was written, and tell all that is not so."""
    wrong = [
        f"{reader}: {told}"
        for reader in readers
        for table in TABLES
        for told in differences(table, written[table.name], await _read(storages[reader], table, written[table.name]))
    ]
    assert wrong == []


async def _read(storage: Any, table: Table[Any], rows: Mapping[str, Values]) -> list[Any]:
    found: list[Any] = await execute(storage, BY_KEYS[table.name], {"keys": [*rows]})
    return found


async def assert_apart(writer: Participant, storages: Mapping[Participant, Any], *, commits: bool) -> None:
    """Assert that what one adapter does in a transaction no other one sees before the commit, or ever without one."""
    row = sample(AGENTS)

    async def seen_by() -> set[Participant]:
        return {
            each for each, storage in storages.items() if each != writer and await storage.find_agent_by_id(row["id"])
        }

    try:
        async with storages[writer].transaction() as transaction:
            await transaction.create_agent(**row)
            assert await seen_by() == set()
            if not commits:
                raise Failure
    except Failure:
        pass
    assert await seen_by() == ({*storages} - {writer} if commits else set())


def differences(table: Table[Any], rows: Mapping[str, Values], records: Iterable[Any]) -> list[str]:
    """Name the columns in which records are not the rows, in value or type, and the rows without a record."""
    by_key = {getattr(record, table.key): dict(record) for record in records}
    wrong = [f"{table.name} lacks {key!r}" for key in rows.keys() - by_key.keys()]
    for key in rows.keys() & by_key.keys():
        wrong += [
            f"{table.name}.{column}: {by_key[key][column]!r:.200} is not {value!r:.200}"
            for column, value in rows[key].items()
            if not exactly(by_key[key][column], value)
        ]
    return wrong
