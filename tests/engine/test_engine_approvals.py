"""Approvals (AP1 to AP3): bound to one call, answered once by a person in time, and spent once."""

from __future__ import annotations

import logging
from collections import Counter as Tally
from datetime import timedelta
from typing import Any

import pytest

from colours import Opened
from database_fixture import Database
from engine.support import CANARY, READ_GITHUB, READ_ISSUES, Clock, Host, ask, hand, make_agent, open_session, settle
from kavach_core import (
    ApprovalError,
    ConfigurationError,
    InactiveAgentError,
    InvalidInput,
    NotFoundError,
    create_kavach,
)
from processes import workers

DEPLOY = {"resource": "deploy:*", "actions": ["execute"], "constraints": {"requireApproval": True}}
CALL: dict[str, Any] = {"action": "execute", "resource": "deploy:production", "arguments": {"tag": "v1", "dry": False}}


async def test_ap1_an_approved_request_lets_exactly_one_call_through(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, DEPLOY)
    first = await kavach.authorize(agent.id, **CALL)
    assert (first.allowed, first.code) == (False, "approval_required")
    (pending,) = await kavach.approval.list_pending()
    assert (pending.id, pending.status, pending.agent_id, pending.user_id) == (
        first.approval_id,
        "pending",
        agent.id,
        "ada",
    )
    assert (pending.action, pending.resource, pending.arguments) == tuple(CALL.values())
    approved = await kavach.approval.approve(pending.id, by="grace")
    assert (approved.status, approved.responded_by, approved.responded_at) == ("approved", "grace", host.clock.now)
    second = await kavach.authorize(agent.id, **CALL)
    assert (second.allowed, second.approval_id) == (True, pending.id)
    assert (await kavach.approval.get(pending.id)).status == "used"
    third = await kavach.authorize(agent.id, **CALL)
    assert third.code == "approval_required"
    assert third.approval_id not in (None, pending.id)
    assert [(row.result, row.code) for row in await host.audit_rows()] == [
        ("denied", "approval_required"),
        ("allowed", None),
        ("denied", "approval_required"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"action": "rollback"},
        {"resource": "deploy:staging"},
        {"arguments": {"tag": "v2", "dry": False}},
        {"arguments": {"tag": "v1", "dry": True}},
        {"arguments": {"tag": "v1", "dry": 0}},
        {"arguments": {"tag": "v1"}},
        {"arguments": {"tag": "v1", "dry": False, "force": None}},
        {"arguments": None},
    ],
)
@pytest.mark.one_database
async def test_ap1_an_approval_is_bound_to_action_resource_and_arguments(kavach: Any, change: dict[str, Any]) -> None:
    agent = await make_agent(kavach, {**DEPLOY, "actions": ["*"]})
    request = await kavach.approval.request(agent.id, **CALL)
    await kavach.approval.approve(request.id, by="grace")
    other = await kavach.authorize(agent.id, **{**CALL, **change})
    assert (other.code, other.approval_id == request.id) == ("approval_required", False)
    assert (await kavach.authorize(agent.id, **CALL)).allowed


@pytest.mark.one_database
async def test_ap1_an_approval_is_bound_to_its_agent(kavach: Any) -> None:
    agent, other = await make_agent(kavach, DEPLOY), await make_agent(kavach, DEPLOY)
    request = await kavach.approval.request(agent.id, **CALL)
    await kavach.approval.approve(request.id, by="grace")
    assert (await kavach.authorize(other.id, **CALL)).code == "approval_required"
    assert (await kavach.authorize_by_token(agent.token, **CALL)).allowed


@pytest.mark.one_database
async def test_the_order_of_arguments_is_of_no_matter(kavach: Any) -> None:
    agent = await make_agent(kavach, DEPLOY)
    request = await kavach.approval.request(agent.id, **{**CALL, "arguments": {"dry": False, "tag": "v1"}})
    assert (await kavach.authorize(agent.id, **CALL)).approval_id == request.id


