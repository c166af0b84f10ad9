"""Resource patterns: which resources one matches, and which patterns one contains.

A resource is text in segments, `mcp:github:issues`. In a pattern the segment `*` stands for one segment, `**` for any
number of them, none included; a lone `*` matches everything. With `wildcard="tail"` a `*` at the end stands for any
number, as in databases of the TypeScript KavachOS.

Source: the documentation's concept page, "Permission model".
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

from kavach_core.errors import InvalidInput

Wildcard = Literal["segment", "tail"]

ONE: Final = "*"
MANY: Final = "**"

Segments = tuple[str, ...]

_MOST_WORK: Final = 100_000
"""Steps after which containment counts as not shown: some patterns, such as `**:a:*:*:*:...`, need 2**n of them."""


@lru_cache(maxsize=4096)
def parse(pattern: str, wildcard: Wildcard = "segment") -> Segments:
    """Return a pattern's segments.

    Raises `InvalidInput` for an empty segment, and for a `*` that is only part of one.
    """
    segments = tuple(pattern.split(":"))
    if "" in segments:
        raise InvalidInput("malformed resource pattern: a segment is empty; write segments between single colons")
    if any("*" in segment and segment not in (ONE, MANY) for segment in segments):
        raise InvalidInput("malformed resource pattern: * must be a whole segment, as in mcp:github:*")
    if segments == (ONE,):
        return (MANY,)
    if wildcard == "tail" and segments[-1] == ONE:
        return (*segments[:-1], MANY)
    return segments


def matches(pattern: Segments, resource: str) -> bool:
    """Tell whether a pattern matches a resource, whose own `*` are ordinary text."""
    segments = resource.split(":")
    if MANY not in pattern:
        return len(pattern) == len(segments) and all(map(_accepts, pattern, segments))
    states = _closure(pattern, {0})
    for segment in segments:
        states = _step(pattern, states, segment)
        if not states:
            return False
    return len(pattern) in states


def contains(outer: Segments, inner: Segments) -> bool:
    """Tell whether `outer` matches every resource that `inner` matches.

    Exact: all resources of `inner` are walked at once, over its segments, those of `outer`, and one that is in neither.
    Where that would take too long the answer is no.
    """
    if outer == inner:
        return True
    work = 0
    alphabet = {segment for segment in (*outer, *inner) if segment not in (ONE, MANY)} | {None}
    # No resource is without a segment: the start, where none has been read, need not be accepted.
    start: tuple[int, frozenset[int], bool] = (0, frozenset(_closure(outer, {0})), False)
    seen: set[tuple[int, frozenset[int], bool]] = {start}
    todo = list(seen)
    while todo:
        position, states, begun = todo.pop()
        for reached in _closure(inner, {position}):
            if reached == len(inner):
                if begun and len(outer) not in states:
                    return False
                continue
            token = inner[reached]
            behind = reached if token == MANY else reached + 1
            for segment in alphabet if token in (ONE, MANY) else {token}:
                work += 1 + len(states)
                if work > _MOST_WORK:
                    return False
                following = (behind, frozenset(_step(outer, states, segment)), True)
                if following not in seen:
                    seen.add(following)
                    todo.append(following)
    return True


def _accepts(token: str, segment: str) -> bool:
    return token in (ONE, segment)


def _closure(pattern: Segments, states: set[int]) -> set[int]:
    """Add the positions behind each `**`, which may stand for nothing."""
    reached = set(states)
    for state in states:
        while state < len(pattern) and pattern[state] == MANY:
            state += 1
            reached.add(state)
    return reached


def _step(pattern: Segments, states: set[int] | frozenset[int], segment: str | None) -> set[int]:
    """Return the positions after one segment; None is a segment that no pattern names."""
    following = set()
    for state in states:
        if state == len(pattern):
            continue
        token = pattern[state]
        if token == MANY:
            following.add(state)
        elif token in (ONE, segment):
            following.add(state + 1)
    return _closure(pattern, following)
