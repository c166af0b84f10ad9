"""The documented example, whole, in both colours on every database."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from colours import Opened

pytestmark = pytest.mark.adapters("sqlalchemy", "peewee")

AGENTS = {"enabled": True, "max_per_user": 10, "audit_all": True, "token_expiry": "24h"}


async def test_the_documented_example(opened: Opened) -> None:
    kavach = await opened.kavach(agents=AGENTS)
    agent = await kavach.agent.create(
        owner_id="user-123",
        name="github-reader",
        type="autonomous",
        permissions=[
            {"resource": "mcp:github:*", "actions": ["read"]},
            {"resource": "mcp:github:issues", "actions": ["read", "comment"]},
        ],
    )
    assert agent.token.startswith("kv_")

    read = await kavach.authorize(agent.id, action="read", resource="mcp:github:repos")
    assert (read.allowed, read.reason, read.code) == (True, None, None)
    write = await kavach.authorize(agent.id, action="write", resource="mcp:github:repos")
    assert (write.allowed, write.code) == (False, "no_permission")
    by_token = await kavach.authorize_by_token(agent.token, action="read", resource="mcp:github:issues")
    assert by_token.allowed

    rotated = await kavach.agent.rotate(agent.id)
    old = await kavach.authorize_by_token(agent.token, action="read", resource="mcp:github:issues")
    assert (old.allowed, old.code) == (False, "unknown_agent")
    new = await kavach.authorize_by_token(rotated.token, action="read", resource="mcp:github:issues")
    assert new.allowed

    sub = await kavach.agent.create(owner_id="user-123", name="sub-reader", type="delegated", permissions=[])
    chain = await kavach.delegate(
        from_agent=agent.id,
        to_agent=sub.id,
        permissions=[{"resource": "mcp:github:issues", "actions": ["read"]}],
        expires_at=datetime.now(UTC) + timedelta(hours=1),
        max_depth=2,
    )
    effective = await kavach.delegation.get_effective_permissions(sub.id)
    assert [(p.resource, p.actions) for p in effective] == [("mcp:github:issues", ["read"])]
    assert (await kavach.authorize(sub.id, action="read", resource="mcp:github:issues")).allowed
    assert [c.id for c in await kavach.delegation.list_chains(sub.id)] == [chain.id]

    denied = await kavach.audit.query(agent_id=agent.id, result="denied")
    assert [row.id for row in denied] == [write.audit_id]
    await _check_export(kavach, [read, write, by_token, old, new])


async def _check_export(kavach: Any, results: list[Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(await kavach.audit.export(format="csv"), newline="")))
    assert [row["id"] for row in rows][: len(results)] == [result.audit_id for result in results]
