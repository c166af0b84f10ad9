"""The documented tour of the SDK, once for every SDK and both colours: what differs is the package.

Source: python-sdk, from "Quick start" to "Error handling".
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from inspect import isawaitable
from typing import Any
from uuid import uuid4


async def done(value: Any) -> Any:
    """Return what a call of either colour returns."""
    return await value if isawaitable(value) else value


class Tour:
    """Walks with one client of one SDK, as one owner of agents."""

    def __init__(self, package: str, client: str, url: str, token: str) -> None:
        self.types = import_module(f"{package}.types")
        self.permissions = import_module(f"{package}.permissions")
        self.errors = import_module(f"{package}.errors")
        self.make = getattr(import_module(package), client)
        self.url = url
        self.owner = f"user-{uuid4()}"
        self.client = self.make(base_url=url, token=token, headers={"X-Tour": "yes"}, timeout=30.0)

    async def walk(self) -> None:
        """Go all the way, people aside."""
        try:
            await self.agents()
            await self.authorization()
            await self.delegation()
            await self.audit()
            await self.failures()
        finally:
            await done(self.client.close())

    @asynccontextmanager
    async def other_client(self, **options: Any) -> AsyncIterator[Any]:
        client = self.make(**{"base_url": self.url, **options})
        try:
            yield client
        finally:
            await done(client.close())

    async def agent(self, **given: Any) -> Any:
        described = {"owner_id": self.owner, "name": "github-reader", "type": "autonomous", "permissions": [], **given}
        return await done(self.client.agents.create(self.types.CreateAgentInput(**described)))

    async def authorize(self, agent_id: str, action: str, resource: str, **given: Any) -> Any:
        request = self.types.AuthorizeRequest(action=action, resource=resource, **given)
        return await done(self.client.authorize(agent_id, request))

    async def agents(self) -> None:
        read, execute, with_approval = (getattr(self.permissions, n) for n in ("read", "execute", "with_approval"))
        rate_limited = self.permissions.rate_limited
        constraints = self.types.PermissionConstraints(
            max_calls_per_hour=200,
            allowed_arg_patterns=["v*"],
            time_window_start="00:00",
            time_window_end="23:59",
            ip_allowlist=["127.0.0.0/8", "::1"],
        )
        permissions = [
            read("mcp:github:*"),
            with_approval(execute("mcp:deploy:production")),
            rate_limited(self.permissions.read_write("mcp:files:*"), max_calls_per_hour=100),
            self.permissions.full_access("mcp:notes:*"),
            self.types.Permission(resource="mcp:tags:*", actions=["read", "write"], constraints=constraints),
        ]
        agent = await self.agent(permissions=permissions, metadata={"team": "tour", "note": None})
        assert agent.token.startswith("kv_")
        assert (agent.owner_id, agent.name, agent.type, agent.status) == (
            self.owner,
            "github-reader",
            "autonomous",
            "active",
        )
        assert agent.permissions == permissions
        found = await done(self.client.agents.get(agent.id))
        assert (found.id, found.token, found.permissions) == (agent.id, "", permissions)
        filters = self.types.AgentFilters(user_id=self.owner, status="active", type="autonomous")
        assert [each.id for each in await done(self.client.agents.list(filters))] == [agent.id]
        assert agent.id in {each.id for each in await done(self.client.agents.list())}
        changed = await done(self.client.agents.update(agent.id, self.types.UpdateAgentInput(name="better-name")))
        assert (changed.name, changed.permissions) == ("better-name", permissions)
        rotated = await done(self.client.agents.rotate(agent.id))
        assert rotated.token.startswith("kv_")
        assert rotated.token != agent.token
        assert await done(self.client.agents.revoke(agent.id)) is None
        assert (await done(self.client.agents.get(agent.id))).status == "revoked"
        assert await done(self.client.agents.get("agent-missing")) is None

    async def authorization(self) -> None:
        read, execute = self.permissions.read, self.permissions.execute
        agent = await self.agent(
            permissions=[read("mcp:github:*"), self.permissions.with_approval(execute("mcp:deploy:production"))]
        )
        allowed = await self.authorize(agent.id, "read", "mcp:github:repos")
        assert (allowed.allowed, allowed.reason) == (True, None)
        assert allowed.audit_id
        denied = await self.authorize(agent.id, "write", "mcp:github:repos")
        assert not denied.allowed
        assert denied.reason
        waiting = await self.authorize(agent.id, "execute", "mcp:deploy:production", arguments={"version": "1.2.3"})
        assert not waiting.allowed
        request = self.types.AuthorizeRequest(action="read", resource="mcp:github:repos")
        async with self.other_client() as anyone:
            by_token = await done(anyone.auth.authorize_by_token(agent_token=agent.token, request=request))
        assert by_token.allowed
        assert (await done(self.client.agents.authorize(agent.id, request))).allowed

    async def delegation(self) -> None:
        read = self.permissions.read
        giver = await self.agent(permissions=[read("mcp:github:*")])
        taker = await self.agent(name="sub-reader", type="delegated")
        expires_at = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        chain = await done(
            self.client.delegation.create(
                self.types.DelegateInput(
                    from_agent=giver.id,
                    to_agent=taker.id,
                    permissions=[read("mcp:github:repos")],
                    expires_at=expires_at,
                    max_depth=2,
                )
            )
        )
        assert (chain.from_agent, chain.to_agent, chain.expires_at) == (giver.id, taker.id, expires_at)
        for end in (giver, taker):
            assert [each.id for each in await done(self.client.delegation.list_chains(end.id))] == [chain.id]
        for resource in (self.client.delegation, self.client.agents):
            held = await done(resource.get_effective_permissions(taker.id))
            assert held == [read("mcp:github:repos")]
        assert (await self.authorize(taker.id, "read", "mcp:github:repos")).allowed
        await done(self.client.delegation.revoke(chain.id))
        assert not (await self.authorize(taker.id, "read", "mcp:github:repos")).allowed

    async def audit(self) -> None:
        agent = await self.agent(permissions=[self.permissions.read("mcp:github:*")])
        for action in ("read", "write", "read"):
            await self.authorize(agent.id, action, "mcp:github:repos", arguments={"page": 1})
        filters = self.types.AuditFilters
        entries = await done(self.client.audit.query(filters(agent_id=agent.id, result="allowed", limit=50)))
        told = [(each.user_id, each.action, each.resource, each.result, each.parameters) for each in entries]
        assert told == [(self.owner, "read", "mcp:github:repos", "allowed", {"page": 1})] * 2
        assert all(entry.timestamp and entry.duration_ms >= 0 for entry in entries)
        page = await done(self.client.audit.query_paginated(filters(user_id=self.owner, limit=2, offset=0)))
        assert len(page.entries) == 2
        assert page.total is None or page.total >= 3
        written = await done(self.client.audit.query(filters(agent_id=agent.id, actions=["write", "delete"])))
        assert [each.result for each in written] == ["denied"]
        since = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines = await done(self.client.audit.export(self.types.ExportOptions(format="csv", since=since)))
        assert agent.id in lines
        assert agent.id in await done(self.client.audit.export())

    async def failures(self) -> None:
        agents, delegation = self.client.agents, self.client.delegation
        for call in (
            lambda: agents.update("agent-missing", self.types.UpdateAgentInput(name="x")),
            lambda: agents.rotate("agent-missing"),
            lambda: agents.revoke("agent-missing"),
            lambda: delegation.revoke("delegation-missing"),
        ):
            error = await self.error_of(call)
            assert type(error) is self.errors.NotFoundError
            assert error.status_code == 404
            assert error.code
            assert error.message
        async with self.other_client(token="kv_nobody") as stranger:
            assert type(await self.error_of(stranger.agents.list)) is self.errors.AuthenticationError
        nobody = self.types.CreateAgentInput(owner_id="", name="", type="autonomous", permissions=[])
        assert (await self.error_of(lambda: agents.create(nobody))).status_code in (400, 422)
        async with self.other_client(base_url="http://127.0.0.1:1/api/kavach") as nowhere:
            error = await self.error_of(nowhere.auth.sign_out)
        assert (type(error), error.code, error.status_code) == (self.errors.NetworkError, "NETWORK_ERROR", 0)

    async def people(self) -> None:
        """Sign up, in and out."""
        await done(self.client.close())
        email, password = f"{uuid4()}@example.com", "a secure password 1"
        async with self.other_client() as client:
            begun = await done(client.auth.sign_up(email=email, password=password, name="Alice"))
            assert (begun.user.email, begun.user.name) == (email, "Alice")
            signed_in = await done(client.auth.sign_in(email=email, password=password))
            assert signed_in.user.id == begun.user.id
            token = signed_in.session.token
            session = await done(client.auth.get_session(token=token))
            assert (session.id, session.user_id) == (signed_in.session.id, begun.user.id)
            await done(client.auth.sign_out(token=token))
            assert await done(client.auth.get_session(token=token)) is None
            error = await self.error_of(lambda: client.auth.sign_in(email=email, password="wrong"))
            assert type(error) is self.errors.AuthenticationError

    async def error_of(self, call: Callable[[], Any]) -> Any:
        """Return the error that a call ends in."""
        try:
            await done(call())
        except self.errors.KavachError as error:
            return error
        raise AssertionError("no error")
