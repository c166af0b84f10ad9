"""What goes over the wire, as values.

Names, fields and their order are those of the published SDK; what it lacks comes last. What is sent may be changed
until it is sent, and only the server checks it; what is received is frozen. Moments are text in ISO 8601, as they stand
in the JSON. Source: python-sdk, "Agent management" to "Delegation".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    AliasChoices,
    AliasPath,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    model_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel

AgentType = Literal["autonomous", "delegated", "service"]
AgentStatus = Literal["active", "revoked", "expired"]
AuditResult = Literal["allowed", "denied", "rate_limited"]
ApprovalStatus = Literal["pending", "approved", "denied", "used", "expired"]
ExportFormat = Literal["json", "csv", "jsonl"]


adapter: Final[Callable[[Any], TypeAdapter[Any]]] = cache(TypeAdapter)
"""Return what reads and writes values of a type as JSON has them."""


class Wire:
    """A value that is spelled in camelCase on the wire; keys that it does not know are ignored."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, hide_input_in_errors=True
    )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the value that a JSON object says; raises `pydantic.ValidationError`."""
        value: Self = adapter(cls).validate_python(data)
        return value

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object; what is None is left out."""
        write = adapter(type(self)).dump_python
        data: dict[str, Any] = write(self, mode="json", by_alias=True, exclude_none=True, warnings=False)
        return data

    def to_params(self) -> dict[str, str]:
        """Return the parameters of a query; the items of a list are separated by commas."""
        return {
            name: ",".join(value) if isinstance(value, list) else str(value) for name, value in self.to_dict().items()
        }


