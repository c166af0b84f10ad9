# Generated from kavach_schema.tables by tools/generate.py: do not edit.

"""The keywords with which rows are written: `Input` for a new row, `Changes` for a stored one."""

from datetime import datetime
from typing import NotRequired, TypedDict

from pydantic import JsonValue

__all__ = [
    "AgentCardChanges",
    "AgentCardInput",
    "AgentChanges",
    "AgentDidChanges",
    "AgentDidInput",
    "AgentInput",
    "ApiKeyChanges",
    "ApiKeyInput",
    "ApprovalRequestChanges",
    "ApprovalRequestInput",
    "AuditHoldChanges",
    "AuditHoldInput",
    "AuditLogChanges",
    "AuditLogInput",
    "AuditSealChanges",
    "AuditSealInput",
    "AuditStreamChanges",
    "AuditStreamInput",
    "BudgetPolicyChanges",
    "BudgetPolicyInput",
    "CostEventChanges",
    "CostEventInput",
    "CounterChanges",
    "CounterInput",
    "DelegationChainChanges",
    "DelegationChainInput",
    "EmailOtpChanges",
    "EmailOtpInput",
    "EphemeralSessionChanges",
    "EphemeralSessionInput",
    "JwtRefreshTokenChanges",
    "JwtRefreshTokenInput",
    "LoginHistoryChanges",
    "LoginHistoryInput",
    "MagicLinkChanges",
    "MagicLinkInput",
    "McpServerChanges",
    "McpServerInput",
    "OAuthAccessTokenChanges",
    "OAuthAccessTokenInput",
    "OAuthAuthorizationCodeChanges",
    "OAuthAuthorizationCodeInput",
    "OAuthClientChanges",
    "OAuthClientInput",
    "OidcAuthCodeChanges",
    "OidcAuthCodeInput",
    "OidcClientChanges",
    "OidcClientInput",
    "OidcRefreshTokenChanges",
    "OidcRefreshTokenInput",
    "OneTimeTokenChanges",
    "OneTimeTokenInput",
    "OrgInvitationChanges",
    "OrgInvitationInput",
    "OrgMemberChanges",
    "OrgMemberInput",
    "OrgRoleChanges",
    "OrgRoleInput",
    "OrganizationChanges",
    "OrganizationInput",
    "PasskeyChallengeChanges",
    "PasskeyChallengeInput",
    "PasskeyCredentialChanges",
    "PasskeyCredentialInput",
    "PasswordChanges",
    "PasswordInput",
    "PermissionChanges",
    "PermissionInput",
    "PhoneVerificationChanges",
    "PhoneVerificationInput",
    "RateLimitChanges",
    "RateLimitInput",
    "ServiceTokenChanges",
    "ServiceTokenInput",
    "SessionChanges",
    "SessionInput",
    "SsoConnectionChanges",
    "SsoConnectionInput",
    "TenantChanges",
    "TenantInput",
    "TotpChanges",
    "TotpInput",
    "TrustScoreChanges",
    "TrustScoreInput",
    "TrustedDeviceChanges",
    "TrustedDeviceInput",
    "UserChanges",
    "UserInput",
    "UsernameAccountChanges",
    "UsernameAccountInput",
]


class UserInput(TypedDict):
    """A new row of `kavach_users`."""

    id: str
    email: str
    name: NotRequired[str | None]
    username: NotRequired[str | None]
    external_id: NotRequired[str | None]
    external_provider: NotRequired[str | None]
    metadata: NotRequired[dict[str, JsonValue] | None]
    banned: NotRequired[bool]
    ban_reason: NotRequired[str | None]
    ban_expires_at: NotRequired[datetime | None]
    force_password_reset: NotRequired[bool]
    stripe_customer_id: NotRequired[str | None]
    stripe_subscription_id: NotRequired[str | None]
    stripe_subscription_status: NotRequired[str | None]
    stripe_price_id: NotRequired[str | None]
    stripe_current_period_end: NotRequired[datetime | None]
    stripe_cancel_at_period_end: NotRequired[bool]
    polar_customer_id: NotRequired[str | None]
    polar_subscription_id: NotRequired[str | None]
    polar_subscription_status: NotRequired[str | None]
    polar_product_id: NotRequired[str | None]
    polar_current_period_end: NotRequired[datetime | None]
    polar_cancel_at_period_end: NotRequired[bool]
    created_at: datetime
    updated_at: datetime


