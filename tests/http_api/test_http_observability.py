"""What is logged and traced while a request is answered belongs to that request."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest
from opentelemetry import trace
from opentelemetry.propagate import extract
from starlette.types import ASGIApp, Receive, Scope, Send

from http_api.support import Api, open_api
from kavach_core.http import create_app
from kavach_core.http._logging import JsonFormatter
from telemetry import listen

CALL = {"action": "read", "resource": "mcp:github:repos"}


async def test_what_the_engine_logs_during_a_request_carries_its_id(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_call: Any) -> None:
        await asyncio.sleep(0.01)
        raise LookupError

    async with open_api(engine={"hooks": {"before_authorize": fail}}) as api:
        agent, token = await api.agent(), await api.service()
        path = f"/agents/{agent.id}/authorize"
        names = ["req-1", "req-2"]
        calls = (api.call("POST", path, token, json=CALL, headers={"X-Request-Id": name}) for name in names)
        await asyncio.gather(*calls)
        await api.kavach.authorize(agent.id, action="read", resource="mcp:github:repos")
    lines = [json.loads(JsonFormatter().format(record)) for record in caplog.records if record.name == "kavach"]
    assert ["hooks: before_authorize failed" in line["message"] for line in lines] == [True] * 3
    assert sorted(line["request_id"] for line in lines[:2]) == names
    assert "request_id" not in lines[2], "no request, no id"


async def test_the_span_of_a_decision_is_in_the_span_of_its_request(api: Api) -> None:
    def traced(app: ASGIApp) -> ASGIApp:
        """Do what opentelemetry-instrumentation-asgi does: continue the trace of the caller."""

        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            with trace.get_tracer("server").start_as_current_span("POST", context=extract(headers)):
                await app(scope, receive, send)

        return call

    agent, token = await api.agent(), await api.service()
    told = listen()
    transport = httpx2.ASGITransport(traced(create_app(api.kavach)))
    headers = {"Authorization": f"Bearer {token}", "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://kavach.test", headers=headers) as client:
        assert (await client.post(f"/agents/{agent.id}/authorize", json=CALL)).json()["allowed"]
    decision, request = told.spans()
    assert decision.name == "kavach.authorize"
    assert decision.parent == request.context
    assert request.context is not None
    assert request.context.trace_id == int("ab" * 16, 16)
