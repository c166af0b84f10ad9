"""Text: kept to the last bit, compared exactly, ordered by code point, and never taken for anything else."""

from __future__ import annotations

from typing import Final

import pytest

from kavach_core.errors import InvalidInput
from kavach_core.testing.clauses.base import Clauses, values_of
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.methods import GETS, WRITERS, Method
from kavach_core.testing.samples import fresh, sample
from kavach_schema.tables.agents import AGENTS, AUDIT_LOGS
from kavach_schema.tables.identity import ORG_ROLES, USERS

DIFFICULT: Final = {
    "quotes": "it's \"quoted\" `twice` \\ and \\' back",
    "placeholders": "%s %(name)s ? :name $1 {0} {{}} @p",
    "comment": "x'; DROP TABLE kavach_agents; -- /* */ #",
    "wildcards": "100%_[a-z]*",
    "spaces": "  leading and trailing \t\r\n ",
    "accents": "Ünïcödé ŁÓDŹ ångström",
    "decomposed": "u\u0308 e\u0301",
    "scripts": "漢字 仮名 한글 עברית العربية हिन्दी",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 🇨🇭 😀",
    "invisible": "a\u200bb\u2060c\ufeffd\u00a0e",
    "directions": "\u202eabc\u202c \u2066x\u2069",
    "controls": "\x01\x02\x1b[31m\x7f\x85",
    "last": "\U0010ffff\ufffe\uffff\ue000",
    "json": '{"a": [1, null]}',
    "number": "007",
    "empty": "",
    "null": "NULL",
}
"""Text that something between the application and the disk might change."""

ALIKE: Final = {
    "case": ("straße", "STRASSE", "Straße"),
    "dotless": ("istanbul", "İstanbul", "\u0131stanbul"),
    "accent": ("resume", "résumé"),
    "trailing-space": ("x", "x ", "x  "),
    "leading-space": ("y", " y"),
    "trailing-newline": ("z", "z\n", "z\r\n"),
    "normal-form": ("caf\u00e9", "cafe\u0301"),
    "width": ("abc", "\uff41\uff42\uff43"),
    "ligature": ("\ufb01le", "file"),
    "invisible": ("ab", "a\u200bb", "a\u00adb"),
    "emoji": ("😀", "😁", "🤑"),
    "emoji-variant": ("❤", "❤\ufe0f"),
    "number": ("1", "1.0", "01", "+1", "1e0", " 1"),
    "script": ("\u0430", "a"),
    "sign": ("-", "_", "\u2010"),
    "kana": ("は", "ハ", "ば"),
}
"""Texts that a collation might take for each other."""

IN_ORDER: Final = (" ", "!", "0", "10", "9", "A", "B", "a", "a ", "aa", "b", "z", "é", "İ", "ж", "漢", "￮", "😀")
"""Texts by code point: neither a dictionary's order nor that of UTF-16."""

each_get = each_area_of(GETS)
each_writer = each_area_of(WRITERS)
each_difficult = pytest.mark.parametrize("text", DIFFICULT.values(), ids=DIFFICULT)
each_alike = pytest.mark.parametrize("texts", ALIKE.values(), ids=ALIKE)