class UserChanges(TypedDict, total=False):
    """Changes to a row of `kavach_users`: what is left out stays."""

    email: str
    name: str | None
    username: str | None
    external_id: str | None
    external_provider: str | None
    metadata: dict[str, JsonValue] | None
    banned: bool
    ban_reason: str | None
    ban_expires_at: datetime | None
    force_password_reset: bool
    stripe_customer_id: str | None
    stripe_subscription_id: str | None
    stripe_subscription_status: str | None
    stripe_price_id: str | None
    stripe_current_period_end: datetime | None
    stripe_cancel_at_period_end: bool
    polar_customer_id: str | None
    polar_subscription_id: str | None
    polar_subscription_status: str | None
    polar_product_id: str | None
    polar_current_period_end: datetime | None
    polar_cancel_at_period_end: bool
    created_at: datetime
    updated_at: datetime


class TenantInput(TypedDict):
    """A new row of `kavach_tenants`."""

    id: str
    name: str
    slug: str
    settings: NotRequired[dict[str, JsonValue] | None]
    status: NotRequired[str]
    created_at: datetime
    updated_at: datetime


class TenantChanges(TypedDict, total=False):
    """Changes to a row of `kavach_tenants`: what is left out stays."""

    name: str
    slug: str
    settings: dict[str, JsonValue] | None
    status: str
    created_at: datetime
    updated_at: datetime


class SessionInput(TypedDict):
    """A new row of `kavach_sessions`."""

    id: str
    user_id: str
    token_hash: NotRequired[str | None]
    expires_at: datetime
    metadata: NotRequired[dict[str, JsonValue] | None]
    created_at: datetime


class SessionChanges(TypedDict, total=False):
    """Changes to a row of `kavach_sessions`: what is left out stays."""

    user_id: str
    token_hash: str | None
    expires_at: datetime
    metadata: dict[str, JsonValue] | None
    created_at: datetime


class OrganizationInput(TypedDict):
    """A new row of `kavach_organizations`."""

    id: str
    name: str
    slug: str
    owner_id: str
    metadata: NotRequired[dict[str, JsonValue] | None]
    created_at: datetime
    updated_at: datetime


class OrganizationChanges(TypedDict, total=False):
    """Changes to a row of `kavach_organizations`: what is left out stays."""

    name: str
    slug: str
    owner_id: str
    metadata: dict[str, JsonValue] | None
    created_at: datetime
    updated_at: datetime


class OrgMemberInput(TypedDict):
    """A new row of `kavach_org_members`."""

    id: str
    org_id: str
    user_id: str
    role: NotRequired[str]
    joined_at: datetime


class OrgMemberChanges(TypedDict, total=False):
    """Changes to a row of `kavach_org_members`: what is left out stays."""

    org_id: str
    user_id: str
    role: str
    joined_at: datetime


class OrgInvitationInput(TypedDict):
    """A new row of `kavach_org_invitations`."""

    id: str
    org_id: str
    email: str
    role: NotRequired[str]
    invited_by: str
    status: NotRequired[str]
    expires_at: datetime
    created_at: datetime


class OrgInvitationChanges(TypedDict, total=False):
    """Changes to a row of `kavach_org_invitations`: what is left out stays."""

    org_id: str
    email: str
    role: str
    invited_by: str
    status: str
    expires_at: datetime
    created_at: datetime


class OrgRoleInput(TypedDict):
    """A new row of `kavach_org_roles`."""

    id: str
    org_id: str
    name: str
    permissions: list[str]


