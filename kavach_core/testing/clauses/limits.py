"""Limits: whatever the data model allows is kept to the last character and bit, and one more is refused."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import Any, Final

import pytest

from kavach_core.errors import ConflictError, InvalidInput
from kavach_core.testing.clauses.base import Clauses, values_of
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.methods import LISTS, UPDATES, WRITERS, Method
from kavach_core.testing.samples import LATER, T0, Values, at, fresh, sample
from kavach_schema.model import LONG_TEXT, Column, Table
from kavach_schema.tables.agents import AGENT_DIDS, AGENTS, EPHEMERAL_SESSIONS, PERMISSIONS, RATE_LIMITS
from kavach_schema.tables.sign_in import EMAIL_OTPS, PASSKEY_CREDENTIALS, PHONE_VERIFICATIONS

MAX: Final = 2**63 - 1
MIN: Final = -(2**63)

MANY: Final = 2_000
"""Rows in one call: more than the parameters of one statement would allow on any database."""

NO_INTEGERS: Final[dict[str, Any]] = {
    "boolean": True,
    "float": 1.0,
    "nan": float("nan"),
    "decimal": Decimal(1),
    "text": "1",
    "bytes": b"1",
    "list": [1],
}
NO_BOOLEANS: Final[dict[str, Any]] = {"one": 1, "zero": 0, "text": "true", "float": 1.0, "none": None}
NO_TEXT: Final[dict[str, Any]] = {"bytes": b"x", "integer": 1, "boolean": True, "list": ["x"], "mapping": {"x": 1}}

LENGTHS: Final = {"64-KiB-and-1": 2**16 + 1, "largest": LONG_TEXT}
"""Characters of long text: MySQL's TEXT holds 64 KiB less 1, which is what an adapter may take by mistake."""


def _with(kind: str, methods: list[Method]) -> list[Method]:
    return [method for method in methods if any(column.kind == kind for column in method.table.columns)]


each_writer = each_area_of(WRITERS)
each_refusal = each_area_of(WRITERS)
each_text_update = each_area_of(m for m in UPDATES if any(column.kind == "text" for column in m.changeable))
each_integer_writer = each_area_of(_with("integer", WRITERS))
each_integer_update = each_area_of(m for m in UPDATES if any(column.kind == "integer" for column in m.changeable))
each_boolean_writer = each_area_of(_with("boolean", WRITERS))
each_json_writer = each_area_of(_with("json", WRITERS))
each_limited = each_area_of(m for m in LISTS if "limit" in m.parameters)
each_length = pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
each_attempt = pytest.mark.parametrize(
    ("name", "table"),
    [("increment_email_otp_attempts", EMAIL_OTPS), ("increment_phone_verification_attempts", PHONE_VERIFICATIONS)],
    ids=["increment_email_otp_attempts", "increment_phone_verification_attempts"],
)


class TextLimitClauses(Clauses):
    """The length of text."""

    @each_writer
    async def test_the_longest_text_is_kept(self, method: Method) -> None:
        """Text of as many characters as its column allows MUST be kept, in all columns at once.

        Characters are counted, not bytes: four of them are taken by each character here.
        """
        row = sample(method.table, **{column.name: _emoji(column.length) for column in _bounded(method.table)})
        assert dict(await method(self.storage, **row)) == row
        await self.assert_stored(method.table, row)

    @each_refusal
    async def test_longer_text_is_refused(self, method: Method) -> None:
        """One character more MUST raise `InvalidInput` in every column, and write nothing, nor what would fit of it."""
        table = method.table
        row = sample(table)
        for column in _texts(table):
            for longer in (_emoji(_longest(column) + 1), f"{_letters(_longest(column))} "):
                with pytest.raises(InvalidInput):
                    await method(self.storage, **{**row, column.name: longer})
                if column.name == table.key:
                    assert await self.opened.raw(table, longer[:-1]) is None, "the key was cut"
        await self.assert_missing(table, row)

    @each_text_update
    async def test_the_longest_text_can_be_written_over(self, method: Method) -> None:
        """An update MUST keep the longest text, and raise `InvalidInput` for longer, changing nothing."""
        table = method.table
        before = await self.new(table)
        columns = [column for column in method.changeable if column.kind == "text"]
        changes = {column.name: _emoji(column.length) for column in columns if column.length}
        after = {**before, **changes}
        assert values_of(await method.by_key(self.storage, before, **changes)) == after
        for column in columns:
            with pytest.raises(InvalidInput):
                await method.by_key(self.storage, before, **{column.name: _emoji(_longest(column) + 1)})
        await self.assert_stored(table, after)

    @each_length
    async def test_long_text_is_kept(self, length: int) -> None:
        """Text without a length in the data model MUST hold `LONG_TEXT` characters, of any number of bytes."""
        row = sample(AGENT_DIDS, public_key_jwk=_letters(length), did_document=_emoji(length))
        await self.storage.create_agent_did(**row)
        await self.assert_stored(AGENT_DIDS, row)
        turned = {"public_key_jwk": row["did_document"], "did_document": row["public_key_jwk"]}
        assert values_of(await self.storage.update_agent_did(row["agent_id"], **turned)) == {**row, **turned}
        await self.assert_stored(AGENT_DIDS, {**row, **turned})
        await self.storage.delete_agent_did(row["agent_id"])
        key = sample(PASSKEY_CREDENTIALS, public_key=_letters(length))
        await self.storage.create_passkey_credential(**key)
        await self.assert_stored(PASSKEY_CREDENTIALS, key)
        await self.storage.delete_passkey_credential(key["credential_id"])

    @each_refusal
    async def test_what_is_no_text_is_refused(self, method: Method) -> None:
        """A value of another type in a text column MUST raise `InvalidInput`, and nothing be converted or written."""
        row = sample(method.table)
        for column in _texts(method.table):
            for wrong in NO_TEXT.values():
                with pytest.raises(InvalidInput):
                    await method(self.storage, **{**row, column.name: wrong})
        await self.assert_missing(method.table, row)


