"""Patterns for arguments: which values a glob or an expression matches, and that nested values do not slip by."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kavach_core import Constraints, InvalidInput
from kavach_core.policy.constraints import Call, failing
from kavach_core.policy.patterns import arguments_match, compile_pattern
from kavach_core.policy.permissions import read_permissions

AGENT = ["/home/agent/**"]


def matches(pattern: str, value: str) -> bool:
    return bool(compile_pattern(pattern)(value))


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("/home/agent/**", ["/home/agent/", "/home/agent/a", "/home/agent/a/b.txt"], ["/home/agent", "/home/agents/a"]),
        ("/home/agent/*", ["/home/agent/a", "/home/agent/"], ["/home/agent/a/b", "x/home/agent/a", "/home/agent/a/"]),
        ("*.txt", ["a.txt", ".txt"], ["a.txt.exe", "a/b.txt", "a.TXT", "a_txt"]),
        ("**.txt", ["a.txt", "a/b.txt", "a\nb.txt"], ["a.txt\n", "a.txt.exe"]),
        ("file?", ["file1", "file\u00e9"], ["file", "file12", "file/"]),
        (r"a\*b", ["a*b"], ["axb", r"a\*b"]),
        (r"\[x\]\\", ["[x]\\"], ["x"]),
        ("a.b|c(d)+$^", ["a.b|c(d)+$^"], ["axb|c(d)+$^", "a.b"]),
        ("\u00fcber \U0001f600\n", ["\u00fcber \U0001f600\n"], ["uber \U0001f600\n"]),
        ("", [""], ["a"]),
        ("**", ["", "a", "a/b\n"], []),
        ("regex:[a-z]+", ["abc"], ["abc1", "1abc", "", "abc\n"]),
        ("regex:^[a-z]+$", ["abc"], ["abc\n"]),
        ("regex:(?i)select .*", ["SELECT 1"], ["DELETE", "SELECT 1\nDROP"]),
        ("regex:a|ab", ["a", "ab"], ["abc"]),
        ("regex:", [""], ["a"]),
    ],
)
def test_p13_a_pattern_matches_whole_values(pattern: str, inside: list[str], outside: list[str]) -> None:
    assert [value for value in inside if not matches(pattern, value)] == []
    assert [value for value in outside if matches(pattern, value)] == []


@pytest.mark.parametrize("value", ["/home/agent/../../etc/passwd", "/home/agent/..", "/home/agent/a\\..\\b"])
def test_p13_a_glob_is_not_left_by_two_dots(value: str) -> None:
    assert not matches("/home/agent/**", value)
    assert not matches("**", value)
    assert matches("/home/agent/**", value.replace("..", "a..b"))
    assert matches("../shared", "../shared")


@pytest.mark.parametrize("pattern", ["[ab]", "{a,b}", "a]", "a\\", "^/home/.*", "regex:(", "regex:(?=a)", "a" * 1001])
def test_p14_a_malformed_pattern_is_refused_when_it_is_written(pattern: str) -> None:
    for patterns in ([pattern], {"path": [pattern]}):
        given = {"resource": "a", "actions": ["x"], "constraints": {"allowedArgPatterns": patterns}}
        with pytest.raises(InvalidInput, match=r"^permissions\[0\]: constraints\.allowedArgPatterns: "):
            read_permissions([given], "segment")
    with pytest.raises(InvalidInput):
        compile_pattern(pattern)


def test_p14_the_documented_glob_is_no_regular_expression() -> None:
    assert Constraints(allowed_arg_patterns=AGENT).allowed_arg_patterns == AGENT
    assert arguments_match(AGENT, {"path": "/home/agent/notes.txt"})


@pytest.mark.parametrize(
    "pattern", ["regex:^(a+)+$", "regex:(a|a)*b", "regex:(.*)*=(x+x+)+y", "*a*a*a*a*a*a*b", "**?**?**?b"]
)
def test_p15_no_pattern_stalls(pattern: str) -> None:
    """A matcher that backtracks would take years for each of these."""
    assert not matches(pattern, "a" * 200_000 + "!")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (None, False),
        ({}, False),
        ({"path": "/home/agent/a"}, True),
        ({"path": "/home/agent/a", "to": "/home/agent/b"}, True),
        ({"path": "/home/agent/a", "to": "/etc/passwd"}, False),
        ({"paths": ["/home/agent/a", "/etc/passwd"]}, False),
        ({"paths": ["/home/agent/a", ["/home/agent/b"]]}, True),
        ({"options": {"deep": [{"path": "/etc/passwd"}]}}, False),
        ({"options": {"deep": [{"path": "/home/agent/a"}]}}, True),
        ({"path": "/home/agent/a", "mode": 7}, False),
        ({"path": "/home/agent/a", "force": True}, False),
        ({"path": None}, False),
        ({"paths": []}, False),
        ({"path": "/home/agent/a", "more": {}}, True),
    ],
)
def test_p13_every_value_must_match_however_deep_and_none_is_none(arguments: Any, expected: bool) -> None:
    assert arguments_match(AGENT, arguments) is expected


def test_p13_any_of_several_patterns_is_enough_for_each_value() -> None:
    patterns = [*AGENT, "r", "w", "regex:[0-9]+", "true", "null"]
    assert arguments_match(patterns, {"path": "/home/agent/a", "mode": "r", "size": 5, "sync": True, "owner": None})
    assert not arguments_match(patterns, {"path": "/home/agent/a", "mode": "x"})
    assert not arguments_match(patterns, {"path": "/home/agent/a", "size": -5})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"path": "/home/agent/a", "mode": "r"}, True),
        ({"path": "r", "mode": "r"}, False),
        ({"path": "/home/agent/a"}, False),
        ({"path": "/home/agent/a", "mode": []}, False),
        ({"path": "/home/agent/a", "mode": "r", "file": "/etc/passwd"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_p13_patterns_by_name_bind_each_argument_and_allow_no_others(arguments: Any, expected: bool) -> None:
    assert arguments_match({"path": AGENT, "mode": ["r", "w"]}, arguments) is expected


def test_p13_a_star_names_the_other_arguments() -> None:
    patterns = {"path": AGENT, "*": ["**"]}
    assert arguments_match(patterns, {"path": "/home/agent/a", "mode": "x", "size": 5})
    assert arguments_match(patterns, {"path": "/home/agent/a"})
    assert not arguments_match(patterns, {"path": "/etc", "mode": "x"})
    assert not arguments_match(patterns, {"mode": "x"})
    assert not arguments_match({}, {"path": "/home/agent/a"})


def test_without_re2_patterns_are_refused_when_written_and_deny_when_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    compile_pattern.cache_clear()
    with pytest.raises(InvalidInput, match=r"patterns for arguments need google-re2; run: pip install"):
        read_permissions([{"resource": "a", "actions": ["x"], "constraints": {"allowedArgPatterns": AGENT}}], "segment")
    call = Call("x", "a", datetime(2030, 1, 1, tzinfo=UTC), {"path": "/home/agent/a"})
    assert failing(Constraints.model_construct(allowed_arg_patterns=AGENT), call) == "constraint_unsupported"


SMALL = st.text("ab.", max_size=6)


@given(st.lists(st.sampled_from(["a", "b", ".", "*", "?", "**"]), max_size=6).map("".join), SMALL)
def test_a_glob_agrees_with_fnmatch_where_both_say_the_same(glob: str, value: str) -> None:
    if ".." not in value:
        assert matches(glob, value) is fnmatchcase(value, glob)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), st.text(min_size=1, max_size=8))
def test_p13_a_value_that_is_not_allowed_denies_wherever_it_is_added(arguments: dict[str, Any], name: str) -> None:
    patterns = ["regex:[^!]*"]
    hiding: list[Any] = ["!", ["!"], {"x": {"y": ["a", "!"]}}]
    for hidden in hiding:
        assert not arguments_match(patterns, {**arguments, name: hidden})