class OrgRoleChanges(TypedDict, total=False):
    """Changes to a row of `kavach_org_roles`: what is left out stays."""

    org_id: str
    name: str
    permissions: list[str]


class SsoConnectionInput(TypedDict):
    """A new row of `kavach_sso_connections`."""

    id: str
    org_id: str
    provider_id: str
    type: str
    domain: str
    enabled: NotRequired[bool]
    created_at: datetime


class SsoConnectionChanges(TypedDict, total=False):
    """Changes to a row of `kavach_sso_connections`: what is left out stays."""

    org_id: str
    provider_id: str
    type: str
    domain: str
    enabled: bool
    created_at: datetime


class AgentInput(TypedDict):
    """A new row of `kavach_agents`."""

    id: str
    owner_id: str
    tenant_id: NotRequired[str | None]
    name: str
    type: str
    status: NotRequired[str]
    token_hash: str
    token_prefix: str
    expires_at: NotRequired[datetime | None]
    last_active_at: NotRequired[datetime | None]
    metadata: NotRequired[dict[str, JsonValue] | None]
    created_at: datetime
    updated_at: datetime


class AgentChanges(TypedDict, total=False):
    """Changes to a row of `kavach_agents`: what is left out stays."""

    owner_id: str
    tenant_id: str | None
    name: str
    type: str
    status: str
    token_hash: str
    token_prefix: str
    expires_at: datetime | None
    last_active_at: datetime | None
    metadata: dict[str, JsonValue] | None
    created_at: datetime
    updated_at: datetime


class PermissionInput(TypedDict):
    """A new row of `kavach_permissions`."""

    id: str
    agent_id: str
    resource: str
    actions: list[str]
    constraints: NotRequired[dict[str, JsonValue] | None]
    created_at: datetime


class PermissionChanges(TypedDict, total=False):
    """Changes to a row of `kavach_permissions`: what is left out stays."""

    agent_id: str
    resource: str
    actions: list[str]
    constraints: dict[str, JsonValue] | None
    created_at: datetime


class DelegationChainInput(TypedDict):
    """A new row of `kavach_delegation_chains`."""

    id: str
    from_agent_id: str
    to_agent_id: str
    parent_chain_id: NotRequired[str | None]
    permissions: list[dict[str, JsonValue]]
    depth: NotRequired[int]
    max_depth: NotRequired[int]
    status: NotRequired[str]
    expires_at: datetime
    created_at: datetime


class DelegationChainChanges(TypedDict, total=False):
    """Changes to a row of `kavach_delegation_chains`: what is left out stays."""

    from_agent_id: str
    to_agent_id: str
    parent_chain_id: str | None
    permissions: list[dict[str, JsonValue]]
    depth: int
    max_depth: int
    status: str
    expires_at: datetime
    created_at: datetime


class AuditLogInput(TypedDict):
    """A new row of `kavach_audit_logs`."""

    id: str
    agent_id: str
    user_id: str
    action: str
    resource: str
    parameters: NotRequired[dict[str, JsonValue] | None]
    result: str
    code: NotRequired[str | None]
    reason: NotRequired[str | None]
    constraints: NotRequired[list[str] | None]
    delegation_chain: NotRequired[list[dict[str, JsonValue]] | None]
    duration_ms: int
    duration_us: NotRequired[int | None]
    tokens_cost: NotRequired[int | None]
    ip: NotRequired[str | None]
    user_agent: NotRequired[str | None]
    timestamp: datetime


class AuditLogChanges(TypedDict, total=False):
    """Changes to a row of `kavach_audit_logs`: what is left out stays."""

    agent_id: str
    user_id: str
    action: str
    resource: str
    parameters: dict[str, JsonValue] | None
    result: str
    code: str | None
    reason: str | None
    constraints: list[str] | None
    delegation_chain: list[dict[str, JsonValue]] | None
    duration_ms: int
    duration_us: int | None
    tokens_cost: int | None
    ip: str | None
    user_agent: str | None
    timestamp: datetime


