"""The client of a server: all that it can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self, Unpack
from urllib.parse import urlsplit

from kavach_core.client._async.agents import AsyncAgents
from kavach_core.client._async.approvals import AsyncApprovals
from kavach_core.client._async.audit import AsyncAudit
from kavach_core.client._async.auth import AsyncAuth
from kavach_core.client._async.budgets import AsyncBudgets
from kavach_core.client._async.calling import AsyncCaller, AsyncConnection
from kavach_core.client._async.delegation import AsyncDelegations
from kavach_core.client._async.servers import AsyncMcpServers
from kavach_core.client._async.trust import AsyncTrust
from kavach_core.client.opening import ASGIApp
from kavach_core.client.options import OptionChanges, Options
from kavach_core.client.retrying import Retries
from kavach_core.client.types import AuthorizeRequest, AuthorizeResult


class KavachClient:
    """A client of a Kavach server; names and arguments are those of the published SDK.

    Use it as a context manager, or call `close`. Source: python-sdk, "Configuration".
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        *,
        retries: Retries | None = None,
        app: ASGIApp | None = None,
    ) -> None:
        """Call the API at `base_url`, with a bearer token and more headers, waiting `timeout` seconds for each answer.

        The token is a service token, a session's, an agent's or an API key. An `app` is called in this process, and
        `base_url` says where in it the API is. Nothing is sent before the first call.
        """
        options = Options(token, dict(headers or {}), timeout, retries or Retries())
        self._use(AsyncCaller(AsyncConnection(app), base_url, options))

    def _use(self, caller: AsyncCaller) -> None:
        self._caller = caller
        self.agents = AsyncAgents(caller)
        self.approvals = AsyncApprovals(caller)
        self.audit = AsyncAudit(caller)
        self.auth = AsyncAuth(caller)
        self.budgets = AsyncBudgets(caller)
        self.delegation = AsyncDelegations(caller)
        self.mcp_servers = AsyncMcpServers(caller)
        self.trust = AsyncTrust(caller)

    def with_options(self, **changes: Unpack[OptionChanges]) -> Self:
        """Return a client with another token, other headers, another timeout or other retries, for one call or many.

        Both share their connections, so closing one closes those of the other.
        """
        other = type(self).__new__(type(self))
        options = replace(self._caller.options, **changes)
        other._use(AsyncCaller(self._caller.connection, self._caller.base_url, options))
        return other

    async def authorize(self, agent_id: str, request: AuthorizeRequest) -> AuthorizeResult:
        """Decide whether an agent may do something now; see `agents.authorize`."""
        return await self.agents.authorize(agent_id, request)

    async def close(self) -> None:
        """Close all connections; a call after that opens new ones."""
        await self._caller.connection.close()

    async def __aenter__(self) -> Self:
        """Return this client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    def __repr__(self) -> str:
        """Return the URL without what stands for a user in it; no token."""
        parts = urlsplit(self._caller.base_url)
        return f"{type(self).__name__}({parts._replace(netloc=parts.netloc.rpartition('@')[2]).geturl()!r})"
