"""P15: no pattern of public ReDoS collections stalls a decision, whatever text it meets (patterns.txt names them)."""

from __future__ import annotations

import re
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from uuid_utils import uuid7

from kavach_core import InvalidInput, create_kavach
from kavach_core.engine._sync.kavach import Kavach
from kavach_core.policy.patterns import REGEX, compile_pattern
from kavach_core.storage import create_memory_storage

PATTERNS = [
    line
    for line in Path(__file__).with_name("patterns.txt").read_text("utf-8").split("\n")
    if line and not line.startswith("# ")
]

LENGTH = 10_000
WORDS = 8
LIMIT = 0.050
"""Seconds that a decision may take, by the clock of this process alone: others may be busy."""

TRIES = 5


def attacks(pattern: str) -> list[str]:
    """Return long texts that begin to match many ways: what a pattern says, repeated, and an end that it does not."""
    said = re.findall(r"[A-Za-z0-9]+|[^\w\s\\]", pattern)
    words = dict.fromkeys(["a", "0", " ", "_", "\n", "ab", *said])
    return [word * (LENGTH // len(word)) + end for word in list(words)[:WORDS] for end in ("", "!")]


def decide(kavach: Kavach, constraints: dict[str, Any], arguments: dict[str, Any]) -> str | None:
    """Decide in time on the one permission that another program stored, and return the code."""
    agent = kavach.agent.create(owner_id="ada", name="n", type="service", permissions=[])
    kavach.storage.create_permission(
        id=str(uuid7()),
        agent_id=agent.id,
        resource="x",
        actions=["read"],
        constraints=constraints,
        created_at=agent.created_at,
    )
    took = []
    for _ in range(TRIES):
        begun = process_time()
        result = kavach.authorize(agent.id, action="read", resource="x", arguments=arguments)
        took.append(process_time() - begun)
        if took[-1] < LIMIT:
            return result.code
    raise AssertionError(f"{constraints} takes {min(took):.3f} s")


def refused(pattern: str) -> bool:
    try:
        compile_pattern(REGEX + pattern)
    except InvalidInput:
        return True
    return False


@pytest.fixture(scope="module")
def kavach() -> Kavach:
    return create_kavach(storage=create_memory_storage())


def test_p15_the_collection_is_large_and_re2_takes_most_of_it() -> None:
    assert len(PATTERNS) == len(set(PATTERNS)) > 250
    assert sum(refused(pattern) for pattern in PATTERNS) < 50


def test_p15_no_pattern_stalls_a_decision(kavach: Kavach) -> None:
    """A list with `**` behind the pattern: all values are tried, each with the pattern first."""
    for pattern in PATTERNS:
        if not refused(pattern):
            constraints: dict[str, Any] = {"allowedArgPatterns": [REGEX + pattern, "**"]}
            assert decide(kavach, constraints, {"values": attacks(pattern)}) is None


def test_p15_a_pattern_that_re2_refuses_is_refused_when_it_is_written_and_denies_when_it_is_met(kavach: Kavach) -> None:
    for pattern in filter(refused, PATTERNS):
        constraints: dict[str, Any] = {"allowedArgPatterns": [REGEX + pattern, "**"]}
        permission = {"resource": "x", "actions": ["read"], "constraints": constraints}
        with pytest.raises(InvalidInput):
            kavach.agent.create(owner_id="ada", name="n", type="service", permissions=[permission])
        assert decide(kavach, constraints, {"values": attacks(pattern)}) == "constraint_unsupported"


@pytest.mark.parametrize("glob", ["**a" * 300, "*?" * 400, "**/" * 300 + "x", "?" * 900 + "**"])
def test_p15_no_glob_stalls_a_decision(kavach: Kavach, glob: str) -> None:
    values = ["a" * LENGTH, "/" * LENGTH, "a/" * (LENGTH // 2), "\n" * LENGTH]
    constraints: dict[str, Any] = {"allowedArgPatterns": {"path": [glob]}}
    assert decide(kavach, constraints, {"path": values}) == "argument_not_allowed"
