"""One database, every adapter: a row written by any of them is the same record when any other reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from interop.matrix import assert_apart, assert_read_alike, differences, written_by
from interop.participants import Participant, every_driver, opened
from interop.rows import INTEGERS, LONG, TEXTS, TIMES, expected, rows_of
from kavach_core.testing.clauses.json_values import VALUES, exactly
from kavach_core.testing.samples import T0, is_unique, sample
from kavach_schema.model import Column, Table
from kavach_schema.records import Agent
from kavach_schema.tables import TABLES
from kavach_schema.tables.agents import AGENTS

pytestmark = pytest.mark.filterwarnings("ignore:Table .* already exists")  # of aiomysql, about IF NOT EXISTS


@pytest.mark.not_in_memory
@pytest.mark.asyncio(loop_scope="module")
async def test_all_read_what_one_wrote(storages: Mapping[Participant, Any], writer: Participant) -> None:
    await assert_read_alike(await written_by(storages[writer]), storages, storages)


@pytest.mark.not_in_memory
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("commits", [True, False], ids=["commit", "rollback"])
async def test_no_adapter_takes_part_in_the_transaction_of_another(
    storages: Mapping[Participant, Any], writer: Participant, commits: bool
) -> None:
    await assert_apart(writer, storages, commits=commits)


@pytest.mark.not_in_memory
async def test_a_prefix_and_a_schema_are_options_of_every_adapter(database_name: str) -> None:
    schema = "iam" if database_name == "postgres" else None
    async with opened(database_name, every_driver(database_name), prefix="acme_", schema=schema) as storages:
        for writer in storages:
            await assert_apart(writer, storages, commits=True)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_rows_hold_each_difficult_value_in_each_column(table: Table[Any]) -> None:
    records = [expected(table, row) for row in rows_of(table)]
    for column in table.columns:
        written = [record[column.name] for record in records]
        for value in _wanted(column, alone=not is_unique(table, column.name)):
            assert any(_holds(each, value) for each in written), (column.name, value)


def _wanted(column: Column, *, alone: bool) -> list[Any]:
    """List what some row must hold in a column; in a unique one the text is not alone, but twice around others."""
    room = column.length or LONG
    found: list[Any] = [None] if column.nullable else []
    match column.kind:
        case "text":
            found += [text for text in TEXTS if (len(text) if alone else 2 * len(text) + 32) <= room]
        case "integer":
            found += INTEGERS
        case "boolean":
            found += [True, False]
        case "time":
            found += TIMES
        case "json":
            found += VALUES.values() if column.annotation.startswith("dict") else [[]]
    return found


def _holds(written: Any, value: Any) -> bool:
    if isinstance(value, str) and isinstance(written, str):
        return written.startswith(value) and written.endswith(value)
    return exactly(written, value)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("name", "name "),
        ("name", None),
        ("created_at", T0.replace(tzinfo=None)),
        ("metadata", {"a": 1.0}),
        ("metadata", {"a": True}),
    ],
)
def test_any_difference_is_told(column: str, value: Any) -> None:
    row = expected(AGENTS, sample(AGENTS, name="name", metadata={"a": 1}))
    assert differences(AGENTS, {row["id"]: row}, [Agent.from_row(row)]) == []
    (told,) = differences(AGENTS, {row["id"]: row}, [Agent.from_row({**row, column: value})])
    assert told.startswith(f"kavach_agents.{column}: {value!r} is not ")
    assert differences(AGENTS, {row["id"]: row}, []) == [f"kavach_agents lacks {row['id']!r}"]
