# Generated from kavach_schema.tables by tools/generate.py: do not edit.

"""The rows of all tables, as frozen records."""

from datetime import datetime

from pydantic import JsonValue

from kavach_schema.record import Record

__all__ = [
    "Agent",
    "AgentCard",
    "AgentDid",
    "ApiKey",
    "ApprovalRequest",
    "AuditHold",
    "AuditLog",
    "AuditSeal",
    "AuditStream",
    "BudgetPolicy",
    "CostEvent",
    "Counter",
    "DelegationChain",
    "EmailOtp",
    "EphemeralSession",
    "JwtRefreshToken",
    "LoginHistory",
    "MagicLink",
    "McpServer",
    "OAuthAccessToken",
    "OAuthAuthorizationCode",
    "OAuthClient",
    "OidcAuthCode",
    "OidcClient",
    "OidcRefreshToken",
    "OneTimeToken",
    "OrgInvitation",
    "OrgMember",
    "OrgRole",
    "Organization",
    "PasskeyChallenge",
    "PasskeyCredential",
    "Password",
    "Permission",
    "PhoneVerification",
    "RateLimit",
    "ServiceToken",
    "Session",
    "SsoConnection",
    "Tenant",
    "Totp",
    "TrustScore",
    "TrustedDevice",
    "User",
    "UsernameAccount",
]


class User(Record):
    """A person, as the application's own sign-in or ours knows them."""

    id: str
    email: str
    name: str | None = None
    username: str | None = None
    external_id: str | None = None
    external_provider: str | None = None
    metadata: dict[str, JsonValue] | None = None
    banned: bool = False
    ban_reason: str | None = None
    ban_expires_at: datetime | None = None
    force_password_reset: bool = False
    stripe_customer_id: str | None = None
    stripe_subscription_id: str | None = None
    stripe_subscription_status: str | None = None
    stripe_price_id: str | None = None
    stripe_current_period_end: datetime | None = None
    stripe_cancel_at_period_end: bool = False
    polar_customer_id: str | None = None
    polar_subscription_id: str | None = None
    polar_subscription_status: str | None = None
    polar_product_id: str | None = None
    polar_current_period_end: datetime | None = None
    polar_cancel_at_period_end: bool = False
    created_at: datetime
    updated_at: datetime


class Tenant(Record):
    """A customer of the application, isolated from the others."""

    id: str
    name: str
    slug: str
    settings: dict[str, JsonValue] | None = None
    status: str = "active"
    created_at: datetime
    updated_at: datetime


class Session(Record):
    """A person's signed-in session."""

    id: str
    user_id: str
    token_hash: str | None = None
    expires_at: datetime
    metadata: dict[str, JsonValue] | None = None
    created_at: datetime


class Organization(Record):
    """A group of people with roles."""

    id: str
    name: str
    slug: str
    owner_id: str
    metadata: dict[str, JsonValue] | None = None
    created_at: datetime
    updated_at: datetime


class OrgMember(Record):
    """A person's membership in an organisation."""

    id: str
    org_id: str
    user_id: str
    role: str = "member"
    joined_at: datetime


class OrgInvitation(Record):
    """An open invitation to an organisation, by e-mail."""

    id: str
    org_id: str
    email: str
    role: str = "member"
    invited_by: str
    status: str = "pending"
    expires_at: datetime
    created_at: datetime


class OrgRole(Record):
    """A role that an organisation defined, with its permissions."""

    id: str
    org_id: str
    name: str
    permissions: list[str]


class SsoConnection(Record):
    """An organisation's link to its own identity provider."""

    id: str
    org_id: str
    provider_id: str
    type: str
    domain: str
    enabled: bool = True
    created_at: datetime


class Agent(Record):
    """A program that acts for its owner and authenticates with a token."""

    id: str
    owner_id: str
    tenant_id: str | None = None
    name: str
    type: str
    status: str = "active"
    token_hash: str
    token_prefix: str
    expires_at: datetime | None = None
    last_active_at: datetime | None = None
    metadata: dict[str, JsonValue] | None = None
    created_at: datetime
    updated_at: datetime


class Permission(Record):
    """What an agent may do: actions on a resource pattern, under constraints."""

    id: str
    agent_id: str
    resource: str
    actions: list[str]
    constraints: dict[str, JsonValue] | None = None
    created_at: datetime


class DelegationChain(Record):
    """Permissions that one agent handed to another, for a time."""

    id: str
    from_agent_id: str
    to_agent_id: str
    parent_chain_id: str | None = None
    permissions: list[dict[str, JsonValue]]
    depth: int = 1
    max_depth: int = 3
    status: str = "active"
    expires_at: datetime
    created_at: datetime


