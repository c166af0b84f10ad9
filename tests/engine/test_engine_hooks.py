"""Lifecycle hooks: called by the core on every path, outside of its transactions, and unable to widen a decision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from colours import Opened
from engine.support import CANARY, READ_ISSUES, Host, hand, make_agent, open_session, operations_of
from kavach_core import ConfigurationError, ConflictError, HookedCall, create_kavach

pytestmark = pytest.mark.one_database

READ: dict[str, Any] = {"action": "read", "resource": "mcp:github:issues"}


class Heard:
    """Hooks of the right colour that write down what they are told."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.told: list[tuple[Any, ...]] = []
        self.answer: Any = None

    def hook(self, name: str) -> Callable[..., Any]:
        def tell(*arguments: Any) -> Any:
            self.told.append((name, *arguments))
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        async def tell_later(*arguments: Any) -> Any:
            return tell(*arguments)

        return tell_later if self.host.opened.colour == "asyncio" else tell

    def hooks(self, *names: str) -> dict[str, Any]:
        return {name: self.hook(name) for name in names}

    def names(self) -> list[str]:
        return [name for name, *_ in self.told]


@pytest.fixture
def heard(host: Host) -> Heard:
    return Heard(host)


def by_id(kavach: Any, agent: Any, **_: Any) -> Awaitable[Any]:
    found: Awaitable[Any] = kavach.authorize(agent.id, **READ)
    return found


def by_token(kavach: Any, agent: Any, **_: Any) -> Awaitable[Any]:
    found: Awaitable[Any] = kavach.authorize_by_token(agent.token, **READ)
    return found


async def by_ephemeral_token(kavach: Any, agent: Any) -> Any:
    session = await kavach.ephemeral.create(agent.id)
    return await kavach.authorize_by_token(session.token, **READ)


PATHS = [by_id, by_token, by_ephemeral_token]
each_path = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)


@each_path
async def test_h5_p18_a_hook_that_refuses_is_asked_on_every_path(host: Host, heard: Heard, path: Any) -> None:
    """P19: and its denial is recorded like any other."""
    kavach = await host.kavach(hooks=heard.hooks("before_authorize"))
    agent = await make_agent(kavach, READ_ISSUES)
    assert (await path(kavach, agent)).allowed
    heard.answer = "closed for the night"
    result = await path(kavach, agent)
    assert (result.allowed, result.code, result.reason) == (False, "hook_denied", "closed for the night")
    row = (await host.audit_rows())[-1]
    assert (row.id, row.agent_id, row.user_id, row.code, row.reason) == (
        result.audit_id,
        agent.id,
        "ada",
        "hook_denied",
        "closed for the night",
    )
    assert heard.told == 2 * [
        ("before_authorize", HookedCall(agent.id, "ada", "read", "mcp:github:issues", None, None, None))
    ]


async def test_p18_a_delegated_agent_is_hooked_too(host: Host, heard: Heard) -> None:
    kavach = await host.kavach(hooks=heard.hooks("before_authorize", "after_authorize"))
    giver, agent = await make_agent(kavach, READ_ISSUES), await make_agent(kavach)
    await hand(kavach, giver, agent, READ_ISSUES)
    assert (await by_token(kavach, agent)).allowed
    assert [call.agent_id for _, call, *_ in heard.told] == [agent.id, agent.id]


