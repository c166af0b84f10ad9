"""What tests of faults share: an agent whose calls are counted, and what the database says in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from database_fixture import Database

CALL: dict[str, Any] = {"action": "read", "resource": "db:users"}
PERMISSION = {"resource": "db:users", "actions": ["read"], "constraints": {"max_calls_per_hour": 1_000_000}}
AGENT: dict[str, Any] = {"owner_id": "ada", "name": "n", "type": "service", "permissions": [PERMISSION]}


@dataclass(frozen=True)
class Recorded:
    """The audit rows of allowed calls, and how many calls were counted."""

    allowed: frozenset[str]
    counted: int


def recorded(database: Database) -> Recorded:
    """Read what was committed, with a connection of its own."""
    from sqlalchemy import text

    import kavach_sqlalchemy

    engine = kavach_sqlalchemy.create_engine(database.provider, database.url)
    try:
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT id FROM kavach_audit_logs WHERE result = 'allowed'"))
            allowed = frozenset(rows.scalars())
            total = "SELECT SUM(limits.count) FROM kavach_rate_limits limits WHERE resource LIKE :key"
            return Recorded(allowed, int(connection.execute(text(total), {"key": "%:total"}).scalar() or 0))
    finally:
        engine.dispose()


UNTIL_FULL = 200
"""Calls after which no page that is begun has room left, by far."""


def check_full(database: Database, results: Sequence[Any]) -> None:
    """See that calls were allowed only as long as they could be recorded, and all others denied for that reason."""
    allowed = frozenset(result.audit_id for result in results if result.allowed)
    assert recorded(database) == Recorded(allowed, len(allowed))
    assert {result.code for result in results if not result.allowed} == {"audit_unavailable"}
