"""What docs/performance.md says of databases beyond one plain table on one machine, tried on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.support import READ_ISSUES, Host, ask, make_agent, settle
from kavach_schema.tables.agents import AUDIT_LOGS
from storage.samples import row

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
CALLS = 4
LIMIT = 3


def documented_statements() -> list[str]:
    """Return the statements of the page that partition the audit table."""
    block = PAGE.read_text().partition("```sql\n")[2].partition("```")[0]
    return [statement for part in block.split(";") if (statement := part.strip())]


@pytest.mark.empty_database
async def test_serialization_failures_are_run_again(host: Host) -> None:
    if host.opened.database.provider != "postgres":
        return
    name = host.opened.database.url.rpartition("/")[2]
    await host.sql(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    await settle(host.engine.dispose())  # what is open keeps its level
    try:
        kavach = await host.kavach()
        agent = await make_agent(kavach, {**READ_ISSUES, "constraints": {"max_calls_per_hour": LIMIT}})
        assert (await host.sql("SHOW default_transaction_isolation"))[0][0] == "serializable"
        codes = await host.opened.together(lambda _: ask(kavach, agent), CALLS)
        assert sorted(codes, key=str) == [None] * LIMIT + ["rate_limited"] * (CALLS - LIMIT)
        assert len(await host.audit_rows()) == CALLS
    finally:
        await host.sql(f"ALTER DATABASE {name} RESET default_transaction_isolation")


@pytest.mark.empty_database
async def test_the_audit_table_may_be_partitioned(host: Host) -> None:
    if host.opened.database.provider != "postgres":
        return
    for statement in documented_statements():
        await host.sql(statement)
    kavach = await host.kavach()  # checks the tables
    agent = await make_agent(kavach, READ_ISSUES)
    assert await ask(kavach, agent) is None
    milliseconds = f"{int(datetime(2026, 12, 31, tzinfo=UTC).timestamp() * 1000):012x}"
    december = f"{milliseconds[:8]}-{milliseconds[8:]}-7000-8000-000000000000"
    await host.storage.create_audit_log(**row(AUDIT_LOGS, id=december))
    assert december in [found.id for found in await host.audit_rows()]
    places = dict(map(tuple, await host.sql("SELECT id, tableoid::regclass::text FROM kavach_audit_logs")))
    assert places[december] == "kavach_audit_logs_2026_12"
    assert len(places) == 2
