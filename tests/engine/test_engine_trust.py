"""Trust scores: current after each call, exact however many call at once, and what depends on them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.support import (
    READ_GITHUB,
    READ_ISSUES,
    START,
    Clock,
    Host,
    ask,
    hand,
    make_agent,
    open_session,
    settle,
)
from kavach_core import ConfigurationError, InvalidInput, NotFoundError
from kavach_core.engine.trusting import Observation
from kavach_core.policy.trust import Event

pytestmark = pytest.mark.one_database

WRITE_ISSUES = {"resource": "mcp:github:issues", "actions": ["write"]}
VOUCHED = {"attestation_strength": 1, "owner_trust": 1, "workload_binding": True, "runtime_attestation": 1.0}


async def score(kavach: Any, agent: Any) -> int:
    found: int = (await kavach.trust.get_score(agent.id)).score
    return found


async def sums(host: Host, agent: Any) -> tuple[float, float]:
    """Return how many calls of an agent are stored as allowed and as denied."""
    known = (await host.storage.find_trust_score(agent.id)).factors["aggregates"]
    return known.get("allowed", 0), known.get("denied", 0)


@pytest.mark.every_database
async def test_tr4_a_score_is_current_after_each_call(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    assert await host.storage.find_trust_score(agent.id) is None
    seen = [await score(kavach, agent)]
    for action, resource in (("read", "mcp:github:issues"), ("write", "mcp:github:issues"), ("read", "db:users")):
        result = await kavach.authorize(agent.id, action=action, resource=resource)
        stored, shown = await host.storage.find_trust_score(agent.id), await kavach.trust.get_score(agent.id)
        assert (stored.score, stored.level, stored.computed_at) == (shown.score, shown.tier, START)
        assert stored.factors["denialRate"] == shown.factors.denial_rate
        seen.append(stored.score)
        assert result.audit_id is not None
    assert seen == [44, 44, 40, 36]
    assert await sums(host, agent) == (1, 2)


async def test_tr2_a_new_agent_is_standard(kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    found = await kavach.trust.get_score(agent.id)
    assert (found.agent_id, found.score, found.tier, found.computed_at) == (agent.id, 44, "standard", START)
    assert (found.factors.age, found.factors.denial_rate, found.factors.delegation_depth) == (0, 0.5, 1)


async def test_tr3_a_name_says_nothing_of_an_agent(kavach: Any) -> None:
    agents = [await make_agent(kavach, READ_ISSUES, name=name) for name in ("reader", "escalation-bot")]
    for agent in agents:
        await ask(kavach, agent)
        await ask(kavach, agent, action="write")
    assert await score(kavach, agents[0]) == await score(kavach, agents[1])


async def test_tr4_of_an_unknown_agent_nothing_is_kept(host: Host, kavach: Any) -> None:
    assert (await kavach.authorize("nobody", action="read", resource="a")).code == "unknown_agent"
    assert (await kavach.authorize_by_token("kv_nothing", action="read", resource="a")).code == "unknown_agent"
    assert await host.count() == {"kavach_audit_logs": 2}
    for ask_for in (kavach.trust.get_score, kavach.trust.recompute, kavach.trust.set_inputs):
        with pytest.raises(NotFoundError, match=r"^no agent has this id$"):
            await ask_for("nobody")
    assert await host.count() == {"kavach_audit_logs": 2}


async def test_a_revoked_agent_keeps_its_score(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    assert await ask(kavach, agent) is None
    await kavach.agent.revoke(agent.id)
    before = await host.storage.find_trust_score(agent.id)
    assert await ask(kavach, agent) == "agent_revoked"
    assert await host.storage.find_trust_score(agent.id) == before
    assert await score(kavach, agent) == before.score


@pytest.mark.every_database
async def test_tr4_no_call_is_lost_however_many_call_at_once(host: Host, kavach: Any) -> None:
    """The first calls of an agent, for whom no row is stored yet, among them."""
    agents = [await make_agent(kavach, READ_ISSUES) for _ in range(2)]

    async def call(number: int) -> list[str | None]:
        """Call as one agent by several, and change what is said of it meanwhile."""
        agent = agents[number % 2]
        if number < 2:
            await kavach.trust.set_inputs(agent.id, owner_trust=number)
        return [await ask(kavach, agent), await ask(kavach, agent, action="write"), await ask(kavach, agent)]

    answers = await host.opened.together(call, 8)
    assert answers == [[None, "no_permission", None]] * 8
    for number, agent in enumerate(agents):
        assert await sums(host, agent) == (8, 4)
        found = await kavach.trust.get_score(agent.id)
        assert found.inputs.owner_trust == number


@pytest.mark.every_database
async def test_a_score_that_was_written_since_it_was_read_is_built_upon(host: Host, kavach: Any) -> None:
    """Scores that were read with a decision's facts are those of the moment, whether or not there was one yet."""
    agent = await make_agent(kavach, READ_ISSUES)
    row, event = await host.storage.find_agent_by_id(agent.id), Event(None, "read", "mcp:github:issues")
    before: list[Any] = []
    for calls in (2, 4):
        assert await ask(kavach, agent) is None
        async with host.storage.transaction() as storage:
            seen = Observation(row, (), event, START, tuple(before))
            await kavach.trust.keep_current(getattr(storage, "value", storage), [seen])
        before = [await host.storage.find_trust_score(agent.id)]
        assert before[0].revision >= calls
        assert await sums(host, agent) == (calls, 0)
    async with host.storage.transaction() as storage:
        await kavach.trust.keep_current(
            getattr(storage, "value", storage), [Observation(row, (), event, START, before)]
        )
    assert (await host.storage.find_trust_score(agent.id)).revision == before[0].revision + 1
    assert await sums(host, agent) == (5, 0)


