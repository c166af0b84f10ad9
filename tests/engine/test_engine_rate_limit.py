"""max_calls_per_hour (P1 to P6): never more calls than that in any 60 minutes, whoever makes them and for what."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colours import Opened
from database_fixture import Database
from engine.support import READ_GITHUB, READ_ISSUES, START, Clock, Host, ask, hand, make_agent, open_session, settle
from kavach_core import create_kavach
from kavach_core.engine._sync.counting import count_call
from kavach_core.policy.permissions import Counter
from kavach_core.storage import create_memory_storage
from processes import workers

ADDRESS = "10.0.0.1"


def limited(limit: int, **constraints: object) -> dict[str, object]:
    return {**READ_GITHUB, "constraints": {"maxCallsPerHour": limit, **constraints}}


async def spend(kavach: Any, agent: Any, times: int) -> list[str | None]:
    return [await ask(kavach, agent) for _ in range(times)]


async def test_p1_of_64_calls_at_once_as_many_as_the_limit_says_are_allowed(opened: Opened) -> None:
    kavach = await opened.kavach()
    agent = await make_agent(kavach, limited(20))
    codes = await opened.together(lambda _: ask(kavach, agent), 64)
    assert Tally(codes) == {None: 20, "rate_limited": 44}


async def test_p1_limits_that_calls_share_in_part_are_all_exact(opened: Opened) -> None:
    """Calls that lock several counters MUST NOT lock each other out."""
    kavach = await opened.kavach()
    agent = await make_agent(kavach, limited(30))
    subs = [await make_agent(kavach, {**limited(3), "resource": "**"}) for _ in range(2)]
    for sub in subs:
        await hand(kavach, agent, sub, {**READ_ISSUES, "constraints": {"maxCallsPerHour": 10}})
    callers = [agent, *subs]
    codes = await opened.together(lambda number: ask(kavach, callers[number % 3]), 60)
    assert set(codes) == {None, "rate_limited"}
    own = [sum(code is None for code in codes[number::3]) for number in range(3)]
    # Each sub has 3 calls of its own, and up to 10 of the 30 that all share, which are fewer than all want.
    assert sum(own) == 36
    assert all(3 <= calls <= 13 for calls in own[1:])


@pytest.mark.not_in_memory
@pytest.mark.timeout(300)
def test_p1_of_640_calls_of_two_threads_in_each_of_four_processes_exactly_200_are_allowed(database: Database) -> None:
    with create_kavach(database={"provider": database.provider, "url": database.url}) as kavach:
        permission = {**READ_GITHUB, "constraints": {"max_calls_per_hour": 200}}
        agent = kavach.agent.create(owner_id="ada", name="n", type="service", permissions=[permission])
        with workers(database, 4) as others:
            for number, worker in enumerate(others):
                resource = f"mcp:github:{number}"
                worker.tell("authorize", agent.id, action="read", resource=resource, times=160, threads=2)
            codes = [answer["code"] for worker in others for answer in worker.answers()]
        assert Tally(codes) == {None: 200, "rate_limited": 440}
        assert kavach.storage.count_audit_logs(agent_id=agent.id, result="allowed") == 200
        assert kavach.storage.count_audit_logs(agent_id=agent.id, result="denied") == 440


async def test_p2_calls_on_different_resources_count_together(kavach: Any) -> None:
    agent = await make_agent(kavach, limited(5))
    codes = [await ask(kavach, agent, f"mcp:github:{number}") for number in range(8)]
    assert codes == [None] * 5 + ["rate_limited"] * 3


@pytest.mark.one_database
async def test_p2_permissions_and_agents_count_apart(kavach: Any) -> None:
    agent = await make_agent(kavach, limited(1), {**limited(1), "resource": "db:*"})
    other = await make_agent(kavach, limited(1))
    assert [await ask(kavach, agent), await ask(kavach, agent, "db:users"), await ask(kavach, other)] == [None] * 3
    assert [await ask(kavach, agent), await ask(kavach, agent, "db:users")] == ["rate_limited"] * 2


async def test_p3_a_limit_of_0_allows_no_call_and_counts_none(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, limited(0))
    assert await spend(kavach, agent, 3) == ["rate_limited"] * 3
    assert "kavach_rate_limits" not in await host.count()


async def test_p4_a_denied_call_costs_nothing(kavach: Any) -> None:
    agent = await make_agent(kavach, limited(2, ipAllowlist=[f"{ADDRESS}/32"]))
    call: Any = {"action": "read", "resource": "mcp:github:issues"}
    for _ in range(3):
        assert (await kavach.authorize(agent.id, **call, ip="192.0.2.1")).code == "ip_not_allowed"
        assert (await kavach.authorize(agent.id, **{**call, "action": "write"}, ip=ADDRESS)).code == "no_permission"
    for _ in range(2):
        assert (await kavach.authorize(agent.id, **call, ip=ADDRESS)).allowed
    assert (await kavach.authorize(agent.id, **call, ip=ADDRESS)).code == "rate_limited"


async def test_p4_a_call_that_one_limit_refuses_counts_on_no_other(kavach: Any) -> None:
    agent, sub = await make_agent(kavach, limited(3)), await make_agent(kavach)
    await hand(kavach, agent, sub, {**READ_ISSUES, "constraints": {"maxCallsPerHour": 1}})
    assert await spend(kavach, sub, 5) == [None] + ["rate_limited"] * 4
    assert await spend(kavach, agent, 3) == [None, None, "rate_limited"]


@pytest.mark.one_database
async def test_p4_a_permission_without_a_limit_is_used_first(kavach: Any) -> None:
    agent = await make_agent(kavach, limited(1), READ_ISSUES)
    assert await spend(kavach, agent, 3) == [None] * 3
    assert await ask(kavach, agent, "mcp:github:repos") is None


@pytest.mark.one_database
async def test_p7_where_one_limit_is_reached_another_permission_allows(kavach: Any) -> None:
    agent = await make_agent(kavach, limited(1), {**limited(2), "resource": "mcp:**"})
    assert await spend(kavach, agent, 4) == [None] * 3 + ["rate_limited"]


async def test_p5_the_window_slides(kavach: Any, clock: Clock) -> None:
    """The original counts in buckets, and lets twice the limit through within 55 minutes."""
    agent = await make_agent(kavach, limited(2))
    assert await ask(kavach, agent) is None
    clock.pass_time(minutes=55)
    assert await spend(kavach, agent, 2) == [None, "rate_limited"]
    clock.pass_time(minutes=4, seconds=59)
    assert await ask(kavach, agent) == "rate_limited"
    clock.pass_time(seconds=1)
    assert await spend(kavach, agent, 2) == [None, "rate_limited"]
    clock.pass_time(minutes=54, seconds=59)
    assert await ask(kavach, agent) == "rate_limited"
    clock.pass_time(seconds=1)
    assert await spend(kavach, agent, 2) == [None, "rate_limited"]


async def test_p6_a_refused_call_has_its_code_in_the_audit_row(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, limited(1))
    await spend(kavach, agent, 2)
    assert [(row.result, row.code) for row in await host.audit_rows()] == [
        ("allowed", None),
        ("denied", "rate_limited"),
    ]


async def test_a_count_outlives_a_change_of_permissions_and_a_restart(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, limited(3))
    assert await spend(kavach, agent, 2) == [None] * 2
    await kavach.agent.update(agent.id, permissions=[READ_ISSUES])
    await kavach.agent.update(agent.id, permissions=[limited(2)])
    assert await ask(await host.kavach(), agent) == "rate_limited"
    await kavach.agent.update(agent.id, permissions=[limited(4)])
    assert await spend(kavach, agent, 3) == [None, None, "rate_limited"]


async def test_dg1_what_is_handed_on_counts_together_with_what_it_comes_from(kavach: Any) -> None:
    """An agent MUST NOT multiply its limit by delegating to others."""
    agent = await make_agent(kavach, limited(4))
    subs = [await make_agent(kavach) for _ in range(3)]
    for sub in subs:
        await hand(kavach, agent, sub, READ_ISSUES)
    assert [await ask(kavach, caller) for caller in (agent, *subs)] == [None] * 4
    assert [await ask(kavach, caller) for caller in (agent, *subs)] == ["rate_limited"] * 4


async def test_dg1_a_limit_on_a_delegation_holds_for_all_below_it(kavach: Any) -> None:
    agent, sub, leaf = await make_agent(kavach, READ_GITHUB), await make_agent(kavach), await make_agent(kavach)
    await hand(kavach, agent, sub, limited(2))
    await hand(kavach, sub, leaf, READ_ISSUES)
    assert [await ask(kavach, caller) for caller in (leaf, sub, leaf, sub)] == [None, None] + ["rate_limited"] * 2
    assert await ask(kavach, agent) is None


async def test_a_decision_that_is_not_recorded_counts_nothing(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, limited(1))
    await host.sql("ALTER TABLE kavach_audit_logs RENAME TO hidden")
    assert await ask(kavach, agent) == "audit_unavailable"
    await host.sql("ALTER TABLE hidden RENAME TO kavach_audit_logs")
    assert await spend(kavach, agent, 2) == [None, "rate_limited"]


@pytest.mark.not_in_memory
async def test_what_a_host_rolls_back_was_never_called(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, limited(1))
    async with open_session(host) as (session, join):
        joined = await join()
        assert await spend(joined, agent, 2) == [None, "rate_limited"]
        await settle(session.rollback())
    assert await spend(kavach, agent, 2) == [None, "rate_limited"]


@pytest.mark.not_in_memory
async def test_a_host_that_reads_a_snapshot_cannot_pass_the_limit(host: Host, kavach: Any) -> None:
    """MySQL's REPEATABLE READ shows what was there at the first read: a count MUST be read past it."""
    if host.opened.database.provider == "sqlite":
        pytest.skip("on SQLite a snapshot that is out of date cannot be written on")
    agent = await make_agent(kavach, limited(1))
    async with open_session(host) as (session, join):
        joined = await join()
        await joined.audit.query()
        assert await ask(kavach, agent) is None
        assert await ask(joined, agent) == "rate_limited"
        await settle(session.rollback())


