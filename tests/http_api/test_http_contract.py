"""The wire contract of the published SDKs: paths, bodies, keys and statuses (H2)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from http_api.support import READ, SQLITE, Api, error_of, open_api
from kavach_core.http import create_app

AGENT = {"id", "ownerId", "name", "type", "token", "permissions", "status", "expiresAt", "createdAt", "updatedAt"}
ENTRY = {"id", "agentId", "userId", "action", "resource", "parameters", "result", "durationMs", "timestamp"}
CHAIN = {"id", "fromAgent", "toAgent", "permissions", "expiresAt", "depth", "createdAt"}

FULL = {
    "resource": "mcp:github:*",
    "actions": ["read", "write"],
    "constraints": {
        "maxCallsPerHour": 5,
        "allowedArgPatterns": ["a*"],
        "requireApproval": False,
        "timeWindow": {"start": "08:00", "end": "18:00"},
        "ipAllowlist": ["10.0.0.0/8"],
    },
}

ASK = {"action": "read", "resource": "mcp:github:issues"}


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """Yield a server on a new database."""
    async with open_api(engine={"database": SQLITE}) as found:
        yield found


async def create(api: Api, token: str, **values: Any) -> dict[str, Any]:
    body = {"ownerId": "ada", "name": "reader", "type": "autonomous", "permissions": [READ], **values}
    response = await api.call("POST", "/agents", token, json=body)
    assert response.status_code == 201
    found: dict[str, Any] = response.json()
    return found


async def test_h2_an_agent_is_created_read_changed_rotated_and_revoked(api: Api) -> None:
    token = await api.service()
    made = await create(api, token, permissions=[FULL], expiresAt="2030-06-01T00:00:00Z", metadata={"team": "a"})
    assert set(made) >= AGENT
    assert made["token"].startswith("kv_")
    assert made["permissions"] == [FULL]
    assert made["expiresAt"] == "2030-06-01T00:00:00Z"
    assert (made["status"], made["metadata"], made["tenantId"]) == ("active", {"team": "a"}, None)

    path = f"/agents/{made['id']}"
    read = (await api.call("GET", path, token)).json()
    assert read == made | {"token": ""}
    changed = (await api.call("PATCH", path, token, json={"name": "renamed"})).json()
    assert changed == read | {"name": "renamed", "updatedAt": changed["updatedAt"]}
    cleared = (await api.call("PATCH", path, token, json={"expiresAt": None, "permissions": []})).json()
    assert (cleared["expiresAt"], cleared["permissions"], cleared["metadata"]) == (None, [], {"team": "a"})
    rotated = await api.call("POST", f"{path}/rotate", token)
    assert (rotated.status_code, rotated.json()["token"][:3]) == (200, "kv_")
    assert rotated.json()["token"] != made["token"]
    revoked = await api.call("DELETE", path, token)
    assert (revoked.status_code, revoked.content) == (204, b"")
    assert (await api.call("GET", path, token)).json()["status"] == "revoked"


async def test_h2_what_is_not_there_is_404(api: Api) -> None:
    token = await api.service()
    for method, path, body in (
        ("GET", "/agents/nobody", None),
        ("PATCH", "/agents/nobody", {"name": "n"}),
        ("DELETE", "/agents/nobody", None),
        ("POST", "/agents/nobody/rotate", None),
        ("POST", "/agents/nobody/authorize", ASK),
        ("DELETE", "/delegations/nobody", None),
        ("GET", "/mcp/servers/nobody", None),
    ):
        response = await api.call(method, path, token, **({} if body is None else {"json": body}))
        assert (response.status_code, error_of(response)) == (404, "NOT_FOUND")


async def test_h2_agents_are_listed_by_owner_status_and_type(api: Api) -> None:
    token = await api.service()
    first = await create(api, token)
    second = await create(api, token, ownerId="bob", type="service")
    brief = await create(api, token, expiresAt=api.clock.later(hours=1).isoformat())
    await api.call("DELETE", f"/agents/{second['id']}", token)
    api.clock.pass_time(hours=1)

    async def ids(**params: str) -> list[str]:
        response = await api.call("GET", "/agents", token, params=params)
        assert response.status_code == 200
        return [agent["id"] for agent in response.json()]

    assert await ids() == [first["id"], second["id"], brief["id"]]
    assert await ids(userId="bob") == [second["id"]]
    assert await ids(type="service") == [second["id"]]
    assert await ids(status="active") == [first["id"]]
    assert await ids(status="revoked") == [second["id"]]
    assert await ids(status="expired") == [brief["id"]]


async def test_a_list_that_is_longer_than_a_page_names_the_next(api: Api) -> None:
    token = await api.service()
    made = [(await create(api, token))["id"] for _ in range(5)]
    found, path = [], "/agents?limit=2&status=active"
    while path:
        response = await api.call("GET", path, token)
        found.append([agent["id"] for agent in response.json()])
        path = f"/agents{response.links['next']['url']}" if "next" in response.links else ""
    assert found == [made[:2], made[2:4], made[4:]]


async def test_h2_a_denial_is_an_answer(api: Api) -> None:
    token = await api.service()
    made = await create(api, token)
    for path, who in ((f"/agents/{made['id']}/authorize", token), ("/authorize", made["token"])):
        allowed = await api.call("POST", path, who, json=ASK | {"arguments": {"title": "x"}, "tokensCost": 7})
        assert (allowed.status_code, allowed.json()["allowed"], allowed.json()["reason"]) == (200, True, None)
        denied = await api.call("POST", path, who, json=ASK | {"action": "delete"})
        assert (denied.status_code, denied.json()["allowed"], denied.json()["code"]) == (200, False, "no_permission")
        assert isinstance(denied.json()["auditId"], str)
        assert denied.json()["reason"]
    rows = await api.kavach.audit.query()
    assert len(rows) == 4
    assert {row.tokens_cost for row in rows if row.result == "allowed"} == {7}


async def test_p19_the_call_of_an_unknown_agent_is_refused_and_recorded(api: Api) -> None:
    token = await api.service()
    assert (await api.call("POST", "/authorize", "kv_nobody", json=ASK)).status_code == 401
    assert (await api.call("POST", "/agents/nobody/authorize", token, json=ASK)).status_code == 404
    assert [row.code for row in await api.kavach.audit.query()] == ["unknown_agent"] * 2


async def test_a_revoked_agent_is_told_why_it_is_denied(api: Api) -> None:
    made = await create(api, await api.service())
    await api.kavach.agent.revoke(made["id"])
    response = await api.call("POST", "/authorize", made["token"], json=ASK)
    assert (response.status_code, response.json()["code"]) == (200, "agent_revoked")


async def test_an_ephemeral_token_asks_for_its_agent_and_does_nothing_else(api: Api) -> None:
    agent = await api.agent()
    session = await api.kavach.ephemeral.create(agent.id, max_actions=1)
    codes = [(await api.call("POST", "/authorize", session.token, json=ASK)).json()["code"] for _ in range(2)]
    assert codes == [None, "ephemeral_spent"]
    assert (await api.call("GET", f"/agents/{agent.id}", session.token)).status_code == 401


async def test_h2_permissions_are_delegated_listed_and_revoked(api: Api) -> None:
    token = await api.service()
    giver, receiver = await create(api, token), await create(api, token, permissions=[])
    issues = {"resource": "mcp:github:issues", "actions": ["read"]}
    body = {
        "fromAgent": giver["id"],
        "toAgent": receiver["id"],
        "permissions": [issues],
        "expiresAt": "2030-01-02T00:00:00Z",
        "maxDepth": 2,
    }
    made = await api.call("POST", "/delegations", token, json=body)
    assert made.status_code == 201
    chain = made.json()
    assert set(chain) >= CHAIN
    assert (chain["fromAgent"], chain["toAgent"], chain["permissions"]) == (giver["id"], receiver["id"], [issues])
    for agent in (giver, receiver):
        assert (await api.call("GET", f"/delegations/{agent['id']}", token)).json() == [chain]
    effective = f"/delegations/{receiver['id']}/permissions"
    assert (await api.call("GET", effective, token)).json() == [issues]
    assert (await api.call("DELETE", f"/delegations/{chain['id']}", token)).status_code == 204
    assert (await api.call("GET", effective, token)).json() == []
    listed = f"/delegations/{receiver['id']}"
    assert (await api.call("GET", listed, token)).json() == []
    assert (await api.call("GET", f"{listed}?status=all", token)).json() == [chain | {"status": "revoked"}]


async def record(api: Api, *asked: str) -> list[str]:
    """Let an agent ask for these actions, a minute apart, and return the ids of the rows."""
    agent = await api.agent()
    found = []
    for action in asked:
        result = await api.kavach.authorize(agent.id, action=action, resource="mcp:github:issues")
        found.append(str(result.audit_id))
        api.clock.pass_time(minutes=1)
    return found


async def test_h2_the_audit_trail_is_queried_by_everything_that_is_documented(api: Api) -> None:
    token = await api.service()
    rows = await record(api, "read", "write", "read", "delete")
    (agent,) = await api.kavach.agent.list()

    async def ids(**params: str) -> list[str]:
        response = await api.call("GET", "/audit", token, params=params)
        assert response.status_code == 200
        return [entry["id"] for entry in response.json()["entries"]]

    page = (await api.call("GET", "/audit", token)).json()
    assert page["total"] == 4
    assert set(page["entries"][0]) >= ENTRY
    assert page["entries"][0]["parameters"] == {}
    assert await ids() == rows[::-1]
    assert await ids(agentId=agent.id, userId="ada") == rows[::-1]
    assert await ids(userId="bob") == []
    assert await ids(actions="read,delete") == [rows[3], rows[2], rows[0]]
    assert await ids(result="allowed") == [rows[2], rows[0]]
    assert await ids(limit="2", offset="1") == [rows[2], rows[1]]
    assert await ids(since="2030-01-01T12:01:00Z", until="2030-01-01T12:03:00+00:00") == [rows[2], rows[1]]
    assert await ids(since="2030-01-01T12:03:00") == [rows[3]]


async def test_a_page_of_the_trail_has_a_hundred_rows_where_nothing_is_said(api: Api) -> None:
    await record(api, *["read"] * 101)
    page = (await api.call("GET", "/audit", await api.service())).json()
    assert (len(page["entries"]), page["total"]) == (100, 101)


@pytest.mark.parametrize(
    ("format", "kind"), [("csv", "text/csv"), ("json", "application/json"), ("jsonl", "application/jsonl")]
)
async def test_h2_the_trail_is_exported_as_the_engine_writes_it(api: Api, format: Any, kind: str) -> None:
    await record(api, *["read"] * 250)
    token = await api.service()
    response = await api.call("GET", "/audit/export", token, params={"format": format})
    assert response.headers["content-type"].partition(";")[0] == kind
    assert response.headers["content-disposition"] == f'attachment; filename="audit-export.{format}"'
    assert "content-length" not in response.headers
    assert response.text == await api.kavach.audit.export(format=format)
    part = await api.call("GET", "/audit/export", token, params={"format": format, "until": "2030-01-01T12:01:00Z"})
    assert rows_of(part.text, format) == 1


def rows_of(text: str, format: str) -> int:
    if format == "json":
        return len(json.loads(text))
    return len(text.splitlines()) if format == "jsonl" else len(list(csv.reader(io.StringIO(text)))) - 1


async def test_h2_an_mcp_server_is_registered_and_found(api: Api) -> None:
    token = await api.service()
    body = {"name": "github", "endpoint": "https://mcp.test/", "tools": ["issues"], "rateLimit": {"rpm": 60}}
    made = (await api.call("POST", "/mcp/servers", token, json=body)).json()
    assert set(made) >= {"id", "name", "endpoint", "tools", "authRequired", "createdAt"}
    assert (made["authRequired"], made["rateLimit"]) == (True, {"rpm": 60})
    assert (await api.call("GET", f"/mcp/servers/{made['id']}", token)).json() == made
    assert (await api.call("GET", "/mcp/servers", token)).json() == [made]
    for endpoint in ("ftp://mcp.test", "https://", "https://u:p@mcp.test", "mcp.test", "https://[", "javascript://x"):
        response = await api.call("POST", "/mcp/servers", token, json=body | {"endpoint": endpoint})
        assert (response.status_code, error_of(response)) == (422, "INVALID_INPUT")


async def test_a_request_for_approval_is_listed_read_and_answered(api: Api) -> None:
    asking = {**READ, "constraints": {"requireApproval": True}}
    agent = await api.agent(asking)
    token, ada = await api.service(), api.person("ada")
    path = f"/agents/{agent.id}/authorize"
    first = (await api.call("POST", path, token, json=ASK)).json()
    assert (first["allowed"], first["code"]) == (False, "approval_required")
    (listed,) = (await api.call("GET", "/approvals", ada)).json()
    assert (listed["id"], listed["status"]) == (first["approvalId"], "pending")
    answered = (await api.call("POST", f"/approvals/{listed['id']}/approve", ada)).json()
    assert (answered["status"], answered["respondedBy"]) == ("approved", "ada")
    assert (await api.call("POST", path, token, json=ASK)).json()["allowed"] is True
    assert (await api.call("GET", f"/approvals/{listed['id']}", ada)).json()["status"] == "used"
    again = await api.call("POST", f"/approvals/{listed['id']}/deny", ada)
    assert (again.status_code, error_of(again)) == (409, "APPROVAL_REFUSED")


async def test_approvals_are_listed_page_by_page(api: Api) -> None:
    agent = await api.agent()
    for number in range(3):
        await api.kavach.approval.request(agent.id, action="read", resource=f"mcp:github:{number}")
        api.clock.pass_time(seconds=1)
    token = await api.service()
    first = (await api.call("GET", "/approvals?limit=2", token)).json()
    rest = (await api.call("GET", f"/approvals?limit=2&after={first[-1]['id']}", token)).json()
    assert [request["resource"][-1] for request in (*first, *rest)] == ["0", "1", "2"]


async def test_h4_the_api_is_mounted_under_any_prefix() -> None:
    async with open_api() as api:
        app = Starlette(routes=[Mount("/deep/api/kavach", create_app(api.kavach))])
        app.router.redirect_slashes = False
        import httpx2

        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://kavach.test") as client:
            client.headers["Authorization"] = f"Bearer {await api.service()}"
            prefix = "/deep/api/kavach"
            assert (await client.get(f"{prefix}/agents")).json() == []
            missing = await client.get(f"{prefix}/nowhere")
            assert (missing.status_code, error_of(missing)) == (404, "NOT_FOUND")
            described = (await client.get(f"{prefix}/openapi.json")).json()
            assert described["servers"] == [{"url": prefix}]


async def test_head_is_get_without_a_body(api: Api) -> None:
    assert (await api.call("HEAD", "/health")).status_code == 200
    assert (await api.call("HEAD", "/agents")).status_code == 401
