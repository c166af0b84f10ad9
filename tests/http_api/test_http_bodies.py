"""Bodies and queries that are not what a route takes: an answer of 4xx with the envelope, and never 5xx."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from http_api.support import READ, Api, error_of, open_api
from kavach_core.http._bodies import MAX_DEPTH, parse_json
from kavach_core.http._errors import Refused
from kavach_core.http._table import TABLE

JSON: Final = {"Content-Type": "application/json"}

NOT_JSON: Final[list[bytes]] = [
    b"{",
    b"nothing",
    b"\xff\xfe{}",
    b'{"name": "\xe9"}',
    b'{"name": NaN}',
    b'{"name": Infinity}',
    b'{"name": -Infinity}',
    b'{"name": 1e999}',
    b'{"name": "a", "name": "a"}',
    b'{"a": {"b": 1, "b": 2}}',
    rb'{"name": "\ud800"}',
    rb'{"name": "\udc00\ud800"}',
    rb'{"\ud800": 1}',
    b'{"name": 12345678901234567890}',
    b'{"name": -' + b"9" * 5000 + b"}",
    b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    b"[" * 200_000 + b"]" * 200_000,
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    b"\xef\xbb\xbf{}",
]

STRICT = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    # What UTF-8 can say.
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(STRICT, st.booleans())
def test_strict_json_is_read_as_it_is(value: Any, escaped: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=escaped).encode()) == value


@given(st.binary())
def test_any_bytes_are_json_or_refused(body: bytes) -> None:
    with suppress(Refused):
        parse_json(body)


def test_the_deepest_that_is_allowed_is_read() -> None:
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) is not None


TAKING: Final = [route for route in TABLE if route.body is not None]


@pytest.fixture
async def open_to_all() -> AsyncIterator[tuple[Api, str, str]]:
    """Yield a server, a token for everything, and the id of an agent with a request for approval."""
    async with open_api() as api:
        yield api, await api.service(), (await api.agent()).id


async def path_of(api: Api, path: str, agent_id: str) -> str:
    if path.startswith("/approvals"):
        request = await api.kavach.approval.request(agent_id, action="read", resource="mcp:github:issues")
        return path.format(id=request.id)
    if path.startswith("/budgets/"):
        return path.format(id=(await api.kavach.budget.create(limits={"max_calls_per_day": 5}, agent_id=agent_id)).id)
    if path.startswith("/tenants/"):
        return path.format(id=(await api.kavach.tenant.create(name="a", slug="a")).id)
    return filled(path, agent_id)


def filled(path: str, id: str) -> str:
    """Return a path with an id in each of its named parts."""
    return re.sub(r"{\w+}", id, path)


def token_for(api: Api, route: Any, service: str) -> str:
    """Return a service's token, or a person's where a route is for people alone."""
    return service if not route.callers or "service" in route.callers else api.person("ada")


@pytest.mark.parametrize("route", TAKING, ids=lambda route: route.name)
async def test_what_is_no_strict_json_is_refused(open_to_all: tuple[Api, str, str], route: Any) -> None:
    api, token, agent_id = open_to_all
    path, token = await path_of(api, route.path, agent_id), token_for(api, route, token)
    for body in NOT_JSON:
        response = await api.call(route.method, path, token, content=body, headers=JSON)
        assert (response.status_code, error_of(response)) == (400, "BAD_REQUEST"), body[:40]


WRONG: Final[list[Any]] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**18,
    "",
    "x",
    "\0",
    "x" * 100_000,
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "kv_" + "x" * 40,
    [],
    [None],
    [[[]]],
    ["x" * 100_000],
    {},
    {"": {}},
    {"x": {"y": [1]}},
    [READ | {"constraints": {"ipAllowlist": ["nowhere"]}}],
    [READ | {"constraints": {"timeWindow": {"start": "08:00", "end": None}}}],
    [READ | {"constraints": {"allowedArgPatterns": ["("]}}],
    [READ | {"resource": "a::b"}],
]

GOOD: Final[dict[str, Any]] = {
    "ownerId": "ada",
    "name": "n",
    "type": "service",
    "permissions": [READ],
    "action": "read",
    "resource": "mcp:github:issues",
    "expiresAt": "2030-06-01T00:00:00Z",
    "endpoint": "https://mcp.test",
    "tools": [],
    "by": "carol",
    "limits": {"maxCallsPerDay": 5},
    "tool": "search",
    "email": "ada@example.com",
    "password": "correct horse battery",
    "currentPassword": "correct horse battery",
    "newPassword": "another horse battery",
    "slug": "acme",
    "role": "member",
    "reason": "spam",
    "token": "kvi_x",
}


def wrong_bodies(route: Any, agent_id: str) -> Iterator[Any]:
    """Yield a good body with each field replaced by each wrong value, and bodies that are wrong as a whole."""
    fields = [field.alias for field in route.body.model_fields.values()]
    good = {name: GOOD[name] for name in fields if name in GOOD}
    good |= {name: agent_id for name in fields if name in ("fromAgent", "toAgent", "agentId")}
    for field in fields:
        for value in WRONG:
            yield good | {field: value}
        yield {name: value for name, value in good.items() if name != field}
    yield from WRONG
    yield good | {"unknown": 1}


@pytest.mark.parametrize("route", TAKING, ids=lambda route: route.name)
async def test_wrong_values_in_each_field_are_never_our_fault(open_to_all: tuple[Api, str, str], route: Any) -> None:
    api, token, agent_id = open_to_all
    path, token = await path_of(api, route.path, agent_id), token_for(api, route, token)
    refused = 0
    for body in wrong_bodies(route, agent_id):
        response = await api.call(route.method, path, token, json=body)
        assert response.status_code < 500, body
        if response.status_code >= 400:
            error_of(response)
            refused += 1
    assert refused > len(WRONG) / 2


ASKING: Final = [route for route in TABLE if route.query is not None]

WRONG_QUERIES: Final = [
    "{}=",
    "{}=%00",
    "{}=%ff",
    "{}=-1",
    "{}=99999999999999999999",
    "{}=NaN",
    "{}=1e3",
    "{}=null",
    "{}=" + "x" * 5000,
    "{}=9999-12-31T23:59:59-23:59",
    "{}=2030-01-01&{}=2030-01-01",
    "{}[]=1",
    "{}=,",
]


@pytest.mark.parametrize("route", ASKING, ids=lambda route: route.name)
async def test_wrong_queries_are_never_our_fault(open_to_all: tuple[Api, str, str], route: Any) -> None:
    api, token, agent_id = open_to_all
    for field in route.query.model_fields.values():
        for query in WRONG_QUERIES:
            response = await api.call(
                route.method, f"{filled(route.path, agent_id)}?{query.format(field.alias, field.alias)}", token
            )
            assert response.status_code < 500, query
            if response.status_code >= 400:
                error_of(response)
    for query in ("limit=0", "limit=1001", "unknown=1"):
        if query.startswith("limit") and "limit" not in route.query.model_fields:
            continue
        response = await api.call(route.method, f"{filled(route.path, agent_id)}?{query}", token)
        assert (response.status_code, error_of(response)) == (422, "INVALID_INPUT")


@pytest.mark.parametrize("id", ["%00", "%ff", "%F0%9F%A6%8A", "x" * 4000, "..", "%2e%2e", "'", "kv_x"])
async def test_ids_that_nothing_has_are_never_our_fault(open_to_all: tuple[Api, str, str], id: str) -> None:
    api, token, _ = open_to_all
    for route in TABLE:
        if "{" in route.path:
            body = {"action": "read", "resource": "a"} if route.path.endswith("authorize") else {}
            request = {} if route.body is None else {"json": body}
            response = await api.call(route.method, filled(route.path, id), token, **request)
            assert 400 <= response.status_code < 500, (route.name, id)
            error_of(response)


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
async def test_a_body_of_another_type_is_refused(api: Api, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    response = await api.call("POST", "/agents", await api.service(), content=b"{}", headers=headers)
    assert (response.status_code, error_of(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
async def test_json_may_name_its_charset(api: Api, kind: str) -> None:
    body = json.dumps({"ownerId": "ada", "name": "n", "type": "service", "permissions": []})
    response = await api.call("POST", "/agents", await api.service(), content=body, headers={"Content-Type": kind})
    assert response.status_code == 201


async def test_an_empty_body_is_accepted_where_nothing_is_needed(api: Api) -> None:
    agent, token = await api.agent(), await api.service()
    for method, path, status in (
        ("GET", f"/agents/{agent.id}", 200),
        ("POST", f"/agents/{agent.id}/rotate", 200),
        ("PATCH", f"/agents/{agent.id}", 200),
        ("DELETE", f"/agents/{agent.id}", 204),
    ):
        assert (await api.call(method, path, token, headers=JSON)).status_code == status


async def _chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * 1024


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
async def test_a_body_that_is_too_large_is_refused(declared: bool) -> None:
    async with open_api(max_body=4096) as api:
        content: Any = b" " * 5120 if declared else _chunks(5)
        response = await api.call("POST", "/agents", await api.service(), content=content, headers=JSON)
        assert (response.status_code, error_of(response)) == (413, "PAYLOAD_TOO_LARGE")
        content = b" " * 4096 if declared else _chunks(4)
        response = await api.call("POST", "/agents", await api.service(), content=content, headers=JSON)
        assert response.status_code == 400


async def test_a_refusal_names_the_field_and_quotes_no_value(api: Api) -> None:
    secret = "c4n4ry-5ecret"
    body = {"ownerId": "ada", "name": "n", "type": secret, "permissions": [{"resource": "a", "actions": secret}]}
    response = await api.call("POST", "/agents", await api.service(), json=body)
    problems = response.json()["error"]["details"]
    assert [problem["field"] for problem in problems] == ["type", "permissions.0.actions"]
    assert all(problem["message"][0].islower() for problem in problems)
    assert secret not in response.text
