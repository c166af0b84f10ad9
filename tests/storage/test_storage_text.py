"""Text: what is stored comes back, and is compared, exactly; what does not fit is refused and never cut."""

from __future__ import annotations

import math
import unicodedata
from random import Random
from typing import Any

import pytest

from kavach_core.errors import ConflictError, InvalidInput
from kavach_core.storage.operations import Find, Get, Insert, equal
from kavach_schema.model import LONG_TEXT
from kavach_schema.tables import TABLES
from kavach_schema.tables.agents import AGENT_DIDS, AGENTS
from kavach_schema.tables.identity import TENANTS, USERS
from storage.samples import execute, row

NFC = unicodedata.normalize("NFC", "é")
NFD = unicodedata.normalize("NFD", "é")

LOOKALIKES = [
    "name",
    "Name",
    "NAME",
    "nàme",
    "name ",
    " name",
    "name\t",
    "name\n",
    NFC,
    NFD,
    "ß",
    "ss",
    "ẞ",
    "\u0131",
    "i",
    "İ",
    "I",
    "",
    " ",
    "1",
    "01",
    "1.0",
    "1e0",
    "null",
    "NULL",
    "😀",
    "😁",
    "a\u200bb",
    "ab",
    "%",
    "_",
    "\\",
    "'",
    '"',
    "%s",
    "?",
    "$1",
    ":x",
    "{}",
    "\ufeff",
    "ﬁ",
    "fi",
    "\U0010ffff",
]


async def test_texts_that_look_alike_are_different_unique_values(storage: Any) -> None:
    made = [await storage.create_tenant(**row(TENANTS, slug=text)) for text in LOOKALIKES]
    found = [await storage.find_tenant_by_slug(text) for text in LOOKALIKES]
    assert [tenant.slug for tenant in found] == LOOKALIKES
    assert found == made


async def test_texts_that_look_alike_are_different_keys(storage: Any) -> None:
    made = [await storage.create_user(**row(USERS, id=text)) for text in LOOKALIKES]
    assert [await storage.find_user_by_id(text) for text in LOOKALIKES] == made


async def test_filters_compare_exactly(storage: Any) -> None:
    for text in LOOKALIKES:
        await storage.create_agent(**row(AGENTS, owner_id=text))
    found = [await storage.list_agents(owner_id=text) for text in LOOKALIKES]
    assert [[agent.owner_id for agent in agents] for agents in found] == [[text] for text in LOOKALIKES]


async def test_every_text_column_compares_exactly(storage: Any) -> None:
    for table in TABLES:
        names = [c.name for c in table.columns if c.kind == "text" and (c.length or 0) >= 3]
        for text in ("ab", "AB", "ab ", "äb"):
            await execute(storage, Insert(table), row(table, **dict.fromkeys(names, text)))
        for name in names:
            found = await execute(storage, Find(table, equal(name), (table.key,)), {name: "ab"})
            assert [getattr(r, name) for r in found] == ["ab"], (table.name, name)


async def test_order_by_id_is_by_code_point(storage: Any) -> None:
    ids = ["Z", "a", "é", "z", "\ud7ff", "\ue000", "😀", "10", "9", "a b", "a-b", "A"]
    for text in ids:
        await storage.create_agent(**row(AGENTS, id=text))
    assert [agent.id for agent in await storage.list_agents()] == sorted(ids)


def incompressible(length: int) -> str:
    """Return text of four bytes a character, which PostgreSQL cannot make smaller for an index."""
    return "".join(map(chr, Random(length).choices(range(0x20000, 0x2A6D0), k=length)))


async def test_the_longest_text_fits_every_column_and_its_indexes(storage: Any) -> None:
    """ST3: keys and indexes have lengths that every server takes, at four bytes a character."""
    for table in TABLES:
        longest = {c.name: incompressible(c.length) for c in table.columns if c.kind == "text" and c.length}
        made = await execute(storage, Insert(table), row(table, **longest))
        assert {name: getattr(made, name) for name in longest} == longest
        assert await execute(storage, Get(table, (table.key,)), {table.key: longest[table.key]}) == made, table.name


async def test_one_character_more_than_the_longest_is_refused(storage: Any) -> None:
    for table in TABLES:
        for column in table.columns:
            if column.kind == "text" and column.length:
                with pytest.raises(InvalidInput, match=rf"{table.name}\.{column.name}.*at most {column.length} fit"):
                    await execute(storage, Insert(table), row(table, **{column.name: "😀" * (column.length + 1)}))


async def test_text_without_a_declared_length_holds_a_million_characters(storage: Any) -> None:
    values = row(AGENT_DIDS, did_document="😀" * LONG_TEXT)
    await storage.create_agent_did(**values)
    assert (await storage.find_agent_did(values["agent_id"])).did_document == values["did_document"]
    with pytest.raises(InvalidInput, match=f"at most {LONG_TEXT} fit"):
        await storage.create_agent_did(**row(AGENT_DIDS, did_document="x" * (LONG_TEXT + 1)))


REFUSED = ["\0", "a\0b", "\ud800", "a\udfff", "\ud83d\ude00"]


async def test_what_has_no_utf8_form_is_refused_everywhere(storage: Any) -> None:
    refusals = [
        storage.find_agent_by_id,
        storage.find_agent_by_token_hash,
        storage.delete_agent,
        lambda value: storage.list_agents(owner_id=value),
        lambda value: storage.count_agents(status=value),
        lambda value: storage.query_audit_logs(actions=["read", value]),
        lambda value: storage.find_permissions_by_agent_ids([value]),
        lambda value: storage.create_agent(**row(AGENTS, name=value)),
        lambda value: storage.update_agent("x", name=value),
        lambda value: storage.update_agent("x", expected_status=value),
    ]
    for call in refusals:
        for text in REFUSED:
            with pytest.raises(InvalidInput, match=r"NUL|surrogates"):
                await call(text)


async def test_what_is_no_text_is_refused(storage: Any) -> None:
    for value in (7, b"x", None, ["x"], True):
        with pytest.raises(InvalidInput, match=r"kavach_agents\.name: expected text, got"):
            await storage.create_agent(**row(AGENTS, name=value))
        with pytest.raises(InvalidInput, match=r"kavach_agents\.id: expected text, got"):
            await storage.find_agent_by_id(value)


CANARY = "canary-5f3a"


async def test_no_refusal_repeats_the_refused_value(storage: Any) -> None:
    for table in TABLES:
        for column in table.columns:
            for value in (f"\0{CANARY}", CANARY * 200_000, {CANARY: math.nan}, {"a": f"{CANARY}\ud800"}, [CANARY]):
                try:
                    await execute(storage, Insert(table), row(table, **{column.name: value}))
                except InvalidInput as error:
                    assert CANARY not in f"{error!r} {error}", (table.name, column.name)  # noqa: PT017


async def test_no_conflict_repeats_a_stored_value(storage: Any) -> None:
    """The text of the driver's error may hold it; ours does not."""
    await storage.create_agent(**row(AGENTS, token_hash=CANARY))
    with pytest.raises(ConflictError) as caught:
        await storage.create_agent(**row(AGENTS, token_hash=CANARY))
    assert CANARY not in f"{caught.value!r} {caught.value}"