class AuditSealInput(TypedDict):
    """A new row of `kavach_audit_seals`."""

    id: str
    number: int
    leaves: list[str]
    row_count: int
    root: str
    last_timestamp: NotRequired[datetime | None]
    last_id: NotRequired[str | None]
    removed_before: NotRequired[datetime | None]
    previous: str
    hash: str
    sealed_at: datetime


class AuditSealChanges(TypedDict, total=False):
    """Changes to a row of `kavach_audit_seals`: what is left out stays."""

    number: int
    leaves: list[str]
    row_count: int
    root: str
    last_timestamp: datetime | None
    last_id: str | None
    removed_before: datetime | None
    previous: str
    hash: str
    sealed_at: datetime


class AuditStreamInput(TypedDict):
    """A new row of `kavach_audit_streams`."""

    id: str
    last_timestamp: datetime
    last_id: str
    updated_at: datetime


class AuditStreamChanges(TypedDict, total=False):
    """Changes to a row of `kavach_audit_streams`: what is left out stays."""

    last_timestamp: datetime
    last_id: str
    updated_at: datetime


class AuditHoldInput(TypedDict):
    """A new row of `kavach_audit_holds`."""

    id: str
    agent_id: NotRequired[str | None]
    user_id: NotRequired[str | None]
    reason: str
    status: NotRequired[str]
    placed_by: str
    created_at: datetime
    lifted_by: NotRequired[str | None]
    lifted_at: NotRequired[datetime | None]


class AuditHoldChanges(TypedDict, total=False):
    """Changes to a row of `kavach_audit_holds`: what is left out stays."""

    agent_id: str | None
    user_id: str | None
    reason: str
    status: str
    placed_by: str
    created_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None


class RateLimitInput(TypedDict):
    """A new row of `kavach_rate_limits`."""

    id: str
    agent_id: str
    resource: str
    window_start: datetime
    count: NotRequired[int]


class RateLimitChanges(TypedDict, total=False):
    """Changes to a row of `kavach_rate_limits`: what is left out stays."""

    agent_id: str
    resource: str
    window_start: datetime
    count: int


class CounterInput(TypedDict):
    """A new row of `kavach_counters`."""

    id: str
    subject: str
    window_start: datetime
    count: NotRequired[int]


class CounterChanges(TypedDict, total=False):
    """Changes to a row of `kavach_counters`: what is left out stays."""

    subject: str
    window_start: datetime
    count: int


class ApprovalRequestInput(TypedDict):
    """A new row of `kavach_approval_requests`."""

    id: str
    agent_id: str
    user_id: str
    action: str
    resource: str
    arguments: NotRequired[dict[str, JsonValue] | None]
    status: NotRequired[str]
    expires_at: datetime
    responded_at: NotRequired[datetime | None]
    responded_by: NotRequired[str | None]
    created_at: datetime


class ApprovalRequestChanges(TypedDict, total=False):
    """Changes to a row of `kavach_approval_requests`: what is left out stays."""

    agent_id: str
    user_id: str
    action: str
    resource: str
    arguments: dict[str, JsonValue] | None
    status: str
    expires_at: datetime
    responded_at: datetime | None
    responded_by: str | None
    created_at: datetime


class TrustScoreInput(TypedDict):
    """A new row of `kavach_trust_scores`."""

    agent_id: str
    score: int
    level: str
    factors: dict[str, JsonValue]
    computed_at: datetime


class TrustScoreChanges(TypedDict, total=False):
    """Changes to a row of `kavach_trust_scores`: what is left out stays."""

    score: int
    level: str
    factors: dict[str, JsonValue]
    computed_at: datetime


