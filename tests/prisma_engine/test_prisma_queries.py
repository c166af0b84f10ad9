"""The queries that prisma-client-py can ask."""

from __future__ import annotations

from typing import Any

import pytest

from prisma_engine.clients import Client, done

pytestmark = [pytest.mark.not_in_memory, pytest.mark.asyncio(loop_scope="module")]


async def with_rows(client: Client) -> Any:
    """Write two owners and six items; return the delegate of the items."""
    await done(client.prisma.owner.create_many(data=[{"id": "a", "name": "A"}, {"id": "b", "name": "B", "rank": 2}]))
    rows = [{"id": str(i), "n": i, "ownerId": "ab"[i % 2], "active": i < 3} for i in range(6)]
    assert await done(client.prisma.item.create_many(data=rows)) == 6
    return client.prisma.item


def ids(rows: list[Any]) -> str:
    return "".join(row.id for row in rows)


async def test_find_many_filters_orders_and_pages(client: Client) -> None:
    items = await with_rows(client)
    assert ids(await done(items.find_many(order={"n": "desc"}))) == "543210"
    assert ids(await done(items.find_many(where={"n": {"gte": 2, "lt": 5}}, order={"id": "asc"}))) == "234"
    assert ids(await done(items.find_many(take=2, skip=1, order=[{"active": "desc"}, {"id": "desc"}]))) == "10"
    assert ids(await done(items.find_many(take=2, skip=1, cursor={"id": "2"}, order={"id": "asc"}))) == "34"
    assert ids(await done(items.find_many(where={"OR": [{"n": 1}, {"id": "4"}]}, order={"id": "asc"}))) == "14"
    assert (
        ids(await done(items.find_many(where={"NOT": [{"active": True}], "n": {"not": 4}}, order={"n": "asc"}))) == "35"
    )
    assert ids(await done(items.find_many(where={"id": {"in": ["1", "9"]}}))) == "1"
    assert ids(await done(items.find_many(where={"id": {"in": []}}))) == ""


async def test_relations_are_filtered_and_included(client: Client) -> None:
    items = await with_rows(client)
    assert ids(await done(items.find_many(where={"owner": {"is": {"name": "B"}}}, order={"id": "asc"}))) == "135"
    owner = await done(
        client.prisma.owner.find_first(
            where={"items": {"some": {"n": 4}}},
            include={"items": {"where": {"n": {"gt": 0}}, "order_by": {"n": "desc"}}},
        )
    )
    assert (owner.id, ids(owner.items)) == ("a", "42")
    item = await done(items.find_unique(where={"id": "3"}, include={"owner": {"include": {"items": True}}}))
    assert len(item.owner.items) == 3


async def test_find_unique_by_compound_key(client: Client) -> None:
    await with_rows(client)
    owner = await done(client.prisma.owner.find_unique(where={"name_rank": {"name": "B", "rank": 2}}))
    assert owner.id == "b"
    assert await done(client.prisma.owner.find_unique(where={"name_rank": {"name": "B", "rank": 3}})) is None


async def test_count_and_group(client: Client) -> None:
    items = await with_rows(client)
    assert await done(items.count()) == 6
    assert await done(items.count(where={"active": True}, take=2)) == 2
    assert await done(items.count(select={"_all": True, "email": True})) == {"_all": 6, "email": 0}
    groups = await done(items.group_by(by=["active"], sum={"n": True}, count=True, order={"active": "asc"}))
    assert [(g["active"], g["_sum"]["n"], g["_count"]["_all"]) for g in groups] == [(False, 12, 3), (True, 3, 3)]


async def test_thousands_of_values_in_one_query(client: Client) -> None:
    names = [f"m{i}" for i in range(3000)]
    assert await done(client.prisma.item.create_many(data=[{"id": name} for name in names])) == 3000
    assert len(await done(client.prisma.item.find_many(where={"id": {"in": names}}))) == 3000


async def test_updates(client: Client) -> None:
    items = await with_rows(client)
    updated = await done(items.update(where={"id": "1"}, data={"n": {"increment": 10}, "owner": {"disconnect": True}}))
    assert (updated.n, updated.ownerId) == (11, None)
    assert await done(items.update(where={"id": "none"}, data={"n": 1})) is None
    assert await done(items.update_many(where={"active": True}, data={"n": 0})) == 3


async def test_update_many_counts_matched_rows(client: Client) -> None:
    items = await with_rows(client)
    assert await done(items.update_many(where={"id": "1", "n": 1}, data={"n": 1})) == 1
    assert await done(items.update_many(where={"id": "1", "n": 2}, data={"n": 3})) == 0
    changed = await done(client.prisma.execute_raw(f"UPDATE {client.quoted('Item')} SET n = n"))
    assert changed == 6


async def test_upsert(client: Client) -> None:
    items = client.prisma.item
    data = {"create": {"id": "1", "n": 1}, "update": {"n": {"increment": 5}}}
    assert (await done(items.upsert(where={"id": "1"}, data=data))).n == 1
    assert (await done(items.upsert(where={"id": "1"}, data=data))).n == 6


async def test_deletes_and_cascades(client: Client) -> None:
    items = await with_rows(client)
    assert (await done(items.delete(where={"id": "0"}))).id == "0"
    assert await done(items.delete(where={"id": "0"})) is None
    assert await done(items.delete_many(where={"active": True})) == 2
    await done(client.prisma.owner.delete(where={"id": "b"}))
    assert ids(await done(items.find_many())) == "4"


async def test_batches_are_atomic(client: Client) -> None:
    items = client.prisma.item
    batch = client.prisma.batch_()
    batch.item.create(data={"id": "1"})
    batch.item.update(where={"id": "1"}, data={"n": 5})
    await done(batch.commit())
    assert (await done(items.find_unique(where={"id": "1"}))).n == 5
    batch = client.prisma.batch_()
    batch.item.create(data={"id": "2"})
    batch.item.create(data={"id": "1"})
    with pytest.raises(client.errors.UniqueViolationError):
        await done(batch.commit())
    assert await done(items.count()) == 1


async def test_raw_queries_take_parameters(client: Client) -> None:
    await with_rows(client)
    mark = "$1" if client.provider == "postgres" else "?"
    second = "$2" if client.provider == "postgres" else "?"
    table = client.quoted("Item")
    rows = await done(
        client.prisma.query_raw(f"SELECT id, n FROM {table} WHERE n >= {mark} AND id <> {second} ORDER BY id", 4, "'")
    )
    assert rows == [{"id": "4", "n": 4}, {"id": "5", "n": 5}]
    assert await done(client.prisma.execute_raw(f"DELETE FROM {table} WHERE id = {mark}", "4")) == 1
    first = await done(client.prisma.query_first(f"SELECT COUNT(*) AS c FROM {table}"))
    assert int(first["c"]) == 5
