"""Which resources a pattern matches: the documented examples, and a regular expression that says the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kavach_core.errors import InvalidInput
from kavach_core.policy.resources import Wildcard, matches, parse
from kavach_core.storage.tables import may_cover

SEGMENTS = st.sampled_from(["a", "b", "*", "**"])
PATTERNS = st.lists(SEGMENTS, min_size=1, max_size=6).map(":".join)
RESOURCES = st.lists(st.sampled_from(["a", "b", "c", "*", ""]), min_size=1, max_size=7).map(":".join)


def reference(pattern: str, wildcard: Wildcard) -> re.Pattern[str]:
    """Return the pattern as a regular expression over a resource that ends each segment with a colon."""
    if pattern == "*":
        return re.compile("(?:[^:]*:)*")
    segments = pattern.split(":")
    if wildcard == "tail" and segments[-1] == "*":
        segments[-1] = "**"
    forms = {"*": "[^:]*:", "**": "(?:[^:]*:)*"}
    return re.compile("".join(forms.get(segment, re.escape(segment) + ":") for segment in segments))


@given(PATTERNS, RESOURCES, st.sampled_from(["segment", "tail"]))
def test_matching_agrees_with_a_regular_expression(pattern: str, resource: str, wildcard: Wildcard) -> None:
    expected = reference(pattern, wildcard).fullmatch(resource + ":") is not None
    assert matches(parse(pattern, wildcard), resource) is expected


@given(PATTERNS, RESOURCES, st.sampled_from(["segment", "tail"]))
def test_a_storage_finds_every_pattern_that_matches(pattern: str, resource: str, wildcard: Wildcard) -> None:
    if matches(parse(pattern, wildcard), resource):
        assert may_cover(pattern, resource)


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        # P8: one segment is one segment.
        ("mcp:github:*", "mcp:github:repos", True),
        ("mcp:github:*", "mcp:github", False),
        ("mcp:github:*", "mcp:github:repos:comments", False),
        ("mcp:*:read", "mcp:github:read", True),
        ("mcp:*:read", "mcp:github:delete", False),
        ("mcp:*:read", "mcp:github:a:b:c", False),
        ("*:*", "mcp", False),
        ("*:*", "mcp:github", True),
        # P8: any number, none included.
        ("mcp:**", "mcp", True),
        ("mcp:**", "mcp:github:repos:comments", True),
        ("mcp:**:read", "mcp:read", True),
        ("mcp:**:read", "mcp:a:b:read", True),
        ("mcp:**:read", "mcp:a:b:write", False),
        ("**", "mcp", True),
        # P8: alone it is everything.
        ("*", "mcp", True),
        ("*", "mcp:github:repos:comments", True),
        ("*", "", True),
        # No prefix, no folding, no trimming.
        ("mcp:github", "mcp:github:repos", False),
        ("mcp:github", "mcp:githubs", False),
        ("mcp:github", "MCP:github", False),
        ("mcp:github", "mcp:github ", False),
        ("mcp:github", "mcp:github:", False),
    ],
)
def test_p8_documented_patterns(pattern: str, resource: str, expected: bool) -> None:
    assert matches(parse(pattern), resource) is expected


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("mcp:github:*", "mcp:github:repos", True),
        ("mcp:github:*", "mcp:github:repos:comments", True),
        ("mcp:github:*", "mcp:gitlab:repos", False),
        ("mcp:*:read", "mcp:github:read", True),
        ("mcp:*:read", "mcp:a:b:read", False),
    ],
)
def test_p8_in_tail_mode_only_a_star_at_the_end_is_deep(pattern: str, resource: str, expected: bool) -> None:
    assert matches(parse(pattern, "tail"), resource) is expected


def test_a_star_in_a_resource_is_ordinary_text() -> None:
    assert not matches(parse("mcp:github"), "mcp:*")
    assert not matches(parse("mcp:github"), "**")
    assert matches(parse("mcp:*"), "mcp:*")


@pytest.mark.parametrize(
    "pattern", ["", ":", "mcp:", ":mcp", "mcp::github", "mcp:git*", "file:prod-data/*", "mcp:***", "mcp:*:*x"]
)
@pytest.mark.parametrize("wildcard", ["segment", "tail"])
def test_p8_a_malformed_pattern_is_refused(pattern: str, wildcard: Wildcard) -> None:
    with pytest.raises(InvalidInput, match=r"^malformed resource pattern: .*(write segments|must be a whole segment)"):
        parse(pattern, wildcard)


def test_matching_takes_no_more_than_the_product_of_the_lengths() -> None:
    pattern = parse(":".join(["**", "a"] * 250))
    assert not matches(pattern, ":".join(["a"] * 500) + ":b")
