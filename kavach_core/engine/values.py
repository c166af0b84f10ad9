"""What the engine gives back: agents, decisions, delegations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

from kavach_core.errors import InvalidInput
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


EphemeralStatus = Literal["active", "expired", "revoked", "spent"]


class EphemeralSession(_Value):
    """A token with which an agent has a bounded number of actions for a short time.

    `token` is set by `create` alone. `max_actions` is None where only time bounds it. `audit_group_id` is for the host
    to keep beside what it does with the token.
    """

    id: str
    agent_id: str
    owner_id: str
    token: str = Field("", repr=False)
    status: EphemeralStatus
    max_actions: int | None
    actions_used: int
    audit_group_id: str
    expires_at: datetime
    created_at: datetime


class AuditHead(_Value):
    """The newest seal of the audit trail, to be kept where whoever writes to the database cannot.

    Its text, the number and the hash, is one line that `parse` reads.
    """

    number: Annotated[int, Field(ge=1)]
    hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

    def __str__(self) -> str:
        """Return number and hash."""
        return f"{self.number} {self.hash}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the head that a text says; raises `InvalidInput`."""
        number, _, hash = text.strip().partition(" ")
        try:
            return cls.model_validate({"number": number, "hash": hash})
        except ValidationError:
            raise InvalidInput("a head is a number, a space, and 64 hexadecimal digits") from None


ProblemKind = Literal["row_changed", "row_missing", "row_added", "seal_changed", "seal_missing", "seal_replaced"]


class AuditProblem(_Value):
    """The first thing in the audit trail that is not as it was sealed, oldest first.

    A row of the seal with this number was changed, is missing, or was added afterwards; or the seal itself was changed,
    is missing, or is another one than a head says: then `row_id` is None.
    """

    kind: ProblemKind
    seal: int
    row_id: str | None = None

    def __str__(self) -> str:
        """Return a line for people."""
        what, _, how = self.kind.partition("_")
        said = {"changed": "was changed", "missing": "is missing", "added": "was added", "replaced": "was replaced"}[
            how
        ]
        return f"seal {self.seal} {said}" if what == "seal" else f"row {self.row_id} of seal {self.seal} {said}"


class AuditReport(_Value):
    """What `verify` found: `problem` is None where all is as it was sealed.

    The numbers are of rows up to the problem: `verified` are as they were sealed, `removed` were deleted by `cleanup`,
    and of `unsealed` ones nothing can be said yet. `head` is the last seal that is good.
    """

    problem: AuditProblem | None
    verified: int
    removed: int
    unsealed: int
    head: AuditHead | None

    @property
    def ok(self) -> bool:
        """Tell whether no problem was found."""
        return self.problem is None


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