@pytest.mark.parametrize("answer", [RuntimeError(CANARY), False, 7, "x" * 2000, "\0"], ids=repr)
async def test_a_hook_that_fails_denies(
    host: Host, heard: Heard, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    kavach = await host.kavach(hooks=heard.hooks("before_authorize"))
    agent = await make_agent(kavach, READ_ISSUES)
    heard.answer = answer
    result = await by_id(kavach, agent)
    assert (result.code, result.reason) == ("hook_denied", "the application refused this call")
    assert len(heard.told) == len(await host.audit_rows()) == 1
    assert "before_authorize failed" in caplog.text
    assert CANARY not in caplog.text


async def test_p19_unknown_agents_and_tokens_reach_hooks_and_trail(host: Host, heard: Heard) -> None:
    kavach = await host.kavach(hooks=heard.hooks("before_authorize", "violation"))
    await kavach.authorize("nobody", **READ)
    for token in ("kv_guess", "kve_guess"):
        await kavach.authorize_by_token(token, **READ)
        await kavach.authorize(token, **READ)
    assert {call.agent_id for _, call, *_ in heard.told} == {"nobody", None}
    assert [result.code for name, _, *told in heard.told if name == "violation" for result in told] == [
        "unknown_agent"
    ] * 5
    assert {row.agent_id for row in await host.audit_rows()} == {"nobody", ""}


async def test_hooks_see_a_copy_of_the_arguments_without_secrets(host: Host, heard: Heard) -> None:
    kavach = await host.kavach(hooks=heard.hooks("before_authorize", "after_authorize"))
    agent = await make_agent(kavach, READ_ISSUES)
    await kavach.authorize(agent.id, **READ, arguments={"page": {"n": 1}, "password": CANARY}, ip="10.0.0.7")
    (_, before), (_, after, result) = heard.told
    assert before == after
    assert (before.ip, before.arguments) == ("10.0.0.7", {"page": {"n": 1}, "password": "[redacted]"})
    assert "page" not in repr(before)
    before.arguments["page"]["n"] = 2
    (row,) = await host.audit_rows()
    assert (row.parameters["page"], row.id) == ({"n": 1}, result.audit_id)


async def test_a_hook_after_the_decision_cannot_change_or_lose_it(
    host: Host, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    kavach = await host.kavach(hooks=heard.hooks("after_authorize", "violation", "agent_created", "agent_revoked"))
    heard.answer = RuntimeError(CANARY)
    agent = await make_agent(kavach, READ_ISSUES)
    allowed = await by_token(kavach, agent)
    await kavach.agent.revoke(agent.id)
    denied = await by_token(kavach, agent)
    assert (allowed.allowed, denied.code) == (True, "agent_revoked")
    assert heard.names() == ["agent_created", "after_authorize", "agent_revoked", "violation", "after_authorize"]
    assert heard.told[1][2] == allowed
    assert heard.told[3][2] == heard.told[4][2] == denied
    assert len(caplog.records) == 5
    assert CANARY not in caplog.text


async def test_w1_the_core_tells_of_agents_without_their_tokens(host: Host, heard: Heard) -> None:
    kavach = await host.kavach(hooks=heard.hooks("agent_created", "agent_revoked"))
    agent = await make_agent(kavach, READ_ISSUES)
    revoked = await kavach.agent.revoke(agent.id)
    await kavach.agent.revoke(agent.id)
    assert heard.told == [("agent_created", agent.model_copy(update={"token": ""})), ("agent_revoked", revoked)]


async def test_b1_an_agent_that_a_budget_revokes_is_told_once(host: Host, heard: Heard) -> None:
    kavach = await host.kavach(hooks=heard.hooks("agent_revoked"))
    agent = await make_agent(kavach, READ_ISSUES)
    await kavach.budget.create(limits={"max_calls_per_day": 0}, action="revoke")
    assert (await by_token(kavach, agent)).code == "budget_exceeded"
    assert (await by_token(kavach, agent)).code == "agent_revoked"
    assert heard.told == [("agent_revoked", await kavach.agent.get(agent.id))]


async def test_what_was_not_created_is_not_told(host: Host, heard: Heard) -> None:
    kavach = await host.kavach(hooks=heard.hooks("agent_created"))
    await make_agent(kavach, id="one")
    with pytest.raises(ConflictError):
        await make_agent(kavach, id="one")
    assert heard.names() == ["agent_created"]


@pytest.mark.parametrize("path", [by_id, by_token])
async def test_a_hook_costs_no_more_than_a_second_look_at_the_agent(
    host: Host, heard: Heard, path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await make_agent(await host.kavach(), READ_ISSUES)
    assert (await path(await host.kavach(), agent)).allowed
    asked = {}
    for names in ((), ("after_authorize", "violation"), ("before_authorize",)):
        with operations_of(host, monkeypatch) as operations:
            assert (await path(await host.kavach(hooks=heard.hooks(*names)), agent)).allowed
        asked[names] = list(operations)
    assert asked[()] == asked["after_authorize", "violation"]
    assert asked["before_authorize",] == [asked[()][0], *asked[()]]


@pytest.mark.not_in_memory
@pytest.mark.parametrize("change", ["revoke", "rotate"])
async def test_what_changes_while_the_hook_runs_counts(host: Host, change: str) -> None:
    other = await host.opened.kavach(clock=host.clock)
    inner = getattr(other, "value", other)

    def hook(call: HookedCall) -> None:
        getattr(inner.agent, change)(call.agent_id)

    async def hook_later(call: HookedCall) -> None:
        await getattr(inner.agent, change)(call.agent_id)

    hooks: Any = {"before_authorize": hook_later if host.opened.colour == "asyncio" else hook}
    kavach = await host.kavach(hooks=hooks)
    result = await by_token(kavach, await make_agent(kavach, READ_ISSUES))
    assert result.code == {"revoke": "agent_revoked", "rotate": "unknown_agent"}[change]


async def test_a_decision_that_is_run_again_asks_its_hook_once(
    host: Host, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kavach_core import TransactionAborted
    from kavach_core.engine._async.recording import AsyncRecords
    from kavach_core.engine._sync.recording import Records

    tried = 0
    for kind in (AsyncRecords, Records):
        write: Any = kind.write

        def fail_once(self: Any, *arguments: Any, write: Any = write) -> Any:
            nonlocal tried
            tried += 1
            if tried == 1:
                raise TransactionAborted("another transaction was in the way")
            return write(self, *arguments)

        monkeypatch.setattr(kind, "write", fail_once)
    kavach = await host.kavach(hooks=heard.hooks("before_authorize", "after_authorize"))
    assert (await by_id(kavach, await make_agent(kavach, READ_ISSUES))).allowed
    assert tried == 2
    assert heard.names() == ["before_authorize", "after_authorize"]


@pytest.mark.not_in_memory
async def test_hooks_run_while_no_lock_is_held(host: Host) -> None:
    """On SQLite a hook that writes with a connection of its own would wait in vain inside of the transaction."""
    other = await host.opened.kavach(clock=host.clock)
    inner = getattr(other, "value", other)
    asked = {"action": "write", "resource": "mcp:github:issues"}

    def write(call: HookedCall, *_: Any) -> None:
        inner.authorize(call.agent_id, **asked)

    async def write_later(call: HookedCall, *_: Any) -> None:
        await inner.authorize(call.agent_id, **asked)

    hook: Any = write_later if host.opened.colour == "asyncio" else write
    kavach = await host.kavach(hooks={"before_authorize": hook, "after_authorize": hook})
    assert (await by_id(kavach, await make_agent(kavach, READ_ISSUES))).allowed
    assert [row.code for row in await host.audit_rows()] == ["no_permission", None, "no_permission"]


@pytest.mark.not_in_memory
async def test_in_a_joined_transaction_hooks_follow_our_work(host: Host, heard: Heard) -> None:
    """The host may still roll it back."""
    async with open_session(host) as (_, join):
        kavach = await join(hooks=heard.hooks("agent_created", "after_authorize"))
        agent = await make_agent(kavach, READ_ISSUES)
        await by_id(kavach, agent)
        assert heard.names() == ["agent_created", "after_authorize"]
    assert await host.audit_rows() == []


@pytest.mark.parametrize(
    ("hooks", "message"),
    [
        ({"before": print}, "hooks.before: unknown hook"),
        ({"violation": "print"}, "hooks.violation: pass a callable"),
        ([print], "hooks: expected a dictionary"),
    ],
)
async def test_hooks_are_checked_at_the_start(opened: Opened, hooks: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        await opened.kavach(hooks=hooks)
    with pytest.raises(ConfigurationError, match=message):
        create_kavach(database={"provider": "sqlite", "url": ":memory:"}, hooks=hooks)
