"""Kavach: identity, permissions, delegation and audit for AI agents, on the database that an application has."""

from kavach_core.engine._async.create import create_async_kavach
from kavach_core.engine._async.kavach import AsyncKavach
from kavach_core.engine._async.webhook import (
    create_async_approval_webhook,
    create_async_audit_webhook,
    create_async_event_webhook,
)
from kavach_core.engine._sync.create import create_kavach
from kavach_core.engine._sync.kavach import Kavach
from kavach_core.engine._sync.webhook import create_approval_webhook, create_audit_webhook, create_event_webhook
from kavach_core.engine.cards import AgentCard, Capability
from kavach_core.engine.hooks import AsyncHooks, HookedCall, Hooks
from kavach_core.engine.signing import verify_webhook
from kavach_core.engine.values import (
    Agent,
    Approval,
    AuditHead,
    AuditProblem,
    AuditReport,
    AuthorizeResult,
    BudgetCheck,
    BudgetPolicy,
    CostEvent,
    Delegation,
    EphemeralSession,
    McpServer,
    ServiceToken,
    Tenant,
)
from kavach_core.errors import (
    ApprovalError,
    AuditError,
    BackendUnavailable,
    CapabilityError,
    ConfigurationError,
    ConflictError,
    DelegationError,
    DeliveryError,
    InactiveAgentError,
    InactiveTenantError,
    InvalidInput,
    KavachError,
    LimitExceeded,
    MissingDependency,
    NestedTransactionUnsupported,
    NotFoundError,
    SchemaMismatch,
    StorageError,
    TransactionAborted,
    TransactionContextLost,
    TransactionError,
)
from kavach_core.policy.budgets import BudgetLimits, BudgetUsage
from kavach_core.policy.constraints import Constraints, TimeWindow
from kavach_core.policy.permissions import Permission
from kavach_core.policy.tenants import TenantSettings
from kavach_core.storage import AsyncStorage, Storage

__all__ = [
    "Agent",
    "AgentCard",
    "Approval",
    "ApprovalError",
    "AsyncHooks",
    "AsyncKavach",
    "AsyncStorage",
    "AuditError",
    "AuditHead",
    "AuditProblem",
    "AuditReport",
    "AuthorizeResult",
    "BackendUnavailable",
    "BudgetCheck",
    "BudgetLimits",
    "BudgetPolicy",
    "BudgetUsage",
    "Capability",
    "CapabilityError",
    "ConfigurationError",
    "ConflictError",
    "Constraints",
    "CostEvent",
    "Delegation",
    "DelegationError",
    "DeliveryError",
    "EphemeralSession",
    "HookedCall",
    "Hooks",
    "InactiveAgentError",
    "InactiveTenantError",
    "InvalidInput",
    "Kavach",
    "KavachError",
    "LimitExceeded",
    "McpServer",
    "MissingDependency",
    "NestedTransactionUnsupported",
    "NotFoundError",
    "Permission",
    "SchemaMismatch",
    "ServiceToken",
    "Storage",
    "StorageError",
    "Tenant",
    "TenantSettings",
    "TimeWindow",
    "TransactionAborted",
    "TransactionContextLost",
    "TransactionError",
    "create_approval_webhook",
    "create_async_approval_webhook",
    "create_async_audit_webhook",
    "create_async_event_webhook",
    "create_async_kavach",
    "create_audit_webhook",
    "create_event_webhook",
    "create_kavach",
    "verify_webhook",
]
