"""Requests of an application's own routes, authorized by agents' tokens, in each framework."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import Depends, FastAPI
from flask import Flask, g

from colours import Lifted
from kavach_core import AuthorizeResult, ConfigurationError, create_async_kavach, create_kavach
from kavach_core.integrations import fastapi as fastapi_glue
from kavach_core.integrations import flask as flask_glue
from kavach_core.integrations._asking import fill
from kavach_core.integrations.asgi import AuthorizeMiddleware

READ = {"resource": "mcp:github:*", "actions": ["read"]}
ASKED = {"resource": "mcp:deploy:*", "actions": ["read"], "constraints": {"requireApproval": True}}


def need(scope: Any) -> tuple[str, str] | None:
    """Return what a path needs; what is not known is nobody's."""
    parts = scope["path"].strip("/").split("/")
    if parts == ["public"]:
        return None
    return (":".join(["mcp", *parts[:2]]), "read") if len(parts) == 2 else ("nothing", "read")


def open_asgi(kavach: Any) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 1000})
            return
        found = scope.get("state", {}).get("kavach")
        body = json.dumps({"audit": None if found is None else found.audit_id}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    wrapped: Any = AuthorizeMiddleware(app, kavach=kavach, need=need)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(wrapped), base_url="http://host.test")


def open_fastapi(kavach: Any) -> Any:
    app = FastAPI()
    fastapi_glue.add_kavach(app, kavach)

    @app.get("/public")
    async def public() -> dict[str, None]:
        return {"audit": None}

    @app.get("/{kind}/{name:path}")
    async def read(
        result: AuthorizeResult = Depends(fastapi_glue.require("mcp:{kind}:{name}", "read")),  # noqa: B008
    ) -> dict[str, str | None]:
        return {"audit": result.audit_id}

    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://host.test")


def open_flask(kavach: Any) -> Any:
    app = Flask("host")
    flask_glue.add_kavach(app, kavach)

    @app.get("/public")
    def public() -> dict[str, None]:
        return {"audit": None}

    @app.get("/<kind>/<path:name>")
    @flask_glue.require("mcp:{kind}:{name}", "read")
    def read(kind: str, name: str) -> dict[str, str]:
        return {"audit": g.kavach.audit_id}

    return Lifted(httpx2.Client(transport=httpx2.WSGITransport(app), base_url="http://host.test"))


OPENERS = {"asgi": open_asgi, "fastapi": open_fastapi, "flask": open_flask}
MEMORY = {"provider": "sqlite", "url": ":memory:"}


@pytest.fixture(params=OPENERS)
async def host(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, Any, Any]]:
    """Yield the framework's name, a client of an application, and its Kavach."""
    sync = request.param == "flask"
    kavach: Any = Lifted(create_kavach(database=MEMORY)) if sync else await create_async_kavach(database=MEMORY)
    async with kavach, OPENERS[request.param](kavach.value if sync else kavach) as client:
        yield request.param, client, kavach


async def agent_of(kavach: Any, *permissions: object) -> Any:
    return await kavach.agent.create(
        owner_id="ada", name="n", type="service", permissions=list(permissions or (READ, ASKED))
    )


async def ask(client: Any, path: str, token: str | None) -> Any:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return await client.get(path, headers=headers)


async def test_g1_a_call_that_is_allowed_reaches_the_view_and_leaves_one_row(host: tuple[str, Any, Any]) -> None:
    _, client, kavach = host
    agent = await agent_of(kavach)
    response = await ask(client, "/github/repos", agent.token)
    assert response.status_code == 200
    (row,) = await kavach.audit.query()
    assert (row.id, row.resource, row.action) == (response.json()["audit"], "mcp:github:repos", "read")
    assert row.user_agent is not None


async def test_what_is_public_needs_no_token(host: tuple[str, Any, Any]) -> None:
    assert (await ask(host[1], "/public", None)).status_code == 200


@pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer", "Bearer "])
async def test_without_a_token_it_is_401(host: tuple[str, Any, Any], header: str | None) -> None:
    response = await host[1].get("/github/repos", headers={} if header is None else {"Authorization": header})
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert response.json()["error"]["code"] == "UNAUTHORIZED"
    assert response.headers["content-type"] == "application/json"


