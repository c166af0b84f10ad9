"""The registry of MCP servers: which there are, where, and which tools they offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from uuid_utils import uuid7

from kavach_core.engine.reading import Clock
from kavach_core.engine.values import McpServer
from kavach_core.errors import InvalidInput
from kavach_core.storage import AsyncStorage
from kavach_schema import records

_MAX_PAGE: Final = 1000


class AsyncMcpServers:
    """The MCP servers of a Kavach."""

    def __init__(self, storage: AsyncStorage, clock: Clock) -> None:
        """Use a storage."""
        self._storage = storage
        self._clock = clock

    async def register(
        self,
        *,
        name: str,
        endpoint: str,
        tools: Sequence[str],
        auth_required: bool = True,
        rate_limit_rpm: int | None = None,
    ) -> McpServer:
        """Register a server and return it; nothing is sent to it.

        `endpoint` is an http or https URL without a user name or password. Raises `InvalidInput`, and `ConflictError`
        where the endpoint is registered.
        """
        if not name:
            raise InvalidInput("name must not be empty")
        if rate_limit_rpm is not None and rate_limit_rpm < 1:
            raise InvalidInput("rate_limit_rpm: must be an integer of 1 or more")
        _check_endpoint(endpoint)
        now = self._clock()
        row = await self._storage.create_mcp_server(
            id=str(uuid7()),
            name=name,
            endpoint=endpoint,
            tools=list(tools),
            auth_required=auth_required,
            rate_limit_rpm=rate_limit_rpm,
            created_at=now,
            updated_at=now,
        )
        return _value(row)

    async def get(self, server_id: str) -> McpServer | None:
        """Return the server with this id, or None."""
        row = await self._storage.find_mcp_server_by_id(server_id)
        return None if row is None else _value(row)

    async def list(
        self, *, limit: int = 100, offset: int | None = None, after: McpServer | None = None
    ) -> list[McpServer]:
        """Return servers by registration, oldest first, at most `limit` (1 to 1000).

        For the next page pass the last one as `after`. Raises `InvalidInput`.
        """
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _MAX_PAGE:
            raise InvalidInput(f"limit: must be an integer from 1 to {_MAX_PAGE}")
        place = None if after is None else records.McpServer(**after.model_dump())
        return [_value(row) for row in await self._storage.list_mcp_servers(limit=limit, offset=offset, after=place)]


def _check_endpoint(endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        good = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    except ValueError:
        good = False
    if not good:
        raise InvalidInput("endpoint: write an http or https URL without a user name")


def _value(row: records.McpServer) -> McpServer:
    return McpServer(**row.model_dump())
