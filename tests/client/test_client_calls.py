"""What each call sends, and what it makes of the answer: the wire rules of the published SDK."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import pytest

from client.conftest import Connect
from client.wire import Answer, Server, collected, done
from kavach_core.client import (
    Agent,
    AgentFilters,
    Approval,
    ApprovalFilters,
    AuditEntry,
    AuditFilters,
    AuthorizeRequest,
    AuthorizeResult,
    AuthResponse,
    Budget,
    BudgetCheck,
    BudgetFilters,
    BudgetLimits,
    BudgetUsage,
    CreateAgentInput,
    CreateBudgetInput,
    DelegateInput,
    DelegationChain,
    ExportOptions,
    McpServer,
    PaginatedAuditLogs,
    Permission,
    RegisterMcpServerInput,
    Session,
    TrustScore,
    UpdateAgentInput,
    UpdateBudgetInput,
    UsageInput,
    User,
)
from kavach_core.client.permissions import execute, read, with_approval

NOW = "2030-01-01T00:00:00Z"
PERMISSION = {"resource": "mcp:github:*", "actions": ["read"]}
AGENT = {
    "id": "a1",
    "ownerId": "ada",
    "name": "reader",
    "type": "autonomous",
    "token": "",
    "permissions": [PERMISSION],
    "status": "active",
    "expiresAt": None,
    "createdAt": NOW,
    "updatedAt": NOW,
    "somethingNew": {"of": ["a", "later", "server"]},
}
READER = Agent("a1", "ada", "reader", "autonomous", "", [read("mcp:github:*")], "active", None, NOW, NOW)
CHAIN = {
    "id": "c1",
    "fromAgent": "a1",
    "toAgent": "a2",
    "permissions": [PERMISSION],
    "expiresAt": "2030-01-02T00:00:00Z",
    "depth": 1,
    "createdAt": NOW,
}
DELEGATION = DelegationChain("c1", "a1", "a2", [read("mcp:github:*")], "2030-01-02T00:00:00Z", 1, NOW)
ENTRY = {
    "id": "e1",
    "agentId": "a1",
    "userId": "ada",
    "action": "read",
    "resource": "mcp:github:repos",
    "result": "denied",
    "durationMs": 3,
    "timestamp": NOW,
    "reason": "no",
    "tokensCost": 1.5,
}
ROW = AuditEntry("e1", "a1", "ada", "read", "mcp:github:repos", {}, "denied", 3, NOW, "no", 1.5)
SESSION = {"id": "s1", "userId": "u1", "token": "secret", "expiresAt": "later", "createdAt": "now"}
SIGNED_IN = {"user": {"id": "u1", "email": "a@example.com", "createdAt": "now", "name": "Ada"}, "session": SESSION}
ADA = AuthResponse(User("u1", "a@example.com", "now", "Ada"), Session("s1", "u1", "secret", "later", "now"))
WAITING = {
    "id": "r1",
    "agentId": "a1",
    "userId": "ada",
    "action": "execute",
    "resource": "mcp:deploy:production",
    "status": "pending",
    "expiresAt": "later",
    "createdAt": "now",
    "arguments": {"tag": "v1"},
}
REQUEST = Approval("r1", "a1", "ada", "execute", "mcp:deploy:production", "pending", "later", "now", {"tag": "v1"})
BUDGET = {
    "id": "b1",
    "agentId": "a1",
    "limits": {"maxCallsPerDay": 5},
    "currentUsage": {"callsToday": 2},
    "action": "block",
    "status": "active",
    "createdAt": NOW,
}
LIMITED = Budget(
    "b1", BudgetLimits(max_calls_per_day=5), BudgetUsage(calls_today=2), "block", "active", NOW, agent_id="a1"
)
TRUSTED = {
    "agentId": "a1",
    "score": 44,
    "tier": "standard",
    "factors": dict.fromkeys(
        (
            *("attestationStrength", "delegationDepth", "behavioralAnomaly", "geolocationStability", "denialRate"),
            *("age", "ownerTrust", "workloadBinding", "runtimeAttestation"),
        ),
        0.5,
    ),
    "inputs": {"ownerTrust": 0.5},
    "computedAt": "n",
}
GITHUB = {"id": "m1", "name": "github", "endpoint": "https://x", "tools": ["t"], "authRequired": True, "createdAt": "n"}
ASK = AuthorizeRequest(action="read", resource="mcp:github:repos", arguments={"page": 1})
ASKED = {"action": "read", "resource": "mcp:github:repos", "arguments": {"page": 1}}

CALLS: list[tuple[str, tuple[Any, ...], str, Any, Any, Any]] = [
    # call, arguments, request, parameters or body sent, answer, result
    (
        "agents.create",
        (CreateAgentInput("ada", "reader", "autonomous", [with_approval(execute("mcp:*"))], metadata={"none": None}),),
        "POST /agents",
        {
            "ownerId": "ada",
            "name": "reader",
            "type": "autonomous",
            "permissions": [{"resource": "mcp:*", "actions": ["execute"], "constraints": {"requireApproval": True}}],
            "metadata": {"none": None},
        },
        AGENT,
        READER,
    ),
    ("agents.list", (), "GET /agents", {}, [AGENT], [READER]),
    (
        "agents.list",
        (AgentFilters(user_id="ada", status="active", type="service"),),
        "GET /agents",
        {"userId": "ada", "status": "active", "type": "service"},
        [],
        [],
    ),
    ("agents.get", ("a1",), "GET /agents/a1", {}, AGENT, READER),
    ("agents.get", ("a/1?#",), "GET /agents/a%2F1%3F%23", {}, AGENT, READER),
    ("agents.get", ("..",), "GET /agents/%2E%2E", {}, AGENT, READER),
    ("agents.update", ("a1", UpdateAgentInput(name="b")), "PATCH /agents/a1", {"name": "b"}, AGENT, READER),
    ("agents.update", ("a1", UpdateAgentInput(permissions=[])), "PATCH /agents/a1", {"permissions": []}, AGENT, READER),
    ("agents.revoke", ("a1",), "DELETE /agents/a1", None, None, None),
    ("agents.rotate", ("a1",), "POST /agents/a1/rotate", None, AGENT, READER),
    (
        "agents.authorize",
        ("a1", ASK),
        "POST /agents/a1/authorize",
        ASKED,
        {"allowed": True, "auditId": "e1"},
        AuthorizeResult(True, "e1"),
    ),
    (
        "authorize",
        ("a1", ASK),
        "POST /agents/a1/authorize",
        ASKED,
        {"allowed": False, "auditId": "e1", "reason": "no", "code": "no_permission", "approvalId": None},
        AuthorizeResult(False, "e1", "no", "no_permission"),
    ),
    ("auth.authorize_by_token", ("kv_1", ASK), "POST /authorize", ASKED, {"allowed": True, "auditId": "e1"}, None),
    ("agents.get_effective_permissions", ("a1",), "GET /delegations/a1/permissions", {}, [PERMISSION], None),
    (
        "delegation.get_effective_permissions",
        ("a1",),
        "GET /delegations/a1/permissions",
        {},
        [PERMISSION],
        [Permission("mcp:github:*", ["read"])],
    ),
    (
        "delegation.create",
        (DelegateInput("a1", "a2", [read("mcp:github:*")], "2030-01-02T00:00:00Z", 2),),
        "POST /delegations",
        {
            "fromAgent": "a1",
            "toAgent": "a2",
            "permissions": [PERMISSION],
            "expiresAt": "2030-01-02T00:00:00Z",
            "maxDepth": 2,
        },
        CHAIN,
        DELEGATION,
    ),
    ("delegation.list_chains", ("a1",), "GET /delegations/a1", {}, [CHAIN], [DELEGATION]),
    ("delegation.revoke", ("c1",), "DELETE /delegations/c1", None, None, None),
    ("audit.query", (), "GET /audit", {}, [ENTRY], [ROW]),
    (
        "audit.query",
        (AuditFilters("a1", "ada", "2030", "2031", ["read", "write"], "denied", 5, 0),),
        "GET /audit",
        {
            "agentId": "a1",
            "userId": "ada",
            "since": "2030",
            "until": "2031",
            "actions": "read,write",
            "result": "denied",
            "limit": "5",
            "offset": "0",
        },
        {"entries": [ENTRY], "total": 7},
        [ROW],
    ),
    ("audit.query_paginated", (), "GET /audit", {}, [ENTRY], PaginatedAuditLogs([ROW], None)),
    ("audit.query_paginated", (), "GET /audit", {}, {"entries": [ENTRY], "total": 7}, PaginatedAuditLogs([ROW], 7)),
    ("audit.export", (), "GET /audit/export", {"format": "json"}, "[]", "[]"),
    (
        "audit.export",
        (ExportOptions(format="csv", since="2024-01-01T00:00:00Z"),),
        "GET /audit/export",
        {"format": "csv", "since": "2024-01-01T00:00:00Z"},
        "id,ä\r\n",
        "id,ä\r\n",
    ),
    (
        "auth.sign_up",
        ("a@example.com", "pass", "Ada"),
        "POST /sign-up/email",
        {"email": "a@example.com", "password": "pass", "name": "Ada"},
        {"success": True, "data": SIGNED_IN},
        ADA,
    ),
    (
        "auth.sign_in",
        ("a@example.com", "pass"),
        "POST /sign-in/email",
        {"email": "a@example.com", "password": "pass"},
        SIGNED_IN,
        ADA,
    ),
    ("auth.sign_out", ("s",), "POST /sign-out", None, None, None),
    ("auth.get_session", ("s",), "GET /session", {}, SESSION, ADA.session),
    ("approvals.get", ("r1",), "GET /approvals/r1", {}, WAITING, REQUEST),
    ("approvals.list_pending", (ApprovalFilters("a1"),), "GET /approvals", {"agentId": "a1"}, [WAITING], [REQUEST]),
    ("approvals.approve", ("r1",), "POST /approvals/r1/approve", {}, WAITING, REQUEST),
    ("approvals.deny", ("r1",), "POST /approvals/r1/deny", {}, WAITING, REQUEST),
    (
        "budgets.create",
        (CreateBudgetInput(BudgetLimits(max_calls_per_day=5), "block", agent_id="a1"),),
        "POST /budgets",
        {"limits": {"maxCallsPerDay": 5}, "action": "block", "agentId": "a1"},
        BUDGET,
        LIMITED,
    ),
    ("budgets.get", ("b1",), "GET /budgets/b1", {}, BUDGET, LIMITED),
    ("budgets.list", (BudgetFilters("a1"),), "GET /budgets", {"agentId": "a1"}, [BUDGET], [LIMITED]),
    (
        "budgets.update",
        ("b1", UpdateBudgetInput(status="disabled")),
        "PATCH /budgets/b1",
        {"status": "disabled"},
        BUDGET,
        LIMITED,
    ),
    ("budgets.reset", ("b1",), "POST /budgets/b1/reset", None, BUDGET, LIMITED),
    ("budgets.delete", ("b1",), "DELETE /budgets/b1", None, None, None),
    (
        "budgets.check",
        ("a1",),
        "GET /agents/a1/budget",
        {},
        {"allowed": False, "warnings": [], "code": "budget_exceeded", "reason": "no", "retryAt": NOW},
        BudgetCheck(False, [], "budget_exceeded", "no", NOW),
    ),
    (
        "budgets.record_usage",
        ("a1", UsageInput("search", cost_micros=7)),
        "POST /agents/a1/usage",
        {"tool": "search", "inputTokens": 0, "outputTokens": 0, "costMicros": 7, "currency": "USD"},
        {"id": "c1"},
        None,
    ),
    ("trust.get_score", ("a1",), "GET /agents/a1/trust", {}, TRUSTED, TrustScore.from_dict(TRUSTED)),
    (
        "mcp_servers.register",
        (RegisterMcpServerInput("github", "https://x", ["t"], rate_limit_rpm=60),),
        "POST /mcp/servers",
        {"name": "github", "endpoint": "https://x", "tools": ["t"], "authRequired": True, "rateLimit": {"rpm": 60}},
        GITHUB,
        McpServer("m1", "github", "https://x", ["t"], True, "n"),
    ),
    ("mcp_servers.get", ("m1",), "GET /mcp/servers/m1", {}, GITHUB, McpServer.from_dict(GITHUB)),
    ("mcp_servers.list", (), "GET /mcp/servers", {}, [GITHUB], [McpServer.from_dict(GITHUB)]),
]


async def test_what_is_known_of_an_agent_is_sent_as_far_as_it_is_said(connect: Connect, server: Server) -> None:
    server.answers[:] = [Answer(200, TRUSTED)]
    score = await done(connect().trust.set_inputs("a1", owner_trust=0.5, workload_binding=None))
    assert (score.score, score.tier, score.inputs.owner_trust, score.factors.age) == (44, "standard", 0.5, 0.5)
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("PATCH", "/api/kavach/agents/a1/trust")
    assert asked.body == {"ownerTrust": 0.5, "workloadBinding": None}


@pytest.mark.usefixtures("certificates_were_read")
async def test_a_new_client_reads_no_certificates(connect: Connect, server: Server) -> None:
    server.answers[:] = [Answer(200, [])]
    assert await done(connect(token="kv_own").agents.list()) == []


async def test_each_call_is_sent_and_answered_as_documented(connect: Connect, server: Server) -> None:
    client = connect(token="kv_own", headers={"X-Tenant": "acme"})
    for call, arguments, request, sent, answer, expected in CALLS:
        server.answers[:] = [Answer(204) if answer is None else Answer(200, answer)]
        result = await done(attrgetter(call)(client)(*arguments))
        asked = server.asked.pop()
        assert f"{asked.method} {asked.path}" == request.replace(" ", " /api/kavach"), call
        assert (asked.params if asked.method == "GET" else asked.body) == sent, call
        assert asked.headers["x-tenant"] == "acme"
        own = {"auth.authorize_by_token": "kv_1", "auth.sign_out": "s", "auth.get_session": "s"}
        assert asked.headers["authorization"] == f"Bearer {own.get(call, 'kv_own')}", call
        assert "json" in asked.headers["accept"]
        if expected is not None or answer is None:
            assert result == expected, call


@pytest.mark.parametrize("resource", ["agents", "approvals", "budgets", "mcp_servers"])
async def test_what_does_not_exist_is_none(connect: Connect, server: Server, resource: str) -> None:
    server.answers[:] = [Answer(404, {"error": {"code": "NOT_FOUND", "message": "no"}})]
    assert await done(getattr(connect(), resource).get("x")) is None


@pytest.mark.parametrize("status", [401, 404])
async def test_a_session_that_ended_is_none(connect: Connect, server: Server, status: int) -> None:
    server.answers[:] = [Answer(status, {})]
    assert await done(connect(token="old").auth.get_session()) is None
    assert server.asked[0].headers["authorization"] == "Bearer old"


async def test_without_a_token_none_is_sent(connect: Connect, server: Server) -> None:
    server.answers[:] = [Answer(200, [])]
    await done(connect(server.url + "/").agents.list())
    assert server.asked[0].path == "/api/kavach/agents"
    assert "authorization" not in server.asked[0].headers


async def test_all_pages_are_read_and_no_row_comes_twice(connect: Connect, server: Server) -> None:
    def page(*ids: int) -> Answer:
        return Answer(200, {"entries": [{**ENTRY, "id": f"e{number}"} for number in ids]})

    # A row was added in front after the first page: e8 moved to the second one.
    server.answers[:] = [page(9, 8), page(8, 7), page(6)]
    rows = await collected(connect().audit.iterate(AuditFilters(agent_id="a1", limit=2)))
    assert [row.id for row in rows] == ["e9", "e8", "e7", "e6"]
    asked = [{"agentId": "a1", "limit": "2", "offset": offset} for offset in ("0", "2", "4")]
    assert [each.params for each in server.asked] == asked


async def test_agents_are_read_as_long_as_the_server_names_a_next_page(connect: Connect, server: Server) -> None:
    link = {"Link": '<?userId=ada&limit=1&after=a1>; rel="next"'}
    server.answers[:] = [Answer(200, [AGENT], link), Answer(200, [{**AGENT, "id": "a2"}])]
    agents = await collected(connect().agents.iterate(AgentFilters(user_id="ada", limit=1)))
    assert [agent.id for agent in agents] == ["a1", "a2"]
    asked = [{"userId": "ada", "limit": "1"}, {"userId": "ada", "limit": "1", "after": "a1"}]
    assert [each.params for each in server.asked] == asked


async def test_requests_for_approval_are_read_and_answered_for_a_person(connect: Connect, server: Server) -> None:
    server.answers[:] = [Answer(200, [WAITING]), Answer(200, []), Answer(200, WAITING)]
    client = connect()
    assert [each.id for each in await collected(client.approvals.iterate())] == ["r1"]
    await done(client.approvals.approve("r1", by="ada"))
    assert [each.params for each in server.asked] == [{"limit": "100"}, {"limit": "100", "after": "r1"}, {}]
    assert server.asked[2].body == {"by": "ada"}
