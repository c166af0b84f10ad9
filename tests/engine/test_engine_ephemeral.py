"""Ephemeral sessions (U14): exactly `max_actions` allowed calls, for a short time, under the agent's own checks."""

from __future__ import annotations

from typing import Any

import pytest

from engine.support import CANARY, READ_GITHUB, READ_ISSUES, Clock, Host, make_agent
from kavach_core import InactiveAgentError, InvalidInput, NotFoundError, StorageError
from kavach_core.errors import ConfigurationError

pytestmark = pytest.mark.one_database


async def use(kavach: Any, session: Any, resource: str = "mcp:github:issues", **more: Any) -> str | None:
    """Authorize by the session's token, and return the code: None where the call is allowed."""
    result = await kavach.authorize_by_token(session.token, action="read", resource=resource, **more)
    assert result.allowed is (result.code is None)
    code: str | None = result.code
    return code


async def used(kavach: Any, session: Any) -> int:
    return int((await kavach.ephemeral.get(session.id)).actions_used)


@pytest.mark.every_database
async def test_u14_a_session_has_exactly_its_actions(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    session = await kavach.ephemeral.create(agent.id, max_actions=2)
    assert [await use(kavach, session) for _ in range(3)] == [None, None, "ephemeral_spent"]
    assert (await kavach.ephemeral.get(session.id)).status == "spent"
    rows = await host.audit_rows()
    assert [(row.agent_id, row.user_id, row.code) for row in rows] == [
        (agent.id, "ada", None),
        (agent.id, "ada", None),
        (agent.id, "ada", "ephemeral_spent"),
    ]
    assert session.token not in repr(rows) + repr(session)


@pytest.mark.every_database
@pytest.mark.not_in_memory
async def test_u14_of_many_tries_at_once_exactly_max_actions_are_allowed(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    session = await kavach.ephemeral.create(agent.id, max_actions=5)

    async def attempt(number: int) -> Any:
        return await use(kavach, session, "mcp:github:issues" if number % 3 else "mcp:other")

    codes = await host.opened.together(attempt, 18)
    assert [codes.count(code) for code in (None, "ephemeral_spent")] == [5, 18 - 5 - codes.count("no_permission")]
    assert await used(kavach, session) == 5


@pytest.mark.every_database
async def test_a_denied_call_costs_nothing(host: Host, kavach: Any, clock: Clock) -> None:
    limited = {**READ_GITHUB, "constraints": {"max_calls_per_hour": 1}}
    asking = {"resource": "deploy", "actions": ["read"], "constraints": {"require_approval": True}}
    agent = await make_agent(kavach, limited, asking)
    session = await kavach.ephemeral.create(agent.id, max_actions=3, expires_in="2h")
    assert await use(kavach, session, "other") == "no_permission"
    assert await use(kavach, session, "deploy") == "approval_required"
    assert await used(kavach, session) == 0
    assert [await use(kavach, session) for _ in range(2)] == [None, "rate_limited"]
    (request,) = await kavach.approval.list_pending()
    await kavach.approval.approve(request.id, by="bob")
    assert await use(kavach, session, "deploy") is None
    assert await used(kavach, session) == 2
    clock.pass_time(hours=1)
    assert [await use(kavach, session) for _ in range(2)] == [None, "ephemeral_spent"]


async def test_a_spent_session_spends_nothing_else(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, {**READ_ISSUES, "constraints": {"max_calls_per_hour": 2}})
    session = await kavach.ephemeral.create(agent.id, max_actions=1)
    assert [await use(kavach, session) for _ in range(3)] == [None, "ephemeral_spent", "ephemeral_spent"]
    again = await kavach.ephemeral.create(agent.id)
    assert [await use(kavach, again) for _ in range(2)] == [None, "rate_limited"]


async def test_an_action_that_could_not_be_recorded_is_not_counted(
    host: Host, kavach: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await kavach.ephemeral.create((await make_agent(kavach, READ_ISSUES)).id, max_actions=1)
    from kavach_core import AsyncStorage, Storage

    def fail(*_: Any, **__: Any) -> Any:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patched:
        for kind in (AsyncStorage, Storage):
            patched.setattr(kind, "create_audit_log", fail)
        assert await use(kavach, session) == "audit_unavailable"
    assert await use(kavach, session) is None


async def test_a_session_ends_by_time_by_hand_and_with_its_agent(kavach: Any, clock: Clock) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    late, revoked, last = [await kavach.ephemeral.create(agent.id, expires_in=text) for text in ("1m", "1h", "1h")]
    assert [session.status for session in await kavach.ephemeral.list(agent.id)] == ["active"] * 3
    assert (await kavach.ephemeral.revoke(revoked.id)).status == "revoked"
    clock.pass_time(seconds=59)
    assert [await use(kavach, session) for session in (late, revoked)] == [None, "ephemeral_revoked"]
    clock.pass_time(seconds=1)
    assert [await use(kavach, session) for session in (late, last)] == ["ephemeral_expired", None]
    await kavach.agent.revoke(agent.id)
    assert await use(kavach, last) == "agent_revoked"
    assert [session.status for session in await kavach.ephemeral.list(agent.id)] == ["expired", "revoked", "active"]
    clock.pass_time(hours=1)
    assert (await kavach.purge())["kavach_ephemeral_sessions"] == 3
    assert await use(kavach, last) == "unknown_agent"


async def test_the_token_is_shown_once_and_stored_as_a_hash(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    session = await kavach.ephemeral.create(agent.id, max_actions=1)
    assert session.token.startswith("kve_")
    (row,) = await host.sql("SELECT * FROM kavach_ephemeral_sessions")
    assert session.token not in repr(row) + repr(session)
    assert (await kavach.ephemeral.get(session.id)).token == ""
    assert await kavach.ephemeral.list(agent.id) == [session.model_copy(update={"token": ""})]
    assert (await kavach.authorize(session.token, action="read", resource="x")).code == "unknown_agent"
    assert (await host.audit_rows())[-1].agent_id == ""


async def test_sessions_are_listed_in_pages(kavach: Any, clock: Clock) -> None:
    agent, other = await make_agent(kavach), await make_agent(kavach)
    made = []
    for _ in range(3):
        made.append((await kavach.ephemeral.create(agent.id)).id)
        await kavach.ephemeral.create(other.id)
        clock.pass_time(seconds=1)
    first = await kavach.ephemeral.list(agent.id, limit=2)
    second = await kavach.ephemeral.list(agent.id, limit=2, after=first[-1])
    assert [session.id for session in first + second] == made


async def test_what_makes_no_session_is_refused(kavach: Any) -> None:
    agent = await make_agent(kavach)
    for wrong in ({"max_actions": 0}, {"max_actions": True}, {"max_actions": "3"}, {"expires_in": "25h"}):
        with pytest.raises(InvalidInput):
            await kavach.ephemeral.create(agent.id, **wrong)
    with pytest.raises(ConfigurationError):
        await kavach.ephemeral.create(agent.id, expires_in=CANARY)
    with pytest.raises(InvalidInput):
        await kavach.ephemeral.list(agent.id, limit=0)
    for call in (kavach.ephemeral.create, kavach.ephemeral.revoke):
        with pytest.raises(NotFoundError):
            await call("nobody")
    await kavach.agent.revoke(agent.id)
    with pytest.raises(InactiveAgentError):
        await kavach.ephemeral.create(agent.id)
