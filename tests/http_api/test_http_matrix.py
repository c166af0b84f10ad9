"""Who may call what: every route times every kind of credential times own, foreign and another tenant's objects."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest

from engine.support import START
from http_api.people_matrix import OPEN_TO_ALL, PEOPLE_MAKERS, PEOPLE_MATRIX, person_of
from http_api.support import READ, Api, error_of
from kavach_core.http import Principal
from kavach_core.http._routing import Route
from kavach_core.http._table import TABLE

CALLERS: Final = (
    *("none", "bad", "svc", "svc-less", "t1", "t1-other", "user", "user-foreign", "user-other"),
    *("key", "key-foreign", "key-less", "agent", "agent-other", "agent-dead"),
)
"""Without a credential; with one that nobody has; a service for everything; one without the scope; one of the tenant
t1; a person and an API key of one in t1; an agent; and a revoked one. `-other` asks for an object of the same owner in
another tenant, `-foreign` for one of another owner in the same tenant, and all others for their own."""

MATRIX: Final = """
                                  none bad svc less t1  t1-x  user u-f u-x  key  k-f less  agent a-x dead
GET /health                       200  200 200 200  200 200   200  200 200  200  200 200   200   200 200
GET /ready                        200  200 200 200  200 200   200  200 200  200  200 200   200   200 200
GET /openapi.json                 200  200 200 200  200 200   200  200 200  200  200 200   200   200 200
POST /agents                      401  401 201 403  201 403   201  403 403  201  403 403   403   403 401
GET /agents                       401  401 200 403  200 200   200  404 200  200  404 403   403   403 401
GET /agents/{id}                  401  401 200 403  200 404   200  404 404  200  404 403   200   404 401
PATCH /agents/{id}                401  401 200 403  200 404   200  404 404  200  404 403   403   403 401
DELETE /agents/{id}               401  401 204 403  204 404   204  404 404  204  404 403   403   403 401
POST /agents/{id}/rotate          401  401 200 403  200 404   200  404 404  200  404 403   403   403 401
POST /agents/{id}/authorize       401  401 200 403  200 404   200  404 404  200  404 403   403   403 401
POST /authorize                   401  401 200 403  200 404   200  404 404  200  404 403   200   422 200
POST /authorize/token             401  401 200 403  200 404   200  404 404  200  404 403   200   422 200
POST /delegations                 401  401 201 403  201 404   201  404 404  201  404 403   403   403 401
GET /delegations/{id}             401  401 200 403  200 404   200  404 404  200  404 403   403   403 401
GET /delegations/{id}/permissions 401  401 200 403  200 404   200  404 404  200  404 403   200   404 401
DELETE /delegations/{id}          401  401 204 403  204 404   204  404 404  204  404 403   403   403 401
GET /audit                        401  401 200 403  200 404   200  404 404  200  404 403   403   403 401
GET /audit/export                 401  401 200 403  200 404   200  404 404  200  404 403   403   403 401
GET /approvals                    401  401 200 403  200 404   200  404 404  200  404 403   403   403 401
GET /approvals/{id}               401  401 200 403  200 404   200  404 404  200  404 403   403   403 401
POST /approvals/{id}/approve      401  401 200 403  200 404   200  404 404  200  404 403   403   403 401
POST /approvals/{id}/deny         401  401 200 403  200 404   200  404 404  200  404 403   403   403 401
POST /mcp/servers                 401  401 201 403  403 403   403  403 403  403  403 403   403   403 401
GET /mcp/servers                  401  401 200 403  200 200   200  200 200  200  200 403   403   403 401
GET /mcp/servers/{id}             401  401 200 403  200 200   200  200 200  200  200 403   403   403 401
POST /budgets                     401  401 201 403  201 403   403  403 403  403  403 403   403   403 401
GET /budgets                      401  401 200 403  200 403   403  403 403  403  403 403   403   403 401
GET /budgets/{id}                 401  401 200 403  200 404   403  403 403  403  403 403   403   403 401
PATCH /budgets/{id}               401  401 200 403  200 404   403  403 403  403  403 403   403   403 401
DELETE /budgets/{id}              401  401 204 403  204 404   403  403 403  403  403 403   403   403 401
POST /budgets/{id}/reset          401  401 200 403  200 404   403  403 403  403  403 403   403   403 401
GET /agents/{id}/budget           401  401 200 403  200 404   200  404 404  200  404 403   200   404 401
POST /agents/{id}/usage           401  401 201 403  201 404   403  403 403  403  403 403   403   403 401
POST /tenants                     401  401 201 403  403 403   403  403 403  403  403 403   403   403 401
GET /tenants                      401  401 200 403  403 403   403  403 403  403  403 403   403   403 401
GET /tenants/{id}                 401  401 200 403  200 404   403  403 403  403  403 403   403   403 401
PATCH /tenants/{id}               401  401 200 403  403 404   403  403 403  403  403 403   403   403 401
POST /tenants/{id}/suspend        401  401 200 403  403 404   403  403 403  403  403 403   403   403 401
POST /tenants/{id}/activate       401  401 200 403  403 404   403  403 403  403  403 403   403   403 401
GET /agents/{id}/trust            401  401 200 403  200 404   200  404 404  200  404 403   200   404 401
PATCH /agents/{id}/trust          401  401 200 403  200 404   403  403 403  403  403 403   403   403 401
"""


def read_matrix() -> dict[str, dict[str, int]]:
    rows = [line.split() for line in (MATRIX.strip() + PEOPLE_MATRIX).splitlines()[1:]]
    return {f"{row[0]} {row[1]}": dict(zip(CALLERS, map(int, row[2:]), strict=True)) for row in rows}


@dataclass
class World:
    """Two agents of the one whose objects are asked for, in a tenant."""

    api: Api
    giver: Any
    receiver: Any

    @property
    def owner(self) -> str:
        return str(self.giver.owner_id)

    async def chain(self) -> str:
        found = await self.api.kavach.delegate(
            from_agent=self.giver.id,
            to_agent=self.receiver.id,
            permissions=[READ],
            expires_at=self.api.clock.later(hours=1),
        )
        return found.id

    async def approval(self) -> str:
        found = await self.api.kavach.approval.request(self.giver.id, action="read", resource="mcp:github:issues")
        return found.id

    async def budget(self) -> str:
        found = await self.api.kavach.budget.create(
            limits={"max_calls_per_day": 10**6}, agent_id=self.giver.id, tenant_id=self.giver.tenant_id
        )
        return found.id

    async def tenant(self) -> str:
        id = str(self.giver.tenant_id)
        if await self.api.kavach.tenant.get(id) is None:
            await self.api.kavach.tenant.create(id=id, name="a tenant", slug=id)
        return id

    async def server(self) -> str:
        found = await self.api.kavach.mcp_server.register(
            name="a server", endpoint=f"https://mcp.test/{self.giver.id}", tools=[]
        )
        return found.id


Request = tuple[str, dict[str, Any]]
Make = Callable[[World, str], Awaitable[Request]]

ASK: Final[dict[str, Any]] = {"action": "read", "resource": "mcp:github:issues"}


async def _plain(_world: World, path: str) -> Request:
    return path, {}


async def _agent(world: World, path: str) -> Request:
    return path.format(id=world.giver.id), {}


async def _asked(world: World, path: str) -> Request:
    return path, {"params": {"agentId": world.giver.id}}


async def _chain(world: World, path: str) -> Request:
    return path.format(id=await world.chain()), {}


async def _approval(world: World, path: str) -> Request:
    return path.format(id=await world.approval()), {}


async def _of_tenant(world: World, path: str) -> Request:
    return path, {"params": {"tenantId": world.giver.tenant_id}}


async def _server(world: World, path: str) -> Request:
    return path.format(id=await world.server()), {}


async def _budget(world: World, path: str) -> Request:
    return path.format(id=await world.budget()), {}


async def _tenant(world: World, path: str) -> Request:
    return path.format(id=await world.tenant()), {}


def _with(make: Make, body: Callable[[World], dict[str, Any]]) -> Make:
    async def made(world: World, path: str) -> Request:
        found, request = await make(world, path)
        return found, {**request, "json": body(world)}

    return made


MAKERS: Final[dict[str, Make]] = {
    "POST /agents": _with(
        _plain,
        lambda world: {
            "ownerId": world.owner,
            "tenantId": world.giver.tenant_id,
            "name": "new",
            "type": "service",
            "permissions": [READ],
        },
    ),
    "PATCH /agents/{id}": _with(_agent, lambda _world: {"name": "renamed"}),
    "POST /agents/{id}/authorize": _with(_agent, lambda _world: ASK),
    "PATCH /agents/{id}/trust": _with(_agent, lambda _world: {"ownerTrust": 1}),
    "POST /delegations": _with(
        _plain,
        lambda world: {
            "fromAgent": world.giver.id,
            "toAgent": world.receiver.id,
            "permissions": [READ],
            "expiresAt": world.api.clock.later(hours=1).isoformat(),
        },
    ),
    "DELETE /delegations/{id}": _chain,
    "GET /delegations/{id}": _agent,
    "GET /delegations/{id}/permissions": _agent,
    "GET /audit": _asked,
    "GET /audit/export": _asked,
    "GET /approvals": _asked,
    "GET /approvals/{id}": _approval,
    "POST /mcp/servers": _with(
        _plain, lambda world: {"name": "new", "endpoint": f"https://mcp.test/{world.giver.id}", "tools": []}
    ),
    "GET /mcp/servers/{id}": _server,
    "POST /budgets": _with(
        _plain,
        lambda world: {"limits": {"maxCallsPerDay": 5}, "agentId": world.giver.id, "tenantId": world.giver.tenant_id},
    ),
    "GET /budgets": _of_tenant,
    "PATCH /budgets/{id}": _with(_budget, lambda _world: {"action": "block"}),
    "POST /agents/{id}/usage": _with(_agent, lambda _world: {"tool": "search"}),
    "POST /tenants": _with(_plain, lambda world: {"name": "new", "slug": f"s-{world.giver.id}"}),
    "PATCH /tenants/{id}": _with(_tenant, lambda _world: {"name": "renamed"}),
    **PEOPLE_MAKERS,
}

BY_PLACE: Final[dict[str, Make]] = {"/budgets/{id}": _budget, "/tenants/{id}": _tenant, "/agents/{id}": _agent}
"""What names the object of a path that begins like this, where nothing else is said."""


def _answer(world: World, caller: str) -> dict[str, Any]:
    return {"by": world.owner} if caller.startswith(("svc", "t1")) else {}


async def request_for(route: Route, world: World, caller: str) -> Request:
    """Return a request for objects of a world, as this caller makes it."""
    if route.name == "GET /agents":
        return route.path, {"params": {"userId": world.owner}}
    if route.name in ("POST /authorize", "POST /authorize/token"):
        alone = caller in ("agent", "agent-dead")
        return route.path, {"json": ASK | ({} if alone else {"agentId": world.giver.id})}
    if route.name.endswith(("/approve", "/deny")):
        path, request = await _approval(world, route.path)
        return path, {**request, "json": _answer(world, caller)}
    make = next((make for start, make in BY_PLACE.items() if route.path.startswith(start)), None)
    return await MAKERS.get(route.name, make or _plain)(world, route.path)


async def open_world(api: Api, caller: str) -> World:
    """Return agents of ada in t1, or of another owner, or in another tenant."""
    owner = "bob" if caller.endswith("-foreign") else "ada"
    tenant = "t2" if caller.endswith("-other") and caller != "agent-other" else "t1"
    if await api.kavach.tenant.get(tenant):
        await api.kavach.tenant.activate(tenant)
    return World(api, await api.agent(owner=owner, tenant=tenant), await api.agent(owner=owner, tenant=tenant))


async def token_for(api: Api, route: Route, caller: str, world: World) -> str | None:
    """Return the credential of a caller."""
    scope = route.scope or "admin"
    other = "agents:read" if scope != "agents:read" else "audit:read"
    match caller.partition("-")[0], caller.endswith("-less"):
        case "none", _:
            return None
        case "bad", _:
            return "kvs_nobody-has-this"
        case "svc", less:
            return await api.service(other if less else "admin")
        case "t1", _:
            return await api.service(scope, tenant="t1")
        case "user", _:
            return await person_of(api, route) or api.person("ada", "t1")
        case "key", less:
            return api.person("ada", "t1", other if less else scope)
    found = await api.agent(tenant="t1") if caller == "agent-other" else world.giver
    rotated = await api.kavach.agent.rotate(found.id)
    if caller == "agent-dead":
        await api.kavach.agent.revoke(found.id)
    return str(rotated.token)


@pytest.mark.parametrize("caller", CALLERS)
async def test_each_caller_gets_what_the_matrix_says(api: Api, caller: str) -> None:
    found = {}
    for route in TABLE:
        world = await open_world(api, caller)
        path, request = await request_for(route, world, caller)
        token = await token_for(api, route, caller, world)
        response = await api.call(route.method, path, token, **request)
        found[route.name] = response.status_code
        if response.status_code >= 400:
            error_of(response)
        if response.status_code == 401:
            assert response.headers["www-authenticate"].startswith("Bearer")
    assert found == {name: row[caller] for name, row in read_matrix().items()}


def test_the_matrix_has_every_route_and_no_other() -> None:
    assert list(read_matrix()) == [route.name for route in TABLE]


def test_h1_no_route_without_authentication_but_those_that_are_named() -> None:
    public = {route.name for route in TABLE if not route.callers}
    assert public == {"GET /health", "GET /ready", "GET /openapi.json", *OPEN_TO_ALL}
    assert all(route.scope is not None for route in TABLE if route.callers)


def _filled(path: str) -> str:
    return re.sub(r"{\w+}", "x", path)


@pytest.mark.parametrize("path", sorted({route.path for route in TABLE}))
async def test_nothing_is_reachable_that_is_not_in_the_table(api: Api, path: str) -> None:
    token = await api.service()
    known = {route.method for route in TABLE if route.path == path}
    for method in {"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - known:
        response = await api.call(method, _filled(path), token)
        assert (response.status_code, error_of(response)) == (405, "METHOD_NOT_ALLOWED")
        assert known <= set(response.headers["allow"].split(", "))
    for near in (path + "/", path + "/x/y/z", "/" + path, _filled(path).upper(), path + "%2f"):
        response = await api.call("GET", _filled(near), token)
        assert response.status_code == 404, near


@pytest.mark.parametrize("kind", ["user", "api_key"])
@pytest.mark.parametrize("user_id", [None, ""])
def test_a_person_without_an_id_is_nobody(kind: Any, user_id: str | None) -> None:
    with pytest.raises(ValueError, match="user_id"):
        Principal(kind, "a credential", user_id=user_id)


@pytest.mark.parametrize(
    "header", ["Basic YTpi", "Bearer", "Bearer ", "bearer kv_x y", "Token kvs_x", "Bearer kvs_\u00e9"]
)
async def test_a_malformed_credential_is_none(api: Api, header: str) -> None:
    response = await api.client.get("/agents", headers={b"Authorization": header.encode("latin-1")})
    assert (response.status_code, error_of(response)) == (401, "UNAUTHORIZED")


async def test_two_credentials_are_none(api: Api) -> None:
    token = await api.service()
    headers = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    response = await api.client.get("/agents", headers=headers)
    assert response.status_code == 401


async def test_a_revoked_and_an_expired_service_token_are_refused(api: Api) -> None:
    made = await api.kavach.service_token.create(name="a", scopes=["admin"])
    brief = await api.kavach.service_token.create(name="b", scopes=["admin"], expires_at=api.clock.later(hours=1))
    assert (await api.call("GET", "/agents", made.token)).status_code == 200
    assert (await api.call("GET", "/agents", brief.token)).status_code == 200
    await api.kavach.service_token.revoke(made.id)
    api.clock.pass_time(hours=1)
    assert (await api.call("GET", "/agents", made.token)).status_code == 401
    assert (await api.call("GET", "/agents", brief.token)).status_code == 401


async def test_lists_hold_what_is_within_reach_only(api: Api) -> None:
    made = {
        (owner, tenant): (await api.agent(owner=owner, tenant=tenant)).id
        for owner in ("ada", "bob")
        for tenant in (None, "t1", "t2")
    }
    for id in made.values():
        await api.kavach.approval.request(id, action="read", resource="mcp:github:issues")

    async def seen(token: str, path: str = "/agents", key: str = "id") -> set[str]:
        response = await api.call("GET", path, token)
        assert response.status_code == 200
        return {entry[key] for entry in response.json()}

    for token, within in (
        (await api.service(), set(made)),
        (await api.service(tenant="t1"), {("ada", "t1"), ("bob", "t1")}),
        (api.person("ada"), {("ada", None)}),
        (api.person("ada", "t1"), {("ada", "t1")}),
        (api.person("eve", "t1"), set()),
    ):
        ids = {made[place] for place in within}
        assert await seen(token) == ids
        assert await seen(token, "/approvals", "agentId") == ids


async def test_a_person_reads_their_own_trail_only(api: Api) -> None:
    for owner in ("ada", "bob"):
        agent = await api.agent(owner=owner)
        await api.kavach.authorize(agent.id, **ASK)
    for path in ("/audit", "/audit/export?format=json"):
        text = (await api.call("GET", path, api.person("ada"))).text
        assert "ada" in text
        assert "bob" not in text


async def test_a_credential_of_a_tenant_names_the_agent_whose_trail_it_reads(api: Api) -> None:
    for token in (await api.service(tenant="t1"), api.person("ada", "t1")):
        for path in ("/audit", "/audit/export"):
            response = await api.call("GET", path, token)
            assert (response.status_code, error_of(response)) == (403, "FORBIDDEN")


async def test_neither_end_of_a_delegation_may_be_out_of_reach(api: Api) -> None:
    own, foreign = await api.agent(), await api.agent(owner="bob")
    for giver, receiver in ((own, foreign), (foreign, own)):
        body = {
            "fromAgent": giver.id,
            "toAgent": receiver.id,
            "permissions": [READ],
            "expiresAt": START.replace(year=2031).isoformat(),
        }
        response = await api.call("POST", "/delegations", api.person("ada"), json=body)
        assert (response.status_code, error_of(response)) == (404, "NOT_FOUND")


async def test_a_new_agent_of_a_tenants_credential_is_in_the_tenant(api: Api) -> None:
    body = {"ownerId": "ada", "name": "n", "type": "service", "permissions": []}
    for token in (await api.service(tenant="t1"), api.person("ada", "t1")):
        made = (await api.call("POST", "/agents", token, json=body)).json()
        assert made["tenantId"] == "t1"


async def test_a_person_answers_for_nobody_else_and_an_agent_never(api: Api) -> None:
    agent = await api.agent()
    request = await api.kavach.approval.request(agent.id, action="read", resource="mcp:github:issues")
    path = f"/approvals/{request.id}/approve"
    refused = await api.call("POST", path, api.person("ada"), json={"by": "bob"})
    assert (refused.status_code, error_of(refused)) == (403, "FORBIDDEN")
    unnamed = await api.call("POST", path, await api.service())
    assert (unnamed.status_code, error_of(unnamed)) == (422, "INVALID_INPUT")
    named = await api.call("POST", path, await api.service(), json={"by": agent.id})
    assert (named.status_code, error_of(named)) == (409, "APPROVAL_REFUSED")
    answered = await api.call("POST", path, api.person("ada"))
    assert answered.json()["respondedBy"] == "ada"
