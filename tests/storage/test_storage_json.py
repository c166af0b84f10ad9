"""JSON: what is stored comes back equal and of the same types on every database; what cannot is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kavach_core.errors import InvalidInput
from kavach_schema.tables.agents import AGENTS, PERMISSIONS
from storage.samples import row

VALUES: dict[str, Any] = {
    "empty": {},
    "nulls": {"a": None, "b": [None, {"c": None}]},
    "empty inside": {"a": {}, "b": [], "c": "", "": 0},
    "unicode": {"ключ": "значение", "😀": "😀\u2028\u2029", "é": "é", "\x7f\x01": '\x1b\t\n\r"\\/'},
    "keys in order": {"b": 1, "a": 2, "10": 3, "9": 4, "A": 5},
    "looks like a number": {"1": "1", "01": "1e5", "-0": "NaN"},
    "booleans beside numbers": {"t": True, "one": 1, "f": False, "zero": 0},
    "integers": {"max": 2**63 - 1, "min": -(2**63), "beyond a double": 2**53 + 1},
    "floats": {str(f): f for f in (0.1, 1.0, -0.0, 1e15, 1e16, 1.5e17, 1e22, 1e308, 1.7976931348623157e308, 5e-324)},
    "small floats": {str(f): f for f in (1e-5, 1e-7, 2.2250738585072014e-308, 0.30000000000000004, -1e-300)},
    "injection": {"'; DROP TABLE kavach_agents; --": "%s ? $1 :x {} \\'"},
}


def identical(left: Any, right: Any) -> bool:
    """Tell whether two JSON values are equal and of the same types; PostgreSQL has no negative zero."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(identical(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(identical, left, right))
    return bool(left == right)


async def stored(storage: Any, value: Any) -> Any:
    agent = await storage.create_agent(**row(AGENTS, metadata=value))
    return (await storage.find_agent_by_id(agent.id)).metadata


async def test_json_comes_back_as_it_was(storage: Any) -> None:
    """ST2: JSON is decoded once, whatever the driver does to it."""
    for name, value in VALUES.items():
        assert identical(await stored(storage, value), value), name


async def test_json_comes_back_from_an_update_as_it_was(storage: Any) -> None:
    for name, value in VALUES.items():
        agent = await storage.create_agent(**row(AGENTS))
        changed = await storage.update_agent(agent.id, metadata=value)
        assert identical(changed.metadata, value), name
        assert await storage.find_agent_by_id(agent.id) == changed, name


async def test_a_list_of_text_comes_back(storage: Any) -> None:
    """ST2: on PostgreSQL the original cannot read the actions of a permission."""
    actions = ["read", "", "READ", "é", "a,b", '"']
    await storage.create_permissions([row(PERMISSIONS, agent_id="a", actions=actions, constraints=None)])
    (permission,) = await storage.find_permissions_by_agent_id("a")
    assert (permission.actions, permission.constraints) == (actions, None)


async def test_none_is_null_and_not_the_json_null(storage: Any) -> None:
    agent = await storage.create_agent(**row(AGENTS, metadata=None))
    assert (await storage.find_agent_by_id(agent.id)).metadata is None
    assert (await storage.update_agent(agent.id, metadata={})).metadata == {}
    assert (await storage.update_agent(agent.id, metadata=None)).metadata is None


def levels(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(levels, inner), default=0) if isinstance(value, dict | list) else 0


def deep(wanted: int) -> dict[str, Any]:
    """Return nested objects and lists of exactly so many levels."""
    value: Any = {}
    for level in range(wanted - 1):
        value = [value] if level % 2 == 0 and level < wanted - 2 else {"a": value}
    assert levels(value) == wanted
    assert isinstance(value, dict)
    return value


async def test_31_levels_are_stored_and_32_refused(storage: Any) -> None:
    assert await stored(storage, deep(31)) == deep(31)
    with pytest.raises(InvalidInput, match="deeper than 31 levels"):
        await stored(storage, deep(32))


async def test_a_value_that_contains_itself_is_refused(storage: Any) -> None:
    value: dict[str, Any] = {}
    value["self"] = value
    with pytest.raises(InvalidInput, match="deeper"):
        await stored(storage, value)


REFUSED: dict[str, tuple[Any, str]] = {
    "nan": ({"a": math.nan}, "nan"),
    "infinity": ({"a": [math.inf]}, "infinity"),
    "minus infinity": ({"a": {"b": -math.inf}}, "infinity"),
    "number as key": ({1: "a"}, "keys must be text"),
    "none as key": ({"a": {None: 1}}, "keys must be text"),
    "NUL": ({"a": ["\0"]}, "NUL"),
    "NUL in a key": ({"a": {"b\0": 1}}, "NUL"),
    "surrogate": ({"a": "\ud800"}, "surrogates"),
    "surrogate in a key": ({"\udfff": 1}, "surrogates"),
    "more than 64 bits": ({"a": 2**63}, "64 bits"),
    "less than 64 bits": ({"a": -(2**63) - 1}, "64 bits"),
    "bytes": ({"a": b"x"}, "bytes has no json form"),
    "set": ({"a": {1}}, "set has no json form"),
    "object": ({"a": object()}, "object has no json form"),
    "too long": ({"a": "x" * 1_000_000}, "at most 1000000 fit"),
}


async def test_what_is_no_portable_json_is_refused_and_not_written(storage: Any) -> None:
    agent = await storage.create_agent(**row(AGENTS))
    for value, message in REFUSED.values():
        with pytest.raises(InvalidInput, match=message):
            await stored(storage, value)
        with pytest.raises(InvalidInput, match=message):
            await storage.update_agent(agent.id, metadata=value)
    assert await storage.list_agents() == [agent]


async def test_the_longest_json_is_stored(storage: Any) -> None:
    value = {"a": "é" * (1_000_000 - 8)}
    assert await stored(storage, value) == value


async def test_a_stored_value_is_not_the_callers_own(storage: Any) -> None:
    value = {"a": [1]}
    agent = await storage.create_agent(**row(AGENTS, metadata=value))
    value["a"].append(2)
    assert agent.metadata == {"a": [1]}


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
OBJECTS = st.dictionaries(
    TEXTS,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)),
    max_size=4,
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(values=st.lists(OBJECTS, min_size=4, max_size=8))
async def test_any_json_comes_back_as_it_was(storage: Any, values: list[dict[str, Any]]) -> None:
    await storage.delete_permissions_by_agent_id("a")
    await storage.create_permissions([row(PERMISSIONS, agent_id="a", constraints=value) for value in values])
    found = [permission.constraints for permission in await storage.find_permissions_by_agent_id("a")]
    assert identical(found, values)
