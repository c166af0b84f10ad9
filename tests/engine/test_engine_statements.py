"""What `authorize()` says to the database, statement by statement: no later change can add one unnoticed.

On SQLite, where the driver tells all that it is told, begin and commit too; servers are asked the same operations, and
each is one round trip ([test](../storage/test_round_trips.py)).
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from engine.support import READ_ISSUES, Host, make_agent, operations_of

FACTS = "SELECT kavach_agents"
RECORD = "INSERT kavach_audit_logs"
SCORE = "UPDATE kavach_trust_scores"

UNTRUSTED: dict[str, Any] = {"trust": {"enabled": False}}


def told(host: Host) -> list[str]:
    """Return the list of statements that connections of the host are told from now on: the verb, and the table."""
    said: list[str] = []

    def note(sql: str) -> None:
        table = next((word.strip('"') for word in sql.split() if word.strip('"').startswith("kavach_")), "")
        said.append(f"{sql.split()[0]} {table}".strip())

    def listen(connection: Any, *_: object) -> None:
        driver = getattr(connection, "driver_connection", connection)
        getattr(driver, "_conn", driver).set_trace_callback(note)

    event.listen(host.engine.sync_engine if isinstance(host.engine, AsyncEngine) else host.engine, "checkout", listen)
    return said


@pytest.mark.parametrize(
    ("settings", "permission", "resource", "expected"),
    [
        pytest.param(UNTRUSTED, READ_ISSUES, "mcp:github:issues", [FACTS, RECORD], id="allowed"),
        pytest.param(UNTRUSTED, READ_ISSUES, "mcp:github:repos", [FACTS, RECORD], id="denied"),
        pytest.param(
            {**UNTRUSTED, "agents": {"audit_all": False}}, READ_ISSUES, "mcp:github:issues", [FACTS], id="not-recorded"
        ),
        pytest.param({}, READ_ISSUES, "mcp:github:issues", [FACTS, "BEGIN", SCORE, RECORD, "COMMIT"], id="with-trust"),
        pytest.param(
            UNTRUSTED,
            {**READ_ISSUES, "constraints": {"max_calls_per_hour": 100}},
            "mcp:github:issues",
            [FACTS, "BEGIN", "INSERT kavach_rate_limits", "SELECT kavach_rate_limits", RECORD, "COMMIT"],
            id="counted",
        ),
    ],
)
async def test_a_decision_says_exactly_this(
    host: Host, settings: dict[str, Any], permission: dict[str, Any], resource: str, expected: list[str]
) -> None:
    if host.opened.database.provider != "sqlite":
        return
    kavach = await host.kavach(**settings)
    agent = await make_agent(kavach, permission)
    said = told(host)
    for _ in range(2):  # the first one makes the rows of its counters and scores
        said.clear()
        await kavach.authorize_by_token(agent.token, action="read", resource=resource)
    assert said == expected


async def test_a_decision_asks_every_database_the_same(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    kavach = await host.kavach(**UNTRUSTED)
    agent = await make_agent(kavach, READ_ISSUES)
    with operations_of(host, monkeypatch) as asked:
        await kavach.authorize_by_token(agent.token, action="read", resource="mcp:github:issues")
    assert [operation.partition(" ")[2] for operation in asked] == [
        statement.partition(" ")[2] for statement in [FACTS, RECORD]
    ]
