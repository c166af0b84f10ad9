"""Tokens of agents, people and services: made here, shown once, stored only as a hash."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "kv_"
"""What the token of an agent begins with."""

SERVICE_PREFIX: Final = "kvs_"
"""What the token of a service begins with."""

SESSION_PREFIX: Final = "kvu_"
"""What the token of a user's session begins with."""

API_KEY_PREFIX: Final = "kvk_"
"""What an API key begins with."""

INVITATION_PREFIX: Final = "kvi_"
"""What the token of an invitation begins with."""

EPHEMERAL_PREFIX: Final = "kve_"

PREFIXES: Final = (PREFIX, SERVICE_PREFIX, EPHEMERAL_PREFIX, SESSION_PREFIX, API_KEY_PREFIX, INVITATION_PREFIX)
"""What every token of ours begins with: text that does is never written down."""

_SHOWN: Final = 11
"""Characters of a token that are kept, so that people can tell tokens apart."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token and what is stored of it; the token is in no repr."""

    token: str
    hash: str
    prefix: str

    def __repr__(self) -> str:
        """Show what is stored and not the token."""
        return f"NewToken(prefix={self.prefix!r})"


def new_token(prefix: str = PREFIX) -> NewToken:
    """Return a new token: a prefix that names its kind, and 256 random bits."""
    token = prefix + secrets.token_urlsafe(32)
    return NewToken(token, hash_token(token), token[:_SHOWN])


def hash_token(token: str) -> str:
    """Return the SHA-256 of a token in hexadecimal.

    A token is 256 random bits, so a fast hash cannot be searched, and one lookup by it reveals nothing about others.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
