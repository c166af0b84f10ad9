"""Questions whose answer is more than a filter: either end of a delegation, pending only, the newest of a second."""

from __future__ import annotations

from typing import Any

import pytest

from kavach_core.errors import ConflictError, InvalidInput
from kavach_schema.tables.agents import (
    AGENTS,
    APPROVAL_REQUESTS,
    AUDIT_LOGS,
    DELEGATION_CHAINS,
    PERMISSIONS,
    RATE_LIMITS,
)
from kavach_schema.tables.identity import SESSIONS
from kavach_schema.tables.sign_in import EMAIL_OTPS
from storage.samples import at, roll_back, row


async def test_a_delegation_is_found_from_either_end(storage: Any) -> None:
    out = await storage.create_delegation_chain(**row(DELEGATION_CHAINS, from_agent_id="a", to_agent_id="b"))
    back = await storage.create_delegation_chain(**row(DELEGATION_CHAINS, from_agent_id="b", to_agent_id="a"))
    await storage.create_delegation_chain(**row(DELEGATION_CHAINS, from_agent_id="b", to_agent_id="c"))
    assert await storage.find_delegation_chains_by_agent("a") == [out, back]
    assert await storage.find_delegation_chains_by_agent(from_agent_id="a") == [out]
    assert await storage.find_delegation_chains_by_agent(to_agent_id="a") == [back]


async def test_a_delegation_from_an_agent_to_itself_is_found_once(storage: Any) -> None:
    chain = await storage.create_delegation_chain(**row(DELEGATION_CHAINS, from_agent_id="a", to_agent_id="a"))
    assert await storage.find_delegation_chains_by_agent("a") == [chain]


async def test_delegations_of_nobody_in_particular_are_refused(storage: Any) -> None:
    with pytest.raises(InvalidInput, match="name the agent"):
        await storage.find_delegation_chains_by_agent(status="active")


async def test_permissions_of_several_agents_come_in_the_order_in_which_they_were_granted(storage: Any) -> None:
    late = await storage.create_permission(**row(PERMISSIONS, agent_id="a", created_at=at(1)))
    early = await storage.create_permission(**row(PERMISSIONS, agent_id="b", created_at=at(0)))
    await storage.create_permission(**row(PERMISSIONS, agent_id="c"))
    assert await storage.find_permissions_by_agent_ids(["a", "b", "x"]) == [early, late]
    assert await storage.find_permissions_by_agent_ids(["a", "a"]) == [late]


async def test_permissions_of_no_agents_are_none(storage: Any) -> None:
    assert await storage.find_permissions_by_agent_ids([]) == []


async def test_permissions_of_a_thousand_agents_are_found(storage: Any) -> None:
    made = [await storage.create_permission(**row(PERMISSIONS, agent_id=f"agent-{i}")) for i in (0, 500, 999)]
    assert await storage.find_permissions_by_agent_ids([f"agent-{i}" for i in range(1000)]) == made


async def test_several_permissions_are_written_at_once_and_returned_in_order(storage: Any) -> None:
    rows = [row(PERMISSIONS, agent_id="a", created_at=at(-i)) for i in range(3)]
    made = await storage.create_permissions(rows)
    assert [permission.id for permission in made] == [values["id"] for values in rows]
    assert await storage.find_permissions_by_agent_id("a") == made[::-1]


async def test_no_permissions_at_all_are_written_without_ado(storage: Any) -> None:
    assert await storage.create_permissions([]) == []


def three_of_which_the_last_is_taken(taken: Any) -> list[dict[str, Any]]:
    return [row(PERMISSIONS, agent_id="a"), row(PERMISSIONS, agent_id="a"), row(PERMISSIONS, id=taken.id)]


async def test_several_permissions_are_written_all_or_none(storage: Any) -> None:
    """ST7: an agent is never left with half of its permissions."""
    taken = await storage.create_permission(**row(PERMISSIONS))
    with pytest.raises(ConflictError) as caught:
        await storage.create_permissions(three_of_which_the_last_is_taken(taken))
    assert (caught.value.table, caught.value.columns) == ("kavach_permissions", ("id",))
    assert await storage.find_permissions_by_agent_id("a") == []


async def test_several_permissions_are_written_all_or_none_inside_a_transaction_that_goes_on(storage: Any) -> None:
    taken = await storage.create_permission(**row(PERMISSIONS))
    async with storage.transaction() as transaction:
        agent = await transaction.create_agent(**row(AGENTS))
        with pytest.raises(ConflictError):
            await transaction.create_permissions(three_of_which_the_last_is_taken(taken))
        assert await transaction.find_permissions_by_agent_id("a") == []
    assert await storage.find_agent_by_id(agent.id) == agent
    assert await storage.find_permissions_by_agent_id("a") == []


async def test_several_permissions_are_refused_together_before_anything_is_sent(storage: Any) -> None:
    with pytest.raises(InvalidInput, match="resource"):
        await storage.create_permissions([row(PERMISSIONS, agent_id="a"), row(PERMISSIONS, agent_id="a", resource=7)])
    assert await storage.find_permissions_by_agent_id("a") == []


