"""What is refused when agents are written: a typed error, no value in it, and not one row more or less."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.support import CANARY, READ_ISSUES, START, Clock, Host, make_agent
from kavach_core import ConflictError, InvalidInput, KavachError

pytestmark = pytest.mark.one_database

BAD_TEXT = {
    "NUL": CANARY + "\0",
    "high surrogate": CANARY + "\ud800",
    "low surrogate": "\udc00" + CANARY,
    "too long": CANARY * 100,
    "no text": 5,
    "bytes": CANARY.encode(),
}


async def refuse(host: Host, kavach: Any, *permissions: object, **values: object) -> InvalidInput:
    """Create an agent, see it refused with nothing written, and return the error."""
    before = await host.count()
    with pytest.raises(InvalidInput) as caught:
        await make_agent(kavach, *permissions, **values)
    assert await host.count() == before
    assert CANARY not in str(caught.value) + repr(caught.value.__cause__)
    return caught.value


@pytest.mark.parametrize("text", BAD_TEXT.values(), ids=BAD_TEXT)
@pytest.mark.parametrize("field", ["id", "owner_id", "name", "tenant_id"])
async def test_text_that_a_column_cannot_hold_is_refused(host: Host, kavach: Any, field: str, text: object) -> None:
    error = await refuse(host, kavach, READ_ISSUES, **{field: text})
    assert f"kavach_agents.{field}: " in str(error)


@pytest.mark.parametrize("text", ["a\0", "a\ud800"], ids=["NUL", "surrogate"])
@pytest.mark.every_database
async def test_text_that_only_some_databases_hold_is_refused_on_all(host: Host, kavach: Any, text: str) -> None:
    """The permission is checked last, when the agent is written already."""
    await make_agent(kavach, READ_ISSUES)
    await refuse(host, kavach, READ_ISSUES, {"resource": text, "actions": ["x"]})
    await refuse(host, kavach, {"resource": "a", "actions": ["x", text]})
    await refuse(host, kavach, READ_ISSUES, metadata={"deep": [{text: 1}]})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"id": ""}, "id and name must not be empty"),
        ({"name": ""}, "id and name must not be empty"),
        ({"type": CANARY}, "type: unknown agent type; use one of autonomous, delegated, service"),
        ({"type": "Service"}, "type: unknown agent type"),
        ({"type": None}, "type: unknown agent type"),
        ({"expires_at": START}, "expires_at: lies in the past"),
        ({"expires_at": START - timedelta(seconds=1)}, "expires_at: lies in the past"),
        ({"expires_at": datetime(2040, 1, 1)}, "expires_at: a naive datetime names no moment"),
        ({"expires_at": "2040-01-01"}, "expires_at: expected a datetime, got str"),
        ({"expires_at": 2_208_988_800}, "expires_at: expected a datetime, got int"),
        ({"metadata": CANARY}, "metadata: expected a mapping, got str"),
        ({"metadata": [CANARY]}, "metadata: expected a mapping, got list"),
        ({"metadata": {"a": object()}}, "kavach_agents.metadata: object has no json form"),
        ({"metadata": {"a": float("nan")}}, "kavach_agents.metadata: json has no infinity and no nan"),
        ({"metadata": {"a": 2**64}}, "kavach_agents.metadata: json integer outside of 64 bits"),
        ({"permissions": 1}, "permissions: expected a list, got int"),
        ({"permissions": [{"resource": CANARY, "actions": []}]}, "permissions[0]: actions: "),
        ({"permissions": [READ_ISSUES, {"resource": CANARY + "*", "actions": ["x"]}]}, "permissions[1].resource: "),
    ],
)
async def test_a_malformed_agent_is_refused(host: Host, kavach: Any, values: dict[str, object], message: str) -> None:
    assert str(await refuse(host, kavach, READ_ISSUES, **values)).startswith(message)


@pytest.mark.every_database
async def test_a_taken_id_is_a_conflict(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES, id=CANARY)
    before = await host.count()
    with pytest.raises(ConflictError) as caught:
        await make_agent(kavach, READ_ISSUES, id=CANARY, owner_id="bob")
    assert (caught.value.table, caught.value.columns) == ("kavach_agents", ("id",))
    assert CANARY not in str(caught.value)
    assert await host.count() == before
    assert (await kavach.agent.get(CANARY)).owner_id == agent.owner_id


async def test_a_taken_id_is_a_conflict_under_a_limit_too(host: Host) -> None:
    kavach = await host.kavach(agents={"max_per_user": 10})
    await make_agent(kavach, READ_ISSUES, id="taken")
    before = await host.count()
    with pytest.raises(ConflictError):
        await make_agent(kavach, READ_ISSUES, id="taken")
    assert await host.count() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "name must not be empty"),
        ({"name": CANARY + "\0"}, "kavach_agents.name: text must not contain NUL"),
        ({"name": 5}, "kavach_agents.name: expected text, got int"),
        ({"expires_at": START}, "expires_at: lies in the past"),
        ({"expires_at": datetime(2040, 1, 1)}, "expires_at: a naive datetime"),
        ({"metadata": [CANARY]}, "metadata: expected a mapping, got list"),
        ({"metadata": {"a": {CANARY}}}, "kavach_agents.metadata: set has no json form"),
        ({"permissions": None}, "permissions: expected a list, got NoneType"),
        ({"permissions": [{"resource": "a", "actions": [CANARY, ""]}]}, "permissions[0]: actions.1: "),
    ],
)
async def test_a_malformed_change_is_refused(host: Host, kavach: Any, changes: dict[str, object], message: str) -> None:
    agent = await make_agent(kavach, READ_ISSUES, metadata={"a": 1})
    before, rows = await kavach.agent.get(agent.id), await host.count()
    with pytest.raises(InvalidInput) as caught:
        await kavach.agent.update(agent.id, **changes)
    assert str(caught.value).startswith(message)
    assert CANARY not in str(caught.value)
    assert await kavach.agent.get(agent.id) == before
    assert await host.count() == rows


async def test_an_expiry_is_stored_in_whole_seconds(kavach: Any, clock: Clock) -> None:
    agent = await make_agent(kavach, expires_at=clock.later(seconds=1.9))
    assert agent.expires_at == clock.later(seconds=1)


async def test_a_clock_without_a_time_zone_writes_nothing(host: Host) -> None:
    kavach = await host.kavach(clock=lambda: datetime(2030, 1, 1))
    with pytest.raises(InvalidInput, match="naive datetime"):
        await make_agent(kavach, READ_ISSUES)
    assert await host.count() == {}


async def test_refusals_log_no_value(host: Host, kavach: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for values in ({"name": CANARY + "\0"}, {"metadata": {CANARY: object()}}):
        with pytest.raises(KavachError):
            await make_agent(kavach, READ_ISSUES, **values)
    with pytest.raises(KavachError):
        await make_agent(kavach, {"resource": CANARY, "actions": [CANARY + "\0"]})
    assert CANARY not in caplog.text
    assert await host.count() == {}
