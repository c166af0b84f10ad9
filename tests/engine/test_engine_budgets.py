"""Budgets (B1 to B4): who is charged for what, what each action does, and what is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.support import READ_ISSUES, START, Clock, Host, ask, hand, make_agent, operations_of
from kavach_core import BudgetLimits, BudgetUsage, ConflictError, InvalidInput, NotFoundError

pytestmark = pytest.mark.one_database

DAILY = {"max_calls_per_day": 2}
TOMORROW = datetime(2030, 1, 2, tzinfo=UTC)


async def codes(kavach: Any, agent: Any, calls: int, **values: Any) -> list[str | None]:
    """Authorize several times, and return the codes."""
    call = {"action": "read", "resource": "mcp:github:issues", **values}
    return [(await kavach.authorize(agent.id, **call)).code for _ in range(calls)]


async def usage(kavach: Any, policy: Any) -> dict[str, int]:
    """Return what was used, where something is counted."""
    found = (await kavach.budget.get(policy.id)).current_usage
    used: dict[str, int] = found.model_dump(exclude_none=True)
    return used


@pytest.mark.parametrize(
    ("action", "code", "status"),
    [
        ("throttle", "budget_throttled", "active"),
        ("block", "budget_exceeded", "active"),
        ("revoke", "budget_exceeded", "revoked"),
    ],
)
async def test_b1_a_call_that_does_not_fit_is_denied_by_id_and_by_token(
    host: Host, kavach: Any, action: str, code: str, status: str
) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    policy = await kavach.budget.create(agent_id=agent.id, limits=DAILY, action=action)
    assert await codes(kavach, agent, 2) == [None, None]
    denied = await kavach.authorize_by_token(agent.token, action="read", resource="mcp:github:issues")
    assert (denied.allowed, denied.code, denied.warnings) == (False, code, [])
    assert denied.retry_at == (TOMORROW if action == "throttle" else None)
    assert (await kavach.agent.get(agent.id)).status == status
    row = (await host.audit_rows())[-1]
    assert (row.id, row.code, row.reason, row.result) == (denied.audit_id, code, denied.reason, "denied")
    assert row.constraints == [f"budget:{policy.id}:max_calls_per_day"]
    assert await ask(kavach, agent) == ("agent_revoked" if status == "revoked" else code)
    assert await usage(kavach, policy) == {"calls_today": 2}


async def test_b1_a_warning_allows_and_is_told_and_recorded(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    policy = await kavach.budget.create(agent_id=agent.id, limits={"max_calls_per_day": 1})
    assert policy.action == "warn"
    results = [await kavach.authorize(agent.id, action="read", resource="mcp:github:issues") for _ in range(3)]
    named = [f"budget:{policy.id}:max_calls_per_day"]
    assert [(result.allowed, result.warnings) for result in results] == [(True, []), (True, named), (True, named)]
    assert [row.constraints for row in await host.audit_rows()] == [None, named, named]
    assert await usage(kavach, policy) == {"calls_today": 3}


@pytest.mark.parametrize(
    ("named", "charged"),
    [
        ({}, {"a1", "a2", "b1", "b2"}),
        ({"user_id": "bob"}, {"b1", "b2"}),
        ({"tenant_id": "acme"}, {"a2", "b2"}),
        ({"user_id": "bob", "tenant_id": "acme"}, {"b2"}),
        ({"agent_id": "b1"}, {"b1"}),
        ({"agent_id": "b1", "user_id": "ada"}, set()),
        ({"agent_id": "b1", "tenant_id": "acme"}, set()),
        ({"user_id": "Bob"}, set()),
    ],
)
async def test_b2_a_policy_holds_for_those_that_it_names_and_for_all_where_it_names_none(
    kavach: Any, named: dict[str, str], charged: set[str]
) -> None:
    for name, owner, tenant in (("a1", "ada", None), ("a2", "ada", "acme"), ("b1", "bob", None), ("b2", "bob", "acme")):
        await make_agent(kavach, READ_ISSUES, id=name, owner_id=owner, tenant_id=tenant)
    await kavach.budget.create(**named, limits={"max_calls_per_day": 0}, action="block")
    denied = set()
    for name in ("a1", "a2", "b1", "b2"):
        if await ask(kavach, await kavach.agent.get(name)) == "budget_exceeded":
            denied.add(name)
    assert denied == charged


async def test_b2_all_that_a_policy_holds_for_count_together(kavach: Any) -> None:
    one, two = [await make_agent(kavach, READ_ISSUES, owner_id="bob") for _ in range(2)]
    await kavach.budget.create(user_id="bob", limits=DAILY, action="block")
    assert [await ask(kavach, agent) for agent in (one, two, one, two)] == [None, None, *["budget_exceeded"] * 2]


@pytest.mark.parametrize("order", [("warn", "block"), ("block", "warn")])
async def test_b3_a_warning_does_not_hide_a_refusal(host: Host, kavach: Any, order: tuple[str, str]) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    made = {
        action: await kavach.budget.create(agent_id=agent.id, limits={"max_calls_per_day": 1}, action=action, id=id)
        for id, action in zip("ab", order, strict=True)
    }
    assert await codes(kavach, agent, 2) == [None, "budget_exceeded"]
    assert (await host.audit_rows())[-1].constraints == [f"budget:{id}:max_calls_per_day" for id in "ab"]
    assert [await usage(kavach, policy) for policy in made.values()] == [{"calls_today": 1}] * 2


async def test_a_denied_call_costs_nothing(host: Host, kavach: Any) -> None:
    """Neither budgets, nor the hour of a permission, nor an approval: all is given back."""
    limited = {**READ_ISSUES, "constraints": {"max_calls_per_hour": 2, "require_approval": True}}
    agent = await make_agent(kavach, limited)
    roomy = await kavach.budget.create(agent_id=agent.id, limits={"max_calls_per_day": 9, "max_tokens_cost_per_day": 9})
    tight = await kavach.budget.create(user_id="ada", limits={"max_tokens_cost_per_month": 5}, action="block")
    call = {"action": "read", "resource": "mcp:github:issues"}
    asked = await kavach.authorize(agent.id, **call, tokens_cost=6)
    assert asked.code == "approval_required"
    assert await usage(kavach, roomy) == {"calls_today": 0, "tokens_cost_today": 0}
    await kavach.approval.approve(asked.approval_id, by="ada")
    denied = [await kavach.authorize(agent.id, **call, tokens_cost=6) for _ in range(4)]
    assert {result.code for result in denied} == {"budget_exceeded"}
    assert {result.approval_id for result in denied} == {asked.approval_id}
    assert (await kavach.approval.get(asked.approval_id)).status == "approved"
    assert await usage(kavach, roomy) == {"calls_today": 0, "tokens_cost_today": 0}
    assert (await kavach.authorize(agent.id, **call, tokens_cost=5)).allowed
    assert await usage(kavach, roomy) == {"calls_today": 1, "tokens_cost_today": 5}
    assert await usage(kavach, tight) == {"tokens_cost_this_month": 5}
    assert (await host.audit_rows())[-1].constraints == ["require_approval"]
    again = await kavach.approval.request(agent.id, **call)
    await kavach.approval.approve(again.id, by="ada")
    assert await codes(kavach, agent, 1, tokens_cost=0) == [None]


async def test_a_call_that_is_denied_for_another_reason_meets_no_budget(kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    await kavach.budget.create(limits={"max_calls_per_day": 0}, action="revoke")
    assert await ask(kavach, agent, action="delete") == "no_permission"
    assert (await kavach.agent.get(agent.id)).status == "active"


async def test_b1_the_agent_that_calls_is_charged_for_what_it_was_delegated(kavach: Any) -> None:
    lead, helper = await make_agent(kavach, READ_ISSUES), await make_agent(kavach)
    await hand(kavach, lead, helper, READ_ISSUES)
    charged = [
        await kavach.budget.create(agent_id=agent.id, limits={"max_calls_per_day": 1}, action="block")
        for agent in (lead, helper)
    ]
    assert await codes(kavach, helper, 2) == [None, "budget_exceeded"]
    assert [await usage(kavach, policy) for policy in charged] == [{"calls_today": 0}, {"calls_today": 1}]


async def test_b1_a_day_and_a_month_begin_anew_without_a_job(kavach: Any, clock: Clock) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    limits = {"max_calls_per_day": 1, "max_calls_per_month": 2}
    policy = await kavach.budget.create(agent_id=agent.id, limits=limits, action="throttle")
    assert await codes(kavach, agent, 2) == [None, "budget_throttled"]
    clock.now = TOMORROW.replace(hour=0)
    assert await usage(kavach, policy) == {"calls_today": 0, "calls_this_month": 1}
    assert await codes(kavach, agent, 1) == [None]
    result = await kavach.authorize(agent.id, action="read", resource="mcp:github:issues")
    assert (result.code, result.retry_at) == ("budget_throttled", datetime(2030, 2, 1, tzinfo=UTC))
    clock.now = datetime(2030, 2, 1, tzinfo=UTC)
    assert await codes(kavach, agent, 2) == [None, "budget_throttled"]
    assert await usage(kavach, policy) == {"calls_today": 1, "calls_this_month": 1}


async def test_tokens_count_as_far_as_they_are_known_and_what_is_spent_lets_nothing_through(kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    limits = {"max_tokens_cost_per_day": 10}
    await kavach.budget.create(agent_id=agent.id, limits=limits, action="block")
    assert await codes(kavach, agent, 1, tokens_cost=11) == ["budget_exceeded"]
    assert await codes(kavach, agent, 1) == [None]
    assert await codes(kavach, agent, 1, tokens_cost=10) == [None]
    assert await codes(kavach, agent, 1, tokens_cost=0) == [None]
    assert await codes(kavach, agent, 1, tokens_cost=1) == ["budget_exceeded"]
    assert await codes(kavach, agent, 1) == ["budget_exceeded"]


async def test_tokens_beyond_64_bits_are_a_limit_that_is_passed(kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    policy = await kavach.budget.create(agent_id=agent.id, limits={"max_tokens_cost_per_day": 5})
    for _ in range(2):
        result = await kavach.authorize(
            agent.id, action="read", resource="mcp:github:issues", tokens_cost=2**62 + 2**61
        )
        assert (result.allowed, len(result.warnings)) == (True, 1)
    assert await usage(kavach, policy) == {"tokens_cost_today": 2**62 + 2**61}


async def test_b4_what_a_call_has_cost_is_recorded_and_added_to_every_policy(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES, owner_id="bob", tenant_id="acme")
    limits = {"max_tokens_cost_per_day": 100, "max_cost_micros_per_month": 1000, "max_calls_per_day": 9}
    hit = [
        await kavach.budget.create(limits=limits, action="block", **named)
        for named in ({"agent_id": agent.id}, {"user_id": "bob"}, {"tenant_id": "acme"}, {})
    ]
    missed = await kavach.budget.create(limits=limits, user_id="ada")
    event = await kavach.budget.record_usage(
        agent.id, tool="gpt", input_tokens=20, output_tokens=5, cost_micros=1000, metadata={"model": "x"}
    )
    (stored,) = await host.storage.list_cost_events(agent_id=agent.id)
    assert dict(stored) == event.model_dump()
    assert (event.recorded_at, event.currency, event.cost_micros) == (START, "USD", 1000)
    used = {"calls_today": 0, "tokens_cost_today": 25, "cost_micros_this_month": 1000}
    assert [await usage(kavach, policy) for policy in hit] == [used] * 4
    assert sum((await usage(kavach, missed)).values()) == 0
    assert await ask(kavach, agent) == "budget_exceeded"


async def test_a_cost_that_cannot_be_is_refused_and_nothing_is_added(kavach: Any) -> None:
    agent = await make_agent(kavach)
    policy = await kavach.budget.create(limits={"max_cost_micros_per_day": 5, "max_tokens_cost_per_day": 5})
    with pytest.raises(NotFoundError):
        await kavach.budget.record_usage("nobody", tool="gpt", input_tokens=1)
    amounts: list[Any] = [{"cost_micros": -1}, {"input_tokens": True}, {"output_tokens": 1.5}, {"cost_micros": 2**63}]
    for values in (*amounts, {"tool": "x" * 500}, {"metadata": [1]}):
        with pytest.raises(InvalidInput):
            await kavach.budget.record_usage(agent.id, **{"tool": "gpt", "input_tokens": 1, **values})
    assert await usage(kavach, policy) == {"tokens_cost_today": 0, "cost_micros_today": 0}


async def test_a_policy_is_changed_switched_off_reset_and_deleted(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    policy = await kavach.budget.create(agent_id=agent.id, limits=DAILY, action="block")
    assert policy == await kavach.budget.get(policy.id)
    assert (policy.status, policy.limits) == ("active", BudgetLimits(max_calls_per_day=2))
    assert await codes(kavach, agent, 3) == [None, None, "budget_exceeded"]
    assert (await kavach.budget.get(policy.id)).status == "triggered"
    assert (await kavach.budget.update(policy.id, action="warn")).action == "warn"
    assert await codes(kavach, agent, 1) == [None]
    changed = await kavach.budget.update(policy.id, limits={"max_calls_per_day": 4}, action="block")
    assert changed.current_usage == BudgetUsage(calls_today=3)
    assert await codes(kavach, agent, 2) == [None, "budget_exceeded"]
    assert (await kavach.budget.update(policy.id, status="disabled")).status == "disabled"
    assert await codes(kavach, agent, 1) == [None]
    assert (await kavach.budget.update(policy.id, status="active")).current_usage == BudgetUsage(calls_today=4)
    reset = await kavach.budget.reset(policy.id)
    assert (reset.status, reset.current_usage) == ("active", BudgetUsage(calls_today=0))
    assert await codes(kavach, agent, 1) == [None]
    await kavach.budget.delete(policy.id)
    assert await kavach.budget.get(policy.id) is None
    assert not {"kavach_counters", "kavach_budget_policies"} & set(await host.count())
    for method in (kavach.budget.delete, kavach.budget.reset, kavach.budget.update):
        with pytest.raises(NotFoundError, match=r"^no budget policy has this id$"):
            await method(policy.id)


async def test_a_policy_that_cannot_be_is_refused(host: Host, kavach: Any) -> None:
    limits: list[Any] = [{}, 5, *({"max_calls_per_day": wrong} for wrong in (-1, True, 1.5, "1", 2**63))]
    limits.append({"max_calls_per_week": 1})
    named = [{"action": "explode"}, {"agent_id": ""}, {"tenant_id": ""}, {"id": ""}, {"user_id": "x" * 1000}]
    for values in (*({"limits": wrong} for wrong in limits), *named):
        with pytest.raises(InvalidInput):
            await kavach.budget.create(**{"limits": DAILY, **values})
    assert await host.count() == {}


async def test_a_policy_names_an_agent_that_exists_and_an_id_that_is_free(kavach: Any) -> None:
    with pytest.raises(NotFoundError, match=r"^no agent has this id$"):
        await kavach.budget.create(limits=DAILY, agent_id="nobody")
    await kavach.budget.create(limits=DAILY, id="one")
    with pytest.raises(ConflictError):
        await kavach.budget.create(limits=DAILY, id="one")
    wrong: list[Any] = [{"status": "triggered"}, {"action": "stop"}, {"limits": {}}]
    for values in wrong:
        with pytest.raises(InvalidInput):
            await kavach.budget.update("one", **values)


async def test_policies_are_listed_in_pages_with_their_usage_in_two_queries(
    host: Host, kavach: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    made = [await kavach.budget.create(user_id="ada", limits=DAILY) for _ in range(3)]
    await kavach.budget.create(user_id="bob", limits=DAILY)
    await codes(kavach, agent, 1)
    with operations_of(host, monkeypatch) as asked:
        found = await kavach.budget.list(user_id="ada")
    assert asked == ["Find kavach_budget_policies", "Find kavach_counters"]
    assert [policy.id for policy in found] == [policy.id for policy in made]
    assert {policy.current_usage.calls_today for policy in found} == {1}
    first = await kavach.budget.list(limit=2)
    assert [p.id for p in first + await kavach.budget.list(after=first[-1])][:3] == [policy.id for policy in made]
    for limit in (0, 1001, True):
        with pytest.raises(InvalidInput):
            await kavach.budget.list(limit=limit)


async def test_a_check_says_what_a_call_would_get_and_counts_nothing(kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    warned = await kavach.budget.create(agent_id=agent.id, limits={"max_tokens_cost_per_day": 5})
    await kavach.budget.create(agent_id=agent.id, limits={"max_tokens_cost_per_day": 10}, action="throttle")
    for cost, code in ((None, None), (5, None), (6, None), (10, None), (11, "budget_throttled")):
        said = await kavach.budget.check(agent.id, tokens_cost=cost)
        assert (said.allowed, said.code, said.reason is None) == (code is None, code, code is None)
        assert (said.retry_at is None, len(said.warnings)) == (code is None, 1 if cost in (6, 10) else 0)
    assert await usage(kavach, warned) == {"tokens_cost_today": 0}
    with pytest.raises(NotFoundError):
        await kavach.budget.check("nobody")
    with pytest.raises(InvalidInput):
        await kavach.budget.check(agent.id, tokens_cost=-1)


async def adopt(host: Host, **values: Any) -> Any:
    """Store a policy as KavachOS does."""
    row = {"id": "old", "limits": {"maxCallsPerDay": 5}, "current_usage": {}, "created_at": START, **values}
    return await host.storage.create_budget_policy(**row)


async def test_an_adopted_policy_goes_on_from_what_was_used(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    used = {"tokensCostToday": 0, "tokensCostThisMonth": 0, "callsToday": 4, "callsThisMonth": 4}
    used["lastUpdated"] = "2030-01-01T10:00:00.000Z"  # type: ignore[assignment]
    await adopt(host, current_usage=used, action="block", status="triggered")
    assert (await kavach.budget.get("old")).status == "active"
    assert await codes(kavach, agent, 2) == [None, "budget_exceeded"]
    assert (await kavach.budget.get("old")).current_usage == BudgetUsage(calls_today=5)
    assert (await kavach.budget.reset("old")).current_usage == BudgetUsage(calls_today=0)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"limits": {"maxCallsPerWeek": 5}, "action": "block"}, "budget_exceeded"),
        ({"limits": {"maxCallsPerDay": "5"}, "action": "revoke"}, "budget_exceeded"),
        ({"limits": {"maxCallsPerDay": 0}, "action": "explode"}, "budget_exceeded"),
        ({"limits": {"maxCallsPerDay": -1}, "action": "warn"}, None),
        ({"limits": {"maxCallsPerDay": "5"}, "action": "block", "status": "disabled"}, None),
    ],
)
async def test_a_stored_policy_that_is_not_understood_lets_nothing_through(
    host: Host, kavach: Any, values: dict[str, Any], code: str | None
) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    await adopt(host, **values)
    assert await ask(kavach, agent) == code
    assert (await kavach.agent.get(agent.id)).status == "active"
    shown = await kavach.budget.get("old")
    assert (shown.limits is None) is (values["limits"] != {"maxCallsPerDay": 0})


async def test_calls_that_are_not_recorded_are_charged(host: Host) -> None:
    kavach = await host.kavach(agents={"audit_all": False})
    agent = await make_agent(kavach, READ_ISSUES)
    await kavach.budget.create(limits=DAILY, action="block")
    assert await codes(kavach, agent, 3) == [None, None, "budget_exceeded"]
    assert len(await host.audit_rows()) == 1
