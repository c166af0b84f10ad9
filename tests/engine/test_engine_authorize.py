"""What authorize() decides: deny by default, one path for id and token, and nothing from what cannot be read."""

from __future__ import annotations

from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from engine.support import READ_GITHUB, READ_ISSUES, Clock, Host, ask, hand, make_agent
from kavach_core import InvalidInput

pytestmark = pytest.mark.one_database

APPROVAL = {"requireApproval": True}


async def both(kavach: Any, agent: Any, resource: str = "mcp:github:issues", action: str = "read") -> str | None:
    """Authorize by id and by token (P18: they MUST agree), and return the code."""
    by_id = await kavach.authorize(agent.id, action=action, resource=resource)
    by_token = await kavach.authorize_by_token(agent.token, action=action, resource=resource)
    assert (by_id.allowed, by_id.code, by_id.reason) == (by_token.allowed, by_token.code, by_token.reason)
    assert by_id.audit_id != by_token.audit_id
    code: str | None = by_id.code
    return code


@pytest.mark.every_database
async def test_p18_id_and_token_lead_to_the_same_decision(kavach: Any) -> None:
    agent = await make_agent(kavach, READ_GITHUB)
    sub = await make_agent(kavach, type="delegated")
    await hand(kavach, agent, sub, READ_ISSUES)
    assert await both(kavach, agent) is None
    assert await both(kavach, agent, "mcp:github:repos", "write") == "no_permission"
    assert await both(kavach, sub) is None
    assert await both(kavach, sub, "mcp:github:repos") == "no_permission"
    await kavach.agent.revoke(agent.id)
    assert await both(kavach, agent) == "agent_revoked"
    assert await both(kavach, sub) == "no_permission"


async def test_an_agent_without_permissions_may_nothing(kavach: Any) -> None:
    assert await both(kavach, await make_agent(kavach), "", "") == "no_permission"


async def test_text_is_compared_exactly(kavach: Any) -> None:
    agent = await make_agent(kavach, {"resource": "mcp:Über", "actions": ["read"]})
    assert await both(kavach, agent, "mcp:Über") is None
    for resource in ("mcp:über", "mcp:Uber", "mcp:U\u0308ber", "mcp:Über ", "mcp:Über:"):
        assert await both(kavach, agent, resource) == "no_permission"
    assert await both(kavach, agent, "mcp:Über", "Read") == "no_permission"


async def test_p16_an_expired_agent_is_denied_by_id_and_by_token(kavach: Any, clock: Clock) -> None:
    agent = await make_agent(kavach, READ_ISSUES, expires_at=clock.later(hours=1))
    clock.pass_time(seconds=3599)
    assert await both(kavach, agent) is None
    clock.pass_time(seconds=1)
    assert await both(kavach, agent) == "agent_expired"


async def test_p16_the_setting_token_expiry_ends_an_agent(host: Host, clock: Clock) -> None:
    kavach = await host.kavach(agents={"token_expiry": "15m"})
    agent = await make_agent(kavach, READ_ISSUES)
    own = await make_agent(kavach, READ_ISSUES, expires_at=clock.later(days=1))
    clock.pass_time(minutes=15)
    assert await both(kavach, agent) == "agent_expired"
    assert await both(kavach, own) is None


async def test_p7_any_matching_permission_allows_in_every_order(kavach: Any) -> None:
    rows = [
        {"resource": "*", "actions": ["*"], "constraints": APPROVAL},
        {"resource": "mcp:**", "actions": ["read"], "constraints": {"maxCallsPerHour": 0}},
        READ_GITHUB,
    ]
    for order in permutations(rows):
        agent = await make_agent(kavach, *order)
        assert await both(kavach, agent) is None
        assert await both(kavach, agent, "db:users") == "approval_required"


@pytest.mark.parametrize(
    ("constraints", "code"),
    [
        (APPROVAL, "approval_required"),
        ({"require_approval": True}, "approval_required"),
        ({"maxCallsPerHour": 0}, "rate_limited"),
        ({"maxCallsPerHour": 2}, None),
        ({"ipAllowlist": ["0.0.0.0/0"]}, "ip_not_allowed"),
        ({"timeWindow": {"start": "00:00", "end": "12:00"}}, "outside_time_window"),
        ({"timeWindow": {"start": "12:00", "end": "12:01"}}, None),
        ({"allowedArgPatterns": ["**"]}, "argument_not_allowed"),
        ({}, None),
        ({"requireApproval": False}, None),
    ],
)
async def test_a_constraint_is_evaluated_alike_for_id_and_token(
    kavach: Any, constraints: dict[str, object], code: str | None
) -> None:
    agent = await make_agent(kavach, {**READ_ISSUES, "constraints": constraints})
    assert await both(kavach, agent) == code


async def test_p10_the_address_reaches_the_constraint_on_every_path(kavach: Any) -> None:
    """The original looks for it where its adapters do not put it, and so denies every call over HTTP."""
    agent = await make_agent(kavach, {**READ_GITHUB, "constraints": {"ipAllowlist": ["10.0.0.0/8"]}})
    sub = await make_agent(kavach)
    await hand(kavach, agent, sub, READ_ISSUES)
    call: dict[str, Any] = {"action": "read", "resource": "mcp:github:issues"}
    for caller in (agent, sub):
        for ip, code in (("10.0.0.1", None), ("192.0.2.1", "ip_not_allowed")):
            assert (await kavach.authorize(caller.id, **call, ip=ip)).code == code
            assert (await kavach.authorize_by_token(caller.token, **call, ip=ip)).code == code