class AuditLog(Record):
    """One decision: who asked for what, and what was answered."""

    id: str
    agent_id: str
    user_id: str
    action: str
    resource: str
    parameters: dict[str, JsonValue] | None = None
    result: str
    code: str | None = None
    reason: str | None = None
    constraints: list[str] | None = None
    delegation_chain: list[dict[str, JsonValue]] | None = None
    duration_ms: int
    duration_us: int | None = None
    tokens_cost: int | None = None
    ip: str | None = None
    user_agent: str | None = None
    timestamp: datetime


class AuditSeal(Record):
    """A batch of audit rows by their digests, chained to the batch before; the key is the number, as text."""

    id: str
    number: int
    leaves: list[str]
    row_count: int
    root: str
    last_timestamp: datetime | None = None
    last_id: str | None = None
    removed_before: datetime | None = None
    previous: str
    hash: str
    sealed_at: datetime


class AuditStream(Record):
    """How far a named stream has delivered the audit trail: the last row that was accepted."""

    id: str
    last_timestamp: datetime
    last_id: str
    updated_at: datetime


class AuditHold(Record):
    """A legal hold: audit rows of an agent, of an owner, or all, that retention must not remove."""

    id: str
    agent_id: str | None = None
    user_id: str | None = None
    reason: str
    status: str = "active"
    placed_by: str
    created_at: datetime
    lifted_by: str | None = None
    lifted_at: datetime | None = None


class RateLimit(Record):
    """How many calls an agent made on a resource in one window of time."""

    id: str
    agent_id: str
    resource: str
    window_start: datetime
    count: int = 0


class Counter(Record):
    """How much of something there was in one window of time: the usage of a budget, failed sign-ins of an account."""

    id: str
    subject: str
    window_start: datetime
    count: int = 0


class ApprovalRequest(Record):
    """A call that waits for a person's consent."""

    id: str
    agent_id: str
    user_id: str
    action: str
    resource: str
    arguments: dict[str, JsonValue] | None = None
    status: str = "pending"
    expires_at: datetime
    responded_at: datetime | None = None
    responded_by: str | None = None
    created_at: datetime


class TrustScore(Record):
    """How far an agent has earned autonomy, from 0 to 100."""

    agent_id: str
    score: int
    level: str
    factors: dict[str, JsonValue]
    computed_at: datetime


class BudgetPolicy(Record):
    """Limits on calls, tokens and cost of an agent, a user or a tenant."""

    id: str
    agent_id: str | None = None
    user_id: str | None = None
    tenant_id: str | None = None
    limits: dict[str, JsonValue]
    current_usage: dict[str, JsonValue]
    action: str = "warn"
    status: str = "active"
    created_at: datetime


class AgentCard(Record):
    """What an agent tells other agents about itself (A2A)."""

    id: str
    agent_id: str
    name: str
    description: str | None = None
    version: str
    protocols: list[str]
    capabilities: list[JsonValue]
    auth_requirements: dict[str, JsonValue]
    endpoint: str | None = None
    metadata: dict[str, JsonValue] | None = None
    created_at: datetime
    updated_at: datetime


class AgentDid(Record):
    """An agent's decentralised identifier and its public key."""

    agent_id: str
    did: str
    method: str
    public_key_jwk: str
    did_document: str
    created_at: datetime


class CostEvent(Record):
    """What one tool call cost, in millionths of the currency."""

    id: str
    agent_id: str
    tool: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_micros: int
    currency: str = "USD"
    metadata: dict[str, JsonValue] | None = None
    delegation_chain_id: str | None = None
    recorded_at: datetime


class EphemeralSession(Record):
    """A short-lived token of an agent for a bounded number of actions."""

    id: str
    agent_id: str
    owner_id: str
    token_hash: str
    expires_at: datetime
    max_actions: int | None = None
    actions_used: int = 0
    status: str = "active"
    audit_group_id: str
    created_at: datetime
    updated_at: datetime


class McpServer(Record):
    """A registered Model Context Protocol server."""

    id: str
    name: str
    endpoint: str
    tools: list[str]
    auth_required: bool = True
    rate_limit_rpm: int | None = None
    status: str = "active"
    created_at: datetime
    updated_at: datetime


class OAuthClient(Record):
    """An OAuth 2.1 client registration (RFC 7591)."""

    id: str
    client_id: str
    client_secret: str | None = None
    client_name: str | None = None
    client_uri: str | None = None
    redirect_uris: list[str]
    grant_types: list[str]
    response_types: list[str]
    token_endpoint_auth_method: str = "client_secret_basic"
    type: str = "confidential"
    disabled: bool = False
    metadata: dict[str, JsonValue] | None = None
    created_at: datetime
    updated_at: datetime