class TextClauses(Clauses):
    """Exact text."""

    @each_difficult
    async def test_text_is_kept_exactly(self, text: str) -> None:
        """Any valid Unicode MUST come back as it was written, in keys, in indexed text and in any other."""
        row = await self.new(
            USERS, id=f"{fresh()}{text}", email=f"{text}{fresh()}{text}", name=text, ban_reason=text, external_id=text
        )
        await self.assert_stored(USERS, row)
        assert values_of(await self.storage.find_user_by_email(row["email"])) == row
        changed = values_of(await self.storage.update_user(row["id"], name=f"{text}!", ban_reason=f"!{text}"))
        await self.assert_stored(USERS, {**row, "name": f"{text}!", "ban_reason": f"!{text}"})
        assert changed["name"] == f"{text}!"
        assert await self.storage.delete_user(row["id"])

    @each_difficult
    async def test_text_is_filtered_exactly(self, text: str) -> None:
        """Any valid Unicode MUST select the rows with just this text, alone and among several."""
        agent = fresh()
        row = await self.new(AUDIT_LOGS, agent_id=agent, action=text)
        await self.new(AUDIT_LOGS, agent_id=agent, action=f"{text}x")
        for chosen in ([text], [text, fresh()]):
            found = await self.storage.query_audit_logs(agent_id=agent, actions=chosen)
            assert [dict(record) for record in found] == [row]

    @each_alike
    async def test_texts_that_look_alike_are_different(self, texts: tuple[str, ...]) -> None:
        """Texts that differ in any code point MUST be stored side by side, and each found by itself alone."""
        unique = fresh()
        rows = [await self.new(USERS, email=f"{unique}{text}") for text in texts]
        for row in rows:
            assert values_of(await self.storage.find_user_by_email(row["email"])) == row
        for text in texts[1:]:
            assert await self.storage.delete_user(f"{rows[0]['id']}{text}") is False

    @each_alike
    async def test_a_text_does_not_find_its_likes(self, texts: tuple[str, ...]) -> None:
        """A row MUST NOT be found, counted, listed or deleted by a text that only looks like its own."""
        owner = fresh()
        row = await self.new(AGENTS, owner_id=f"{owner}{texts[0]}", token_hash=f"{owner}{texts[0]}")
        for text in texts[1:]:
            other = f"{owner}{text}"
            assert await self.storage.find_agent_by_token_hash(other) is None
            assert await self.storage.list_agents(owner_id=other) == []
            assert await self.storage.count_agents(owner_id=other) == 0
        assert [dict(record) for record in await self.storage.list_agents(owner_id=row["owner_id"])] == [row]

    @each_get
    async def test_case_and_trailing_space_count_in_every_name(self, method: Method) -> None:
        """No find of any table MUST take `A`, `a` and `a ` for the same: a token would have several spellings."""
        texts = {name: f"Name-{fresh()}" for name in method.operation.by if method.table.by_name[name].kind == "text"}
        row = await self.new(method.table, **texts)
        for name, text in texts.items():
            for other in (text.lower(), text.upper(), f"{text} ", f" {text}"):
                assert await method.by_key(self.storage, {**row, name: other}) is None
        assert await method.by_key(self.storage, row) is not None

    async def test_text_is_ordered_by_code_point(self) -> None:
        """Order by text MUST be that of code points on every database: pages of a list depend on it."""
        org = fresh()
        for name in reversed(IN_ORDER):
            await self.new(ORG_ROLES, org_id=org, name=name)
        assert [role.name for role in await self.storage.list_org_roles(org)] == [*IN_ORDER]

    async def test_ids_of_one_second_are_ordered_by_code_point(self) -> None:
        """Rows of one second MUST be ordered by id, by code point, in both directions."""
        agent, unique = fresh(), fresh()
        ids = [f"{unique}{text}" for text in IN_ORDER]
        for row_id in reversed(ids):
            await self.new(AUDIT_LOGS, agent_id=agent, id=row_id)
        assert [row.id for row in await self.storage.query_audit_logs(agent_id=agent)] == ids[::-1]
        assert [row.id async for row in self.storage.stream_audit_logs(agent_id=agent)] == ids
        page = await self.storage.query_audit_logs(agent_id=agent, limit=9)
        rest = await self.storage.query_audit_logs(agent_id=agent, after=page[-1])
        assert [row.id for row in (*page, *rest)] == ids[::-1]

    @each_writer
    async def test_text_that_no_database_can_hold_is_refused(self, method: Method) -> None:
        """NUL and lone surrogates MUST raise `InvalidInput` in every column, and nothing be written."""
        row = sample(method.table)
        for column in method.table.columns:
            if column.kind == "text":
                for wrong in ("nul\0", "\ud800", "a\udfff"):
                    row = sample(method.table)
                    with pytest.raises(InvalidInput):
                        await method(self.storage, **{**row, column.name: wrong})
        await self.assert_missing(method.table, row)