class JsonLimitClauses(Clauses):
    """The size and the contents of JSON."""

    async def test_the_largest_json_is_kept(self) -> None:
        """JSON of `LONG_TEXT` characters, written without spaces, MUST be kept; one more is refused."""
        spelled = len('{"text":""}')
        row = await self.new(AGENTS, metadata={"text": _emoji(LONG_TEXT - spelled)})
        await self.assert_stored(AGENTS, row)
        with pytest.raises(InvalidInput):
            await self.storage.update_agent(row["id"], metadata={"text": _emoji(LONG_TEXT - spelled + 1)})
        await self.assert_stored(AGENTS, row)
        await self.storage.delete_agent(row["id"])

    @each_json_writer
    async def test_every_json_column_is_as_deep(self, method: Method) -> None:
        """31 levels of nesting MUST be kept in every JSON column, and 32 raise `InvalidInput`."""
        table = method.table
        columns = [column for column in _jsons(table) if column.annotation != "list[str]"]
        row = sample(table, **{column.name: _nested(column, 31) for column in columns})
        await method(self.storage, **row)
        await self.assert_stored(table, row)
        other = sample(table)
        for column in columns:
            with pytest.raises(InvalidInput):
                await method(self.storage, **{**other, column.name: _nested(column, 32)})
        await self.assert_missing(table, other)

    @each_json_writer
    async def test_text_in_json_is_refused_as_any_other(self, method: Method) -> None:
        """NUL and lone surrogates MUST raise `InvalidInput` in every JSON column, in values and keys, however deep."""
        row = sample(method.table)
        for column in _jsons(method.table):
            for wrong in ("\0", "a\0b", "\ud800", "a\udfff"):
                for holder in (wrong, [wrong], {wrong: 1}, {"a": [{"b": wrong}]}, {"a": [{wrong: None}]}):
                    value = [holder] if column.annotation.startswith("list") else {"in": holder}
                    with pytest.raises(InvalidInput):
                        await method(self.storage, **{**row, column.name: value})
        await self.assert_missing(method.table, row)


