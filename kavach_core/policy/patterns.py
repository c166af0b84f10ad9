r"""Patterns for the arguments of a call: globs and regular expressions, matched in linear time by RE2.

In a glob `*` stands for any text without `/`, `**` for any text, `?` for one character but `/`, and `\` takes the
special meaning from the character behind it. A pattern that begins with `regex:` is a regular expression of RE2. Both
MUST match the whole value. A glob with a wildcard matches no value with a segment `..`, which would lead out of the
folder that the glob names.

RE2 does not backtrack, so no pattern can stall on any value. Source: https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from pydantic import JsonValue

from kavach_core.errors import InvalidInput, MissingDependency

REGEX: Final = "regex:"
LONGEST: Final = 1000
"""Characters that a pattern may have."""

ANY_OTHER: Final = "*"
"""The name that stands for all arguments that are not named."""

ArgPatterns: TypeAlias = list[str] | dict[str, list[str]]
"""Patterns for every value, or for the values of each argument by its name."""

Matcher: TypeAlias = Callable[[str], object]

_TRAVERSAL: Final = re.compile(r"(?:^|[/\\])\.\.(?:$|[/\\])")
_TOKEN: Final = re.compile(r"\\(?P<escaped>.)|(?P<wildcard>\*\*|\*|\?)|(?P<refused>[\[\]{}\\])|(?P<plain>.)", re.DOTALL)
_WILDCARDS: Final = {"**": "(?s:.*)", "*": "[^/]*", "?": "[^/]"}


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> Matcher:
    """Return a function that tells whether a value matches.

    Raises `InvalidInput` for a malformed pattern, and `MissingDependency` without google-re2.
    """
    if len(pattern) > LONGEST:
        raise InvalidInput(f"a pattern has at most {LONGEST} characters")
    if pattern.startswith(REGEX):
        return _compile(pattern.removeprefix(REGEX))
    if pattern.startswith("^"):
        raise InvalidInput(f"a pattern is a glob; write {REGEX} before a regular expression")
    expression, wild = _translate(pattern)
    matches = _compile(expression)
    return (lambda value: not _TRAVERSAL.search(value) and matches(value)) if wild else matches


def arguments_match(patterns: ArgPatterns, arguments: Mapping[str, JsonValue] | None) -> bool:
    """Tell whether all values in arguments match, however deep they are nested; no value at all does not match.

    Each value MUST match one of the patterns that apply to it. Patterns by name apply to the values of that argument,
    which MUST be there; those under `*` to the arguments that are not named, and without them no others are allowed.
    """
    arguments = arguments or {}
    if isinstance(patterns, list):
        return _all_match(arguments, patterns)
    if not patterns or not all(name in arguments for name in patterns if name != ANY_OTHER):
        return False
    others = patterns.get(ANY_OTHER, [])
    return bool(arguments) and all(_all_match(value, patterns.get(name, others)) for name, value in arguments.items())


def _all_match(value: object, patterns: Iterable[str]) -> bool:
    matchers = [compile_pattern(pattern) for pattern in patterns]
    found = list(_leaves(value))
    return bool(found) and all(any(matches(leaf) for matches in matchers) for leaf in found)


def _leaves(value: object) -> Iterable[str]:
    """Yield the values that are no containers, spelled as in JSON; an empty container is none."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    elif value is None or isinstance(value, bool):
        yield {None: "null", True: "true", False: "false"}[value]
    else:
        yield str(value)


def _translate(glob: str) -> tuple[str, bool]:
    """Return a glob as a regular expression, and whether it has a wildcard."""
    parts = []
    wild = False
    for token in _TOKEN.finditer(glob):
        if token["refused"]:
            raise InvalidInput(f"{token['refused']} has no meaning in a glob; write \\ before it, or use {REGEX}")
        if token["wildcard"]:
            wild = True
            parts.append(_WILDCARDS[token["wildcard"]])
        else:
            parts.append(_quoted(token["escaped"] or token["plain"]))
    return "".join(parts), wild


def _quoted(character: str) -> str:
    return f"\\x{{{ord(character):x}}}" if not character.isalnum() else character


def _compile(expression: str) -> Matcher:
    try:
        import re2
    except ImportError as error:
        raise MissingDependency(
            "patterns for arguments need google-re2; run: pip install 'kavach-core[patterns]'"
        ) from error
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(expression, options)
    except re2.error:
        raise InvalidInput("a pattern is no regular expression of RE2; lookarounds and references have none") from None
    matcher: Matcher = compiled.fullmatch
    return matcher
