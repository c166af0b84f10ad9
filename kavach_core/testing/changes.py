"""One change of each kind that a storage can write: what is stored before it, the call, and what is stored after it.

Clauses that hold for every kind of write, in transactions and in those of a host, are written once and run over these
values.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest

from kavach_core.storage import AsyncStorage
from kavach_core.testing.methods import write
from kavach_core.testing.samples import T0, Values, fresh, long_ago, sample
from kavach_schema.model import Table
from kavach_schema.tables.agents import AGENTS, DELEGATION_CHAINS, PERMISSIONS, RATE_LIMITS, TRUST_SCORES
from kavach_schema.tables.identity import SESSIONS, TENANTS
from kavach_schema.tables.sign_in import EMAIL_OTPS, MAGIC_LINKS, PASSKEY_CHALLENGES


@dataclass(frozen=True)
class Row:
    """A row of a table before or after a change; it is either stored with exactly these values or not there."""

    table: Table[Any]
    values: Values
    stored: bool = True

    def but(self, **values: object) -> Row:
        """Return the row with other values, stored."""
        return Row(self.table, self.values | values)

    @property
    def gone(self) -> Row:
        """Return the row as one that is not there."""
        return Row(self.table, self.values, stored=False)

    @property
    def there(self) -> Row:
        """Return the row as one that is stored."""
        return Row(self.table, self.values)


Act = Callable[[Any, Sequence[Values]], Awaitable[object]]


@dataclass(frozen=True)
class Change:
    """A call that writes, with the rows that it is about."""

    name: str
    before: Callable[[], list[Row]]
    act: Act
    after: Callable[[list[Row]], list[Row]]

    def __str__(self) -> str:
        """Return the name, which identifies a parametrized clause."""
        return self.name

    async def prepare(self, storage: AsyncStorage) -> list[Row]:
        """Write the rows that are stored before, and return all that the change is about."""
        rows = self.before()
        for row in rows:
            if row.stored:
                await write(storage, row.table, row.values)
        return rows

    async def make(self, storage: AsyncStorage, rows: list[Row]) -> list[Row]:
        """Make the change, and return its rows as they MUST be from now on."""
        await self.act(storage, [row.values for row in rows])
        return self.after(rows)


def _new(*tables: Table[Any], **values: object) -> Callable[[], list[Row]]:
    return lambda: [Row(table, sample(table, **values), stored=False) for table in tables]


def _stored(table: Table[Any], **values: object) -> Callable[[], list[Row]]:
    return lambda: [Row(table, sample(table, **values))]


def _there(rows: list[Row]) -> list[Row]:
    return [row.there for row in rows]


def _gone(rows: list[Row]) -> list[Row]:
    return [row.gone for row in rows]


def _but(**values: object) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [row.but(**values) for row in rows]


def _permissions_of_one(stored: bool) -> Callable[[], list[Row]]:
    def rows() -> list[Row]:
        agent_id = fresh()
        return [Row(PERMISSIONS, sample(PERMISSIONS, agent_id=agent_id), stored) for _ in range(3)]

    return rows


def _agent_with_all() -> list[Row]:
    agent = sample(AGENTS)
    mine = {"agent_id": agent["id"]}
    return [
        Row(AGENTS, agent),
        Row(PERMISSIONS, sample(PERMISSIONS, **mine)),
        Row(PERMISSIONS, sample(PERMISSIONS, **mine)),
        Row(RATE_LIMITS, sample(RATE_LIMITS, **mine)),
        Row(TRUST_SCORES, sample(TRUST_SCORES, **mine)),
        Row(DELEGATION_CHAINS, sample(DELEGATION_CHAINS, to_agent_id=agent["id"])),
    ]


def _expired_session() -> list[Row]:
    return [Row(SESSIONS, sample(SESSIONS, expires_at=long_ago()))]


def _purge(storage: Any, values: Sequence[Values]) -> Awaitable[object]:
    # Rows of other purges, which expire at other moments, are older or younger; none of them is needed any more.
    expired: Awaitable[object] = storage.delete_expired_sessions(values[0]["expires_at"] + timedelta(seconds=1))
    return expired


CHANGES: Final = (
    Change("insert", _new(AGENTS), lambda s, v: s.create_agent(**v[0]), _there),
    Change("insert-many", _permissions_of_one(stored=False), lambda s, v: s.create_permissions(v), _there),
    Change(
        "update",
        _stored(AGENTS),
        lambda s, v: s.update_agent(v[0]["id"], name="changed", metadata={"changed": True}),
        _but(name="changed", metadata={"changed": True}),
    ),
    Change(
        "compare-and-set",
        _stored(AGENTS),
        lambda s, v: s.update_agent(v[0]["id"], expected_status=v[0]["status"], status="revoked"),
        _but(status="revoked"),
    ),
    Change("upsert-new", _new(TRUST_SCORES), lambda s, v: s.upsert_trust_score(**v[0]), _there),
    Change(
        "upsert-over",
        _stored(TRUST_SCORES, score=1),
        lambda s, v: s.upsert_trust_score(**{**v[0], "score": 2}),
        _but(score=2),
    ),
    Change("increment-new", _new(RATE_LIMITS), lambda s, v: s.increment_rate_limit(**v[0]), _there),
    Change(
        "increment",
        _stored(RATE_LIMITS, count=1),
        lambda s, v: s.increment_rate_limit(limit=5, **{**v[0], "id": fresh(), "count": 4}),
        _but(count=5),
    ),
    Change(
        "count-attempt",
        _stored(EMAIL_OTPS, attempts=0),
        lambda s, v: s.increment_email_otp_attempts(v[0]["id"], limit=3),
        _but(attempts=1),
    ),
    Change(
        "consume",
        _stored(PASSKEY_CHALLENGES),
        lambda s, v: s.consume_passkey_challenge(v[0]["challenge"], now=T0),
        _gone,
    ),
    Change(
        "consume-by-mark",
        _stored(MAGIC_LINKS),
        lambda s, v: s.consume_magic_link(v[0]["token"], now=T0),
        _but(used=True),
    ),
    Change("delete", _stored(TENANTS), lambda s, v: s.delete_tenant(v[0]["id"]), _gone),
    Change(
        "delete-many",
        _permissions_of_one(stored=True),
        lambda s, v: s.delete_permissions_by_agent_id(v[0]["agent_id"]),
        _gone,
    ),
    Change("delete-owner", _agent_with_all, lambda s, v: s.delete_agent(v[0]["id"]), _gone),
    Change("purge", _expired_session, _purge, _gone),
)
"""A change for each operation of the closed set that writes, and for each way in which it can."""

each_change = pytest.mark.parametrize("change", CHANGES, ids=str)
