"""Legal holds (A5): retention removes nothing that a hold keeps, and the trail can still be verified."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.support import READ_GITHUB, READ_ISSUES, Clock, Host, ask, hand, make_agent, operations_of
from kavach_core import InvalidInput, NotFoundError

pytestmark = pytest.mark.one_database


async def record(host: Host, *ids: str, **values: str) -> None:
    """Write audit rows a second apart; the first letter of an id is that of its agent, the agent of the user."""
    async with host.storage.transaction() as storage:
        for id in ids:
            host.clock.pass_time(seconds=1)
            who = {"agent_id": f"agent-{id[0]}", "user_id": f"user-{id[0]}"}
            await storage.create_audit_log(
                **{**who, **values},
                id=id,
                action="read",
                resource="r",
                result="allowed",
                duration_ms=1,
                timestamp=host.clock.now,
            )


async def cleanup(host: Host, kavach: Any) -> int:
    host.clock.pass_time(minutes=2)
    removed: int = await kavach.audit.cleanup(before=host.clock.now - timedelta(minutes=1))
    return removed


async def ids(host: Host) -> str:
    return "".join(row.id[0] for row in await host.audit_rows())


@pytest.mark.every_database
@pytest.mark.parametrize("by", ["agent", "user"])
async def test_a5_cleanup_removes_no_row_that_a_hold_keeps(host: Host, kavach: Any, by: str) -> None:
    await record(host, "a1", "b1", "c1", "a2")
    await kavach.audit.seal()
    holds = [
        await kavach.audit.place_hold(**{f"{by}_id": f"{by}-{who}"}, reason="case 7", by="counsel") for who in "ab"
    ]
    assert await kavach.audit.list_holds() == holds
    assert await cleanup(host, kavach) == 1
    assert await ids(host) == "aba"
    report = await kavach.audit.verify()
    assert (report.ok, report.verified, report.removed) == (True, 3, 1)
    await kavach.audit.lift_hold(holds[0].id, by="counsel")
    assert [await cleanup(host, kavach), await ids(host)] == [2, "b"]
    await kavach.audit.lift_hold(holds[1].id, by="counsel")
    assert [await cleanup(host, kavach), await ids(host)] == [1, ""]
    assert (await kavach.audit.verify()).ok


async def test_a5_two_holds_on_a_row_are_lifted_one_by_one(host: Host, kavach: Any) -> None:
    await record(host, "a1")
    first = await kavach.audit.place_hold(agent_id="agent-a", reason="case 7", by="counsel")
    await kavach.audit.place_hold(user_id="user-a", reason="case 8", by="counsel")
    await kavach.audit.lift_hold(first.id, by="counsel")
    assert [await cleanup(host, kavach), await ids(host)] == [0, "a"]


async def test_a5_a_hold_on_everything_keeps_everything(host: Host, kavach: Any) -> None:
    await record(host, "a1", "b1")
    hold = await kavach.audit.place_hold(reason="audit of 2030", by="auditor")
    assert [await cleanup(host, kavach), await ids(host)] == [0, "ab"]
    await kavach.audit.lift_hold(hold.id, by="auditor")
    assert await cleanup(host, kavach) == 2


async def test_a5_rows_of_many_seals_are_deleted_in_batches(host: Host, kavach: Any) -> None:
    await record(host, *(f"{'ab'[n % 2]}{n:04}" for n in range(1100)))
    await kavach.audit.place_hold(agent_id="agent-a", reason="case 7", by="counsel")
    assert await cleanup(host, kavach) == 550
    assert set(await ids(host)) == {"a"}
    report = await kavach.audit.verify()
    assert (report.ok, report.verified, report.removed) == (True, 550, 550)


@pytest.mark.every_database
@pytest.mark.not_in_memory
async def test_a5_a_hold_that_was_placed_is_known_to_a_cleanup_under_way(host: Host, kavach: Any) -> None:
    """What is gone was gone when the hold was placed: afterwards nothing that it keeps goes."""
    await record(host, *(f"{'ab'[n % 2]}{n:04}" for n in range(40)))
    host.clock.pass_time(minutes=2)
    held: list[int] = []

    async def work(number: int) -> None:
        if number == 0:
            await kavach.audit.place_hold(agent_id="agent-a", reason="case 7", by="counsel")
            held.append((await ids(host)).count("a"))
        else:
            await kavach.audit.cleanup(before=host.clock.now - timedelta(minutes=1))

    results = await host.opened.together(work, 2)
    assert results == [None, None]
    assert (await ids(host)).count("a") == held[0]


async def test_a5_whoever_places_a_hold_or_deletes_takes_the_lock_first(
    host: Host, kavach: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await record(host, "a1", "b1")
    with operations_of(host, monkeypatch) as asked:
        await kavach.audit.place_hold(agent_id="agent-a", reason="case 7", by="counsel")
    assert asked == ["Increment kavach_counters", "Insert kavach_audit_holds"]
    with operations_of(host, monkeypatch) as asked:
        assert await cleanup(host, kavach) == 1
        await kavach.purge()
    deletions = [n for n, operation in enumerate(asked) if operation == "Delete kavach_audit_logs"]
    assert [asked[n - 2 : n] for n in deletions] == [["Increment kavach_counters", "Find kavach_audit_holds"]]
    assert "Delete kavach_delegation_chains" not in asked


async def test_a5_purge_spares_what_says_what_agents_were_allowed(host: Host, kavach: Any, clock: Clock) -> None:
    agent, sub = await make_agent(kavach, READ_GITHUB), await make_agent(kavach)
    await hand(kavach, agent, sub, READ_ISSUES)
    await kavach.approval.request(agent.id, action="read", resource="x")
    await kavach.ephemeral.create(agent.id)
    assert await ask(kavach, sub) is None
    clock.pass_time(hours=3)
    hold = await kavach.audit.place_hold(agent_id=sub.id, reason="case 7", by="counsel")
    evidence = ("kavach_delegation_chains", "kavach_approval_requests", "kavach_ephemeral_sessions")
    removed = await kavach.purge()
    assert [removed[table] for table in evidence] == [0, 0, 0]
    await kavach.audit.lift_hold(hold.id, by="counsel")
    removed = await kavach.purge(batch=1)
    assert [removed[table] for table in evidence] == [1, 1, 1]


async def test_placing_and_lifting_are_recorded_and_nothing_removes_that(host: Host, kavach: Any, clock: Clock) -> None:
    hold = await kavach.audit.place_hold(agent_id="a", reason="case 7", by="counsel")
    placed = clock.now
    assert (hold.agent_id, hold.user_id, hold.reason, hold.placed_by) == ("a", None, "case 7", "counsel")
    assert (hold.status, hold.created_at, hold.lifted_by, hold.lifted_at) == ("active", placed, None, None)
    clock.pass_time(days=1)
    lifted = await kavach.audit.lift_hold(hold.id, by="judge")
    assert (lifted.status, lifted.lifted_by, lifted.lifted_at) == ("lifted", "judge", clock.now)
    clock.pass_time(days=1)
    assert await kavach.audit.lift_hold(hold.id, by="somebody") == lifted
    await kavach.purge()
    await kavach.audit.cleanup(before=placed)
    assert await host.storage.list_audit_holds() == [lifted]
    assert await kavach.audit.list_holds() == []


async def test_a_hold_that_says_too_little_or_too_much_is_refused(kavach: Any) -> None:
    for wrong in (
        {"reason": ""},
        {"by": ""},
        {"agent_id": ""},
        {"user_id": ""},
        {"agent_id": "a", "user_id": "u"},
        {"reason": "x" * 1025},
    ):
        with pytest.raises(InvalidInput):
            await kavach.audit.place_hold(**{"reason": "case 7", "by": "counsel", **wrong})
    with pytest.raises(NotFoundError):
        await kavach.audit.lift_hold("none", by="counsel")
    hold = await kavach.audit.place_hold(reason="case 7", by="counsel")
    with pytest.raises(InvalidInput):
        await kavach.audit.lift_hold(hold.id, by="")
