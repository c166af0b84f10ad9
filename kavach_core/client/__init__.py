"""A client of Kavach's HTTP API, with the names of the SDK that is published for KavachOS.

`KavachClient` is for asyncio, `KavachSyncClient` for all else. What is sent and received is in `types`, short ways to
write permissions are in `permissions`, and errors in `errors`. Needs the extra `client`. Source: python-sdk.
"""

from kavach_core.client._async.client import KavachClient
from kavach_core.client._sync.client import KavachSyncClient
from kavach_core.client.budgets import (
    Budget,
    BudgetCheck,
    BudgetFilters,
    BudgetLimits,
    BudgetUsage,
    CreateBudgetInput,
    UpdateBudgetInput,
    UsageInput,
)
from kavach_core.client.errors import (
    AuthenticationError,
    KavachError,
    NetworkError,
    NotFoundError,
    PermissionError,
    RateLimitError,
    ServerError,
)
from kavach_core.client.retrying import Retries
from kavach_core.client.trust import TrustFactors, TrustInputs, TrustScore
from kavach_core.client.types import (
    Agent,
    AgentFilters,
    Approval,
    ApprovalFilters,
    AuditEntry,
    AuditFilters,
    AuthorizeRequest,
    AuthorizeResult,
    AuthResponse,
    CreateAgentInput,
    DelegateInput,
    DelegationChain,
    ExportOptions,
    McpServer,
    PaginatedAuditLogs,
    Permission,
    PermissionConstraints,
    RegisterMcpServerInput,
    Session,
    UpdateAgentInput,
    User,
)

__all__ = [
    "Agent",
    "AgentFilters",
    "Approval",
    "ApprovalFilters",
    "AuditEntry",
    "AuditFilters",
    "AuthResponse",
    "AuthenticationError",
    "AuthorizeRequest",
    "AuthorizeResult",
    "Budget",
    "BudgetCheck",
    "BudgetFilters",
    "BudgetLimits",
    "BudgetUsage",
    "CreateAgentInput",
    "CreateBudgetInput",
    "DelegateInput",
    "DelegationChain",
    "ExportOptions",
    "KavachClient",
    "KavachError",
    "KavachSyncClient",
    "McpServer",
    "NetworkError",
    "NotFoundError",
    "PaginatedAuditLogs",
    "Permission",
    "PermissionConstraints",
    "PermissionError",
    "RateLimitError",
    "RegisterMcpServerInput",
    "Retries",
    "ServerError",
    "Session",
    "TrustFactors",
    "TrustInputs",
    "TrustScore",
    "UpdateAgentInput",
    "UpdateBudgetInput",
    "UsageInput",
    "User",
]
