"""Secrets in the arguments of a call, taken out before anything of them is stored.

A person who reads the audit trail, or answers a request for approval, sees that there was a secret and not which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from pydantic import JsonValue

REDACTED: Final = "[redacted]"
"""What stands in the place of a secret."""

SECRET_NAMES: Final = (
    "api_key",
    "authorization",
    "client_secret",
    "cookie",
    "credential",
    "credentials",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "private_key",
    "pwd",
    "secret",
    "secrets",
    "token",
)
"""Names whose values are secrets where the host does not say otherwise."""

Redaction: TypeAlias = Callable[[Mapping[str, JsonValue]], Mapping[str, JsonValue]]
"""Return arguments as they may be stored."""

_KEPT: Final = 64
"""How long a key may be whose answer is kept: callers choose keys, and memory shall not be theirs."""

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")


def by_names(names: Iterable[str]) -> Redaction:
    """Return a rule that replaces the value of each key that says one of these names, at any depth.

    Case and spelling do not matter, and other words may stand around it: "X-API-Key" and "apiKeyV2" say "api_key". A
    name may end a word, as in "authtoken", but not begin one: "max_tokens" does not say "token".
    """
    wanted = frozenset("".join(_words(name)) for name in names)
    longest = max(map(len, wanted), default=0)

    def says(key: str) -> bool:
        return known(key) if len(key) <= _KEPT else find(key)

    def find(key: str) -> bool:
        words = _words(key)
        for start in range(len(words)):
            said = ""
            for word in words[start:]:
                said += word
                if said in wanted:
                    return True
                if len(said) >= longest:
                    break
        return "".join(words).endswith(tuple(wanted))

    known = lru_cache(maxsize=4096)(find)

    def clean(value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return {key: REDACTED if says(key) else clean(item) for key, item in value.items()}
        return [clean(item) for item in value] if isinstance(value, list | tuple) else value

    return lambda arguments: {key: REDACTED if says(key) else clean(item) for key, item in arguments.items()}


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(text)]
