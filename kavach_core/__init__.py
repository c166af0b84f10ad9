"""Kavach: identity, permissions, delegation and audit for AI agents, on the database that an application has."""

from kavach_core.engine._async.create import create_async_kavach
from kavach_core.engine._async.kavach import AsyncKavach
from kavach_core.engine._async.webhook import create_async_approval_webhook, create_async_audit_webhook
from kavach_core.engine._sync.create import create_kavach
from kavach_core.engine._sync.kavach import Kavach
from kavach_core.engine._sync.webhook import create_approval_webhook, create_audit_webhook
from kavach_core.engine.people import (
    ApiKey,
    Invitation,
    Member,
    Organization,
    OrganizationRole,
    Session,
    SignedIn,
    User,
)
from kavach_core.engine.signing import verify_webhook
from kavach_core.engine.values import Agent, Approval, AuditHead, AuditProblem, AuditReport, AuthorizeResult, Delegation
from kavach_core.errors import (
    ApprovalError,
    AuditError,
    AuthenticationError,
    BackendUnavailable,
    CapabilityError,
    ConfigurationError,
    ConflictError,
    DelegationError,
    DeliveryError,
    InactiveAgentError,
    InvalidInput,
    KavachError,
    LimitExceeded,
    MissingDependency,
    NestedTransactionUnsupported,
    NotFoundError,
    SchemaMismatch,
    StorageError,
    TooManyAttempts,
    TransactionAborted,
    TransactionContextLost,
    TransactionError,
)
from kavach_core.policy.constraints import Constraints, TimeWindow
from kavach_core.policy.permissions import Permission
from kavach_core.storage import AsyncStorage, Storage

__all__ = [
    "Agent",
    "ApiKey",
    "Approval",
    "ApprovalError",
    "AsyncKavach",
    "AsyncStorage",
    "AuditError",
    "AuditHead",
    "AuditProblem",
    "AuditReport",
    "AuthenticationError",
    "AuthorizeResult",
    "BackendUnavailable",
    "CapabilityError",
    "ConfigurationError",
    "ConflictError",
    "Constraints",
    "Delegation",
    "DelegationError",
    "DeliveryError",
    "InactiveAgentError",
    "InvalidInput",
    "Invitation",
    "Kavach",
    "KavachError",
    "LimitExceeded",
    "Member",
    "MissingDependency",
    "NestedTransactionUnsupported",
    "NotFoundError",
    "Organization",
    "OrganizationRole",
    "Permission",
    "SchemaMismatch",
    "Session",
    "SignedIn",
    "Storage",
    "StorageError",
    "TimeWindow",
    "TooManyAttempts",
    "TransactionAborted",
    "TransactionContextLost",
    "TransactionError",
    "User",
    "create_approval_webhook",
    "create_async_approval_webhook",
    "create_async_audit_webhook",
    "create_async_kavach",
    "create_audit_webhook",
    "create_kavach",
    "verify_webhook",
]