@pytest.mark.one_database
async def test_a_permission_that_needs_no_approval_spends_none(kavach: Any) -> None:
    agent = await make_agent(kavach, DEPLOY)
    request = await kavach.approval.request(agent.id, **CALL)
    await kavach.approval.approve(request.id, by="grace")
    await kavach.agent.update(agent.id, permissions=[{**DEPLOY, "constraints": None}, DEPLOY])
    result = await kavach.authorize(agent.id, **CALL)
    assert (result.allowed, result.approval_id) == (True, None)
    assert (await kavach.approval.get(request.id)).status == "approved"


@pytest.mark.one_database
async def test_other_constraints_are_asked_before_a_person_is(kavach: Any) -> None:
    permission = {**DEPLOY, "constraints": {"requireApproval": True, "ipAllowlist": ["10.0.0.0/8"]}}
    agent = await make_agent(kavach, permission)
    assert (await kavach.authorize(agent.id, **CALL, ip="192.0.2.1")).code == "ip_not_allowed"
    never = await make_agent(kavach, {**DEPLOY, "constraints": {"requireApproval": True, "maxCallsPerHour": 0}})
    assert (await kavach.authorize(never.id, **CALL)).code == "rate_limited"
    assert await kavach.approval.list_pending() == []


async def test_an_approval_is_kept_where_the_limit_of_calls_denies(kavach: Any, clock: Clock) -> None:
    permission = {**DEPLOY, "constraints": {"requireApproval": True, "maxCallsPerHour": 1}}
    kavach_agent = await make_agent(kavach, permission)
    for arguments in ({"tag": "v1"}, {"tag": "v2"}):
        request = await kavach.approval.request(kavach_agent.id, **{**CALL, "arguments": arguments})
        await kavach.approval.approve(request.id, by="grace")
    clock.pass_time(minutes=1)
    calls = [{**CALL, "arguments": {"tag": tag}} for tag in ("v1", "v2")]
    assert (await kavach.authorize(kavach_agent.id, **calls[0])).allowed
    assert (await kavach.authorize(kavach_agent.id, **calls[1])).code == "rate_limited"
    assert (await kavach.approval.get(request.id)).status == "approved"


async def test_ap1_of_calls_at_once_one_is_let_through(opened: Opened) -> None:
    kavach = await opened.kavach()
    agent = await make_agent(kavach, DEPLOY)
    request = await kavach.approval.request(agent.id, **CALL)
    await kavach.approval.approve(request.id, by="grace")
    results = await opened.together(lambda _: kavach.authorize(agent.id, **CALL), 16)
    assert Tally(result.code for result in results) == {None: 1, "approval_required": 15}
    assert len({result.approval_id for result in results}) == 2
    assert len(await kavach.approval.list_pending()) == 1


@pytest.mark.not_in_memory
@pytest.mark.timeout(300)
def test_ap1_of_calls_in_several_processes_one_is_let_through(database: Database) -> None:
    with create_kavach(database={"provider": database.provider, "url": database.url}) as kavach:
        permission = {"resource": "deploy:*", "actions": ["execute"], "constraints": {"require_approval": True}}
        agent = kavach.agent.create(owner_id="ada", name="n", type="service", permissions=[permission])
        request = kavach.approval.request(agent.id, action="execute", resource="deploy:production")
        kavach.approval.approve(request.id, by="grace")
        with workers(database, 3) as others:
            for worker in others:
                worker.tell("authorize", agent.id, action="execute", resource="deploy:production", times=10)
            codes = [answer["code"] for worker in others for answer in worker.answers()]
        assert Tally(codes) == {None: 1, "approval_required": 29}
        assert len(kavach.approval.list_pending(agent.id)) == 1