class NumberLimitClauses(Clauses):
    """Integers of 64 bits, and booleans."""

    @each_integer_writer
    async def test_the_largest_and_smallest_integers_are_kept(self, method: Method) -> None:
        """Every integer column MUST hold all of 64 bits, also beyond what a float can tell apart."""
        integers = [column.name for column in method.table.columns if column.kind == "integer"]
        for number in (MAX, MIN, MAX - 1, MIN + 1, 2**53 + 1, 2**31, 0, -1):
            row = sample(method.table, **dict.fromkeys(integers, number))
            assert dict(await method(self.storage, **row)) == row
            await self.assert_stored(method.table, row)
            raw = await self.opened.raw(method.table, row[method.table.key])
            assert raw is not None
            assert [(raw[name], type(raw[name])) for name in integers] == [(number, int)] * len(integers)

    @each_integer_writer
    async def test_what_is_no_integer_of_64_bits_is_refused(self, method: Method) -> None:
        """Larger integers and values of other types MUST raise `InvalidInput`, and nothing be rounded or written."""
        row = sample(method.table)
        for column in method.table.columns:
            if column.kind == "integer":
                for wrong in (MAX + 1, MIN - 1, 10**40, *NO_INTEGERS.values()):
                    with pytest.raises(InvalidInput):
                        await method(self.storage, **{**row, column.name: wrong})
        await self.assert_missing(method.table, row)

    @each_integer_update
    async def test_an_update_keeps_to_64_bits(self, method: Method) -> None:
        """An update MUST keep the largest integers, and refuse larger ones and other types, changing nothing."""
        before = await self.new(method.table)
        for column in method.changeable:
            if column.kind == "integer":
                for number in (MIN, MAX):
                    before = {**before, column.name: number}
                    found = await method.by_key(self.storage, before, **{column.name: number})
                    assert values_of(found) == before
                for wrong in (MAX + 1, MIN - 1, *NO_INTEGERS.values()):
                    with pytest.raises(InvalidInput):
                        await method.by_key(self.storage, before, **{column.name: wrong})
        await self.assert_stored(method.table, before)

    @each_boolean_writer
    async def test_what_is_no_boolean_is_refused(self, method: Method) -> None:
        """Numbers and text in a boolean column MUST raise `InvalidInput`, and both booleans be kept apart."""
        flags = [column.name for column in method.table.columns if column.kind == "boolean"]
        for flag in (True, False):
            stored = sample(method.table, **dict.fromkeys(flags, flag))
            found = values_of(await method(self.storage, **stored))
            assert [found[name] for name in flags] == [flag] * len(flags)
            await self.assert_stored(method.table, stored)
        row = sample(method.table)
        for name in flags:
            for wrong in NO_BOOLEANS.values():
                with pytest.raises(InvalidInput):
                    await method(self.storage, **{**row, name: wrong})
        await self.assert_missing(method.table, row)


class CounterLimitClauses(Clauses):
    """Counters at the end of 64 bits."""

    async def test_a_counter_reaches_the_largest_integer(self) -> None:
        """A counter MUST count up to 2**63 - 1 exactly, as an integer, with a limit and without."""
        for limit in (None, MAX):
            window = await self.new(RATE_LIMITS, count=MAX - 3)
            for count in (1, 2, 0):
                found = await self._count_up(window, count, limit)
                assert found is not None
            assert type(values_of(found)["count"]) is int
            await self.assert_stored(RATE_LIMITS, {**window, "count": MAX})

    async def test_a_counter_does_not_pass_64_bits(self) -> None:
        """A sum beyond 64 bits MUST raise `InvalidInput` and leave the counter: as a float it would be wrong."""
        for stored, amount in ((MAX, 1), (MAX - 1, 2), (1, MAX), (MAX, MAX)):
            window = await self.new(RATE_LIMITS, count=stored)
            with pytest.raises(InvalidInput):
                await self._count_up(window, amount, None)
            await self._assert_integer_stored(RATE_LIMITS, window, "count")

    async def test_a_sum_beyond_64_bits_is_beyond_any_limit(self) -> None:
        """Where a limit is given such a sum MUST be refused as any other above it, with None."""
        for stored, amount, limit in ((MAX, 1, MAX), (MAX, MAX, MAX), (MAX - 1, 2, 5), (1, MAX, MAX)):
            window = await self.new(RATE_LIMITS, count=stored)
            assert await self._count_up(window, amount, limit) is None
            await self._assert_integer_stored(RATE_LIMITS, window, "count")

    @each_attempt
    async def test_attempts_do_not_pass_64_bits(self, name: str, table: Any) -> None:
        """At the largest number of attempts the result MUST be None, and at the one before it one more."""
        row = await self.new(table, attempts=MAX - 1)
        count = getattr(self.storage, name)
        for limit in (MIN, MIN + 1, -1, 0, MAX - 1):
            assert await count(row["id"], limit=limit) is None
        assert values_of(await count(row["id"], limit=MAX)) == {**row, "attempts": MAX}
        assert await count(row["id"], limit=MAX) is None
        await self._assert_integer_stored(table, {**row, "attempts": MAX}, "attempts")

    async def test_a_session_without_a_bound_does_not_pass_64_bits(self) -> None:
        """An action too many MUST raise `InvalidInput`; where a bound, the status or time refuses it, return None."""
        session = await self.new(
            EPHEMERAL_SESSIONS, status="active", actions_used=MAX - 1, max_actions=None, expires_at=LATER
        )
        token, full = session["token_hash"], {**session, "actions_used": MAX}
        assert values_of(await self.storage.use_ephemeral_session(token, now=T0)) == full
        with pytest.raises(InvalidInput):
            await self.storage.use_ephemeral_session(token, now=T0)
        assert await self.storage.use_ephemeral_session(token, now=LATER) is None
        await self._assert_integer_stored(EPHEMERAL_SESSIONS, full, "actions_used")
        update: Any = self.storage.update_ephemeral_session
        for change in ({"max_actions": MAX}, {"max_actions": MIN}, {"max_actions": None, "status": "revoked"}):
            await update(session["id"], **change)
            assert await self.storage.use_ephemeral_session(token, now=T0) is None
            full |= change
        await self._assert_integer_stored(EPHEMERAL_SESSIONS, full, "actions_used")

    async def test_an_amount_and_a_limit_are_integers(self) -> None:
        """An amount or a limit that is no integer of 64 bits MUST raise `InvalidInput`, and count nothing."""
        window = await self.new(RATE_LIMITS, count=1)
        for wrong in (MAX + 1, MIN - 1, *NO_INTEGERS.values()):
            with pytest.raises(InvalidInput):
                await self._count_up(window, wrong, None)
            with pytest.raises(InvalidInput):
                await self._count_up(window, 1, wrong)
        await self.assert_stored(RATE_LIMITS, window)

    async def _count_up(self, window: Values, amount: Any, limit: Any) -> Any:
        add: Any = self.storage.increment_rate_limit
        return await add(limit=limit, **{**window, "id": fresh(), "count": amount})

    async def _assert_integer_stored(self, table: Table[Any], row: Values, column: str) -> None:
        await self.assert_stored(table, row)
        raw = await self.opened.raw(table, row[table.key])
        assert raw is not None
        assert type(raw[column]) is int, "the counter became another type"