@dataclass
class PermissionConstraints(Wire):
    """Conditions of a permission; None is no condition.

    `time_window_start` and `time_window_end` are "HH:MM", in UTC unless `time_window_timezone` names a zone of the IANA
    database. `allowed_arg_patterns` are patterns for all arguments, or for each argument by its name.
    """

    max_calls_per_hour: int | None = None
    allowed_arg_patterns: list[str] | dict[str, list[str]] | None = None
    require_approval: bool | None = None
    time_window_start: Annotated[str | None, Field(validation_alias=AliasPath("timeWindow", "start"))] = None
    time_window_end: Annotated[str | None, Field(validation_alias=AliasPath("timeWindow", "end"))] = None
    ip_allowlist: list[str] | None = None
    time_window_timezone: Annotated[str | None, Field(validation_alias=AliasPath("timeWindow", "timezone"))] = None

    @model_serializer(mode="wrap")
    def _nest_window(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = serialize(self)
        window = {name: data.pop(f"timeWindow{name.title()}", None) for name in ("start", "end", "timezone")}
        given = {name: value for name, value in window.items() if value is not None}
        return {**data, "timeWindow": given} if given else data


@dataclass
class Permission(Wire):
    """Actions on all resources that a pattern matches, under constraints."""

    resource: str
    actions: list[str]
    constraints: PermissionConstraints | None = None


@dataclass(frozen=True)
class Agent(Wire):
    """An agent with its permissions; `token` is empty but in the answers of `create` and `rotate`."""

    id: str
    owner_id: str
    name: str
    type: AgentType
    token: str = field(repr=False)
    permissions: list[Permission]
    status: AgentStatus
    expires_at: Annotated[str | None, Field(default=None)]
    created_at: str
    updated_at: str
    tenant_id: str | None = None
    metadata: dict[str, JsonValue] | None = None


@dataclass
class CreateAgentInput(Wire):
    """An agent to be made; without `expires_at` it lives as long as the server's settings say."""

    owner_id: str
    name: str
    type: AgentType
    permissions: list[Permission]
    expires_at: str | None = None
    metadata: dict[str, JsonValue] | None = None


@dataclass
class UpdateAgentInput(Wire):
    """Changes of an agent; what is None stays as it is, and permissions are replaced as a whole."""

    name: str | None = None
    permissions: list[Permission] | None = None
    expires_at: str | None = None
    metadata: dict[str, JsonValue] | None = None


@dataclass
class AgentFilters(Wire):
    """Which agents; `user_id` is their owner, and `after` the id of the last agent of the page before."""

    user_id: str | None = None
    status: AgentStatus | None = None
    type: AgentType | None = None
    limit: int | None = None
    after: str | None = None


@dataclass
class AuthorizeRequest(Wire):
    """What an agent wants to do."""

    action: str
    resource: str
    arguments: dict[str, Any] | None = None
    tokens_cost: int | None = None


@dataclass(frozen=True)
class AuthorizeResult(Wire):
    """A decision; `code` is for programs and `reason` for people, both are None where the call is allowed.

    `audit_id` is empty where no audit row was written. `approval_id` names the request that a person must answer,
    `warnings` are what budgets say of an allowed call, and `retry_at` is when a denied one may fit again.
    """

    allowed: bool
    audit_id: str
    reason: str | None = None
    code: str | None = None
    approval_id: str | None = None
    warnings: list[str] = field(default_factory=list)
    retry_at: str | None = None


@dataclass
class DelegateInput(Wire):
    """Permissions that one agent hands to another until `expires_at`."""

    from_agent: str
    to_agent: str
    permissions: list[Permission]
    expires_at: str
    max_depth: int | None = None


@dataclass(frozen=True)
class DelegationChain(Wire):
    """A delegation."""

    id: str
    from_agent: str
    to_agent: str
    permissions: list[Permission]
    expires_at: str
    depth: int
    created_at: str
    parent_chain_id: str | None = None
    max_depth: int | None = None
    status: str | None = None


@dataclass(frozen=True)
class AuditEntry(Wire):
    """A row of the audit trail."""

    id: str
    agent_id: str
    user_id: str
    action: str
    resource: str
    parameters: Annotated[dict[str, Any], Field(default_factory=dict)]
    result: AuditResult
    duration_ms: int
    timestamp: str
    reason: str | None = None
    tokens_cost: float | None = None
    code: str | None = None
    constraints: list[str] | None = None
    delegation_chain: list[dict[str, Any]] | None = None
    duration_us: int | None = None
    ip: str | None = None
    user_agent: str | None = None


@dataclass
class AuditFilters(Wire):
    """Which rows of the audit trail; `since` is included and `until` is not."""

    agent_id: str | None = None
    user_id: str | None = None
    since: str | None = None
    until: str | None = None
    actions: list[str] | None = None
    result: AuditResult | None = None
    limit: int | None = None
    offset: int | None = None


@dataclass(frozen=True)
class PaginatedAuditLogs(Wire):
    """A page of the audit trail, newest rows first, and how many rows match in all if the server says so."""

    entries: list[AuditEntry]
    total: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_bare_list(cls, data: Any) -> Any:
        return {"entries": data} if isinstance(data, list) else data


@dataclass
class ExportOptions(Wire):
    """How an export is written, and which rows it has."""

    format: ExportFormat = "json"
    since: str | None = None
    until: str | None = None
    agent_id: str | None = None
    user_id: str | None = None
    actions: list[str] | None = None
    result: AuditResult | None = None


@dataclass(frozen=True)
class User(Wire):
    """A person with an account."""

    id: str
    email: str
    created_at: str
    name: str | None = None


@dataclass(frozen=True)
class Session(Wire):
    """A person's session."""

    id: str
    user_id: str
    token: str = field(repr=False)
    expires_at: str
    created_at: str


@dataclass(frozen=True)
class AuthResponse(Wire):
    """Who signed in or up, and the session that this began."""

    user: Annotated[User, Field(validation_alias=AliasChoices(AliasPath("data", "user"), "user"))]
    session: Annotated[Session, Field(validation_alias=AliasChoices(AliasPath("data", "session"), "session"))]


@dataclass(frozen=True)
class Approval(Wire):
    """A call that waits for a person's consent, or got an answer; `used` is an approval that let its call through."""

    id: str
    agent_id: str
    user_id: str
    action: str
    resource: str
    status: ApprovalStatus
    expires_at: str
    created_at: str
    arguments: dict[str, Any] | None = None
    responded_at: str | None = None
    responded_by: str | None = None


@dataclass
class ApprovalFilters(Wire):
    """Which requests for approval; `user_id` is the agents' owner, and `after` the id of the last one of a page."""

    agent_id: str | None = None
    user_id: str | None = None
    limit: int | None = None
    after: str | None = None


@dataclass
class RegisterMcpServerInput(Wire):
    """An MCP server to be registered; `rate_limit_rpm` are calls in a minute."""

    name: str
    endpoint: str
    tools: list[str]
    auth_required: bool = True
    rate_limit_rpm: int | None = None

    @model_serializer(mode="wrap")
    def _nest_limit(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = serialize(self)
        limit = data.pop("rateLimitRpm", None)
        return data if limit is None else {**data, "rateLimit": {"rpm": limit}}


@dataclass(frozen=True)
class McpServer(Wire):
    """A registered MCP server."""

    id: str
    name: str
    endpoint: str
    tools: list[str]
    auth_required: bool
    created_at: str
    rate_limit_rpm: Annotated[int | None, Field(validation_alias=AliasPath("rateLimit", "rpm"))] = None