async def test_ap2_of_answers_at_once_one_is_given(opened: Opened) -> None:
    kavach = await opened.kavach()
    agent = await make_agent(kavach, DEPLOY)
    request = await kavach.approval.request(agent.id, **CALL)

    async def answer(number: int) -> Any:
        if number % 2:
            return await kavach.approval.approve(request.id, by=f"person-{number}")
        return await kavach.approval.deny(request.id, by=f"person-{number}")

    results = await opened.together(answer, 12)
    given = [result for result in results if not isinstance(result, BaseException)]
    assert len(given) == 1
    assert {type(result) for result in results if result not in given} == {ApprovalError}
    assert await kavach.approval.get(request.id) == given[0]


@pytest.mark.one_database
async def test_ap2_an_expired_request_cannot_be_answered_nor_its_approval_used(host: Host, clock: Clock) -> None:
    kavach = await host.kavach(approvals={"expiry": "15m"})
    agent = await make_agent(kavach, DEPLOY)
    pending = await kavach.approval.request(agent.id, **CALL)
    approved = await kavach.approval.request(agent.id, **{**CALL, "arguments": {}})
    assert pending.expires_at == clock.later(minutes=15)
    await kavach.approval.approve(approved.id, by="grace")
    clock.pass_time(minutes=15)
    for answer in (kavach.approval.approve, kavach.approval.deny):
        with pytest.raises(ApprovalError, match=r"^the request is expired; only a pending one can be answered$"):
            await answer(pending.id, by="grace")
    assert (await kavach.authorize(agent.id, **{**CALL, "arguments": {}})).code == "approval_required"
    assert [(await kavach.approval.get(one.id)).status for one in (pending, approved)] == ["expired", "expired"]
    fresh = await kavach.authorize(agent.id, **CALL)
    assert fresh.approval_id != pending.id
    await kavach.approval.approve(fresh.approval_id, by="grace")
    assert (await kavach.authorize(agent.id, **CALL)).allowed


@pytest.mark.one_database
async def test_ap2_no_agent_can_answer(kavach: Any) -> None:
    agent, friend = await make_agent(kavach, DEPLOY), await make_agent(kavach)
    request = await kavach.approval.request(agent.id, **CALL)
    for by in (agent.id, friend.id, agent.token, ""):
        with pytest.raises(ApprovalError, match=r"^an agent cannot answer; pass the id of a person$"):
            await kavach.approval.approve(request.id, by=by)
    assert (await kavach.approval.get(request.id)) == request


@pytest.mark.one_database
async def test_ap2_the_owner_alone_answers_where_the_host_wants_it(host: Host) -> None:
    kavach = await host.kavach(approvals={"owner_only": True})
    agent = await make_agent(kavach, DEPLOY)
    request = await kavach.approval.request(agent.id, **CALL)
    with pytest.raises(ApprovalError, match=r"^only the owner of the agent can answer$"):
        await kavach.approval.approve(request.id, by="grace")
    assert (await kavach.approval.approve(request.id, by="ada")).status == "approved"


@pytest.mark.one_database
async def test_ap2_a_request_is_answered_once(kavach: Any) -> None:
    agent = await make_agent(kavach, DEPLOY)
    request = await kavach.approval.request(agent.id, **CALL)
    await kavach.approval.deny(request.id, by="grace")
    for answer in (kavach.approval.approve, kavach.approval.deny):
        with pytest.raises(ApprovalError, match=r"^the request is denied;"):
            await answer(request.id, by="ada")
    with pytest.raises(NotFoundError, match=r"^no approval request has this id$"):
        await kavach.approval.approve("missing", by="ada")
    with pytest.raises(InvalidInput):
        await kavach.approval.approve(request.id, by=None)


@pytest.mark.one_database
async def test_a_denial_stands_until_it_expires(kavach: Any, clock: Clock) -> None:
    agent = await make_agent(kavach, DEPLOY)
    request = await kavach.approval.request(agent.id, **CALL)
    await kavach.approval.deny(request.id, by="grace")
    denied = await kavach.authorize(agent.id, **CALL)
    assert (denied.code, denied.approval_id) == ("approval_denied", request.id)
    clock.pass_time(hours=1)
    assert (await kavach.authorize(agent.id, **CALL)).code == "approval_required"


