"""Kavach: identity, permissions, delegation and audit for AI agents, on the database that an application has.

Names are imported when they are first used: a program that uses one colour does not load the other.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from kavach_core import templates as templates
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
        TrustScore,
    )
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
        InactiveTenantError,
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
    from kavach_core.policy.budgets import BudgetLimits, BudgetUsage
    from kavach_core.policy.constraints import Constraints, TimeWindow
    from kavach_core.policy.permissions import Permission
    from kavach_core.policy.tenants import TenantSettings
    from kavach_core.storage import AsyncStorage, Storage

__all__ = [
    "Agent",
    "AgentCard",
    "ApiKey",
    "Approval",
    "ApprovalError",
    "AsyncHooks",
    "AsyncKavach",
    "AsyncStorage",
    "AuditError",
    "AuditHead",
    "AuditProblem",
    "AuditReport",
    "AuthenticationError",
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
    "Invitation",
    "Kavach",
    "KavachError",
    "LimitExceeded",
    "McpServer",
    "Member",
    "MissingDependency",
    "NestedTransactionUnsupported",
    "NotFoundError",
    "Organization",
    "OrganizationRole",
    "Permission",
    "SchemaMismatch",
    "ServiceToken",
    "Session",
    "SignedIn",
    "Storage",
    "StorageError",
    "Tenant",
    "TenantSettings",
    "TimeWindow",
    "TooManyAttempts",
    "TransactionAborted",
    "TransactionContextLost",
    "TransactionError",
    "TrustScore",
    "User",
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

_HOMES: typing.Final = {
    "engine._async.create": ("create_async_kavach",),
    "engine._async.kavach": ("AsyncKavach",),
    "engine._async.webhook": (
        "create_async_approval_webhook",
        "create_async_audit_webhook",
        "create_async_event_webhook",
    ),
    "engine._sync.create": ("create_kavach",),
    "engine._sync.kavach": ("Kavach",),
    "engine._sync.webhook": ("create_approval_webhook", "create_audit_webhook", "create_event_webhook"),
    "engine.cards": ("AgentCard", "Capability"),
    "engine.hooks": ("AsyncHooks", "HookedCall", "Hooks"),
    "engine.people": (
        "ApiKey",
        "Invitation",
        "Member",
        "Organization",
        "OrganizationRole",
        "Session",
        "SignedIn",
        "User",
    ),
    "engine.signing": ("verify_webhook",),
    "engine.values": (
        "Agent",
        "Approval",
        "AuditHead",
        "AuditProblem",
        "AuditReport",
        "AuthorizeResult",
        "BudgetCheck",
        "BudgetPolicy",
        "CostEvent",
        "Delegation",
        "EphemeralSession",
        "McpServer",
        "ServiceToken",
        "Tenant",
        "TrustScore",
    ),
    "errors": (
        "ApprovalError",
        "AuditError",
        "AuthenticationError",
        "BackendUnavailable",
        "CapabilityError",
        "ConfigurationError",
        "ConflictError",
        "DelegationError",
        "DeliveryError",
        "InactiveAgentError",
        "InactiveTenantError",
        "InvalidInput",
        "KavachError",
        "LimitExceeded",
        "MissingDependency",
        "NestedTransactionUnsupported",
        "NotFoundError",
        "SchemaMismatch",
        "StorageError",
        "TooManyAttempts",
        "TransactionAborted",
        "TransactionContextLost",
        "TransactionError",
    ),
    "policy.budgets": ("BudgetLimits", "BudgetUsage"),
    "policy.constraints": ("Constraints", "TimeWindow"),
    "policy.permissions": ("Permission",),
    "policy.tenants": ("TenantSettings",),
    "storage": ("AsyncStorage", "Storage"),
}
"""The names of each module of this package that are imported from here; the type checkers read them above."""

_home: typing.Final = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> typing.Any:
    """Import a name, and keep it (PEP 562)."""
    if name not in _home:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_home[name]}"), name)
    return found


def __dir__() -> list[str]:
    """Name what can be imported, also before it is."""
    return sorted({*globals(), *__all__})
