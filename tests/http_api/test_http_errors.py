"""What an error looks like, what the log says of it, and what neither ever says."""

from __future__ import annotations

import json
import logging
from typing import Final

import httpx2
import pytest

import kavach_core.errors
from http_api.support import READ, SQLITE, Api, error_of, open_api, open_client
from kavach_core import (
    BackendUnavailable,
    ConflictError,
    KavachError,
    SchemaMismatch,
    TooManyAttempts,
    TransactionAborted,
)
from kavach_core.http import Principal
from kavach_core.http._errors import as_refused
from kavach_core.http._logging import JsonFormatter

SECRET: Final = "c4n4ry-5ecret"

STATUSES: Final = {
    "NotFoundError": 404,
    "InvalidInput": 422,
    "ConflictError": 409,
    "InactiveAgentError": 409,
    "InactiveTenantError": 409,
    "ApprovalError": 409,
    "DelegationError": 403,
    "LimitExceeded": 403,
    "AuthenticationError": 401,
    "TooManyAttempts": 429,
    "BackendUnavailable": 503,
    "TransactionAborted": 503,
}
"""The status of each error that a caller can do something about; all others are 500."""


def make(kind: type[KavachError]) -> KavachError:
    if issubclass(kind, ConflictError):
        return kind("kavach_agents", ["id"])
    if issubclass(kind, BackendUnavailable):
        return kind("the database is away", retryable=True)
    if issubclass(kind, TooManyAttempts):
        return kind(60)
    return kind("no such thing")


@pytest.mark.parametrize("name", kavach_core.errors.__all__)
def test_h3_every_error_has_a_status_of_its_own(name: str) -> None:
    refused = as_refused(make(getattr(kavach_core.errors, name)))
    assert (500 if refused is None else refused.status) == STATUSES.get(name, 500)


async def failing(api: Api, error: Exception) -> httpx2.Response:
    """Return the answer of a server on which finding out who calls fails."""

    async def way(*_: object) -> None:
        raise error

    async with open_client(api.kavach, authenticate=[way]) as client:
        return await client.get("/agents", headers={"X-Request-Id": "req-1"})


@pytest.mark.parametrize(
    "error", [BackendUnavailable("away", retryable=True), TransactionAborted("deadlock")], ids=["away", "aborted"]
)
async def test_a_database_that_is_away_is_503_with_the_seconds_to_wait(api: Api, error: KavachError) -> None:
    response = await failing(api, error)
    assert (response.status_code, error_of(response)) == (503, "UNAVAILABLE")
    assert int(response.headers["retry-after"]) >= 1