async def test_ap3_a_request_is_of_the_agents_owner_and_made_once(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, DEPLOY, owner_id="grace")
    request = await kavach.approval.request(agent.id, **CALL)
    assert request.user_id == "grace"
    assert await kavach.approval.request(agent.id, **CALL) == request
    for _ in range(3):
        assert (await kavach.authorize(agent.id, **CALL)).approval_id == request.id
    assert (await host.count())["kavach_approval_requests"] == 1


@pytest.mark.one_database
async def test_ap3_no_request_is_made_for_an_agent_that_is_missing_or_revoked(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, DEPLOY)
    await kavach.agent.revoke(agent.id)
    with pytest.raises(InactiveAgentError, match=r"^the agent is revoked"):
        await kavach.approval.request(agent.id, **CALL)
    with pytest.raises(NotFoundError):
        await kavach.approval.request("missing", **CALL)
    with pytest.raises(InvalidInput):
        await kavach.approval.request(agent.id, **{**CALL, "arguments": ["a"]})
    assert "kavach_approval_requests" not in await host.count()


@pytest.mark.one_database
async def test_ap1_what_is_handed_on_still_needs_approval_of_each_agents_call(kavach: Any) -> None:
    agent, sub = await make_agent(kavach, DEPLOY), await make_agent(kavach)
    await hand(kavach, agent, sub, {"resource": "deploy:production", "actions": ["execute"]})
    denied = await kavach.authorize(sub.id, **CALL)
    assert denied.code == "approval_required"
    await kavach.approval.approve(denied.approval_id, by="grace")
    assert (await kavach.authorize(agent.id, **CALL)).code == "approval_required"
    assert (await kavach.authorize(sub.id, **CALL)).allowed


async def test_pending_requests_are_listed_oldest_first_and_page_by_page(kavach: Any, clock: Clock) -> None:
    agent, other = await make_agent(kavach, DEPLOY), await make_agent(kavach, DEPLOY, owner_id="grace")
    made = []
    for number in range(5):
        made.append(await kavach.approval.request(agent.id, **{**CALL, "arguments": {"n": number}}))
        clock.pass_time(minutes=10)
    elsewhere = await kavach.approval.request(other.id, **CALL)
    assert await kavach.approval.list_pending() == [*made, elsewhere]
    assert await kavach.approval.list_pending(agent.id) == made
    assert await kavach.approval.list_pending(user_id="grace") == [elsewhere]
    assert await kavach.approval.list_pending(limit=2) == made[:2]
    assert await kavach.approval.list_pending(limit=2, after=made[1]) == made[2:4]
    await kavach.approval.approve(made[2].id, by="ada")
    clock.pass_time(minutes=20)
    assert await kavach.approval.list_pending(agent.id) == made[3:]
    for wrong in (0, -1, 1001, True, "5"):
        with pytest.raises(InvalidInput):
            await kavach.approval.list_pending(limit=wrong)


async def test_cleanup_marks_what_expired_without_an_answer(host: Host, kavach: Any, clock: Clock) -> None:
    agent = await make_agent(kavach, DEPLOY)
    old = [await kavach.approval.request(agent.id, **{**CALL, "arguments": {"n": number}}) for number in range(3)]
    await kavach.approval.deny(old[0].id, by="grace")
    clock.pass_time(minutes=30)
    young = await kavach.approval.request(agent.id, **CALL)
    clock.pass_time(minutes=30)
    assert await kavach.approval.cleanup() == 2
    assert await kavach.approval.cleanup() == 0
    stored = {row.id: row.status for row in [await host.storage.find_approval_request(one.id) for one in [*old, young]]}
    assert list(stored.values()) == ["denied", "expired", "expired", "pending"]