async def test_old_windows_may_be_deleted(host: Host, kavach: Any, clock: Clock) -> None:
    agent = await make_agent(kavach, limited(2))
    assert await ask(kavach, agent) is None
    clock.pass_time(minutes=30)
    assert await ask(kavach, agent) is None
    clock.pass_time(minutes=30)
    assert await host.storage.delete_rate_limits_before(clock.later(hours=-1, seconds=1)) == 1
    assert await spend(kavach, agent, 2) == [None, "rate_limited"]
    clock.pass_time(hours=2)
    await host.storage.delete_rate_limits_before(clock.later(hours=-1))
    assert await spend(kavach, agent, 3) == [None, None, "rate_limited"]


STEPS = st.lists(st.tuples(st.sampled_from([0, 1, 0.4, 599, 1800, 3599, 3600]), st.integers(1, 5)), max_size=25)


@given(STEPS, st.integers(1, 6))
def test_p5_no_hour_has_more_calls_than_the_limit_and_none_is_refused_for_long(
    steps: list[tuple[float, int]], limit: int
) -> None:
    """Against a list of all calls; those are refused a second too long at most, as times are stored in seconds."""
    storage = create_memory_storage()
    counter, now = Counter("a", "k", limit), START
    made: list[datetime] = []
    for seconds, calls in steps:
        now += timedelta(seconds=seconds)
        for _ in range(calls):
            allowed = count_call(storage, [counter], now)
            if allowed:
                assert sum(now - call < timedelta(hours=1) for call in made) < limit
                made.append(now)
            else:
                assert sum(now - call < timedelta(hours=1, seconds=1) for call in made) >= limit


@given(st.lists(st.tuples(st.integers(-5, 900), st.integers(1, 3)), max_size=25), st.integers(1, 6))
def test_p5_clocks_that_differ_a_little_lose_no_call(steps: list[tuple[int, int]], limit: int) -> None:
    """Seconds of processes whose clocks differ: the limit holds by the clock of each call and of each before it."""
    storage = create_memory_storage()
    counter, now = Counter("a", "k", limit), START
    made: list[datetime] = []
    for seconds, calls in steps:
        now += timedelta(seconds=seconds)
        for _ in range(calls):
            if count_call(storage, [counter], now):
                made.append(now)
                assert sum(now - call < timedelta(hours=1) for call in made) <= limit


@given(st.permutations([("a", 1), ("b", 2), ("c", 3)]), st.integers(1, 5))
def test_p4_several_limits_are_counted_on_all_or_on_none(order: list[tuple[str, int]], calls: int) -> None:
    storage = create_memory_storage()
    counters = [Counter("agent", key, limit) for key, limit in order]
    assert [count_call(storage, counters, START) for _ in range(calls)] == [True, False, False, False, False][:calls]
    assert [count_call(storage, [Counter("agent", "c", 3)], START) for _ in range(3)] == [True, True, False]