async def test_a_token_that_nobody_has_is_401_and_recorded(host: tuple[str, Any, Any]) -> None:
    _, client, kavach = host
    revoked = await agent_of(kavach)
    await kavach.agent.revoke(revoked.id)
    for token in ("kv_nobody", revoked.token):
        response = await ask(client, "/github/repos", token)
        assert (response.status_code, response.json()["error"]["code"]) == (401, "UNAUTHORIZED")
        assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert token not in response.text
    codes = {row.code for row in await kavach.audit.query()}
    assert codes == {"unknown_agent", "agent_revoked"}


@pytest.mark.parametrize(
    ("path", "code"), [("/gitlab/repos", "no_permission"), ("/deploy/production", "approval_required")]
)
async def test_a_call_that_is_denied_is_403_and_says_why(host: tuple[str, Any, Any], path: str, code: str) -> None:
    _, client, kavach = host
    response = await ask(client, path, (await agent_of(kavach)).token)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["details"]["code"]) == (403, "FORBIDDEN", code)
    (row,) = await kavach.audit.query()
    assert (error["details"]["auditId"], error["message"]) == (row.id, row.reason)
    assert (error["details"]["approvalId"] is None) is (code == "no_permission")


@pytest.mark.parametrize("name", ["repos%3Aissues", "a:b", "*", "%2A%2A", "a/b"])
@pytest.mark.parametrize("host", ["fastapi", "flask"], indirect=True)
async def test_g2_a_parameter_stays_one_segment(host: tuple[str, Any, Any], name: str) -> None:
    _, client, kavach = host
    narrow = await agent_of(kavach, {"resource": "mcp:github:repos:issues", "actions": ["read"]})
    assert (await ask(client, f"/github/{name}", narrow.token)).status_code == 403
    (row,) = await kavach.audit.query()
    assert row.resource.count(":") == 2
    assert "*" not in row.resource


async def test_what_no_audit_row_holds_is_400(host: tuple[str, Any, Any]) -> None:
    _, client, kavach = host
    response = await ask(client, "/github/" + "x" * 2000, (await agent_of(kavach)).token)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "BAD_REQUEST")


async def test_an_application_without_a_kavach_says_so() -> None:
    app = FastAPI()
    app.get("/", dependencies=[Depends(fastapi_glue.require("a", "read"))])(lambda: "never")
    bare = Flask("host")
    bare.testing = True
    bare.get("/")(flask_glue.require("a", "read")(lambda: "never"))
    headers = {"Authorization": "Bearer kv_x"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://host.test") as client:
        with pytest.raises(ConfigurationError):
            await client.get("/", headers=headers)
    with pytest.raises(ConfigurationError):
        bare.test_client().get("/", headers=headers)


async def test_a_websocket_is_closed_before_it_opens() -> None:
    reached = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    async with await create_async_kavach(database=MEMORY) as kavach:
        guarded = AuthorizeMiddleware(app, kavach=kavach, need=need)

        async def connect(*headers: tuple[bytes, bytes]) -> list[Any]:
            sent: list[Any] = []

            async def receive() -> dict[str, str]:
                return {"type": "websocket.connect"}

            async def send(message: Any) -> None:
                sent.append(message)

            await guarded({"type": "websocket", "path": "/github/repos", "headers": headers}, receive, send)
            return sent

        assert await connect() == [{"type": "websocket.close", "code": 1008}]
        assert reached == []
        token = (await agent_of(kavach)).token
        assert await connect((b"authorization", f"Bearer {token}".encode())) == []
        ignored: Any = None
        await guarded({"type": "lifespan"}, ignored, ignored)
        assert reached == ["websocket", "lifespan"]


def test_a_resource_names_parameters_of_its_route() -> None:
    assert fill("mcp:{repo}", {"repo": "a:b"}) == "mcp:a%3Ab"
    with pytest.raises(ConfigurationError, match=r"^resource: the route has no parameter 'rep'; "):
        fill("mcp:{rep}", {"repo": "a"})
