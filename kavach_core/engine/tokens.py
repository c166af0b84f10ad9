"""Agent tokens: made here, shown once, stored only as a hash."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "kv_"
EPHEMERAL_PREFIX: Final = "kve_"
PREFIXES: Final = (PREFIX, EPHEMERAL_PREFIX)
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
    """Return a new token: its prefix and 256 random bits."""
    token = prefix + secrets.token_urlsafe(32)
    return NewToken(token, hash_token(token), token[:_SHOWN])


def hash_token(token: str) -> str:
    """Return the SHA-256 of a token in hexadecimal.

    A token is 256 random bits, so a fast hash cannot be searched, and one lookup by it reveals nothing about others.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
