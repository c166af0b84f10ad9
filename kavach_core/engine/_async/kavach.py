"""Kavach itself: everything that a host calls, over one storage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

from pydantic import JsonValue

from kavach_core.engine._async.agents import AsyncAgents
from kavach_core.engine._async.api_keys import AsyncApiKeys
from kavach_core.engine._async.approvals import AsyncApprovals
from kavach_core.engine._async.audit import AsyncAudit
from kavach_core.engine._async.authorization import AsyncAuthorization
from kavach_core.engine._async.budgets import AsyncBudgets
from kavach_core.engine._async.cards import AsyncAgentCards
from kavach_core.engine._async.delegation import AsyncDelegations
from kavach_core.engine._async.ephemeral import AsyncEphemeralSessions
from kavach_core.engine._async.hooks import AsyncLifecycle
from kavach_core.engine._async.invitations import AsyncInvitations
from kavach_core.engine._async.mcp_servers import AsyncMcpServers
from kavach_core.engine._async.observed import AsyncObservedAuthorization
from kavach_core.engine._async.organizations import AsyncOrganizations
from kavach_core.engine._async.purge import purge_async_storage
from kavach_core.engine._async.service_tokens import AsyncServiceTokens
from kavach_core.engine._async.sessions import AsyncSessions
from kavach_core.engine._async.tenants import AsyncTenants
from kavach_core.engine._async.trust import AsyncTrust
from kavach_core.engine._async.users import AsyncUsers
from kavach_core.engine.callbacks import AsyncApprovalCallback
from kavach_core.engine.hooks import AsyncHooks
from kavach_core.engine.reading import Clock
from kavach_core.engine.settings import DEFAULT_BATCH, DEFAULT_MAX_DEPTH, Rules
from kavach_core.engine.telemetry import find_instruments
from kavach_core.engine.values import AuthorizeResult, Delegation
from kavach_core.policy.permissions import PermissionLike
from kavach_core.storage import AsyncStorage


class AsyncKavach:
    """Identity, permissions, delegation and audit for AI agents, on one storage.

    Made by `create_async_kavach`. Use it as a context manager, or call `close`.
    """

    def __init__(
        self,
        storage: AsyncStorage,
        rules: Rules,
        clock: Clock,
        on_approval_request: AsyncApprovalCallback | None,
        *,
        owned: bool,
        hooks: AsyncHooks,
    ) -> None:
        """Put the services together; `owned` says that closing closes the storage."""
        self.storage = storage
        self._owned = owned
        self._clock = clock
        lifecycle = AsyncLifecycle(hooks)
        self.agent = AsyncAgents(storage, rules, clock, lifecycle)
        self.audit = AsyncAudit(storage, rules, clock)
        self.delegation = AsyncDelegations(storage, rules, clock)
        self.approval = AsyncApprovals(storage, rules, clock, on_approval_request)
        self.session = AsyncSessions(storage, rules, clock)
        self.user = AsyncUsers(storage, rules, clock, self.session)
        self.api_key = AsyncApiKeys(storage, clock)
        self.organization = AsyncOrganizations(storage, clock)
        self.invitation = AsyncInvitations(storage, rules, clock)
        self.mcp_server = AsyncMcpServers(storage, clock)
        self.service_token = AsyncServiceTokens(storage, clock)
        self.budget = AsyncBudgets(storage, clock)
        self.tenant = AsyncTenants(storage, clock)
        self.card = AsyncAgentCards(storage, clock)
        self.ephemeral = AsyncEphemeralSessions(storage, clock)
        self.trust = AsyncTrust(storage, rules, clock, self.delegation)
        parts = (storage, rules, clock, self.delegation, self.approval, self.trust, lifecycle)
        instruments = find_instruments()
        self._authorization = (
            AsyncAuthorization(*parts) if instruments is None else AsyncObservedAuthorization(instruments, *parts)
        )

    async def authorize(
        self,
        agent_id: str,
        *,
        action: str,
        resource: str,
        arguments: Mapping[str, JsonValue] | None = None,
        ip: str | None = None,
        user_agent: str | None = None,
        tokens_cost: int | None = None,
    ) -> AuthorizeResult:
        """Decide whether an agent may do something now, and record the decision.

        The default is to deny. Each call writes exactly one audit row, in one transaction with what it counts, also for
        an unknown agent; a decision that cannot be recorded is a denial with the code `audit_unavailable`. Where a
        person must approve the call, the request is found or made, and `approval_id` names it. `tokens_cost` is what
        the call costs in tokens, as far as the host knows; it is recorded, and charged to budgets where the call is
        allowed.

        Raises `InvalidInput` for text that an audit row cannot hold; nothing is decided then.
        """
        return await self._authorization.by_id(
            agent_id,
            action=action,
            resource=resource,
            arguments=arguments,
            ip=ip,
            user_agent=user_agent,
            tokens_cost=tokens_cost,
        )

    async def authorize_by_token(
        self,
        token: str,
        *,
        action: str,
        resource: str,
        arguments: Mapping[str, JsonValue] | None = None,
        ip: str | None = None,
        user_agent: str | None = None,
        tokens_cost: int | None = None,
    ) -> AuthorizeResult:
        """Decide whether the agent that holds a token may do something now; as `authorize` in all else.

        The token is the agent's own, or one of an ephemeral session, whose action is counted where it is allowed.
        """
        return await self._authorization.by_token(
            token,
            action=action,
            resource=resource,
            arguments=arguments,
            ip=ip,
            user_agent=user_agent,
            tokens_cost=tokens_cost,
        )

    async def delegate(
        self,
        *,
        from_agent: str,
        to_agent: str,
        permissions: Iterable[PermissionLike],
        expires_at: datetime,
        max_depth: int = DEFAULT_MAX_DEPTH,
        parent_chain_id: str | None = None,
    ) -> Delegation:
        """Hand permissions of one agent to another until `expires_at`; see `AsyncDelegations.delegate`."""
        return await self.delegation.delegate(
            from_agent=from_agent,
            to_agent=to_agent,
            permissions=permissions,
            expires_at=expires_at,
            max_depth=max_depth,
            parent_chain_id=parent_chain_id,
        )

    async def purge(self, *, batch: int = DEFAULT_BATCH) -> dict[str, int]:
        """Remove what has expired from every table, and return how many rows of each there were.

        At most `batch` rows (1 to 100,000) are deleted by one statement, which commits by itself unless the storage is
        joined to a transaction. Agents, audit rows, and approvals that were used or denied stay; while a legal hold
        is in force, so does all that says what agents were allowed. Raises `InvalidInput`.
        """
        return await purge_async_storage(self.storage, self._clock(), batch)

    async def close(self) -> None:
        """Close the connections that were opened for this Kavach; a storage of the host stays open."""
        await self._authorization.close()
        if self._owned:
            await self.storage.close()

    async def __aenter__(self) -> Self:
        """Return this Kavach."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()
