"""What a client promises besides its calls: names and orders of the published SDK, secrets, and in-process servers."""

from __future__ import annotations

import dataclasses
import logging
import subprocess
import sys
from functools import partial
from typing import Any

import pytest

from client.conftest import Connect
from client.wire import Answer, Server, done
from kavach_core import MissingDependency
from kavach_core.client import (
    Agent,
    AuditFilters,
    KavachClient,
    KavachError,
    KavachSyncClient,
    Permission,
    Session,
    permissions,
    types,
)
from kavach_core.client.types import PermissionConstraints

FIELDS = {
    "Agent": "id owner_id name type token permissions status expires_at created_at updated_at tenant_id",
    "AgentFilters": "user_id status type",
    "AuditEntry": "id agent_id user_id action resource parameters result duration_ms timestamp reason tokens_cost",
    "AuditFilters": "agent_id user_id since until actions result limit offset",
    "AuthResponse": "user session",
    "AuthorizeRequest": "action resource arguments",
    "AuthorizeResult": "allowed audit_id reason",
    "CreateAgentInput": "owner_id name type permissions expires_at metadata",
    "DelegateInput": "from_agent to_agent permissions expires_at max_depth",
    "DelegationChain": "id from_agent to_agent permissions expires_at depth created_at",
    "ExportOptions": "format since until",
    "McpServer": "id name endpoint tools auth_required created_at",
    "PaginatedAuditLogs": "entries total",
    "Permission": "resource actions constraints",
    "PermissionConstraints": "max_calls_per_hour allowed_arg_patterns require_approval time_window_start"
    " time_window_end ip_allowlist",
    "RegisterMcpServerInput": "name endpoint tools auth_required rate_limit_rpm",
    "Session": "id user_id token expires_at created_at",
    "UpdateAgentInput": "name permissions expires_at metadata",
    "User": "id email created_at name",
}
"""The published SDK's, in its order: values may be made without keywords."""


@pytest.mark.parametrize("name", FIELDS)
def test_types_have_the_fields_of_the_published_sdk_first(name: str) -> None:
    kind = getattr(types, name)
    ours = [field.name for field in dataclasses.fields(kind)]
    theirs = FIELDS[name].split()
    assert ours[: len(theirs)] == theirs
    added = [field for field in dataclasses.fields(kind) if field.name not in theirs]
    assert all({field.default, field.default_factory} != {dataclasses.MISSING} for field in added)


def test_what_is_sent_may_be_changed_and_what_is_received_not() -> None:
    filters = AuditFilters(limit=20)
    filters.limit = 40
    assert filters.to_params() == {"limit": "40"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        Session("s", "u", "t", "e", "c").token = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    "constraints",
    [
        {},
        {"maxCallsPerHour": 0, "ipAllowlist": [], "allowedArgPatterns": ["a.*"], "requireApproval": False},
        {"timeWindow": {"start": "09:00", "end": "17:00"}},
        {"timeWindow": {"start": "09:00", "end": "17:00", "timezone": "Europe/Berlin"}},
        {"allowedArgPatterns": {"path": ["/tmp/.*"]}},
    ],
)
def test_a_permission_that_is_read_and_written_stays_what_it_is(constraints: dict[str, Any]) -> None:
    data = {"resource": "mcp:*", "actions": ["read"], "constraints": constraints}
    assert Permission.from_dict(data).to_dict() == data


def test_helpers_write_permissions() -> None:
    held = PermissionConstraints(ip_allowlist=["10.0.0.0/8"])
    actions = {
        "read": ["read"],
        "write": ["write"],
        "execute": ["execute"],
        "read_write": ["read", "write"],
        "full_access": ["read", "write", "execute", "delete"],
    }
    for name, expected in actions.items():
        assert getattr(permissions, name)("mcp:*", held) == Permission("mcp:*", expected, held), name
    base = permissions.read("mcp:*", held)
    limited = permissions.rate_limited(permissions.with_approval(base), max_calls_per_hour=100)
    assert limited.constraints == PermissionConstraints(100, None, True, ip_allowlist=["10.0.0.0/8"])
    assert base == permissions.read("mcp:*", PermissionConstraints(ip_allowlist=["10.0.0.0/8"]))
    assert limited.actions is not base.actions
    assert permissions.parse_permissions([{"resource": "a", "actions": ["b"]}]) == [Permission("a", ["b"])]


def test_no_repr_shows_a_secret(connect: Connect) -> None:
    client = connect("https://user:secret@example.com/api", token="secret", headers={"X-Key": "secret"})
    assert repr(client) == f"{type(client).__name__}('https://example.com/api')"
    session = Session("s", "u", "secret", "e", "c")
    agent = Agent("a", "ada", "n", "service", "secret", [], "active", None, "c", "u")
    shown = [session, agent, types.AuthResponse(types.User("u", "e", "c"), session), client._caller.options]
    assert "secret" not in "".join(repr(each) for each in shown)


async def test_no_log_has_a_secret(connect: Connect, server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.answers[:] = [Answer(401, {"message": "no"})]
    client = connect(token="secret")
    with caplog.at_level(logging.DEBUG):
        for call in (partial(client.auth.sign_in, "a@example.com"), client.auth.sign_out):
            with pytest.raises(KavachError):
                await done(call("secret"))
    assert "/sign-in/email" in caplog.text
    assert "secret" not in caplog.text


async def test_options_change_for_one_call(connect: Connect, server: Server) -> None:
    server.answers[:] = [Answer(200, [])]
    client = connect(token="one")
    await done(client.with_options(token="two", headers={"X-Tenant": "acme"}).agents.list())
    await done(client.agents.list())
    first, second = (each.headers for each in server.asked)
    assert (first["authorization"], first["x-tenant"]) == ("Bearer two", "acme")
    assert second["authorization"] == "Bearer one"
    assert "x-tenant" not in second


async def test_a_client_may_be_used_again_after_it_was_closed(connect: Connect, server: Server) -> None:
    server.answers[:] = [Answer(200, [])]
    client = connect()
    for _ in range(2):
        await done(client.agents.list())
        await done(client.close())
    assert len(server.asked) == 2


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the path that was asked; fail where that is /fail."""
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/api/delegations/fail":
        raise RuntimeError
    body = b'{"code":"%s","message":"refused"}' % scope["path"].encode()
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def test_an_application_is_called_in_this_process(connect: Connect) -> None:
    client = connect("http://kavach/api", app=application)
    with pytest.raises(KavachError, match="refused") as caught:
        await done(client.agents.list())
    assert caught.value.code == "/api/agents"
    with pytest.raises(KavachError) as caught:
        await done(client.delegation.list_chains("fail"))
    assert caught.value.status_code == 500


@pytest.mark.parametrize("kind", [KavachClient, KavachSyncClient])
def test_without_httpx2_the_extra_is_named(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(MissingDependency, match=r"kavach-core\[client\]"):
        kind("https://example.com")


def test_importing_the_client_loads_no_http_library() -> None:
    source = "import sys, kavach_core.client; print('httpx2' in sys.modules, 'starlette' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
