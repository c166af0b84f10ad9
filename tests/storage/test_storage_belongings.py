"""What goes with an agent, a user or an organisation when it is deleted, and what stays."""

from __future__ import annotations

from typing import Any

import pytest

from kavach_core.storage.operations import Get, Insert
from kavach_schema.model import Table
from kavach_schema.tables import TABLES, TABLES_BY_NAME
from kavach_schema.tables.agents import AGENTS, AUDIT_LOGS, COST_EVENTS
from kavach_schema.tables.identity import USERS
from storage.samples import execute, roll_back, row

OWNERS = {"kavach_agents": "delete_agent", "kavach_users": "delete_user", "kavach_organizations": "delete_org"}


async def add(storage: Any, table: Table[Any], **values: object) -> dict[str, Any]:
    values = row(table, **values)
    await execute(storage, Insert(table), values)
    return values


async def is_there(storage: Any, table: Table[Any], stored: dict[str, Any]) -> bool:
    return await execute(storage, Get(table, (table.key,)), {table.key: stored[table.key]}) is not None


async def belongings(storage: Any, owner: str, owner_id: str) -> list[tuple[Table[Any], dict[str, Any]]]:
    return [
        (table, await add(storage, table, **{column.name: owner_id}))
        for table in TABLES
        for column in table.columns
        if column.belongs_to == owner
    ]


@pytest.mark.parametrize("owner", OWNERS)
async def test_deleting_an_owner_removes_its_rows_and_nobody_elses(storage: Any, owner: str) -> None:
    """ST7: the original fails half way, with a foreign key error."""
    doomed = await add(storage, TABLES_BY_NAME[owner])
    spared = await add(storage, TABLES_BY_NAME[owner])
    gone = await belongings(storage, owner, doomed["id"])
    kept = [(TABLES_BY_NAME[owner], spared), *(await belongings(storage, owner, spared["id"]))]
    assert await getattr(storage, OWNERS[owner])(doomed["id"]) is True
    assert [table.name for table, stored in gone if await is_there(storage, table, stored)] == []
    assert [table.name for table, stored in kept if not await is_there(storage, table, stored)] == []
    assert await getattr(storage, OWNERS[owner])(doomed["id"]) is False


async def test_audit_logs_and_costs_outlive_their_agent_and_user(storage: Any) -> None:
    agent, user = await add(storage, AGENTS), await add(storage, USERS)
    log = await add(storage, AUDIT_LOGS, agent_id=agent["id"], user_id=user["id"])
    cost = await add(storage, COST_EVENTS, agent_id=agent["id"])
    await storage.delete_agent(agent["id"])
    await storage.delete_user(user["id"])
    assert await is_there(storage, AUDIT_LOGS, log)
    assert await is_there(storage, COST_EVENTS, cost)


async def test_agents_outlive_the_user_whom_their_owner_id_names(storage: Any) -> None:
    user = await add(storage, USERS)
    agent = await add(storage, AGENTS, owner_id=user["id"])
    await storage.delete_user(user["id"])
    assert await is_there(storage, AGENTS, agent)


async def test_rows_may_name_owners_that_are_not_stored(storage: Any) -> None:
    """ST5: any string is an owner."""
    await add(storage, AGENTS, owner_id="nobody that we know", tenant_id="elsewhere")


async def test_an_owner_deleted_in_a_transaction_that_fails_keeps_its_rows(storage: Any) -> None:
    """ST7: the deletion is part of the transaction around it."""
    agent = await add(storage, AGENTS)
    kept = await belongings(storage, AGENTS.name, agent["id"])
    await roll_back(storage, lambda transaction: transaction.delete_agent(agent["id"]))
    assert [
        table.name for table, stored in [(AGENTS, agent), *kept] if not await is_there(storage, table, stored)
    ] == []
