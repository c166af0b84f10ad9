"""What a storage can do, as one value that callers may ask before they rely on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """State what a storage offers; there are no defaults, so that each is a decision."""

    transactions: bool
    """`transaction()` commits all or nothing."""
    savepoints: bool
    """`transaction()` inside a transaction can fail alone."""
    joins_host: bool
    """The storage can write inside a transaction that the host application began."""
    concurrent_writers: bool
    """Two transactions can write at the same time; otherwise they wait for each other."""
    returning: bool
    """Changed rows come back with the statement that changed them."""
