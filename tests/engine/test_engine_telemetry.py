"""Each decision is a span and three metrics, which tell less than its audit row."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from engine.support import CANARY, READ_ISSUES, Host, make_agent
from telemetry import Told, listen

pytestmark = pytest.mark.one_database

CALL = {"action": "read", "resource": "mcp:github:issues"}


@pytest.fixture
def told(kavach: Any) -> Told:
    """Listen, with a Kavach open."""
    return listen()


async def test_every_decision_is_a_span(kavach: Any, told: Told) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    assert told.spans() == ()
    made = [
        await kavach.authorize(agent.id, **CALL),
        await kavach.authorize_by_token(agent.token, **CALL),
        await kavach.authorize(agent.id, **{**CALL, "action": "write"}),
        await kavach.authorize_by_token(agent.token, **{**CALL, "action": "write"}),
        await kavach.authorize("nobody", **CALL),
        await kavach.authorize_by_token("kv_unknown", **CALL),
    ]
    spans = told.spans()
    assert {span.name for span in spans} == {"kavach.authorize"}
    known = {"kavach.agent_id": agent.id}
    read, write = {"kavach.action": "read"}, {"kavach.action": "write"}
    allowed, unknown = {"kavach.allowed": True}, {"kavach.allowed": False, "kavach.code": "unknown_agent"}
    denied = {"kavach.allowed": False, "kavach.code": "no_permission"}
    said = [read | known | allowed] * 2 + [write | known | denied] * 2 + [read | unknown] * 2
    expected = [each | {"kavach.audit_id": result.audit_id} for each, result in zip(said, made, strict=True)]
    assert [dict(span.attributes or {}) for span in spans] == expected
    assert {span.status.status_code for span in spans} == {StatusCode.UNSET}, "a denial is no error"


async def test_decisions_are_counted_and_timed(kavach: Any, told: Told) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    for action in ("read", "read", "write"):
        await kavach.authorize(agent.id, action=action, resource="mcp:github:issues")
    found = told.metrics()
    assert {name: metric.unit for name, metric in found.items()} == {
        "kavach.decisions": "{decision}",
        "kavach.decision.duration": "s",
        "kavach.storage.duration": "s",
    }
    points = {
        name: {point.attributes.get("kavach.code"): point for point in metric.data.data_points}
        for name, metric in found.items()
    }
    assert {code: point.value for code, point in points["kavach.decisions"].items()} == {None: 2, "no_permission": 1}
    for code, count in ((None, 2), ("no_permission", 1)):
        whole, stored = points["kavach.decision.duration"][code], points["kavach.storage.duration"][code]
        assert (whole.count, stored.count) == (count, count)
        assert 0 < stored.sum < whole.sum < 60
        assert whole.explicit_bounds[0] < 0.001, "buckets are those of seconds"


@pytest.mark.every_database
@pytest.mark.empty_database
async def test_a_decision_that_cannot_be_recorded_is_an_error(host: Host, kavach: Any, told: Told) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    await host.sql("DROP TABLE kavach_audit_logs")
    await kavach.authorize(agent.id, **CALL)
    await kavach.authorize_by_token(agent.token, **CALL)
    by_id, by_token = told.spans()
    for span in (by_id, by_token):
        assert dict(span.attributes or {}) == {
            "kavach.action": "read",
            "kavach.agent_id": agent.id,
            "kavach.allowed": False,
            "kavach.code": "audit_unavailable",
            "error.type": "audit_unavailable",
        }
        assert (span.status.status_code, span.status.description, span.events) == (StatusCode.ERROR, None, ())
    (point,) = told.metrics()["kavach.decisions"].data.data_points
    assert (point.value, point.attributes["kavach.code"]) == (2, "audit_unavailable")


async def test_an_error_is_told_by_its_kind_alone(host: Host, kavach: Any, told: Told) -> None:
    def fail() -> Any:
        raise LookupError(CANARY)

    agent = await make_agent(kavach, READ_ISSUES)
    failing = await host.kavach(clock=fail)
    with pytest.raises(LookupError):
        await failing.authorize(agent.id, **CALL)
    (span,) = told.spans()
    assert (span.status.status_code, span.status.description, span.events) == (StatusCode.ERROR, None, ())
    assert (span.attributes or {})["error.type"] == "LookupError"
    assert told.metrics() == {}, "nothing was decided"


async def test_a_hook_runs_in_the_span_and_its_time_is_not_the_storages(host: Host, told: Told) -> None:
    seen: list[int] = []

    def note(_call: Any) -> None:
        time.sleep(0.05)
        seen.append(trace.get_current_span().get_span_context().span_id)

    async def note_async(_call: Any) -> None:
        note(_call)

    kavach = await host.kavach(hooks={"before_authorize": note_async if host.opened.colour == "asyncio" else note})
    agent = await make_agent(kavach, READ_ISSUES)
    with trace.get_tracer("host").start_as_current_span("request") as outer:
        await kavach.authorize(agent.id, **CALL)
    inner, _ = told.spans()
    assert inner.context is not None
    assert inner.parent is not None
    assert seen == [inner.context.span_id]
    assert inner.parent.span_id == outer.get_span_context().span_id
    metrics = told.metrics()
    whole, stored = (metrics[f"kavach.{name}.duration"].data.data_points[0].sum for name in ("decision", "storage"))
    assert whole - stored >= 0.05


async def test_no_secret_and_no_resource_is_told(kavach: Any, told: Told) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    for named in (agent.token, CANARY):
        await kavach.authorize(named, action="read", resource=CANARY, arguments={"password": CANARY})
        await kavach.authorize_by_token(named, action="read", resource=CANARY, user_agent=CANARY)
    text = "".join(span.to_json() for span in told.spans()) + str(told.metrics())
    assert "unknown_agent" in text
    assert CANARY not in text
    assert agent.token[4:] not in text


_LATE = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from kavach_core import create_kavach
from kavach_core.storage import create_memory_storage

with create_kavach(storage=create_memory_storage()) as kavach:
    unheard = kavach.authorize("nobody", action="read", resource="mcp:early")
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    heard = kavach.authorize("nobody", action="read", resource="mcp:late")
    told = [span.attributes["kavach.audit_id"] for span in exporter.get_finished_spans()]
    assert unheard.audit_id and told == [heard.audit_id], told
"""


def test_a_provider_that_is_set_later_is_told_of_what_follows() -> None:
    """A process has one provider, set once, so this one is a process of its own."""
    subprocess.run([sys.executable, "-c", _LATE], check=True, timeout=60)