class ListLimitClauses(Clauses):
    """Large numbers of rows."""

    @each_limited
    async def test_the_largest_limit_is_no_limit(self, method: Method) -> None:
        """Any limit and offset of 63 bits MUST be taken, alone and together."""
        row = await self.new(method.table, **{"status": "pending"} if "status" in method.table.by_name else {})
        arguments = {
            f.name: row[f.column]
            for f in method.operation.filters
            if f.comparison == "=" and f.name in method.parameters
        }
        for limit in (2**31 - 1, 2**31, 2**32, MAX):
            assert len(await method(self.storage, **arguments, limit=limit)) >= 1
        if "offset" in method.parameters:
            for limit, offset in ((1, MAX), (MAX, MAX), (0, MAX)):
                assert await method(self.storage, **arguments, limit=limit, offset=offset) == []

    async def test_thousands_of_new_rows_are_one_call(self) -> None:
        """`create_permissions` MUST write and return thousands of rows in their order."""
        agent, rows = _permissions()
        assert [dict(record) for record in await self.storage.create_permissions(rows)] == rows
        found = await self.storage.find_permissions_by_agent_id(agent)
        assert [dict(record) for record in found] == rows
        for row in (rows[0], rows[-1]):
            await self.assert_stored(PERMISSIONS, row)
        assert await self.storage.delete_permissions_by_agent_id(agent) == MANY

    async def test_thousands_of_new_rows_are_written_all_or_none(self) -> None:
        """Where the last of thousands conflicts or is refused, none MUST be written."""
        agent, rows = _permissions()
        stored = await self.new(PERMISSIONS)
        with pytest.raises(ConflictError):
            await self.storage.create_permissions([*rows, sample(PERMISSIONS, id=stored["id"])])  # type: ignore[list-item]
        with pytest.raises(InvalidInput):
            await self.storage.create_permissions([*rows, sample(PERMISSIONS, id=None)])  # type: ignore[list-item]
        assert await self.storage.find_permissions_by_agent_id(agent) == []
        await self.assert_stored(PERMISSIONS, stored)


def _permissions() -> tuple[str, list[Any]]:
    """Return many rows of one agent, in the order in which they are listed."""
    agent = fresh()
    return agent, [sample(PERMISSIONS, agent_id=agent, created_at=at(number)) for number in range(MANY)]


def _texts(table: Table[Any]) -> list[Column]:
    return [column for column in table.columns if column.kind == "text"]


def _bounded(table: Table[Any]) -> list[Column]:
    return [column for column in _texts(table) if column.length]


def _jsons(table: Table[Any]) -> list[Column]:
    return [column for column in table.columns if column.kind == "json"]


def _longest(column: Column) -> int:
    return column.length or LONG_TEXT


def _emoji(length: int | None) -> str:
    """Return text of characters that take four bytes each; what an index may hold cannot be compressed."""
    assert length is not None
    block = [chr(0x1F300 + secrets.randbelow(0x300)) for _ in range(min(length, 1024))]
    return ("".join(block) * (length // len(block) + 1))[:length]


def _letters(length: int) -> str:
    return (fresh() * (length // 32 + 1))[:length]


def _nested(column: Column, levels: int) -> Any:
    """Return a value of a JSON column with lists and objects in turn, from the outermost on."""
    value: Any = "bottom"
    for level in range(levels - 1):
        value = {"in": value} if (level % 2 == levels % 2) else [value]
    return [value] if column.annotation.startswith("list") else {"in": value}