@pytest.mark.every_database
@pytest.mark.not_in_memory
async def test_a_call_waits_for_no_call_of_another_agent(host: Host, kavach: Any) -> None:
    if host.opened.database.provider == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    agents = [await make_agent(kavach, READ_ISSUES) for _ in range(2)]
    for _ in range(2):
        async with open_session(host) as (session, join):
            assert await ask(await join(), agents[0]) is None
            assert await ask(kavach, agents[1]) is None
            await settle(session.commit())
    assert [await sums(host, agent) for agent in agents] == [(2, 0)] * 2


@pytest.mark.every_database
@pytest.mark.not_in_memory
async def test_what_a_host_rolls_back_earned_nothing(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    for stored in (None, (1, 0)):
        async with open_session(host) as (session, join):
            assert await ask(await join(), agent) is None
            await settle(session.rollback())
        found = await host.storage.find_trust_score(agent.id)
        assert (found and await sums(host, agent)) == stored
        assert await ask(kavach, agent) is None


async def test_a_decision_that_is_not_recorded_earns_nothing(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    assert await ask(kavach, agent) is None
    await host.sql("ALTER TABLE kavach_audit_logs RENAME TO hidden")
    assert await ask(kavach, agent) == "audit_unavailable"
    await host.sql("ALTER TABLE hidden RENAME TO kavach_audit_logs")
    assert await sums(host, agent) == (1, 0)


async def test_a_score_that_cannot_be_kept_is_a_denial(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    await host.sql("ALTER TABLE kavach_trust_scores RENAME TO hidden")
    assert await ask(kavach, agent) == "audit_unavailable"


async def test_scores_can_be_switched_off(host: Host) -> None:
    kavach = await host.kavach(trust={"enabled": False})
    agent = await make_agent(kavach, READ_ISSUES)
    assert await ask(kavach, agent) is None
    assert await host.storage.find_trust_score(agent.id) is None


async def test_calls_that_are_not_recorded_count(host: Host) -> None:
    kavach = await host.kavach(agents={"audit_all": False})
    agent = await make_agent(kavach, READ_ISSUES)
    assert await ask(kavach, agent) is None
    assert await sums(host, agent) == (1, 0)


@pytest.mark.every_database
async def test_what_the_host_says_is_stored_and_counts(host: Host, kavach: Any, clock: Clock) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    found = await kavach.trust.set_inputs(agent.id, **VOUCHED)
    assert (found.score, found.tier) == (65, "elevated")
    clock.pass_time(days=30)
    for _ in range(20):
        assert await ask(kavach, agent) is None
    assert (await kavach.trust.get_score(agent.id)).tier == "high"
    taken_back = await kavach.trust.set_inputs(agent.id, attestation_strength=None, owner_trust=0)
    assert taken_back.inputs.model_dump() == {
        "attestation_strength": None,
        "owner_trust": 0,
        "workload_binding": 1,
        "runtime_attestation": 1,
    }
    assert taken_back == await kavach.trust.get_score(agent.id)
    assert [row.action for row in await host.audit_rows()] == ["read"] * 20


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan"), "1", [1]])
async def test_what_is_no_share_is_refused(host: Host, kavach: Any, wrong: Any) -> None:
    agent = await make_agent(kavach)
    with pytest.raises(InvalidInput, match=r"^owner_trust: must be a number from 0 to 1, or None$"):
        await kavach.trust.set_inputs(agent.id, owner_trust=wrong)
    assert await host.storage.find_trust_score(agent.id) is None


async def test_a_score_recovers_with_time_and_is_stored_on_demand(host: Host, kavach: Any, clock: Clock) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    for _ in range(20):
        await ask(kavach, agent, action="write")
    assert (await kavach.trust.get_score(agent.id)).tier == "low"
    clock.pass_time(days=60)
    found = await kavach.trust.get_score(agent.id)
    assert (found.tier, found.computed_at) == ("elevated", clock())
    assert (await host.storage.find_trust_score(agent.id)).level == "low"
    assert await kavach.trust.recompute(agent.id) == found
    stored = await host.storage.find_trust_score(agent.id)
    assert (stored.score, stored.level, stored.computed_at) == (found.score, found.tier, clock())


@pytest.mark.every_database
async def test_an_agent_is_never_above_any_upstream(host: Host, kavach: Any) -> None:
    top, middle, leaf = await make_agent(kavach, READ_GITHUB), await make_agent(kavach), await make_agent(kavach)
    await hand(kavach, top, middle, READ_ISSUES)
    await hand(kavach, middle, leaf, READ_ISSUES)
    assert [await score(kavach, agent) for agent in (top, middle, leaf)] == [44, 41, 40]
    await kavach.trust.set_inputs(leaf.id, **VOUCHED)
    assert await ask(kavach, leaf) is None
    assert await score(kavach, leaf) == (await host.storage.find_trust_score(leaf.id)).score == 41
    await kavach.trust.set_inputs(middle.id, **VOUCHED)
    assert [await score(kavach, agent) for agent in (middle, leaf)] == [44, 44]
    await kavach.trust.set_inputs(top.id, **dict.fromkeys(VOUCHED, 0))
    assert [await score(kavach, agent) for agent in (top, middle, leaf)] == [23, 23, 23]
    await kavach.agent.revoke(top.id)
    assert await score(kavach, leaf) > 44


@pytest.mark.parametrize(
    ("level", "tier"),
    [
        ("untrusted", "unverified"),
        ("limited", "low"),
        ("standard", "standard"),
        ("trusted", "elevated"),
        ("elevated", "high"),
        ("unheard-of", "unverified"),
    ],
)
async def test_a_level_of_the_original_is_kept_until_the_next_call(
    host: Host, kavach: Any, level: str, tier: str
) -> None:
    agent, sub = await make_agent(kavach, READ_GITHUB), await make_agent(kavach)
    await hand(kavach, agent, sub, READ_ISSUES)
    adopted = {"score": 50, "level": level, "factors": {"totalCalls": 9, "denialRate": 0.1}, "computed_at": START}
    await host.storage.upsert_trust_score(agent_id=agent.id, **adopted)
    assert (await kavach.trust.get_score(agent.id)).tier == tier
    assert await score(kavach, sub) == min(await score(kavach, agent), 41)
    assert await ask(kavach, agent) is None
    assert (await host.storage.find_trust_score(agent.id)).level == "standard"
    assert await sums(host, agent) == (1, 0)


async def test_a_row_that_is_not_understood_begins_anew(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    broken = {"aggregates": {"allowed": "many"}, "inputs": {"owner_trust": 7}}
    await host.storage.upsert_trust_score(agent_id=agent.id, score=99, level="high", factors=broken, computed_at=START)
    assert await score(kavach, agent) == 44
    assert await ask(kavach, agent) is None
    assert await sums(host, agent) == (1, 0)


async def test_where_a_call_comes_from_is_what_the_host_says(host: Host) -> None:
    asked: list[str] = []

    def locate(ip: str) -> str | None:
        asked.append(ip)
        return {"192.0.2.1": "DE", "198.51.100.1": "FR"}.get(ip)

    kavach = await host.kavach(trust={"locate": locate})
    agent = await make_agent(kavach, READ_ISSUES)
    for ip in ("192.0.2.1", "192.0.2.1", "198.51.100.1", "10.0.0.1", None):
        await kavach.authorize(agent.id, action="read", resource="mcp:github:issues", ip=ip)
    known = (await host.storage.find_trust_score(agent.id)).factors["aggregates"]
    assert (known["stayed"], known["moved"]) == (2, 1)
    assert asked == ["192.0.2.1", "192.0.2.1", "198.51.100.1", "10.0.0.1"]


@pytest.mark.parametrize("place", [64496, b"DE", "\ud800"])
async def test_a_place_that_is_no_text_is_unknown(host: Host, place: Any) -> None:
    """It would keep its decision, and all of the same group, from being recorded."""
    kavach = await host.kavach(trust={"locate": lambda _: place})
    agent = await make_agent(kavach, READ_ISSUES)
    assert (await kavach.authorize(agent.id, action="read", resource="mcp:github:issues", ip="192.0.2.1")).allowed


async def ask_as(kavach: Any, agent: Any, tier: str, times: int = 1, **call: str) -> list[str | None]:
    """Ask as an agent that is in this tier."""
    assert (await kavach.trust.get_score(agent.id)).tier == tier
    return [await ask(kavach, agent, **call) for _ in range(times)]


@pytest.mark.every_database
async def test_constraints_apply_below_a_tier_and_not_in_it(host: Host) -> None:
    below = {"standard": {"require_approval": True}, "elevated": {"max_calls_per_hour": 2}}
    kavach = await host.kavach(trust={"constraints_below": below})
    agent = await make_agent(kavach, READ_GITHUB, WRITE_ISSUES)
    limited = await ask_as(kavach, agent, "standard", 1) + await ask_as(kavach, agent, "standard", 2, action="write")
    assert limited == [None, None, "rate_limited"]
    await kavach.trust.set_inputs(agent.id, **dict.fromkeys(VOUCHED, 0))
    assert await ask_as(kavach, agent, "low") == ["approval_required"]
    await kavach.trust.set_inputs(agent.id, **VOUCHED)
    assert await ask_as(kavach, agent, "elevated", 3) == [None] * 3
    assert [row.constraints for row in await host.audit_rows()][2:4] == [["max_calls_per_hour"], ["require_approval"]]


async def test_constraints_below_a_tier_only_tighten(host: Host) -> None:
    below = {"high": {"maxCallsPerHour": 5, "requireApproval": False}}
    kavach = await host.kavach(trust={"constraints_below": below})
    agent = await make_agent(kavach, {**READ_ISSUES, "constraints": {"max_calls_per_hour": 1}})
    asking = await make_agent(kavach, {**READ_ISSUES, "constraints": {"require_approval": True}})
    assert await ask_as(kavach, agent, "standard", 2) == [None, "rate_limited"]
    assert await ask_as(kavach, asking, "standard") == ["approval_required"]


async def test_constraints_follow_the_tier_of_those_upstream(host: Host) -> None:
    kavach = await host.kavach(trust={"constraints_below": {"standard": {"ip_allowlist": ["10.0.0.0/8"]}}})
    agent, sub = await make_agent(kavach, READ_GITHUB), await make_agent(kavach)
    await hand(kavach, agent, sub, READ_ISSUES)
    await kavach.trust.set_inputs(sub.id, **VOUCHED)
    assert await ask_as(kavach, sub, "standard") == [None]
    await kavach.trust.set_inputs(agent.id, **dict.fromkeys(VOUCHED, 0))
    assert await ask_as(kavach, sub, "low") == ["ip_not_allowed"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"constraints_below": {"unverified": {}}}, r"^trust\.constraints_below\.unverified"),
        ({"constraints_below": {"trusted": {}}}, r"^trust\.constraints_below\.trusted"),
        ({"constraints_below": {"low": {"max_calls": 1}}}, r"^trust\.constraints_below\.low\.max_calls: unknown"),
        ({"constraints_below": {"low": {}}, "enabled": False}, r"^trust: constraints_below needs enabled=True$"),
        ({"locate": "DE"}, r"^trust\.locate"),
        ({"weights": {}}, r"^trust\.weights: unknown setting$"),
    ],
)
async def test_settings_that_are_wrong_are_refused(host: Host, settings: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        await host.kavach(trust=settings)