async def test_only_pending_requests_are_listed_expired_ones_too(storage: Any) -> None:
    await storage.create_approval_request(**row(APPROVAL_REQUESTS, status="approved"))
    mine = await storage.create_approval_request(**row(APPROVAL_REQUESTS, status="pending", agent_id="a"))
    other = await storage.create_approval_request(
        **row(APPROVAL_REQUESTS, status="pending", agent_id="b", user_id="u", expires_at=at(-999))
    )
    assert await storage.list_pending_approvals() == [mine, other]
    assert await storage.list_pending_approvals("a") == [mine]
    assert await storage.list_pending_approvals(user_id="u") == [other]
    assert await storage.list_pending_approvals(limit=1) == [mine]


async def test_audit_rows_from_since_to_just_before_until_are_found_newest_first(storage: Any) -> None:
    made = [await storage.create_audit_log(**row(AUDIT_LOGS, timestamp=at(i))) for i in range(4)]
    assert await storage.query_audit_logs(since=at(1), until=at(3)) == [made[2], made[1]]
    assert await storage.count_audit_logs(since=at(1), until=at(3)) == 2


async def test_newest_first_holds_inside_a_second(storage: Any) -> None:
    """ST8: the newest 10 of 200 rows of one second are the last 10 written, and pages are stable."""
    made = [await storage.create_audit_log(**row(AUDIT_LOGS)) for _ in range(30)]
    assert await storage.query_audit_logs(limit=10) == made[:-11:-1]
    second = await storage.query_audit_logs(limit=10, after=made[-10])
    assert second == made[-11:-21:-1]


async def test_a_stream_yields_every_audit_row_oldest_first_across_its_pages(
    storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("_async", "_sync"):
        monkeypatch.setattr(f"kavach_core.storage.{module}.decisions.STREAM_PAGE", 4)
    made = [await storage.create_audit_log(**row(AUDIT_LOGS, user_id="u", timestamp=at(i // 3))) for i in range(12)]
    await storage.create_audit_log(**row(AUDIT_LOGS))
    assert [log async for log in storage.stream_audit_logs(user_id="u")] == made


async def test_a_stream_of_nothing_ends_at_once(storage: Any) -> None:
    assert [log async for log in storage.stream_audit_logs()] == []


async def test_an_empty_list_of_actions_is_refused_rather_than_ignored(storage: Any) -> None:
    with pytest.raises(InvalidInput, match="actions is empty"):
        await storage.query_audit_logs(actions=[])


async def test_the_latest_code_is_the_newest_also_inside_a_second(storage: Any) -> None:
    made = [
        await storage.create_email_otp(**row(EMAIL_OTPS, email="a@b.c", created_at=at(seconds)))
        for seconds in (0, 5, 5, 1)
    ]
    assert await storage.find_latest_email_otp("a@b.c") == made[2]
    assert await storage.find_latest_email_otp("A@b.c") is None


async def test_sessions_expire_at_the_very_second(storage: Any) -> None:
    """ST10: expired sessions can be purged."""
    await storage.create_session(**row(SESSIONS, expires_at=at(-1)))
    await storage.create_session(**row(SESSIONS, expires_at=at(0)))
    alive = await storage.create_session(**row(SESSIONS, user_id="u", expires_at=at(1)))
    assert await storage.delete_expired_sessions(at(0)) == 2
    assert await storage.list_sessions_by_user("u") == [alive]


async def test_counters_of_windows_before_a_moment_are_deleted(storage: Any) -> None:
    """ST10: rate limits can be purged."""
    await storage.upsert_rate_limit(**row(RATE_LIMITS, window_start=at(-1)))
    kept = await storage.upsert_rate_limit(**row(RATE_LIMITS, window_start=at(0)))
    assert await storage.delete_rate_limits_before(at(0)) == 1
    found = await storage.find_rate_limit(kept.agent_id, resource=kept.resource, window_start=kept.window_start)
    assert found == kept


async def test_a_limit_or_offset_that_is_no_count_is_refused(storage: Any) -> None:
    for page in ({"limit": -1}, {"limit": True}, {"limit": 1.5}, {"limit": 2**63}, {"offset": -1}):
        with pytest.raises(InvalidInput, match="0 or more"):
            await storage.list_agents(**page)


async def test_the_largest_limit_and_offset_work(storage: Any) -> None:
    agent = await storage.create_agent(**row(AGENTS))
    assert await storage.list_agents(limit=2**63 - 1) == [agent]
    assert await storage.list_agents(limit=1, offset=2**63 - 1) == []


async def test_a_rolled_back_row_does_not_block_its_unique_values(storage: Any) -> None:
    values = row(AGENTS)
    await roll_back(storage, lambda transaction: transaction.create_agent(**values))
    assert (await storage.create_agent(**values)).token_hash == values["token_hash"]
