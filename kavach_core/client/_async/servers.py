"""The registry of MCP servers, on a server."""

from __future__ import annotations

from kavach_core.client._async.calling import AsyncCaller
from kavach_core.client.answers import segment
from kavach_core.client.errors import NotFoundError
from kavach_core.client.types import McpServer, RegisterMcpServerInput


class AsyncMcpServers:
    """The MCP servers that are registered; each call raises `KavachError` where it fails."""

    def __init__(self, caller: AsyncCaller) -> None:
        """Call a server."""
        self._caller = caller

    async def register(self, input: RegisterMcpServerInput) -> McpServer:
        """Register an MCP server, and return it."""
        return await self._caller.fetch(McpServer, "POST", "/mcp/servers", body=input.to_dict())

    async def get(self, server_id: str) -> McpServer | None:
        """Return the MCP server with this id, or None."""
        try:
            return await self._caller.fetch(McpServer, "GET", f"/mcp/servers/{segment(server_id)}")
        except NotFoundError:
            return None

    async def list(self) -> list[McpServer]:
        """Return all MCP servers."""
        return await self._caller.fetch(list[McpServer], "GET", "/mcp/servers")
