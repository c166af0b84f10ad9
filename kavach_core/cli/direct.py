"""A database with the face of the synchronous client, so that commands need not know which of the two they work on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from pydantic import BaseModel

from kavach_core import Kavach
from kavach_core.client.types import (
    Agent,
    AgentFilters,
    Approval,
    ApprovalFilters,
    AuditEntry,
    AuditFilters,
    AuthorizeRequest,
    AuthorizeResult,
    CreateAgentInput,
    DelegateInput,
    DelegationChain,
    Permission,
    UpdateAgentInput,
    Wire,
)
from kavach_core.engine.settings import DEFAULT_MAX_DEPTH
from kavach_core.errors import InvalidInput, NotFoundError
from kavach_schema.filters import AgentFilter, AuditLogFilter
from kavach_schema.model import UNSET

Value = TypeVar("Value", bound=Wire)

_PAGE: Final = 100


class Direct:
    """What the client offers and commands use, on a Kavach in this process."""

    def __init__(self, kavach: Kavach) -> None:
        """Work on a Kavach."""
        self.kavach = kavach
        self.agents = DirectAgents(kavach)
        self.approvals = DirectApprovals(kavach)
        self.audit = DirectAudit(kavach)
        self.delegation = DirectDelegations(kavach)

    def authorize(self, agent_id: str, request: AuthorizeRequest) -> AuthorizeResult:
        """Decide, and record the decision; raises `NotFoundError` for an unknown agent, as a server does."""
        decided = self.kavach.authorize(
            agent_id, action=request.action, resource=request.resource, arguments=request.arguments
        )
        if decided.code == "unknown_agent":
            raise NotFoundError("no agent has this id")
        return _shown(AuthorizeResult, decided, audit_id=decided.audit_id or "")


class DirectAgents:
    """Agents."""

    def __init__(self, kavach: Kavach) -> None:
        """Work on a Kavach."""
        self._agents = kavach.agent

    def create(self, input: CreateAgentInput) -> Agent:
        """Create an agent."""
        created = self._agents.create(
            owner_id=input.owner_id,
            name=input.name,
            type=input.type,
            permissions=_written(input.permissions),
            expires_at=None if input.expires_at is None else datetime.fromisoformat(input.expires_at),
            metadata=input.metadata,
        )
        return _shown(Agent, created)

    def get(self, agent_id: str) -> Agent | None:
        """Return an agent or None."""
        found = self._agents.get(agent_id)
        return None if found is None else _shown(Agent, found)

    def update(self, agent_id: str, input: UpdateAgentInput) -> Agent:
        """Change an agent."""
        changed = self._agents.update(
            agent_id,
            name=UNSET if input.name is None else input.name,
            permissions=UNSET if input.permissions is None else _written(input.permissions),
            expires_at=UNSET if input.expires_at is None else datetime.fromisoformat(input.expires_at),
            metadata=UNSET if input.metadata is None else input.metadata,
        )
        return _shown(Agent, changed)

    def revoke(self, agent_id: str) -> None:
        """Revoke an agent."""
        self._agents.revoke(agent_id)

    def rotate(self, agent_id: str) -> Agent:
        """Give an agent a new token."""
        return _shown(Agent, self._agents.rotate(agent_id))

    def list(self, filters: AgentFilters) -> list[Agent]:
        """Return a page of agents."""
        chosen: AgentFilter = {"owner_id": filters.user_id, "status": filters.status, "type": filters.type}
        found = self._agents.list(limit=_limit(filters.limit), **chosen)
        return [_shown(Agent, each) for each in found]


class DirectApprovals:
    """Requests for approval."""

    def __init__(self, kavach: Kavach) -> None:
        """Work on a Kavach."""
        self._approvals = kavach.approval

    def list_pending(self, filters: ApprovalFilters) -> list[Approval]:
        """Return the requests that wait."""
        found = self._approvals.list_pending(filters.agent_id, user_id=filters.user_id, limit=_limit(filters.limit))
        return [_shown(Approval, each) for each in found]

    def approve(self, request_id: str, *, by: str | None = None) -> Approval:
        """Consent as a person; raises `InvalidInput` without one."""
        return _shown(Approval, self._approvals.approve(request_id, by=_named(by)))

    def deny(self, request_id: str, *, by: str | None = None) -> Approval:
        """Refuse as a person; raises `InvalidInput` without one."""
        return _shown(Approval, self._approvals.deny(request_id, by=_named(by)))


class DirectAudit:
    """The audit trail."""

    def __init__(self, kavach: Kavach) -> None:
        """Work on a Kavach."""
        self._audit = kavach.audit

    def query(self, filters: AuditFilters) -> list[AuditEntry]:
        """Return a page of rows, newest first."""
        rows = self._audit.query(limit=_limit(filters.limit), offset=filters.offset, **engine_filter(filters))
        return [_shown(AuditEntry, row, parameters=row.parameters or {}) for row in rows]


class DirectDelegations:
    """Delegations."""

    def __init__(self, kavach: Kavach) -> None:
        """Work on a Kavach."""
        self._delegations = kavach.delegation

    def create(self, input: DelegateInput) -> DelegationChain:
        """Hand permissions on."""
        made = self._delegations.delegate(
            from_agent=input.from_agent,
            to_agent=input.to_agent,
            permissions=_written(input.permissions),
            expires_at=datetime.fromisoformat(input.expires_at),
            max_depth=DEFAULT_MAX_DEPTH if input.max_depth is None else input.max_depth,
        )
        return _shown(DelegationChain, made)

    def list_chains(self, agent_id: str) -> list[DelegationChain]:
        """Return the delegations from and to an agent that are not revoked."""
        return [_shown(DelegationChain, each) for each in self._delegations.list_chains(agent_id, status="active")]

    def revoke(self, delegation_id: str) -> None:
        """Revoke a delegation."""
        self._delegations.revoke(delegation_id)


def engine_filter(filters: AuditFilters) -> AuditLogFilter:
    """Return the filters of the engine, page aside."""
    return {
        "agent_id": filters.agent_id,
        "user_id": filters.user_id,
        "result": filters.result,
        "actions": filters.actions,
        "since": None if filters.since is None else datetime.fromisoformat(filters.since),
        "until": None if filters.until is None else datetime.fromisoformat(filters.until),
    }


def _shown(kind: type[Value], value: BaseModel, **changes: object) -> Value:
    return kind.from_dict({**value.model_dump(mode="json", by_alias=True), **changes})


def _limit(given: int | None) -> int:
    return _PAGE if given is None else given


def _named(by: str | None) -> str:
    if by is None:
        raise InvalidInput("by: a database does not know who answers; name the person")
    return by


def _written(permissions: Iterable[Permission]) -> Sequence[dict[str, object]]:
    return [permission.to_dict() for permission in permissions]
