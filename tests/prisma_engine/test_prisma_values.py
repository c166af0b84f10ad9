"""What is written is read again: every type, at its limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from prisma_engine.clients import Client, done

pytestmark = [pytest.mark.not_in_memory, pytest.mark.asyncio(loop_scope="module")]

JSON_VALUES: list[Any] = [
    {"a": [1, -2.5, "x", None, True, {"b": {}}], "": "", 'quote"\\': "\n\t\u0001"},
    [],
    "text",
    '{"not": "parsed"}',
    7,
    False,
    {"$type": "Json", "value": '{"$type":"BigInt","value":"1"}'},
    {"query": "a: {b}", "$type": "DateTime", "value": "2026-01-01T00:00:00.000Z"},
]


async def round_trip(client: Client, **values: Any) -> Any:
    written = await done(client.prisma.item.create(data={"id": "1", **values}))
    read = await done(client.prisma.item.find_unique(where={"id": "1"}))
    assert written == read
    return read


@pytest.mark.parametrize(
    "text",
    [
        "",
        " both ends ",
        "quotes \" ' ` \\ \\\\ \\' \\\" %s ? $1",
        "lines\r\n\ttab \b\f",
        "Ünïcödé 你好 🎉 \U0010ffff",
        '{"$type":"Json","value":"x"}',
        "braces { } [ ] ( ) : , # //",
        "x" * 100_000,
        '\n"' * 300_000,
    ],
    ids=lambda text: str(len(text)),
)
async def test_text_is_kept_exactly(client: Client, text: str) -> None:
    assert (await round_trip(client, note=text)).note == text
    found = await done(client.prisma.item.find_first(where={"note": {"equals": text}}))
    assert found is not None


@pytest.mark.parametrize("number", [0, 1, -1, 2**53 + 1, 2**62 + 1, 2**63 - 1, -(2**63)])
async def test_big_integers_are_exact(client: Client, number: int) -> None:
    assert (await round_trip(client, big=number)).big == number
    assert await done(client.prisma.item.count(where={"big": number})) == 1
    (row,) = await done(client.prisma.query_raw(f"SELECT big FROM {client.quoted('Item')}"))
    assert int(row["big"]) == number


@pytest.mark.parametrize("number", [0, 2**31 - 1, -(2**31)])
async def test_integers_are_exact(client: Client, number: int) -> None:
    assert (await round_trip(client, n=number)).n == number


@pytest.mark.parametrize("number", [0.0, 2.0, -1.5, 0.1, 1e-300, 1e300, 12345678.12345678])
async def test_floats_keep_the_sixteen_digits_that_prisma_reads(client: Client, number: float) -> None:
    assert (await round_trip(client, ratio=number)).ratio == number


@pytest.mark.parametrize("number", ["0", "1.25", "-99999.99", "123456789"])
async def test_decimals(client: Client, number: str) -> None:
    assert (await round_trip(client, price=Decimal(number))).price == Decimal(number)


async def test_decimals_of_servers_keep_every_digit(client: Client) -> None:
    if client.provider == "sqlite":
        pytest.skip("SQLite keeps decimals as floats")
    number = Decimal("12345678901234567890.123456789012345678901234567891")
    assert (await round_trip(client, price=number)).price == number


@pytest.mark.parametrize("value", [True, False])
async def test_booleans(client: Client, value: bool) -> None:
    assert (await round_trip(client, active=value)).active is value
    assert await done(client.prisma.item.count(where={"active": value})) == 1


@pytest.mark.parametrize(
    ("moment", "kept"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC), datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)),
        (datetime(2026, 1, 2, 3, 4, 5, 678_999, UTC), datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)),
        (datetime(2026, 7, 1, 0, 0, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 6, 30, 22, 0, tzinfo=UTC)),
        (datetime(2000, 1, 1), datetime(2000, 1, 1, tzinfo=UTC)),
    ],
    ids=["milliseconds", "microseconds", "zone", "naive"],
)
async def test_moments_are_utc_in_milliseconds(client: Client, moment: datetime, kept: datetime) -> None:
    assert (await round_trip(client, at=moment)).at == kept
    assert await done(client.prisma.item.count(where={"at": {"gte": kept}})) == 1
    assert await done(client.prisma.item.count(where={"at": {"gt": kept}})) == 0


async def test_bytes(client: Client) -> None:
    every = bytes(range(256)) * 3
    row = await round_trip(client, raw=client.fields.Base64.encode(every))
    assert row.raw.decode() == every


async def test_nothing_is_null(client: Client) -> None:
    row = await round_trip(client)
    assert [row.email, row.note, row.big, row.ratio, row.price, row.at, row.raw, row.data, row.ownerId] == [None] * 9
    assert await done(client.prisma.item.count(where={"big": None, "note": None, "at": None})) == 1


@pytest.mark.parametrize("value", JSON_VALUES, ids=lambda value: str(value)[:20])
async def test_json_is_stored_once_encoded(client: Client, value: Any) -> None:
    if client.provider == "sqlite":
        pytest.skip("Prisma has no Json on SQLite")
    assert (await round_trip(client, data=client.json(value))).data == value
    assert await done(client.prisma.item.count(where={"data": {"equals": client.json(value)}})) == 1
    kind = "JSON_TYPE(data)" if client.provider == "mysql" else "jsonb_typeof(data)"
    (row,) = await done(client.prisma.query_raw(f"SELECT {kind} AS kind FROM {client.quoted('Item')}"))
    assert (row["kind"].lower() == "string") is isinstance(value, str)


async def test_json_in_updates_filters_and_nested_writes(client: Client) -> None:
    if client.provider == "sqlite":
        pytest.skip("Prisma has no Json on SQLite")
    items = client.prisma.item
    await done(
        client.prisma.owner.create(
            data={"id": "o", "items": {"create": [{"id": "1", "data": client.json([1])}, {"id": "2"}]}},
        )
    )
    await done(items.update(where={"id": "2"}, data={"data": client.json({"k": "v"})}))
    await done(items.create_many(data=[{"id": "3", "data": client.json("s")}]))
    await done(items.upsert(where={"id": "4"}, data={"create": {"id": "4", "data": client.json(4)}, "update": {}}))
    await done(items.update_many(where={"id": "4"}, data={"data": client.json({"n": None})}))
    rows = await done(items.find_many(order={"id": "asc"}))
    assert [row.data for row in rows] == [[1], {"k": "v"}, "s", {"n": None}]
    found = await done(
        items.find_many(
            where={
                "OR": [
                    {"data": {"equals": client.json([1])}},
                    {"AND": [{"NOT": [{"data": {"equals": client.json("s")}}]}]},
                ]
            },
            order={"id": "asc"},
        )
    )
    assert [row.id for row in found] == ["1", "2", "4"]
    owners = await done(
        client.prisma.owner.find_many(where={"items": {"some": {"data": {"equals": client.json([1])}}}})
    )
    assert [owner.id for owner in owners] == ["o"]


async def test_raw_queries_keep_json_that_looks_like_a_tag(client: Client) -> None:
    value = {"$type": "BigInt", "value": "1"}
    given = '{"$type": "BigInt", "value": "1"}' if client.provider == "sqlite" else client.json(value)
    await done(client.prisma.item.create(data={"id": "1", "data": given}))
    (row,) = await done(client.prisma.query_raw(f"SELECT data FROM {client.quoted('Item')}"))
    if client.database.name in ("postgres", "mysql"):
        assert row["data"] == value
    else:  # SQLite has no type for JSON, and MariaDB's is text
        assert row["data"].replace(" ", "") == '{"$type":"BigInt","value":"1"}'
