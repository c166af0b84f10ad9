"""Budgets and tenants over HTTP."""

from __future__ import annotations

from typing import Final

from http_api.support import READ, Api, error_of

LIMITS: Final = {"max_calls_per_day": 5}

ASK: Final = {"action": "read", "resource": "mcp:github:issues"}


async def test_a_budget_is_set_spent_changed_reset_and_deleted(api: Api) -> None:
    token, agent = await api.service(), await api.agent()
    body = {"limits": {"maxCallsPerDay": 1}, "action": "throttle", "agentId": agent.id}
    made = await api.call("POST", "/budgets", token, json=body)
    assert made.status_code == 201
    policy = made.json()
    assert (policy["limits"]["maxCallsPerDay"], policy["currentUsage"]["callsToday"]) == (1, 0)
    path = f"/agents/{agent.id}/authorize"
    assert (await api.call("POST", path, token, json=ASK)).json()["allowed"] is True
    throttled = (await api.call("POST", path, token, json=ASK)).json()
    assert (throttled["allowed"], throttled["retryAt"]) == (False, "2030-01-02T00:00:00Z")
    asked = (await api.call("GET", f"/agents/{agent.id}/budget?tokensCost=5", api.person("ada"))).json()
    assert (asked["allowed"], asked["code"]) == (False, throttled["code"])
    place = f"/budgets/{policy['id']}"
    assert (await api.call("GET", place, token)).json()["status"] == "triggered"
    assert (await api.call("PATCH", place, token, json={"action": "warn"})).json()["action"] == "warn"
    warned = (await api.call("POST", path, token, json=ASK)).json()
    assert (warned["allowed"], len(warned["warnings"])) == (True, 1)
    assert (await api.call("POST", f"{place}/reset", token)).json()["currentUsage"]["callsToday"] == 0
    assert [each["id"] for each in (await api.call("GET", "/budgets", token)).json()] == [policy["id"]]
    assert (await api.call("DELETE", place, token)).status_code == 204
    assert (await api.call("GET", place, token)).status_code == 404


async def test_what_a_call_cost_is_recorded(api: Api) -> None:
    token, agent = await api.service(), await api.agent()
    body = {"limits": {"maxCostMicrosPerMonth": 100}, "agentId": agent.id}
    policy = (await api.call("POST", "/budgets", token, json=body)).json()
    used = {"tool": "search", "inputTokens": 3, "costMicros": 40, "metadata": {"model": "m"}}
    event = await api.call("POST", f"/agents/{agent.id}/usage", token, json=used)
    assert event.status_code == 201
    assert event.json().items() >= (used | {"agentId": agent.id, "outputTokens": 0, "currency": "USD"}).items()
    found = (await api.call("GET", f"/budgets/{policy['id']}", token)).json()
    assert found["currentUsage"]["costMicrosThisMonth"] == 40


async def test_a_budget_of_a_tenants_credential_holds_for_its_tenant(api: Api) -> None:
    token = await api.service(tenant="t1")
    foreign = await api.agent(tenant="t2")
    refused = await api.call("POST", "/budgets", token, json={"limits": {"maxCallsPerDay": 5}, "agentId": foreign.id})
    assert (refused.status_code, error_of(refused)) == (404, "NOT_FOUND")
    made = (await api.call("POST", "/budgets", token, json={"limits": {"maxCallsPerDay": 5}})).json()
    assert made["tenantId"] == "t1"
    await api.kavach.budget.create(limits=LIMITS)
    assert [each["id"] for each in (await api.call("GET", "/budgets", token)).json()] == [made["id"]]


async def test_budgets_and_tenants_are_listed_page_by_page(api: Api) -> None:
    token = await api.service()
    for number in range(3):
        await api.kavach.budget.create(limits=LIMITS, user_id=f"{number}")
        await api.kavach.tenant.create(name=f"{number}", slug=f"s{number}")
        api.clock.pass_time(seconds=1)
    for path, name in (("/budgets", "userId"), ("/tenants", "name")):
        first = (await api.call("GET", f"{path}?limit=2", token)).json()
        rest = (await api.call("GET", f"{path}?limit=2&after={first[-1]['id']}", token)).json()
        assert [each[name] for each in (*first, *rest)] == ["0", "1", "2"]


async def test_a_tenant_is_made_limited_and_suspended(api: Api) -> None:
    token = await api.service()
    body = {"name": "Acme", "slug": "acme", "settings": {"maxAgents": 2, "allowedAgentTypes": ["service"]}}
    made = await api.call("POST", "/tenants", token, json=body)
    assert made.status_code == 201
    tenant = made.json()
    assert (tenant["slug"], tenant["settings"]["maxAgents"], tenant["status"]) == ("acme", 2, "active")
    again = await api.call("POST", "/tenants", token, json=body)
    assert (again.status_code, error_of(again)) == (409, "CONFLICT")
    place = f"/tenants/{tenant['id']}"
    changed = (await api.call("PATCH", place, token, json={"settings": {"maxAgents": None}})).json()
    assert changed["settings"]["maxAgents"] is None
    assert changed["settings"]["allowedAgentTypes"] == ["service"]
    agent = await api.agent(tenant=tenant["id"])
    assert (await api.call("POST", f"{place}/suspend", token)).json()["status"] == "suspended"
    denied = (await api.call("POST", f"/agents/{agent.id}/authorize", token, json=ASK)).json()
    assert (denied["allowed"], denied["code"]) == (False, "tenant_suspended")
    new = {"ownerId": "ada", "name": "n", "type": "service", "permissions": [READ], "tenantId": tenant["id"]}
    refused = await api.call("POST", "/agents", token, json=new)
    assert (refused.status_code, error_of(refused)) == (409, "TENANT_SUSPENDED")
    assert (await api.call("POST", f"{place}/activate", token)).json()["status"] == "active"
    assert (await api.call("POST", "/agents", token, json=new)).status_code == 201