async def test_what_a_host_rolls_back_spends_no_approval(host: Host, kavach: Any) -> None:
    if host.opened.database.url == ":memory:":
        pytest.skip("a host's own engine would open another database")
    agent = await make_agent(kavach, DEPLOY)
    request = await kavach.approval.request(agent.id, **CALL)
    await kavach.approval.approve(request.id, by="grace")
    async with open_session(host) as (session, join):
        assert (await (await join()).authorize(agent.id, **CALL)).allowed
        await settle(session.rollback())
    assert (await kavach.authorize(agent.id, **CALL)).allowed
    assert (await kavach.authorize(agent.id, **CALL)).code == "approval_required"


async def test_a_decision_that_is_not_recorded_spends_no_approval(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, DEPLOY)
    request = await kavach.approval.request(agent.id, **CALL)
    await kavach.approval.approve(request.id, by="grace")
    await host.sql("ALTER TABLE kavach_audit_logs RENAME TO hidden")
    assert (await kavach.authorize(agent.id, **CALL)).code == "audit_unavailable"
    await host.sql("ALTER TABLE hidden RENAME TO kavach_audit_logs")
    assert (await kavach.authorize(agent.id, **CALL)).allowed


@pytest.mark.one_database
async def test_an_unknown_status_lets_nothing_through(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, DEPLOY)
    request = await kavach.approval.request(agent.id, **CALL)
    await host.storage.update_approval_request(request.id, status="Approved")
    assert not (await kavach.authorize(agent.id, **CALL)).allowed
    with pytest.raises(ApprovalError):
        await kavach.approval.approve(request.id, by="grace")


def recorder(host: Host, seen: list[Any], error: Exception | None = None) -> Any:
    """Return a callback of the host's colour that notes what it is called with."""

    def note(request: Any) -> None:
        seen.append(request)
        if error is not None:
            raise error

    async def note_later(request: Any) -> None:
        note(request)

    return note_later if host.opened.colour == "asyncio" else note


async def test_the_host_is_told_of_a_new_request_once_and_after_it_is_stored(host: Host) -> None:
    seen: list[Any] = []
    kavach = await host.kavach(on_approval_request=recorder(host, seen))
    agent = await make_agent(kavach, DEPLOY, READ_ISSUES)
    for _ in range(2):
        await kavach.authorize(agent.id, **CALL)
        await kavach.approval.request(agent.id, **CALL)
        await ask(kavach, agent)
    assert seen == await kavach.approval.list_pending()
    assert len(seen) == 1
    asked = await kavach.approval.request(agent.id, **{**CALL, "arguments": {}})
    assert seen[1:] == [asked]


@pytest.mark.one_database
async def test_a_callback_that_fails_loses_no_request_and_tells_no_secret(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Any] = []
    kavach = await host.kavach(on_approval_request=recorder(host, seen, RuntimeError(CANARY)))
    agent = await make_agent(kavach, DEPLOY)
    with caplog.at_level(logging.WARNING, "kavach"):
        denied = await kavach.authorize(agent.id, **CALL)
    assert denied.code == "approval_required"
    assert await kavach.approval.list_pending() == seen
    assert "on_approval_request failed with RuntimeError" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.one_database
@pytest.mark.parametrize("settings", [{"expiry": "soon"}, {"expiry": "0s"}, {"expires": "1h"}, {"owner_only": "yes"}])
async def test_malformed_settings_are_refused(host: Host, settings: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        await host.kavach(approvals=settings)


@pytest.mark.one_database
async def test_a_request_outlives_the_end_of_its_window_of_counters(host: Host, kavach: Any, clock: Clock) -> None:
    """Old counters may be deleted at any time: the number of the latest request is found again."""
    agent = await make_agent(kavach, DEPLOY, READ_GITHUB)
    for _ in range(3):
        request = await kavach.approval.request(agent.id, **CALL)
        await kavach.approval.approve(request.id, by="grace")
        assert (await kavach.authorize(agent.id, **CALL)).allowed
    latest = await kavach.approval.request(agent.id, **CALL)
    await host.storage.delete_rate_limits_before(clock.now + timedelta(days=1))
    assert (await kavach.authorize(agent.id, **CALL)).approval_id == latest.id
