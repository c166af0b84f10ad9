"""Each pitfall of the original that is avoided has a test that names its ID, in its name or its docstring."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PITFALLS = {
    *(f"ST{number}" for number in range(1, 11)),
    *(f"P{number}" for number in range(1, 25)),
    *(f"DG{number}" for number in range(1, 11)),
    *(f"A{number}" for number in range(1, 7)),
    *(f"TR{number}" for number in range(1, 5)),
    *(f"AP{number}" for number in range(1, 4)),
    *(f"B{number}" for number in range(1, 5)),
    *(f"H{number}" for number in range(1, 7)),
    *(f"U{number}" for number in (6, 8, 9, 10, 11, 13, 14)),
    *("G1", "G2", "W1"),
}
"""Of U and G those about what there is: there is no OAuth sign-in, TOTP, federation or gateway here."""

_ID = re.compile(r"(?<![A-Za-z0-9])(?:ST|P|DG|A|TR|AP|B|H|U|G|W)[0-9]+(?![A-Za-z0-9])", re.IGNORECASE)


def _texts() -> Iterator[str]:
    """Yield the name and the docstring of each test."""
    for path in Path(__file__).parent.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield f"{node.name} {ast.get_docstring(node) or ''}"


def test_each_pitfall_has_a_test_that_names_it() -> None:
    named = {found.upper() for text in _texts() for found in _ID.findall(text)}
    assert named >= PITFALLS, f"no test names {sorted(PITFALLS - named)}"