@pytest.mark.parametrize("error", [RuntimeError(SECRET), SchemaMismatch(SECRET), ValueError(SECRET)])
async def test_what_nobody_foresaw_is_500_and_says_nothing(
    api: Api, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    response = await failing(api, error)
    assert (response.status_code, error_of(response)) == (500, "INTERNAL_ERROR")
    assert SECRET not in response.text
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert type(error).__name__ in record.getMessage()
    assert "test_http_errors.py" in record.getMessage()
    assert vars(record)["request_id"] == response.headers["x-request-id"] == "req-1"
    assert SECRET not in caplog.text


async def test_a_database_that_is_gone_is_seen_by_ready_and_not_by_health() -> None:
    async with open_api(engine={"database": SQLITE}) as api:
        await api.kavach.storage.close()
        assert (await api.call("GET", "/health")).status_code == 200
        response = await api.call("GET", "/ready")
        assert response.status_code >= 500
        error_of(response)


async def test_h3_the_engines_refusals_have_the_documented_statuses(api: Api) -> None:
    token = await api.service()
    narrow, other, foreign = await api.agent(), await api.agent(), await api.agent(owner="bob")
    body = {"fromAgent": narrow.id, "toAgent": other.id, "expiresAt": api.clock.later(hours=1).isoformat()}
    wider = {"resource": "mcp:**", "actions": ["read"]}
    for wrong, expected in (
        ({"permissions": [wider]}, (403, "DELEGATION_REFUSED")),
        ({"permissions": [READ], "toAgent": foreign.id}, (403, "DELEGATION_REFUSED")),
        ({"permissions": [READ], "toAgent": "nobody"}, (404, "NOT_FOUND")),
        ({"permissions": [READ], "expiresAt": "2020-01-01T00:00:00Z"}, (422, "INVALID_INPUT")),
        ({"permissions": []}, (422, "INVALID_INPUT")),
    ):
        response = await api.call("POST", "/delegations", token, json=body | wrong)
        assert (response.status_code, error_of(response)) == expected
    await api.kavach.agent.revoke(other.id)
    for method, path in (("POST", f"/agents/{other.id}/rotate"), ("PATCH", f"/agents/{other.id}")):
        response = await api.call(method, path, token)
        assert (response.status_code, error_of(response)) == (409, "AGENT_INACTIVE")
    server = {"name": "a", "endpoint": "https://mcp.test", "tools": []}
    assert (await api.call("POST", "/mcp/servers", token, json=server)).status_code == 201
    response = await api.call("POST", "/mcp/servers", token, json=server)
    assert (response.status_code, error_of(response)) == (409, "CONFLICT")


async def test_h3_one_agent_too_many_is_403() -> None:
    async with open_api(engine={"agents": {"max_per_user": 0}}) as api:
        body = {"ownerId": "ada", "name": "n", "type": "service", "permissions": []}
        response = await api.call("POST", "/agents", await api.service(), json=body)
        assert (response.status_code, error_of(response)) == (403, "LIMIT_EXCEEDED")


@pytest.mark.parametrize(
    ("given", "kept"), [("req-1.a_B", True), ("", False), ("a b", False), ("x" * 129, False), ("\u00e9", False)]
)
async def test_each_answer_has_a_request_id(api: Api, given: str, kept: bool) -> None:
    for path in ("/health", "/nowhere"):
        response = await api.client.get(path, headers={b"X-Request-Id": given.encode("latin-1")})
        assert (response.headers["x-request-id"] == given) is kept
        assert response.headers["x-request-id"]


async def test_a_request_is_one_line_of_the_log_and_none_has_a_secret(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service = await api.service()
    body = {"ownerId": "ada", "name": "n", "type": "service", "permissions": [READ], "metadata": {"x": SECRET}}
    made = (await api.call("POST", "/agents", service, json=body)).json()
    ask = {"action": "read", "resource": "mcp:github:issues", "arguments": {"password": SECRET}}
    for path, token in ((f"/agents/{made['id']}/authorize", service), ("/authorize", made["token"])):
        assert (await api.call("POST", path, token, json=ask)).json()["allowed"] is True
    await api.call("GET", f"/agents/{SECRET}", service)
    await api.call("GET", f"/agents?userId={SECRET}&nonsense={SECRET}", service)
    await api.call("POST", "/authorize", f"kv_{SECRET}", json=ask)
    await api.call("POST", "/agents", service, content=SECRET.encode(), headers={"Content-Type": "application/json"})
    lines = [json.loads(JsonFormatter().format(record)) for record in caplog.records if record.name == "kavach.http"]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/agents", 201),
        ("POST", "/agents/{id}/authorize", 200),
        ("POST", "/authorize", 200),
        ("GET", "/agents/{id}", 404),
        ("GET", "/agents", 422),
        ("POST", "/authorize", 401),
        ("POST", "/agents", 400),
    ]
    assert all({"time", "level", "request_id", "duration_ms", "client", "caller"} <= set(line) for line in lines)
    for record in caplog.records:
        said = JsonFormatter().format(record) + repr(vars(record))
        # A driver logs what it sends, at DEBUG; a credential is never sent, for it is looked up by its hash.
        for secret in (service, made["token"], *([SECRET] if record.name.startswith("kavach") else ())):
            assert secret not in said


async def test_no_secret_is_in_a_repr(api: Api) -> None:
    made = await api.kavach.service_token.create(name="n", scopes=["admin"])
    assert made.token not in repr(made)
    assert SECRET not in repr(Principal("agent", "", token=SECRET))
