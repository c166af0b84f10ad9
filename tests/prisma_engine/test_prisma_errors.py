"""Errors carry the codes that prisma-client-py and its users know."""

from __future__ import annotations

import pytest

from prisma_engine.clients import Client, done

pytestmark = [pytest.mark.not_in_memory, pytest.mark.asyncio(loop_scope="module")]


async def test_unique_violation_names_what_is_taken(client: Client) -> None:
    items = client.prisma.item
    await done(items.create(data={"id": "1", "email": "a@b"}))
    with pytest.raises(client.errors.UniqueViolationError) as caught:
        await done(items.create(data={"id": "2", "email": "a@b"}))
    assert caught.value.code == "P2002"
    assert caught.value.meta["target"] == ("Item_email_key" if client.provider == "mysql" else ["email"])
    with pytest.raises(client.errors.UniqueViolationError) as caught:
        await done(items.create(data={"id": "1"}))
    assert caught.value.meta["target"] == ("PRIMARY" if client.provider == "mysql" else ["id"])
    await done(client.prisma.owner.create(data={"id": "1", "name": "n", "rank": 1}))
    with pytest.raises(client.errors.UniqueViolationError) as caught:
        await done(client.prisma.owner.create(data={"id": "2", "name": "n", "rank": 1}))
    target = "Owner_name_rank_key" if client.provider == "mysql" else ["name", "rank"]
    assert caught.value.meta["target"] == target


async def test_foreign_key_violation(client: Client) -> None:
    with pytest.raises(client.errors.ForeignKeyViolationError) as caught:
        await done(client.prisma.item.create(data={"id": "1", "ownerId": "nobody"}))
    assert caught.value.code == "P2003"


async def test_record_not_found(client: Client) -> None:
    with pytest.raises(client.errors.RecordNotFoundError) as caught:
        await done(client.prisma.item.find_unique_or_raise(where={"id": "1"}))
    assert caught.value.code == "P2025"
    with pytest.raises(client.errors.RecordNotFoundError):
        await done(client.prisma.item.find_first_or_raise(where={"n": 1}))


async def test_raw_query_error(client: Client) -> None:
    with pytest.raises(client.errors.RawQueryError) as caught:
        await done(client.prisma.query_raw("nonsense"))
    assert caught.value.code == "P2010"
    assert "nonsense" in str(caught.value)


async def test_unknown_table(client: Client) -> None:
    table = client.quoted("Item")
    await done(client.prisma.execute_raw(f"ALTER TABLE {table} RENAME TO {client.quoted('Away')}"))
    try:
        with pytest.raises(client.errors.TableNotFoundError) as caught:
            await done(client.prisma.item.count())
    finally:
        await done(client.prisma.execute_raw(f"ALTER TABLE {client.quoted('Away')} RENAME TO {table}"))
    assert caught.value.code == "P2021"


async def test_unknown_field_and_missing_value(client: Client) -> None:
    with pytest.raises(client.errors.FieldNotFoundError):
        await done(client.prisma.item.find_first(where={"unknown": 1}))
    with pytest.raises(client.errors.MissingRequiredValueError):
        await done(client.prisma.item.create(data={"email": "a@b"}))


async def test_a_value_of_a_wrong_type_is_refused(client: Client) -> None:
    for data in ({"n": "text"}, {"n": 2**40}, {"n": float("nan")}, {"at": "yesterday"}):
        with pytest.raises(client.errors.DataError):
            await done(client.prisma.item.create(data={"id": "1", **data}))
    assert await done(client.prisma.item.count()) == 0


async def test_a_conflict_in_a_batch_of_rows_keeps_none(client: Client) -> None:
    with pytest.raises(client.errors.UniqueViolationError):
        await done(client.prisma.item.create_many(data=[{"id": "1"}, {"id": "2"}, {"id": "1"}]))
    assert await done(client.prisma.item.count()) == 0


async def test_errors_do_not_break_what_follows(client: Client) -> None:
    for _ in range(150):
        with pytest.raises(client.errors.RawQueryError):
            await done(client.prisma.query_raw("nonsense"))
    assert await done(client.prisma.item.count()) == 0
