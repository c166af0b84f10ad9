"""Containment of patterns decides delegation (DG3), so it is compared with what the patterns match."""

from __future__ import annotations

from itertools import product
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from kavach_core.policy.resources import MANY, ONE, Segments, contains, matches, parse

FRESH = "fresh"
TOKENS = st.sampled_from(["a", "b", ONE, MANY])
PATTERNS = st.lists(TOKENS, min_size=1, max_size=5).map(tuple)
SHORT = st.lists(st.sampled_from(["a", ONE, MANY]), min_size=1, max_size=4).map(tuple)


@st.composite
def resources_of(draw: DrawFn, pattern: Segments) -> str:
    """Draw a resource that a pattern matches."""
    segment = st.sampled_from(["a", "b", FRESH, ""])
    parts: list[str] = []
    for token in pattern:
        if token == MANY:
            parts += draw(st.lists(segment, max_size=3))
        else:
            parts.append(draw(segment) if token == ONE else token)
    # A resource has a segment: where all is "any number", one is drawn.
    return ":".join(parts or [draw(segment)])


@given(st.data(), PATTERNS, PATTERNS)
def test_dg3_what_is_contained_matches_nothing_more(data: st.DataObject, outer: Segments, inner: Segments) -> None:
    resource = data.draw(resources_of(inner))
    assert matches(inner, resource)
    if contains(outer, inner):
        assert matches(outer, resource)


@given(SHORT, SHORT)
def test_dg3_what_is_not_contained_has_a_counterexample(outer: Segments, inner: Segments) -> None:
    """Brute force over the named segment and one that no pattern names, up to more segments than both patterns have."""
    found = any(
        matches(inner, resource) and not matches(outer, resource)
        for length in range(1, len(outer) + len(inner) + 2)
        for resource in map(":".join, product(("a", FRESH), repeat=length))
    )
    assert contains(outer, inner) is not found


@given(PATTERNS)
def test_containment_is_reflexive(pattern: Segments) -> None:
    assert contains(pattern, pattern)


@given(st.permutations([MANY, ONE]), PATTERNS)
def test_containment_does_not_depend_on_spelling(pair: list[str], rest: Segments) -> None:
    """`**:*` and `*:**` both are "one or more"."""
    assert contains((MANY, ONE, *rest), (*pair, *rest))
    assert contains((*pair, *rest), (ONE, MANY, *rest))


@given(PATTERNS, PATTERNS, PATTERNS)
def test_containment_is_transitive(first: Segments, second: Segments, third: Segments) -> None:
    if contains(first, second) and contains(second, third):
        assert contains(first, third)


@given(PATTERNS)
def test_everything_contains_every_pattern(pattern: Segments) -> None:
    assert contains(parse("*"), pattern)


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        # DG3: the original took a longer pattern for a narrower one.
        ("mcp:github", "mcp:github:secrets:*", False),
        ("mcp:github", "mcp:github:secrets", False),
        ("mcp:github:*", "mcp:github:secrets:*", False),
        ("mcp:github:*", "mcp:github:**", False),
        ("mcp:github:*", "mcp:github", False),
        ("mcp:github:*", "mcp:*:issues", False),
        ("mcp:github:*", "*", False),
        ("mcp:github:*", "mcp:github:issues", True),
        ("mcp:github:*", "mcp:github:*", True),
        ("mcp:github:**", "mcp:github:secrets:*", True),
        ("mcp:**", "mcp:*:issues", True),
        ("mcp:**:a:**", "mcp:*:a", True),
        ("mcp:**:a:**", "mcp:*:b", False),
        ("**", "*", True),
        ("*", "**", True),
        ("*:**", "**", True),
        ("*:*:**", "**", False),
    ],
)
def test_dg3_examples(outer: str, inner: str, expected: bool) -> None:
    assert contains(parse(outer), parse(inner)) is expected


def test_dg3_a_containment_too_long_to_decide_is_refused_in_time() -> None:
    """It is contained, but the proof walks 2**24 sets of positions: an hour, at every delegation and every call."""
    outer = parse("**:a" + ":*" * 24)
    started = process_time()
    assert not contains(outer, ("b", *outer))
    assert contains(outer, outer)
    assert process_time() - started < 5


def test_long_ordinary_patterns_are_decided() -> None:
    letters = [chr(0x4E00 + number) for number in range(500)]
    assert contains((*letters[:-1], ONE), tuple(letters))
    assert contains(("a", MANY, "b"), ("a", *letters, "b"))
    assert not contains((*letters[:-1], ONE), (*letters[1:], letters[0]))