class BudgetPolicyInput(TypedDict):
    """A new row of `kavach_budget_policies`."""

    id: str
    agent_id: NotRequired[str | None]
    user_id: NotRequired[str | None]
    tenant_id: NotRequired[str | None]
    limits: dict[str, JsonValue]
    current_usage: dict[str, JsonValue]
    action: NotRequired[str]
    status: NotRequired[str]
    created_at: datetime


class BudgetPolicyChanges(TypedDict, total=False):
    """Changes to a row of `kavach_budget_policies`: what is left out stays."""

    agent_id: str | None
    user_id: str | None
    tenant_id: str | None
    limits: dict[str, JsonValue]
    current_usage: dict[str, JsonValue]
    action: str
    status: str
    created_at: datetime


class AgentCardInput(TypedDict):
    """A new row of `kavach_agent_cards`."""

    id: str
    agent_id: str
    name: str
    description: NotRequired[str | None]
    version: str
    protocols: list[str]
    capabilities: list[JsonValue]
    auth_requirements: dict[str, JsonValue]
    endpoint: NotRequired[str | None]
    metadata: NotRequired[dict[str, JsonValue] | None]
    created_at: datetime
    updated_at: datetime


class AgentCardChanges(TypedDict, total=False):
    """Changes to a row of `kavach_agent_cards`: what is left out stays."""

    agent_id: str
    name: str
    description: str | None
    version: str
    protocols: list[str]
    capabilities: list[JsonValue]
    auth_requirements: dict[str, JsonValue]
    endpoint: str | None
    metadata: dict[str, JsonValue] | None
    created_at: datetime
    updated_at: datetime


class AgentDidInput(TypedDict):
    """A new row of `kavach_agent_dids`."""

    agent_id: str
    did: str
    method: str
    public_key_jwk: str
    did_document: str
    created_at: datetime


class AgentDidChanges(TypedDict, total=False):
    """Changes to a row of `kavach_agent_dids`: what is left out stays."""

    did: str
    method: str
    public_key_jwk: str
    did_document: str
    created_at: datetime


class CostEventInput(TypedDict):
    """A new row of `kavach_cost_events`."""

    id: str
    agent_id: str
    tool: str
    input_tokens: NotRequired[int | None]
    output_tokens: NotRequired[int | None]
    cost_micros: int
    currency: NotRequired[str]
    metadata: NotRequired[dict[str, JsonValue] | None]
    delegation_chain_id: NotRequired[str | None]
    recorded_at: datetime


class CostEventChanges(TypedDict, total=False):
    """Changes to a row of `kavach_cost_events`: what is left out stays."""

    agent_id: str
    tool: str
    input_tokens: int | None
    output_tokens: int | None
    cost_micros: int
    currency: str
    metadata: dict[str, JsonValue] | None
    delegation_chain_id: str | None
    recorded_at: datetime


class EphemeralSessionInput(TypedDict):
    """A new row of `kavach_ephemeral_sessions`."""

    id: str
    agent_id: str
    owner_id: str
    token_hash: str
    expires_at: datetime
    max_actions: NotRequired[int | None]
    actions_used: NotRequired[int]
    status: NotRequired[str]
    audit_group_id: str
    created_at: datetime
    updated_at: datetime


class EphemeralSessionChanges(TypedDict, total=False):
    """Changes to a row of `kavach_ephemeral_sessions`: what is left out stays."""

    agent_id: str
    owner_id: str
    token_hash: str
    expires_at: datetime
    max_actions: int | None
    actions_used: int
    status: str
    audit_group_id: str
    created_at: datetime
    updated_at: datetime


class McpServerInput(TypedDict):
    """A new row of `kavach_mcp_servers`."""

    id: str
    name: str
    endpoint: str
    tools: list[str]
    auth_required: NotRequired[bool]
    rate_limit_rpm: NotRequired[int | None]
    status: NotRequired[str]
    created_at: datetime
    updated_at: datetime


class McpServerChanges(TypedDict, total=False):
    """Changes to a row of `kavach_mcp_servers`: what is left out stays."""

    name: str
    endpoint: str
    tools: list[str]
    auth_required: bool
    rate_limit_rpm: int | None
    status: str
    created_at: datetime
    updated_at: datetime


