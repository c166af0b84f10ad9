"""What tests of the HTTP API share: a server in this process, and callers with each kind of credential."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from starlette.requests import Request

from engine.people import FAST
from engine.support import Clock
from kavach_core import AsyncKavach, create_async_kavach
from kavach_core.http import Principal, create_app
from kavach_core.storage import create_async_memory_storage

SQLITE = {"provider": "sqlite", "url": ":memory:"}

PEER = "203.0.113.9"
"""Where the test's calls come from."""

READ = {"resource": "mcp:github:*", "actions": ["read"]}


@dataclass
class Api:
    """A server, and the Kavach behind it."""

    kavach: AsyncKavach
    clock: Clock
    people: dict[str, Principal] = field(default_factory=dict)
    client: httpx2.AsyncClient = field(init=False)

    async def service(self, *scopes: str, tenant: str | None = None) -> str:
        """Return a token of a service, for everything where no scope is named."""
        token = await self.kavach.service_token.create(name="test", scopes=scopes or ("admin",), tenant_id=tenant)
        return token.token

    def person(self, user_id: str, tenant: str | None = None, *scopes: str) -> str:
        """Return a token of a signed-in person, or of an API key with these scopes."""
        token = f"person-{len(self.people)}"
        kind: Any = "api_key" if scopes else "user"
        self.people[token] = Principal(kind, token, user_id=user_id, tenant_id=tenant, scopes=scopes)
        return token

    async def agent(self, *permissions: object, owner: str = "ada", tenant: str | None = None) -> Any:
        """Create an agent behind the server's back."""
        given: Any = list(permissions or (READ,))
        return await self.kavach.agent.create(
            owner_id=owner, name="an agent", type="service", permissions=given, tenant_id=tenant
        )

    async def call(self, method: str, path: str, token: str | None = None, **request: Any) -> httpx2.Response:
        """Call a route with a credential."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return await self.client.request(method, path, **{**request, "headers": headers | request.get("headers", {})})

    async def _known(self, _kavach: AsyncKavach, request: Request) -> Principal | None:
        return self.people.get(request.headers.get("authorization", "").removeprefix("Bearer "))


def open_client(kavach: AsyncKavach, peer: str = PEER, **settings: Any) -> httpx2.AsyncClient:
    """Return a client of a server in this process."""
    transport = httpx2.ASGITransport(create_app(kavach, **settings), client=(peer, 4711), raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://kavach.test")


@asynccontextmanager
async def open_api(peer: str = PEER, engine: dict[str, Any] | None = None, **settings: Any) -> AsyncIterator[Api]:
    """Yield a server, by default on a storage in memory, whose clock stands still; `engine` are settings of Kavach."""
    clock = Clock()
    asked = {"users": FAST, **(engine or {})}
    storage = None if "database" in asked else create_async_memory_storage()
    found = await create_async_kavach(storage=storage, clock=clock, **asked)
    api = Api(found, clock)
    async with found, open_client(found, peer, authenticate=[api._known], **settings) as api.client:
        yield api


def error_of(response: httpx2.Response) -> str:
    """Return the code of an error, whose envelope is as documented."""
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) <= {"code", "message", "details"}
    assert all(isinstance(body["error"][name], str) for name in ("code", "message"))
    assert response.headers["content-type"] == "application/json"
    code: str = body["error"]["code"]
    return code
