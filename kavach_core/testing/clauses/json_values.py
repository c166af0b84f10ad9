"""JSON: what is written comes back as an equal value of the same types, on every database."""

from __future__ import annotations

import math
from typing import Any, Final

import pytest

from kavach_core.errors import InvalidInput
from kavach_core.testing.clauses.base import Clauses, values_of
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.methods import WRITERS, Method
from kavach_core.testing.samples import another, fresh, sample
from kavach_schema.tables.agents import AGENT_CARDS, AGENTS
from kavach_schema.tables.identity import USERS


def _nested(levels: int) -> Any:
    value: Any = "bottom"
    for level in range(levels - 1):
        value = {"in": value} if level % 2 else [value]
    return {"in": value}


VALUES: Final[dict[str, dict[str, Any]]] = {
    "empty": {},
    "empty-inside": {"object": {}, "list": [], "text": "", "nested": [[], [{}]]},
    "null-inside": {"a": None, "b": [None, None], "c": {"d": None}},
    "booleans": {"true": True, "false": False, "in": [True, False], "one": 1, "zero": 0},
    "nested": {"a": [{"b": [{"c": [1, [2, [3]]]}]}, "x"]},
    "deepest": _nested(31),
    "integers": {"max": 2**63 - 1, "min": -(2**63), "double": 2**53 + 1, "zero": 0, "minus": -1},
    "floats": {"tenth": 0.1, "third": 1 / 3, "small": 1e-7, "pi": math.pi, "minus": -2.5},
    "large-floats": {"a": 1e16, "b": 1.5e17, "c": -123456789012345680000.0, "d": 1e22},
    "extreme-floats": {"largest": 1.7976931348623157e308, "smallest": 5e-324, "normal": -2.2250738585072014e-308},
    "numbers-as-text": {"a": "1", "b": "1.0", "c": "true", "d": "null", "e": "007"},
    "unicode": {"ключ": "значение", "😀": "👩‍👩‍👧‍👦", "é": "e\u0301", "e\u0301": "é"},
    "difficult-text": {"a": 'it\'s "quoted" \\ /', "b": "line\nbreak\ttab\x01", "c": "\u2028\u2029</script>"},
    "difficult-keys": {"": 1, " ": 2, "a.b": 3, "$a": 4, "a b": 5, "'": 6, '"': 7, "\\": 8, "%s": 9, "?": 10},
    "alike-keys": {"a": 1, "A": 2, "a ": 3, "á": 4},
    "many": {f"key-{number}": [number] * 3 for number in range(300)},
    "long": {"text": "ß" * 100_000},
}

REFUSED: Final[dict[str, Any]] = {
    "too-deep": _nested(32),
    "infinity": {"a": math.inf},
    "nan": {"a": [math.nan]},
    "beyond-64-bits": {"a": 2**63},
    "below-64-bits": {"a": [-(2**63) - 1]},
    "nul": {"a": "\0"},
    "nul-in-key": {"\0": 1},
    "surrogate": {"a": "\ud800"},
    "key-not-text": {1: "a"},
    "bytes": {"a": b"x"},
    "set": {"a": {1}},
    "object": {"a": object()},
    "too-long": {"a": "x" * 1_000_000},
}

each_value = pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
each_refused = pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED)
each_json = each_area_of(m for m in WRITERS if any(c.kind == "json" for c in m.table.columns))