@pytest.mark.every_database
async def test_stored_constraints_that_cannot_be_read_deny(host: Host, kavach: Any) -> None:
    unreadable: list[dict[str, object]] = [{"maxCallsPerDay": 5}, {"requireApproval": "yes"}, {"timeWindow": "09:00"}]
    for constraints in unreadable:
        agent = await make_agent(kavach)
        await host.storage.create_permission(
            id=agent.id,
            agent_id=agent.id,
            resource="*",
            actions=["*"],
            constraints=constraints,
            created_at=host.clock.now,
        )
        assert await ask(kavach, agent) == "constraint_unsupported"


@pytest.mark.parametrize(
    ("column", "stored", "code"),
    [
        ("constraints", "[]", "constraint_unsupported"),
        ("constraints", "5", "constraint_unsupported"),
        ("constraints", '"requireApproval"', "constraint_unsupported"),
        ("constraints", "false", "constraint_unsupported"),
        ("actions", '"*"', "no_permission"),
        ("actions", '{"*": 1}', "no_permission"),
        ("actions", "5", "no_permission"),
        ("actions", "[5, [1]]", "no_permission"),
        ("resource", "mcp:git*", "no_permission"),
        ("resource", "", "no_permission"),
    ],
)
async def test_a_stored_permission_that_cannot_be_read_grants_nothing(
    host: Host, kavach: Any, column: str, stored: str, code: str
) -> None:
    agent = await make_agent(kavach, {"resource": "*", "actions": ["*"]})
    await host.sql(f"UPDATE kavach_permissions SET {column} = :stored", stored=stored)
    assert await ask(kavach, agent) == code
    assert len(await host.audit_rows()) == 1


@pytest.mark.parametrize("stored", ["5", '"*"', "[5]", '[{"resource": "*"}]', '[{"resource": "a*", "actions": ["*"]}]'])
async def test_a_stored_delegation_that_cannot_be_read_grants_nothing(host: Host, kavach: Any, stored: str) -> None:
    agent = await make_agent(kavach, {"resource": "*", "actions": ["*"]})
    sub = await make_agent(kavach)
    await hand(kavach, agent, sub, READ_ISSUES)
    assert await ask(kavach, sub) is None
    await host.sql("UPDATE kavach_delegation_chains SET permissions = :stored", stored=stored)
    assert await ask(kavach, sub) == "no_permission"


async def test_an_unknown_status_counts_as_revoked(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    await host.storage.update_agent(agent.id, status="suspended")
    assert await both(kavach, agent) == "agent_revoked"


async def test_p8_in_tail_mode_a_star_at_the_end_is_deep(host: Host) -> None:
    deep, exact = await host.kavach(wildcard="tail"), await host.kavach()
    agent = await make_agent(deep, READ_GITHUB)
    assert await both(deep, agent, "mcp:github:repos:comments") is None
    assert await both(exact, agent, "mcp:github:repos:comments") == "no_permission"
    assert await both(exact, agent, "mcp:github:repos") is None


async def test_the_hash_of_a_token_is_no_token(kavach: Any) -> None:
    from kavach_core.engine.tokens import hash_token

    agent = await make_agent(kavach, READ_ISSUES)
    for wrong in (hash_token(agent.token), agent.token[:-1], agent.token + " ", agent.token.lower(), agent.id, ""):
        result = await kavach.authorize_by_token(wrong, action="read", resource="mcp:github:issues")
        assert result.code == "unknown_agent"


@pytest.mark.parametrize(
    "values",
    [
        {"action": "a\0"},
        {"action": "\ud800"},
        {"action": "a" * 256},
        {"action": None},
        {"resource": "a\0"},
        {"resource": "a" * 1025},
        {"resource": 5},
        {"arguments": ["a"]},
        {"arguments": {"a": object()}},
        {"arguments": {"a": "\0"}},
        {"ip": "1" * 65},
        {"user_agent": "\udfff"},
    ],
)
async def test_a_call_that_an_audit_row_cannot_hold_is_refused(
    host: Host, kavach: Any, values: dict[str, object]
) -> None:
    agent = await make_agent(kavach, {"resource": "*", "actions": ["*"]})
    before = await host.count()
    call = {"action": "read", "resource": "a", **values}
    with pytest.raises(InvalidInput):
        await kavach.authorize(agent.id, **call)
    with pytest.raises(InvalidInput):
        await kavach.authorize_by_token(agent.token, **call)
    assert await host.count() == before


@pytest.mark.parametrize("named", [None, 5, "a\0", "a" * 256])
async def test_an_id_that_no_agent_can_have_is_refused(host: Host, kavach: Any, named: object) -> None:
    with pytest.raises(InvalidInput):
        await kavach.authorize(named, action="read", resource="a")
    assert await host.count() == {}


async def test_a_token_that_is_no_text_is_refused(kavach: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^token: expected text, got NoneType$"):
        await kavach.authorize_by_token(None, action="read", resource="a")


@pytest.mark.parametrize("token", ["\ud800", "a\0", "kv_" + "x" * 100_000])
async def test_any_text_may_be_tried_for_a_token(kavach: Any, token: str) -> None:
    result = await kavach.authorize_by_token(token, action="read", resource="a")
    assert result.code == "unknown_agent"


async def test_a_clock_without_a_time_zone_decides_nothing(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    before = await host.count()
    with pytest.raises(InvalidInput, match="naive datetime"):
        await ask(await host.kavach(clock=lambda: datetime(2030, 1, 1)), agent)
    assert await host.count() == before
