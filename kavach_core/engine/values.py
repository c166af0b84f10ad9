"""What the engine gives back: agents, decisions, delegations."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kavach_core.policy.decisions import Code
from kavach_core.policy.permissions import Permission

AgentType = Literal["autonomous", "delegated", "service"]
AgentStatus = Literal["active", "revoked", "expired"]

ApprovalStatus = Literal["pending", "approved", "denied", "used", "expired"]

AGENT_TYPES: tuple[AgentType, ...] = ("autonomous", "delegated", "service")


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Agent(_Value):
    """An agent with its permissions.

    `token` is set by `create` and `rotate` alone and is empty otherwise: only its hash is stored.
    """

    id: str
    owner_id: str
    tenant_id: str | None
    name: str
    type: str
    status: AgentStatus
    permissions: list[Permission]
    token: str = Field("", repr=False)
    token_prefix: str
    expires_at: datetime | None
    metadata: dict[str, JsonValue] | None
    created_at: datetime
    updated_at: datetime


class Approval(_Value):
    """A call that waits for a person's consent, or got an answer; `used` is an approval that let its call through."""

    id: str
    agent_id: str
    user_id: str
    action: str
    resource: str
    arguments: dict[str, JsonValue] | None
    status: ApprovalStatus
    expires_at: datetime
    responded_at: datetime | None
    responded_by: str | None
    created_at: datetime


class AuthorizeResult(_Value):
    """A decision. `code` is stable and for programs, `reason` is for people; both are None when allowed.

    `audit_id` names the audit row; it is None where none was written: the decision could not be recorded and is a
    denial for that reason, or allowed calls are not recorded (`audit_all` off). `approval_id` names the request that
    must be approved, was denied, or let the call through; None where the call needs no approval.
    """

    allowed: bool
    code: Code | None
    reason: str | None
    audit_id: str | None
    approval_id: str | None = None


class Delegation(_Value):
    """Permissions that one agent handed to another, for a time.

    `parent_chain_id` names the delegation to the giver that it rests on, None where the giver had them of its own.
    """

    id: str
    from_agent: str
    to_agent: str
    parent_chain_id: str | None
    permissions: list[Permission]
    depth: int
    max_depth: int
    status: str
    expires_at: datetime
    created_at: datetime