class JsonClauses(Clauses):
    """JSON values."""

    @each_value
    async def test_json_comes_back_as_it_was(self, value: Any) -> None:
        """An object MUST come back equal, with the types of all that is in it, from the write and from a read."""
        row = sample(AGENTS, metadata=value)
        assert exactly(values_of(await self.storage.create_agent(**row))["metadata"], value)
        found = values_of(await self.storage.find_agent_by_id(row["id"]))
        assert exactly(found["metadata"], value), found["metadata"]
        await self.assert_stored(AGENTS, row)

    @each_value
    async def test_json_can_be_written_over(self, value: Any) -> None:
        """An update MUST store the new value whole, and merge nothing."""
        row = await self.new(AGENTS, metadata={"old": 1, "a": {"old": 2}})
        assert exactly(values_of(await self.storage.update_agent(row["id"], metadata=value))["metadata"], value)
        found = values_of(await self.storage.find_agent_by_id(row["id"]))
        assert exactly(found["metadata"], value), found["metadata"]

    @each_refused
    async def test_what_is_no_portable_json_is_refused(self, value: Any) -> None:
        """What some database would change or refuse MUST raise `InvalidInput` on all, and nothing be written."""
        row = sample(AGENTS, metadata=value)
        with pytest.raises(InvalidInput):
            await self.storage.create_agent(**row)
        await self.assert_missing(AGENTS, row)
        stored = await self.new(AGENTS)
        with pytest.raises(InvalidInput):
            await self.storage.update_agent(stored["id"], metadata=value)
        await self.assert_stored(AGENTS, stored)

    async def test_no_json_is_not_an_empty_object(self) -> None:
        """None MUST be stored as NULL, and stay apart from an object with nothing in it."""
        none, empty = await self.new(USERS, metadata=None), await self.new(USERS, metadata={})
        assert values_of(await self.storage.find_user_by_id(none["id"]))["metadata"] is None
        assert values_of(await self.storage.find_user_by_id(empty["id"]))["metadata"] == {}
        raw = await self.opened.raw(USERS, none["id"])
        assert raw is not None
        assert raw["metadata"] is None, "None was stored as the JSON value null"

    async def test_lists_keep_their_order_and_repetitions(self) -> None:
        """Lists MUST come back with every item in its place."""
        protocols = ["b", "a", "b", "", "a", "😀"]
        capabilities = [1, "1", None, True, [], {}, 1.5, {"b": 1, "a": 2}]
        row = await self.new(AGENT_CARDS, protocols=protocols, capabilities=capabilities)
        found = values_of(await self.storage.find_agent_card(row["id"]))
        assert exactly(found["protocols"], protocols)
        assert exactly(found["capabilities"], capabilities)

    async def test_a_tuple_is_written_as_a_list(self) -> None:
        """A tuple MUST be taken for a list: JSON knows no other."""
        row = sample(AGENT_CARDS, protocols=("a", "b"))
        await self.storage.create_agent_card(**row)
        assert values_of(await self.storage.find_agent_card(row["id"]))["protocols"] == ["a", "b"]

    async def test_what_the_caller_changes_later_is_not_written(self) -> None:
        """A value that the caller goes on changing MUST NOT change what is stored, nor the record returned."""
        value: dict[str, Any] = {"list": [1]}
        record = await self.storage.create_agent(**sample(AGENTS, metadata=value))
        value["list"].append(2)
        value["new"] = fresh()
        assert values_of(record)["metadata"] == {"list": [1]}
        assert values_of(await self.storage.find_agent_by_id(record.id))["metadata"] == {"list": [1]}

    @each_json
    async def test_every_json_column_keeps_difficult_values(self, method: Method) -> None:
        """Every JSON column of every table MUST keep text, order and nothing inside as they are."""
        difficult = ["it's", "b", "a", "b", "😀", 'quo"te\\']
        row = sample(method.table)
        for column in method.table.columns:
            if column.kind == "json":
                is_list = isinstance(another(column, None), list)
                row[column.name] = difficult if is_list else {"b": difficult, "a": {"null": None, "": {}}}
                if column.annotation == "list[dict[str, JsonValue]]":
                    row[column.name] = [{"b": difficult}, {}]
        await method(self.storage, **row)
        await self.assert_stored(method.table, row)


def exactly(found: object, expected: object) -> bool:
    """Tell whether two JSON values are equal and of the same types: in Python True equals 1, and 1 equals 1.0."""
    if type(found) is not type(expected):
        return False
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(exactly(found[key], expected[key]) for key in found)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(exactly, found, expected))
    return found == expected
