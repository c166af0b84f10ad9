"""How far a storage conforms: four levels, each including those before it."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """What a storage can be trusted with."""

    CORE = "core"
    """Every method does what it says, for every value, on its own."""
    TRANSACTIONAL = "transactional"
    """Several calls commit or roll back as one, and others never see half of them."""
    JOINED = "joined"
    """Our rows commit or roll back with those of the host application."""
    CONCURRENT = "concurrent"
    """Whoever writes at the same time, counts are exact and what is used once is used once."""

    @property
    def rank(self) -> int:
        """Return the place in the order of levels, from 0."""
        return list(Level).index(self)


CAPABILITY = "capability"
"""Begins the reason of a skip that the storage's declared capabilities justify."""

OPTIONAL = "optional"
"""Begins the reason of a skip because of something that a harness or a storage need not have."""

HARNESS = "harness"
"""Begins the reason of a skip that the harness asked for: a level with one is not reached."""
