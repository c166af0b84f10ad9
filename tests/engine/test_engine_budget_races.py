"""Budgets add up exactly (B4), however many threads, tasks and processes use them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from colours import Opened
from database_fixture import Database
from engine.support import READ_ISSUES, Host, make_agent, open_session, settle
from kavach_core import create_kavach

CALL = {"action": "read", "resource": "mcp:github:issues"}

_PROCESS = """
import sys
from kavach_core import create_kavach

provider, url, agent = sys.argv[1:]
with create_kavach(database={"provider": provider, "url": url}) as kavach:
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(10):
        kavach.budget.record_usage(agent, tool="gpt", cost_micros=3)
        print(kavach.authorize(agent, action="read", resource="mcp:github:issues").code, flush=True)
"""


async def test_b4_calls_and_costs_at_once_add_up_and_no_call_beyond_the_limit_is_allowed(opened: Opened) -> None:
    """Agents share some policies and not others, and permissions have a limit of their own: nobody is shut out."""
    kavach = await opened.kavach()
    limited = {**READ_ISSUES, "constraints": {"max_calls_per_hour": 100}}
    agents = [await make_agent(kavach, limited, owner_id=owner) for owner in ("ada", "bob")]
    limits = {"max_calls_per_day": 12, "max_tokens_cost_per_month": 1000, "max_cost_micros_per_day": 10**6}
    shared = await kavach.budget.create(limits=limits, action="block")
    own = [await kavach.budget.create(user_id=agent.owner_id, limits=limits) for agent in agents]

    async def work(number: int) -> Any:
        agent = agents[number % 2]
        if number < 24:
            return await kavach.authorize(agent.id, **CALL, tokens_cost=2)
        return await kavach.budget.record_usage(agent.id, tool="gpt", input_tokens=1, cost_micros=5)

    results = await opened.together(work, 36)
    assert [result for result in results if isinstance(result, BaseException)] == []
    assert [result.code for result in results[:24]].count(None) == 12
    assert {result.code for result in results[:24]} == {None, "budget_exceeded"}
    used = (await kavach.budget.get(shared.id)).current_usage
    assert (used.calls_today, used.tokens_cost_this_month, used.cost_micros_today) == (12, 24 + 12, 60)
    parts = [(await kavach.budget.get(policy.id)).current_usage for policy in own]
    assert sum(part.calls_today for part in parts) == 12
    assert sum(part.tokens_cost_this_month for part in parts) == 36


@pytest.mark.not_in_memory
def test_b4_calls_and_costs_of_several_processes_add_up(database: Database) -> None:
    with create_kavach(database={"provider": database.provider, "url": database.url}) as kavach:
        agent = kavach.agent.create(owner_id="ada", name="n", type="service", permissions=[READ_ISSUES])
        policy = kavach.budget.create(
            limits={"max_calls_per_day": 17, "max_cost_micros_per_day": 10**6}, action="throttle"
        )
        command = [sys.executable, "-c", _PROCESS, database.provider, database.url, agent.id]
        processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", process.communicate()[1]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        answers = [process.communicate(timeout=60) for process in processes]
        assert [error for _, error in answers] == [""] * 2
        said = "".join(out for out, _ in answers).split()
        assert (said.count("None"), said.count("budget_throttled")) == (17, 3)
        used = kavach.budget.get(policy.id)
        assert used is not None
        assert (used.current_usage.calls_today, used.current_usage.cost_micros_today) == (17, 60)


@pytest.mark.not_in_memory
async def test_a_budget_that_revokes_does_so_in_the_transaction_of_the_decision(host: Host) -> None:
    """What the host rolls back has not happened: neither the calls nor the revocation."""
    kavach = await host.kavach()
    agent = await make_agent(kavach, READ_ISSUES)
    policy = await kavach.budget.create(agent_id=agent.id, limits={"max_calls_per_day": 1}, action="revoke")
    for end in ("rollback", "commit"):
        async with open_session(host) as (session, join):
            joined = await join()
            codes = [(await joined.authorize(agent.id, **CALL)).code for _ in range(3)]
            assert codes == [None, "budget_exceeded", "agent_revoked"]
            await settle(getattr(session, end)())
        kept = 1 if end == "commit" else 0
        assert (await kavach.budget.get(policy.id)).current_usage.calls_today == kept
        assert (await kavach.agent.get(agent.id)).status == ("revoked" if kept else "active")


@pytest.mark.not_in_memory
async def test_b4_a_host_that_reads_a_snapshot_cannot_pass_a_budget(host: Host) -> None:
    """MySQL's REPEATABLE READ shows what was there at the first read: sums MUST be made past it."""
    if host.opened.database.provider == "sqlite":
        pytest.skip("on SQLite a snapshot that is out of date cannot be written on")
    kavach = await host.kavach()
    agent = await make_agent(kavach, READ_ISSUES)
    await kavach.budget.create(agent_id=agent.id, limits={"max_calls_per_day": 1}, action="block")
    async with open_session(host) as (session, join):
        joined = await join()
        assert (await joined.budget.check(agent.id)).allowed
        assert (await kavach.authorize(agent.id, **CALL)).allowed
        assert (await joined.authorize(agent.id, **CALL)).code == "budget_exceeded"
        await settle(session.commit())