class OAuthClientInput(TypedDict):
    """A new row of `kavach_oauth_clients`."""

    id: str
    client_id: str
    client_secret: NotRequired[str | None]
    client_name: NotRequired[str | None]
    client_uri: NotRequired[str | None]
    redirect_uris: list[str]
    grant_types: list[str]
    response_types: list[str]
    token_endpoint_auth_method: NotRequired[str]
    type: NotRequired[str]
    disabled: NotRequired[bool]
    metadata: NotRequired[dict[str, JsonValue] | None]
    created_at: datetime
    updated_at: datetime


class OAuthClientChanges(TypedDict, total=False):
    """Changes to a row of `kavach_oauth_clients`: what is left out stays."""

    client_id: str
    client_secret: str | None
    client_name: str | None
    client_uri: str | None
    redirect_uris: list[str]
    grant_types: list[str]
    response_types: list[str]
    token_endpoint_auth_method: str
    type: str
    disabled: bool
    metadata: dict[str, JsonValue] | None
    created_at: datetime
    updated_at: datetime


class OAuthAccessTokenInput(TypedDict):
    """A new row of `kavach_oauth_access_tokens`."""

    id: str
    access_token: str
    refresh_token: NotRequired[str | None]
    client_id: str
    user_id: str
    scopes: str
    resource: NotRequired[str | None]
    access_token_expires_at: datetime
    refresh_token_expires_at: NotRequired[datetime | None]
    created_at: datetime


class OAuthAccessTokenChanges(TypedDict, total=False):
    """Changes to a row of `kavach_oauth_access_tokens`: what is left out stays."""

    access_token: str
    refresh_token: str | None
    client_id: str
    user_id: str
    scopes: str
    resource: str | None
    access_token_expires_at: datetime
    refresh_token_expires_at: datetime | None
    created_at: datetime


class OAuthAuthorizationCodeInput(TypedDict):
    """A new row of `kavach_oauth_authorization_codes`."""

    id: str
    code: str
    client_id: str
    user_id: str
    redirect_uri: str
    scopes: str
    code_challenge: NotRequired[str | None]
    code_challenge_method: NotRequired[str | None]
    resource: NotRequired[str | None]
    expires_at: datetime
    created_at: datetime


class OAuthAuthorizationCodeChanges(TypedDict, total=False):
    """Changes to a row of `kavach_oauth_authorization_codes`: what is left out stays."""

    code: str
    client_id: str
    user_id: str
    redirect_uri: str
    scopes: str
    code_challenge: str | None
    code_challenge_method: str | None
    resource: str | None
    expires_at: datetime
    created_at: datetime


class OidcClientInput(TypedDict):
    """A new row of `kavach_oidc_clients`."""

    id: str
    client_id: str
    client_secret_hash: str
    client_name: str
    redirect_uris: list[str]
    grant_types: list[str]
    response_types: list[str]
    scopes: list[str]
    token_endpoint_auth_method: NotRequired[str]
    created_at: datetime
    updated_at: datetime


class OidcClientChanges(TypedDict, total=False):
    """Changes to a row of `kavach_oidc_clients`: what is left out stays."""

    client_id: str
    client_secret_hash: str
    client_name: str
    redirect_uris: list[str]
    grant_types: list[str]
    response_types: list[str]
    scopes: list[str]
    token_endpoint_auth_method: str
    created_at: datetime
    updated_at: datetime


class OidcAuthCodeInput(TypedDict):
    """A new row of `kavach_oidc_auth_codes`."""

    id: str
    code_hash: str
    client_id: str
    user_id: str
    redirect_uri: str
    scopes: str
    nonce: NotRequired[str | None]
    code_challenge: NotRequired[str | None]
    code_challenge_method: NotRequired[str | None]
    used: NotRequired[bool]
    expires_at: datetime
    created_at: datetime


