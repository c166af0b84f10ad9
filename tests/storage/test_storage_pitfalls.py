"""What the original gets wrong in its storage, by the IDs of the review: ST1 to ST3, ST5, and ST7 to ST10.

ST4 (the file that is never written) is in test_sqlalchemy_urls.py, ST6 (no index on any hot column) in
test_storage_plans.py and test_storage_tables.py. The clauses of the conformance suite go further in each.
"""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from kavach_core.errors import ConflictError
from kavach_core.storage.operations import Get, Insert
from kavach_schema.model import Table
from kavach_schema.tables import TABLES, TABLES_BY_NAME
from kavach_schema.tables.agents import AGENTS, AUDIT_LOGS, PERMISSIONS, RATE_LIMITS, TRUST_SCORES
from kavach_schema.tables.identity import SESSIONS
from storage.samples import Failure, at, execute, fail_after, roll_back, row


async def test_st1_st9_every_time_column_of_every_server_holds_seconds_up_to_the_far_future(storage: Any) -> None:
    for moment in (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)):
        for table in TABLES:
            times = dict.fromkeys((c.name for c in table.columns if c.kind == "time"), moment)
            made = await execute(storage, Insert(table), row(table, **times))
            assert {name: getattr(made, name) for name in times} == times


async def test_st2_json_is_decoded_once_whatever_the_driver_does_to_it(storage: Any) -> None:
    actions, metadata = ["read", "", "READ", "é", "a,b", '"'], {"a": '{"b": 1}', "c": ["[]"], "d": "1"}
    await storage.create_permissions([row(PERMISSIONS, agent_id="a", actions=actions, constraints=None)])
    (permission,) = await storage.find_permissions_by_agent_id("a")
    agent = await storage.create_agent(**row(AGENTS, metadata=metadata))

    assert (permission.actions, permission.constraints) == (actions, None)
    assert (await storage.find_agent_by_id(agent.id)).metadata == metadata


def incompressible(length: int) -> str:
    """Return text of four bytes a character, which PostgreSQL cannot make smaller for an index."""
    return "".join(map(chr, Random(length).choices(range(0x20000, 0x2A6D0), k=length)))


async def test_st3_the_longest_text_fits_every_column_and_its_indexes(storage: Any) -> None:
    for table in TABLES:
        longest = {c.name: incompressible(c.length) for c in table.columns if c.kind == "text" and c.length}
        made = await execute(storage, Insert(table), row(table, **longest))
        assert {name: getattr(made, name) for name in longest} == longest
        assert await execute(storage, Get(table, (table.key,)), {table.key: longest[table.key]}) == made, table.name


async def test_st5_any_string_is_an_owner(storage: Any) -> None:
    values = row(AGENTS, owner_id="nobody that we know", tenant_id="elsewhere")

    assert (await storage.create_agent(**values)).owner_id == "nobody that we know"


async def test_st7_a_transaction_that_fails_leaves_nothing(storage: Any) -> None:
    before = await storage.create_agent(**row(AGENTS))

    async def work(transaction: Any) -> None:
        await transaction.create_agent(**row(AGENTS, id="a"))
        await transaction.update_agent(before.id, name="changed")
        await transaction.increment_rate_limit(**row(RATE_LIMITS))
        await transaction.upsert_trust_score(**row(TRUST_SCORES, agent_id="a"))
        await transaction.delete_agent(before.id)

    with pytest.raises(Failure):
        await fail_after(storage, work)
    assert await storage.list_agents() == [before]
    assert await storage.find_trust_score("a") is None


async def test_st7_an_agent_is_never_left_with_half_of_its_permissions(storage: Any) -> None:
    taken = await storage.create_permission(**row(PERMISSIONS))
    with pytest.raises(ConflictError) as caught:
        await storage.create_permissions(
            [row(PERMISSIONS, agent_id="a"), row(PERMISSIONS, agent_id="a"), row(PERMISSIONS, id=taken.id)]
        )
    assert (caught.value.table, caught.value.columns) == ("kavach_permissions", ("id",))
    assert await storage.find_permissions_by_agent_id("a") == []


OWNERS = {"kavach_agents": "delete_agent", "kavach_users": "delete_user", "kavach_organizations": "delete_org"}


async def add(storage: Any, table: Table[Any], **values: object) -> dict[str, Any]:
    values = row(table, **values)
    await execute(storage, Insert(table), values)
    return values


async def belongings(storage: Any, owner: str, owner_id: str) -> list[tuple[Table[Any], dict[str, Any]]]:
    return [
        (table, await add(storage, table, **{column.name: owner_id}))
        for table in TABLES
        for column in table.columns
        if column.belongs_to == owner
    ]


async def is_there(storage: Any, table: Table[Any], stored: dict[str, Any]) -> bool:
    return await execute(storage, Get(table, (table.key,)), {table.key: stored[table.key]}) is not None


@pytest.mark.parametrize("owner", OWNERS)
async def test_st7_what_belongs_to_an_owner_goes_with_it_wholly_or_not_at_all(storage: Any, owner: str) -> None:
    doomed = await add(storage, TABLES_BY_NAME[owner])
    rows = [(TABLES_BY_NAME[owner], doomed), *(await belongings(storage, owner, doomed["id"]))]

    await roll_back(storage, lambda transaction: getattr(transaction, OWNERS[owner])(doomed["id"]))
    assert [table.name for table, stored in rows if not await is_there(storage, table, stored)] == []
    assert await getattr(storage, OWNERS[owner])(doomed["id"]) is True
    assert [table.name for table, stored in rows if await is_there(storage, table, stored)] == []


async def test_st8_newest_first_holds_inside_a_second_and_pages_are_stable(storage: Any) -> None:
    made = [await storage.create_audit_log(**row(AUDIT_LOGS)) for _ in range(30)]
    assert await storage.query_audit_logs(limit=10) == made[:-11:-1]
    assert await storage.query_audit_logs(limit=10, after=made[-10]) == made[-11:-21:-1]


async def test_st10_expired_sessions_and_old_counters_are_purged(storage: Any) -> None:
    await storage.create_session(**row(SESSIONS, expires_at=at(-1)))
    await storage.create_session(**row(SESSIONS, expires_at=at(0)))
    alive = await storage.create_session(**row(SESSIONS, user_id="u", expires_at=at(1)))
    assert await storage.delete_expired_sessions(at(0)) == 2
    assert await storage.list_sessions_by_user("u") == [alive]

    await storage.upsert_rate_limit(**row(RATE_LIMITS, window_start=at(-1)))
    kept = await storage.upsert_rate_limit(**row(RATE_LIMITS, window_start=at(0)))
    assert await storage.delete_rate_limits_before(at(0)) == 1
    assert await storage.find_rate_limit(kept.agent_id, resource=kept.resource, window_start=at(0)) == kept
