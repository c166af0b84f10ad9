"""How decisions are recorded: one row per call, in the decision's transaction, or the call is denied."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from engine.support import READ_GITHUB, READ_ISSUES, START, Clock, Host, ask, hand, make_agent, open_session, settle
from kavach_core import InvalidInput

pytestmark = pytest.mark.one_database


@pytest.mark.every_database
async def test_a_row_says_who_asked_for_what_and_what_was_answered(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    call = {
        "resource": "mcp:github:issues",
        "arguments": {"path": "/home/ünï 🙂", "deep": [{"n": 1.5}]},
        "ip": "2001:db8::1",
        "user_agent": "agent/1.0",
        "tokens_cost": 321,
    }
    allowed = await kavach.authorize(agent.id, action="read", **call)
    denied = await kavach.authorize_by_token(agent.token, action="write", **call)
    assert (allowed.allowed, allowed.code, allowed.reason) == (True, None, None)
    assert (denied.allowed, denied.code) == (False, "no_permission")
    first, second = await host.audit_rows()
    assert first.model_dump(exclude={"duration_ms", "duration_us"}) == {
        "id": allowed.audit_id,
        "agent_id": agent.id,
        "user_id": "ada",
        "action": "read",
        "resource": "mcp:github:issues",
        "parameters": call["arguments"],
        "result": "allowed",
        "code": None,
        "reason": None,
        "constraints": None,
        "delegation_chain": None,
        "tokens_cost": 321,
        "ip": "2001:db8::1",
        "user_agent": "agent/1.0",
        "timestamp": START,
    }
    assert (second.id, second.action, second.result) == (denied.audit_id, "write", "denied")
    assert (second.code, second.reason) == ("no_permission", denied.reason)
    assert 0 < first.duration_us < 60_000_000
    assert first.duration_ms == round(first.duration_us / 1000)


async def test_p24_the_latency_of_a_call_is_told_in_microseconds(host: Host, kavach: Any) -> None:
    for _ in range(3):
        await kavach.authorize("nobody", action="read", resource="a")
    rows = await host.audit_rows()
    assert all(row.duration_us > 0 and row.duration_ms == round(row.duration_us / 1000) for row in rows)
    assert any(row.duration_us % 1000 for row in rows)


@pytest.mark.parametrize("cost", [-1, 1.5, "3", True, 2**63])
async def test_a6_a_cost_that_is_none_is_refused(host: Host, kavach: Any, cost: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    with pytest.raises(InvalidInput, match=r"^(kavach_audit_logs\.)?tokens_cost: "):
        await kavach.authorize(agent.id, action="read", resource="mcp:github:issues", tokens_cost=cost)
    assert await host.audit_rows() == []


@pytest.mark.every_database
async def test_a6_a_row_names_the_constraints_that_fired(host: Host, kavach: Any) -> None:
    def limited(action: str, *constraints: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"resource": "a", "actions": [action], "constraints": these} for these in constraints]

    agent = await make_agent(
        kavach,
        *limited("free", {"ipAllowlist": ["10.0.0.0/8"]}, {}),
        *limited("held", {"ipAllowlist": ["10.0.0.0/8"]}, {"timeWindow": {"start": "01:00", "end": "02:00"}}),
        *limited("argued", {"allowedArgPatterns": ["/home/*"]}),
        *limited("counted", {"maxCallsPerHour": 1}),
        *limited("asked", {"requireApproval": True}),
    )
    for action in ("free", "held", "argued", "counted", "counted", "asked"):
        result = await kavach.authorize(agent.id, action=action, resource="a", ip="192.0.2.1")
    await kavach.approval.approve(result.approval_id, by="grace")
    await ask(kavach, agent, "a", "asked")
    await kavach.approval.deny((await kavach.approval.request(agent.id, action="asked", resource="a")).id, by="grace")
    await ask(kavach, agent, "a", "asked")
    await ask(kavach, agent, "b", "asked")
    assert [(row.action, row.code, row.constraints) for row in await host.audit_rows()] == [
        ("free", None, ["ip_allowlist"]),
        ("held", "outside_time_window", ["ip_allowlist", "time_window"]),
        ("argued", "argument_not_allowed", ["allowed_arg_patterns"]),
        ("counted", None, None),
        ("counted", "rate_limited", ["max_calls_per_hour"]),
        ("asked", "approval_required", ["require_approval"]),
        ("asked", None, ["require_approval"]),
        ("asked", "approval_denied", ["require_approval"]),
        ("asked", "no_permission", None),
    ]


@pytest.mark.every_database
async def test_p19_an_unknown_id_is_recorded(host: Host, kavach: Any) -> None:
    result = await kavach.authorize("nobody", action="read", resource="a")
    (row,) = await host.audit_rows()
    assert (row.id, row.agent_id, row.user_id) == (result.audit_id, "nobody", "")
    assert (row.result, row.code) == ("denied", "unknown_agent")


async def test_p19_an_unknown_token_is_recorded_without_the_token(host: Host, kavach: Any) -> None:
    result = await kavach.authorize_by_token("kv_unknown", action="read", resource="a")
    (row,) = await host.audit_rows()
    assert (row.id, row.agent_id, row.user_id, row.code) == (result.audit_id, "", "", "unknown_agent")
    assert "kv_unknown" not in repr(row)


async def test_p19_revoked_and_expired_agents_are_recorded(host: Host, kavach: Any, clock: Clock) -> None:
    revoked, expired = await make_agent(kavach), await make_agent(kavach, expires_at=clock.later(hours=1))
    await kavach.agent.revoke(revoked.id)
    clock.pass_time(hours=1)
    await ask(kavach, revoked)
    await ask(kavach, expired)
    assert [(row.agent_id, row.user_id, row.code) for row in await host.audit_rows()] == [
        (revoked.id, "ada", "agent_revoked"),
        (expired.id, "ada", "agent_expired"),
    ]


async def test_a_token_that_is_passed_for_an_id_is_not_written(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    result = await kavach.authorize(agent.token, action="read", resource="mcp:github:issues")
    assert result.code == "unknown_agent"
    (row,) = await host.audit_rows()
    assert (row.id, row.agent_id) == (result.audit_id, "")


async def test_an_id_of_the_host_may_look_like_a_token(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES, id="kv_7")
    assert await ask(kavach, agent) is None
    assert [row.agent_id for row in await host.audit_rows()] == ["kv_7"]


@pytest.mark.every_database
async def test_p20_a_delegated_call_writes_one_row(host: Host, kavach: Any) -> None:
    agent, sub = await make_agent(kavach, READ_GITHUB), await make_agent(kavach)
    await hand(kavach, agent, sub, READ_ISSUES)
    assert await ask(kavach, sub) is None
    assert await ask(kavach, sub, "mcp:github:repos") == "no_permission"
    assert [(row.agent_id, row.result) for row in await host.audit_rows()] == [(sub.id, "allowed"), (sub.id, "denied")]


async def test_calls_at_once_write_one_row_each(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    results = await host.opened.together(
        lambda number: kavach.authorize(agent.id, action="read", resource=f"mcp:github:{number}"), 16
    )
    rows = {row.id: row.resource for row in await host.audit_rows()}
    assert rows == {result.audit_id: f"mcp:github:{number}" for number, result in enumerate(results)}


async def test_with_audit_all_off_only_denials_are_recorded(host: Host) -> None:
    kavach = await host.kavach(agents={"audit_all": False})
    agent = await make_agent(kavach, READ_ISSUES)
    allowed = await kavach.authorize(agent.id, action="read", resource="mcp:github:issues")
    assert (allowed.allowed, allowed.audit_id) == (True, None)
    denied = await kavach.authorize(agent.id, action="write", resource="mcp:github:issues")
    unknown = await kavach.authorize_by_token("kv_unknown", action="read", resource="a")
    assert [row.id for row in await host.audit_rows()] == [denied.audit_id, unknown.audit_id]


@pytest.mark.every_database
@pytest.mark.empty_database
async def test_a_decision_that_cannot_be_recorded_is_a_denial(
    host: Host, kavach: Any, caplog: pytest.LogCaptureFixture
) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    assert await ask(kavach, agent) is None
    await host.sql("DROP TABLE kavach_audit_logs")
    caplog.clear()
    result = await kavach.authorize(agent.id, action="read", resource="mcp:github:issues")
    assert (result.allowed, result.code, result.audit_id) == (False, "audit_unavailable", None)
    assert result.reason == "the decision could not be recorded"
    by_token = await kavach.authorize_by_token(agent.token, action="read", resource="mcp:github:issues")
    assert by_token.code == "audit_unavailable"
    warnings = [record.getMessage() for record in caplog.records if record.name == "kavach"]
    assert len(warnings) == 2
    assert all(warning.startswith("authorize: denied, ") for warning in warnings)


@pytest.mark.empty_database
async def test_a_database_that_has_no_tables_left_denies(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    for table in ("kavach_permissions", "kavach_delegation_chains"):
        await host.sql(f"DROP TABLE {table}")
        assert await ask(kavach, agent) == "audit_unavailable"


@pytest.mark.not_in_memory
@pytest.mark.every_database
async def test_the_row_is_part_of_the_transaction_of_the_host(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    async with open_session(host) as (session, join):
        assert await ask(await join(), agent) is None
        await settle(session.rollback())
        assert await host.audit_rows() == []
        joined = await join()
        assert await ask(joined, agent) is None
        assert await ask(joined, agent, action="write") == "no_permission"
        await settle(session.commit())
        assert [row.result for row in await host.audit_rows()] == ["allowed", "denied"]


@pytest.mark.not_in_memory
@pytest.mark.every_database
@pytest.mark.empty_database
async def test_a_decision_that_cannot_be_recorded_leaves_the_host_its_transaction(host: Host, kavach: Any) -> None:
    from sqlalchemy import text

    agent = await make_agent(kavach, READ_ISSUES)
    await host.sql("CREATE TABLE host_orders (id INTEGER)")
    await host.sql("DROP TABLE kavach_audit_logs")
    async with open_session(host) as (session, join):
        await settle(session.execute(text("INSERT INTO host_orders VALUES (1)")))
        assert await ask(await join(), agent) == "audit_unavailable"
        await settle(session.execute(text("INSERT INTO host_orders VALUES (2)")))
        await settle(session.commit())
    assert await host.sql("SELECT id FROM host_orders ORDER BY id") == [(1,), (2,)]


@pytest.mark.not_in_memory
async def test_agents_that_are_made_in_a_transaction_of_the_host_go_with_it(host: Host, kavach: Any) -> None:
    async with open_session(host) as (session, join):
        joined = await join()
        agent = await make_agent(joined, READ_ISSUES)
        assert await ask(joined, agent) is None
        await settle(session.rollback())
    assert await host.count() == {}
    assert await ask(kavach, agent) == "unknown_agent"


async def test_a_recorded_decision_logs_nothing(kavach: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "kavach")
    agent = await make_agent(kavach, READ_ISSUES)
    await ask(kavach, agent)
    assert [record for record in caplog.records if record.name.startswith("kavach")] == []