class OidcAuthCodeChanges(TypedDict, total=False):
    """Changes to a row of `kavach_oidc_auth_codes`: what is left out stays."""

    code_hash: str
    client_id: str
    user_id: str
    redirect_uri: str
    scopes: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    used: bool
    expires_at: datetime
    created_at: datetime


class OidcRefreshTokenInput(TypedDict):
    """A new row of `kavach_oidc_refresh_tokens`."""

    id: str
    token_hash: str
    client_id: str
    user_id: str
    scopes: str
    revoked: NotRequired[bool]
    expires_at: datetime
    created_at: datetime


class OidcRefreshTokenChanges(TypedDict, total=False):
    """Changes to a row of `kavach_oidc_refresh_tokens`: what is left out stays."""

    token_hash: str
    client_id: str
    user_id: str
    scopes: str
    revoked: bool
    expires_at: datetime
    created_at: datetime


class ApiKeyInput(TypedDict):
    """A new row of `kavach_api_keys`."""

    id: str
    user_id: str
    name: str
    key_hash: str
    key_prefix: str
    permissions: list[str]
    expires_at: NotRequired[datetime | None]
    last_used_at: NotRequired[datetime | None]
    created_at: datetime


class ApiKeyChanges(TypedDict, total=False):
    """Changes to a row of `kavach_api_keys`: what is left out stays."""

    user_id: str
    name: str
    key_hash: str
    key_prefix: str
    permissions: list[str]
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


class ServiceTokenInput(TypedDict):
    """A new row of `kavach_service_tokens`."""

    id: str
    name: str
    token_hash: str
    token_prefix: str
    scopes: list[str]
    tenant_id: NotRequired[str | None]
    expires_at: NotRequired[datetime | None]
    last_used_at: NotRequired[datetime | None]
    created_at: datetime


class ServiceTokenChanges(TypedDict, total=False):
    """Changes to a row of `kavach_service_tokens`: what is left out stays."""

    name: str
    token_hash: str
    token_prefix: str
    scopes: list[str]
    tenant_id: str | None
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


class PasswordInput(TypedDict):
    """A new row of `kavach_passwords`."""

    user_id: str
    password_hash: str
    created_at: datetime
    updated_at: datetime


class PasswordChanges(TypedDict, total=False):
    """Changes to a row of `kavach_passwords`: what is left out stays."""

    password_hash: str
    created_at: datetime
    updated_at: datetime


class MagicLinkInput(TypedDict):
    """A new row of `kavach_magic_links`."""

    id: str
    email: str
    token: str
    expires_at: datetime
    used: NotRequired[bool]
    created_at: datetime


class MagicLinkChanges(TypedDict, total=False):
    """Changes to a row of `kavach_magic_links`: what is left out stays."""

    email: str
    token: str
    expires_at: datetime
    used: bool
    created_at: datetime


class EmailOtpInput(TypedDict):
    """A new row of `kavach_email_otps`."""

    id: str
    email: str
    code_hash: str
    expires_at: datetime
    attempts: NotRequired[int]
    created_at: datetime


class EmailOtpChanges(TypedDict, total=False):
    """Changes to a row of `kavach_email_otps`: what is left out stays."""

    email: str
    code_hash: str
    expires_at: datetime
    attempts: int
    created_at: datetime


class TotpInput(TypedDict):
    """A new row of `kavach_totp`."""

    user_id: str
    secret: str
    enabled: NotRequired[bool]
    backup_codes: list[str]
    created_at: datetime
    updated_at: datetime


class TotpChanges(TypedDict, total=False):
    """Changes to a row of `kavach_totp`: what is left out stays."""

    secret: str
    enabled: bool
    backup_codes: list[str]
    created_at: datetime
    updated_at: datetime


class PasskeyCredentialInput(TypedDict):
    """A new row of `kavach_passkey_credentials`."""

    id: str
    user_id: str
    credential_id: str
    public_key: str
    counter: NotRequired[int]
    device_name: NotRequired[str | None]
    transports: NotRequired[str | None]
    created_at: datetime
    last_used_at: datetime


