"""Races between processes, and with what was acknowledged: one final state, and no allow after a revoke."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from colours import Opened
from database_fixture import Database
from engine.support import READ_GITHUB, READ_ISSUES, make_agent
from kavach_core import create_kavach
from processes import workers

CALL: dict[str, Any] = {"action": "read", "resource": "mcp:github:issues"}
ASKED = {**READ_ISSUES, "constraints": {"require_approval": True}}
OWNED: dict[str, Any] = {"owner_id": "ada", "name": "n", "type": "service"}


@pytest.mark.not_in_memory
def test_ap2_between_processes_each_request_has_one_final_state_and_a_revoke_holds_at_once(
    database: Database,
) -> None:
    """One test, for one set of processes: to start them costs more than all that they do."""
    settings = {"provider": database.provider, "url": database.url}
    with create_kavach(database=settings) as kavach, workers(database, 3) as others:
        asking = kavach.agent.create(**OWNED, permissions=[ASKED])
        for number in range(4):
            request = kavach.approval.request(asking.id, **CALL, arguments={"n": number})
            for person, worker in enumerate(others):
                answer = "approve" if (person + number) % 2 else "deny"
                worker.tell(f"approval.{answer}", request.id, by=f"person-{person}")
            answers = [answer for worker in others for answer in worker.answers()]
            (given,) = [answer for answer in answers if "error" not in answer]
            assert {answer["error"] for answer in answers if "error" in answer} == {"ApprovalError"}
            final = kavach.approval.get(request.id)
            assert final is not None
            assert (final.status, final.responded_by) == (given["status"], given["responded_by"])

        agent = kavach.agent.create(**OWNED, permissions=[READ_GITHUB])
        for worker in others:
            worker.tell("authorize", agent.id, **CALL, times=40)
        while kavach.storage.count_audit_logs(agent_id=agent.id) < 15:
            time.sleep(0.001)
        kavach.agent.revoke(agent.id)
        acknowledged = time.monotonic()
        for worker in others:
            worker.tell("authorize", agent.id, **CALL)
        calls = [call for worker in others for call in (*worker.answers(), *worker.answers())]
        assert any(call["allowed"] for call in calls)
        late = [call for call in calls if call["begun"] > acknowledged]
        assert {call["code"] for call in late} == {"agent_revoked"}


@pytest.mark.parametrize("what", ["agent", "delegation"])
async def test_dg4_a_call_that_begins_after_an_acknowledged_revoke_is_never_allowed(opened: Opened, what: str) -> None:
    kavach = await opened.kavach()
    lead, helper = await make_agent(kavach, READ_GITHUB), await make_agent(kavach)
    chain = await kavach.delegate(
        from_agent=lead.id,
        to_agent=helper.id,
        permissions=[READ_ISSUES],
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )
    calls: list[tuple[float, bool]] = []
    acknowledged: list[float] = []

    async def work(number: int) -> None:
        if number == 0:
            while len(calls) < 8:
                await kavach.agent.get(helper.id)
            await (kavach.agent.revoke(lead.id) if what == "agent" else kavach.delegation.revoke(chain.id))
            acknowledged.append(time.monotonic())
            return
        while not acknowledged or calls[-1][0] <= acknowledged[0]:
            begun = time.monotonic()
            result = await kavach.authorize(helper.id, **CALL)
            calls.append((begun, result.allowed))

    assert await opened.together(work, 4) == [None] * 4
    assert any(allowed for _, allowed in calls)
    late = [allowed for begun, allowed in calls if begun > acknowledged[0]]
    assert late
    assert not any(late)