class OAuthAccessToken(Record):
    """An issued access token and the refresh token beside it."""

    id: str
    access_token: str
    refresh_token: str | None = None
    client_id: str
    user_id: str
    scopes: str
    resource: str | None = None
    access_token_expires_at: datetime
    refresh_token_expires_at: datetime | None = None
    created_at: datetime


class OAuthAuthorizationCode(Record):
    """A short-lived authorization code, used once (RFC 6749, section 4.1.2; RFC 7636)."""

    id: str
    code: str
    client_id: str
    user_id: str
    redirect_uri: str
    scopes: str
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    resource: str | None = None
    expires_at: datetime
    created_at: datetime


class OidcClient(Record):
    """A client of our OpenID provider."""

    id: str
    client_id: str
    client_secret_hash: str
    client_name: str
    redirect_uris: list[str]
    grant_types: list[str]
    response_types: list[str]
    scopes: list[str]
    token_endpoint_auth_method: str = "client_secret_post"
    created_at: datetime
    updated_at: datetime


class OidcAuthCode(Record):
    """An authorization code of our OpenID provider, used once."""

    id: str
    code_hash: str
    client_id: str
    user_id: str
    redirect_uri: str
    scopes: str
    nonce: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    used: bool = False
    expires_at: datetime
    created_at: datetime


class OidcRefreshToken(Record):
    """A refresh token of our OpenID provider."""

    id: str
    token_hash: str
    client_id: str
    user_id: str
    scopes: str
    revoked: bool = False
    expires_at: datetime
    created_at: datetime


class ApiKey(Record):
    """A key with which a person's program calls the API; only its hash is stored."""

    id: str
    user_id: str
    name: str
    key_hash: str
    key_prefix: str
    permissions: list[str]
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    created_at: datetime


class ServiceToken(Record):
    """A token with which a program of the operator calls the API; only its hash is stored."""

    id: str
    name: str
    token_hash: str
    token_prefix: str
    scopes: list[str]
    tenant_id: str | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    created_at: datetime


class Password(Record):
    """The password of a person who signs in by e-mail; only its hash is stored."""

    user_id: str
    password_hash: str
    created_at: datetime
    updated_at: datetime


class MagicLink(Record):
    """A link sent by e-mail that signs in once."""

    id: str
    email: str
    token: str
    expires_at: datetime
    used: bool = False
    created_at: datetime


class EmailOtp(Record):
    """A one-time code sent by e-mail."""

    id: str
    email: str
    code_hash: str
    expires_at: datetime
    attempts: int = 0
    created_at: datetime


class Totp(Record):
    """A person's time-based second factor (RFC 6238)."""

    user_id: str
    secret: str
    enabled: bool = False
    backup_codes: list[str]
    created_at: datetime
    updated_at: datetime


class PasskeyCredential(Record):
    """A registered passkey (WebAuthn, section 4: public key credential)."""

    id: str
    user_id: str
    credential_id: str
    public_key: str
    counter: int = 0
    device_name: str | None = None
    transports: str | None = None
    created_at: datetime
    last_used_at: datetime


class PasskeyChallenge(Record):
    """A challenge that a passkey must sign, used once."""

    id: str
    challenge: str
    user_id: str | None = None
    type: str
    expires_at: datetime
    created_at: datetime


class UsernameAccount(Record):
    """A name and password with which a person signs in."""

    id: str
    user_id: str
    username: str
    password_hash: str
    created_at: datetime
    updated_at: datetime


class PhoneVerification(Record):
    """A one-time code sent to a telephone number."""

    id: str
    phone_number: str
    code_hash: str
    attempts: int = 0
    expires_at: datetime
    created_at: datetime


class TrustedDevice(Record):
    """A device on which a person need not give the second factor again."""

    id: str
    user_id: str
    fingerprint: str
    label: str
    trusted_at: datetime
    expires_at: datetime


class OneTimeToken(Record):
    """A token for one purpose, such as a password reset, used once."""

    id: str
    token_hash: str
    purpose: str
    identifier: str
    metadata: dict[str, JsonValue] | None = None
    used: bool = False
    expires_at: datetime
    created_at: datetime


class LoginHistory(Record):
    """One sign-in of a person."""

    id: str
    user_id: str
    method: str
    ip: str | None = None
    user_agent: str | None = None
    timestamp: datetime


class JwtRefreshToken(Record):
    """A refresh token of a JWT session, used once."""

    id: str
    token_hash: str
    user_id: str
    used: bool = False
    expires_at: datetime
    created_at: datetime