class PasskeyCredentialChanges(TypedDict, total=False):
    """Changes to a row of `kavach_passkey_credentials`: what is left out stays."""

    user_id: str
    credential_id: str
    public_key: str
    counter: int
    device_name: str | None
    transports: str | None
    created_at: datetime
    last_used_at: datetime


class PasskeyChallengeInput(TypedDict):
    """A new row of `kavach_passkey_challenges`."""

    id: str
    challenge: str
    user_id: NotRequired[str | None]
    type: str
    expires_at: datetime
    created_at: datetime


class PasskeyChallengeChanges(TypedDict, total=False):
    """Changes to a row of `kavach_passkey_challenges`: what is left out stays."""

    challenge: str
    user_id: str | None
    type: str
    expires_at: datetime
    created_at: datetime


class UsernameAccountInput(TypedDict):
    """A new row of `kavach_username_accounts`."""

    id: str
    user_id: str
    username: str
    password_hash: str
    created_at: datetime
    updated_at: datetime


class UsernameAccountChanges(TypedDict, total=False):
    """Changes to a row of `kavach_username_accounts`: what is left out stays."""

    user_id: str
    username: str
    password_hash: str
    created_at: datetime
    updated_at: datetime


class PhoneVerificationInput(TypedDict):
    """A new row of `kavach_phone_verifications`."""

    id: str
    phone_number: str
    code_hash: str
    attempts: NotRequired[int]
    expires_at: datetime
    created_at: datetime


class PhoneVerificationChanges(TypedDict, total=False):
    """Changes to a row of `kavach_phone_verifications`: what is left out stays."""

    phone_number: str
    code_hash: str
    attempts: int
    expires_at: datetime
    created_at: datetime


class TrustedDeviceInput(TypedDict):
    """A new row of `kavach_trusted_devices`."""

    id: str
    user_id: str
    fingerprint: str
    label: str
    trusted_at: datetime
    expires_at: datetime


class TrustedDeviceChanges(TypedDict, total=False):
    """Changes to a row of `kavach_trusted_devices`: what is left out stays."""

    user_id: str
    fingerprint: str
    label: str
    trusted_at: datetime
    expires_at: datetime


class OneTimeTokenInput(TypedDict):
    """A new row of `kavach_one_time_tokens`."""

    id: str
    token_hash: str
    purpose: str
    identifier: str
    metadata: NotRequired[dict[str, JsonValue] | None]
    used: NotRequired[bool]
    expires_at: datetime
    created_at: datetime


class OneTimeTokenChanges(TypedDict, total=False):
    """Changes to a row of `kavach_one_time_tokens`: what is left out stays."""

    token_hash: str
    purpose: str
    identifier: str
    metadata: dict[str, JsonValue] | None
    used: bool
    expires_at: datetime
    created_at: datetime


class LoginHistoryInput(TypedDict):
    """A new row of `kavach_login_history`."""

    id: str
    user_id: str
    method: str
    ip: NotRequired[str | None]
    user_agent: NotRequired[str | None]
    timestamp: datetime


class LoginHistoryChanges(TypedDict, total=False):
    """Changes to a row of `kavach_login_history`: what is left out stays."""

    user_id: str
    method: str
    ip: str | None
    user_agent: str | None
    timestamp: datetime


class JwtRefreshTokenInput(TypedDict):
    """A new row of `kavach_jwt_refresh_tokens`."""

    id: str
    token_hash: str
    user_id: str
    used: NotRequired[bool]
    expires_at: datetime
    created_at: datetime


class JwtRefreshTokenChanges(TypedDict, total=False):
    """Changes to a row of `kavach_jwt_refresh_tokens`: what is left out stays."""

    token_hash: str
    user_id: str
    used: bool
    expires_at: datetime
    created_at: datetime
