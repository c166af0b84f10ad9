"""Routes of the registry of MCP servers, which all tenants share."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from kavach_core import McpServer as McpServerValue
from kavach_core.http._access import Access
from kavach_core.http._models import Answer, Body, Moment, Query, Text
from kavach_core.http._routing import PEOPLE, SERVICES, Call, Route

MAX_PAGE: Final = 1000


class RateLimit(Body):
    """How often a server may be called: `rpm` times a minute."""

    rpm: Annotated[int, Field(ge=1, le=2**31 - 1)]


class RegisterMcpServer(Body):
    """What a new server is."""

    name: Text
    endpoint: Text
    tools: list[Text]
    auth_required: bool = True
    rate_limit: RateLimit | None = None


class McpServer(Answer):
    """A registered server."""

    id: str
    name: str
    endpoint: str
    tools: list[str]
    auth_required: bool
    rate_limit: RateLimit | None
    created_at: Moment


class ListMcpServers(Query):
    """Which servers; the next page comes `after` the last one of this."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = MAX_PAGE
    after: Text | None = None


def _server(value: McpServerValue) -> McpServer:
    limit = None if value.rate_limit_rpm is None else RateLimit.model_construct(rpm=value.rate_limit_rpm)
    return McpServer(rate_limit=limit, **value.model_dump(include=McpServer.model_fields.keys() - {"rate_limit"}))


async def register(call: Call) -> McpServer:
    """Register a server."""
    call.access.everywhere()
    wanted = call.sent(RegisterMcpServer)
    return _server(
        await call.kavach.mcp_server.register(
            name=wanted.name,
            endpoint=wanted.endpoint,
            tools=wanted.tools,
            auth_required=wanted.auth_required,
            rate_limit_rpm=None if wanted.rate_limit is None else wanted.rate_limit.rpm,
        )
    )


async def list_(call: Call) -> list[McpServer]:
    """List the servers."""
    asked = call.asked(ListMcpServers)
    last = None if asked.after is None else await call.access.mcp_server(asked.after)
    return [_server(value) for value in await call.kavach.mcp_server.list(limit=asked.limit, after=last)]


async def get(call: Call) -> McpServer:
    """Return a server."""
    return _server(call.found(McpServerValue))


ROUTES: Final = (
    Route(
        "POST",
        "/mcp/servers",
        register,
        "Register an MCP server",
        SERVICES,
        "mcp:write",
        answer=McpServer,
        status=201,
        body=RegisterMcpServer,
    ),
    Route(
        "GET",
        "/mcp/servers",
        list_,
        "List MCP servers",
        PEOPLE,
        "mcp:read",
        answer=list[McpServer],
        query=ListMcpServers,
    ),
    Route(
        "GET", "/mcp/servers/{id}", get, "Read an MCP server", PEOPLE, "mcp:read", Access.mcp_server, answer=McpServer
    ),
)
