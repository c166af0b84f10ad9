"""The documented methods as operations: the tables they touch, their filters and their order.

Every filter and every order here is covered by an index of the data model; a test asks each database for its plan.
"""

from __future__ import annotations

from kavach_core.storage.operations import (
    Consume,
    Count,
    Delete,
    Filter,
    Find,
    Get,
    Increment,
    Insert,
    InsertMany,
    Update,
    Upsert,
    equal,
)
from kavach_schema.model import Table
from kavach_schema.tables import TABLES
from kavach_schema.tables.agents import (
    AGENT_CARDS,
    AGENT_DIDS,
    AGENTS,
    APPROVAL_REQUESTS,
    AUDIT_HOLDS,
    AUDIT_LOGS,
    AUDIT_SEALS,
    AUDIT_STREAMS,
    BUDGET_POLICIES,
    COST_EVENTS,
    COUNTERS,
    DELEGATION_CHAINS,
    EPHEMERAL_SESSIONS,
    PERMISSIONS,
    RATE_LIMITS,
    TRUST_SCORES,
)
from kavach_schema.tables.identity import (
    ORG_INVITATIONS,
    ORG_MEMBERS,
    ORG_ROLES,
    ORGANIZATIONS,
    SESSIONS,
    SSO_CONNECTIONS,
    TENANTS,
    USERS,
)
from kavach_schema.tables.oauth import (
    MCP_SERVERS,
    OAUTH_ACCESS_TOKENS,
    OAUTH_AUTHORIZATION_CODES,
    OAUTH_CLIENTS,
    OIDC_AUTH_CODES,
    OIDC_CLIENTS,
    OIDC_REFRESH_TOKENS,
)
from kavach_schema.tables.sign_in import (
    API_KEYS,
    EMAIL_OTPS,
    JWT_REFRESH_TOKENS,
    LOGIN_HISTORY,
    MAGIC_LINKS,
    ONE_TIME_TOKENS,
    PASSKEY_CHALLENGES,
    PASSKEY_CREDENTIALS,
    PASSWORDS,
    PHONE_VERIFICATIONS,
    SERVICE_TOKENS,
    TOTPS,
    TRUSTED_DEVICES,
    USERNAME_ACCOUNTS,
)

OLDEST_FIRST = ("created_at", "id")


def deletions_with(owner: Table[object]) -> tuple[Delete, ...]:
    """Return the deletions of all rows that belong to a row of `owner`; the value `owner` is its key."""
    return tuple(
        Delete(table, (Filter(column.name, "owner", optional=False),))
        for table in TABLES
        for column in table.columns
        if column.belongs_to == owner.name
    )


FIND_USER_BY_ID = Get(USERS, ("id",))
FIND_USER_BY_EMAIL = Get(USERS, ("email",))
CREATE_USER = Insert(USERS)
UPDATE_USER = Update(USERS, ("id",))
DELETE_USER = Delete(USERS, equal("id"))
DELETE_ROWS_OF_USER = deletions_with(USERS)

FIND_TENANT_BY_ID = Get(TENANTS, ("id",))
FIND_TENANT_BY_SLUG = Get(TENANTS, ("slug",))
LIST_TENANTS = Find(TENANTS, (), OLDEST_FIRST)
CREATE_TENANT = Insert(TENANTS)
UPDATE_TENANT = Update(TENANTS, ("id",))
DELETE_TENANT = Delete(TENANTS, equal("id"))

FIND_SESSION_BY_ID = Get(SESSIONS, ("id",))
FIND_SESSION_BY_TOKEN_HASH = Get(SESSIONS, ("token_hash",))
LIST_SESSIONS_BY_USER = Find(SESSIONS, equal("user_id"), OLDEST_FIRST)
CREATE_SESSION = Insert(SESSIONS)
UPDATE_SESSION = Update(SESSIONS, ("id",))
DELETE_SESSION = Delete(SESSIONS, equal("id"))
DELETE_SESSIONS_BY_USER = Delete(SESSIONS, equal("user_id"))
DELETE_EXPIRED_SESSIONS = Delete(SESSIONS, (Filter("expires_at", "now", "<=", optional=False),))

_AGENT_FILTERS = equal("owner_id", "tenant_id", "status", "type", optional=True)
FIND_AGENT_BY_ID = Get(AGENTS, ("id",))
FIND_AGENT_BY_TOKEN_HASH = Get(AGENTS, ("token_hash",))
FIND_AGENTS_BY_IDS = Find(AGENTS, (Filter("id", "agent_ids", "in", optional=False),), OLDEST_FIRST)
LIST_AGENTS = Find(AGENTS, _AGENT_FILTERS, OLDEST_FIRST)
COUNT_AGENTS = Count(AGENTS, _AGENT_FILTERS)
COUNT_CURRENT_AGENTS = Count(AGENTS, equal("owner_id", "status"), current=True)
CREATE_AGENT = Insert(AGENTS)
UPDATE_AGENT = Update(AGENTS, ("id",), expect=("status", "token_hash"))
DELETE_AGENT = Delete(AGENTS, equal("id"))
DELETE_ROWS_OF_AGENT = deletions_with(AGENTS)

FIND_PERMISSIONS_BY_AGENT_ID = Find(PERMISSIONS, equal("agent_id"), OLDEST_FIRST)
FIND_PERMISSIONS_BY_AGENT_IDS = Find(
    PERMISSIONS, (Filter("agent_id", "agent_ids", "in", optional=False),), OLDEST_FIRST
)
CREATE_PERMISSION = Insert(PERMISSIONS)
CREATE_PERMISSIONS = InsertMany(PERMISSIONS)
DELETE_PERMISSION = Delete(PERMISSIONS, equal("id"))
DELETE_PERMISSIONS_BY_AGENT_ID = Delete(PERMISSIONS, equal("agent_id"))

FIND_DELEGATION_CHAIN = Get(DELEGATION_CHAINS, ("id",))
FIND_DELEGATION_CHAINS_BY_IDS = Find(
    DELEGATION_CHAINS, (Filter("id", "chain_ids", "in", optional=False),), OLDEST_FIRST
)
FIND_DELEGATION_CHAINS_BY_PARENTS = Find(
    DELEGATION_CHAINS, (Filter("parent_chain_id", "parent_ids", "in", optional=False),), OLDEST_FIRST
)
FIND_DELEGATION_CHAINS_BY_AGENT = Find(
    DELEGATION_CHAINS,
    (
        Filter("from_agent_id", "agent_id", either="to_agent_id"),
        *equal("from_agent_id", "to_agent_id", "status", optional=True),
    ),
    OLDEST_FIRST,
)
CREATE_DELEGATION_CHAIN = Insert(DELEGATION_CHAINS)
UPDATE_DELEGATION_CHAIN = Update(DELEGATION_CHAINS, ("id",), expect=("status",))
DELETE_EXPIRED_DELEGATION_CHAINS = Delete(DELEGATION_CHAINS, (Filter("expires_at", "now", "<=", optional=False),))

_AUDIT_FILTERS = (
    *equal("agent_id", "user_id", "result", optional=True),
    Filter("action", "actions", "in"),
    Filter("timestamp", "since", ">="),
    Filter("timestamp", "until", "<"),
)
CREATE_AUDIT_LOG = Insert(AUDIT_LOGS)
CREATE_AUDIT_LOGS = InsertMany(AUDIT_LOGS)
QUERY_AUDIT_LOGS = Find(AUDIT_LOGS, _AUDIT_FILTERS, ("timestamp", "id"), descending=True)
STREAM_AUDIT_LOGS = Find(AUDIT_LOGS, _AUDIT_FILTERS, ("timestamp", "id"))
COUNT_AUDIT_LOGS = Count(AUDIT_LOGS, _AUDIT_FILTERS)
DELETE_AUDIT_LOGS_BEFORE = Delete(
    AUDIT_LOGS, (Filter("timestamp", "before", "<", optional=False), Filter("id", "ids", "in"))
)

FIND_AUDIT_SEAL = Get(AUDIT_SEALS, ("id",))
QUERY_AUDIT_SEALS = Find(AUDIT_SEALS, (), ("number", "id"), descending=True)
LIST_AUDIT_SEALS = Find(AUDIT_SEALS, (), ("number", "id"))
CREATE_AUDIT_SEAL = Insert(AUDIT_SEALS)

FIND_AUDIT_STREAM = Get(AUDIT_STREAMS, ("id",))
UPSERT_AUDIT_STREAM = Upsert(AUDIT_STREAMS, ("id",))

FIND_AUDIT_HOLD = Get(AUDIT_HOLDS, ("id",))
LIST_AUDIT_HOLDS = Find(AUDIT_HOLDS, equal("status", optional=True), OLDEST_FIRST, current=True)
CREATE_AUDIT_HOLD = Insert(AUDIT_HOLDS)
UPDATE_AUDIT_HOLD = Update(AUDIT_HOLDS, ("id",), expect=("status",))

_WINDOW = ("agent_id", "resource", "window_start")
FIND_RATE_LIMIT = Get(RATE_LIMITS, _WINDOW)
UPSERT_RATE_LIMIT = Upsert(RATE_LIMITS, _WINDOW)
INCREMENT_RATE_LIMIT = Increment(RATE_LIMITS, _WINDOW, "count")
LIST_RATE_LIMITS = Find(
    RATE_LIMITS,
    (*equal("agent_id", "resource"), Filter("window_start", "since", ">=")),
    ("window_start", "id"),
    current=True,
)
DELETE_RATE_LIMITS_BEFORE = Delete(RATE_LIMITS, (Filter("window_start", "before", "<", optional=False),))

FIND_COUNTER = Get(COUNTERS, ("subject", "window_start"))
UPSERT_COUNTER = Upsert(COUNTERS, ("subject", "window_start"))
INCREMENT_COUNTER = Increment(COUNTERS, ("subject", "window_start"), "count")
LIST_COUNTERS = Find(
    COUNTERS,
    (*equal("subject"), Filter("window_start", "since", ">=")),
    ("window_start", "id"),
    current=True,
)
DELETE_COUNTERS = Delete(COUNTERS, equal("subject"))
DELETE_COUNTERS_BEFORE = Delete(COUNTERS, (Filter("window_start", "before", "<", optional=False),))

FIND_APPROVAL_REQUEST = Get(APPROVAL_REQUESTS, ("id",))
LIST_PENDING_APPROVALS = Find(APPROVAL_REQUESTS, equal("status", "agent_id", "user_id", optional=True), OLDEST_FIRST)
CREATE_APPROVAL_REQUEST = Insert(APPROVAL_REQUESTS)
UPDATE_APPROVAL_REQUEST = Update(APPROVAL_REQUESTS, ("id",), expect=("status",))
DELETE_EXPIRED_APPROVAL_REQUESTS = Delete(
    APPROVAL_REQUESTS, (Filter("expires_at", "now", "<=", optional=False), Filter("status", "statuses", "in"))
)

FIND_TRUST_SCORE = Get(TRUST_SCORES, ("agent_id",))
UPSERT_TRUST_SCORE = Upsert(TRUST_SCORES, ("agent_id",))

FIND_MCP_SERVER_BY_ID = Get(MCP_SERVERS, ("id",))
FIND_MCP_SERVER_BY_ENDPOINT = Get(MCP_SERVERS, ("endpoint",))
LIST_MCP_SERVERS = Find(MCP_SERVERS, equal("status", optional=True), OLDEST_FIRST)
CREATE_MCP_SERVER = Insert(MCP_SERVERS)
UPDATE_MCP_SERVER = Update(MCP_SERVERS, ("id",))
DELETE_MCP_SERVER = Delete(MCP_SERVERS, equal("id"))
FIND_OAUTH_CLIENT_BY_ID = Get(OAUTH_CLIENTS, ("client_id",))
LIST_OAUTH_CLIENTS = Find(OAUTH_CLIENTS, (), OLDEST_FIRST)
CREATE_OAUTH_CLIENT = Insert(OAUTH_CLIENTS)
UPDATE_OAUTH_CLIENT = Update(OAUTH_CLIENTS, ("id",))
DELETE_OAUTH_CLIENT = Delete(OAUTH_CLIENTS, equal("client_id"))
FIND_OAUTH_ACCESS_TOKEN = Get(OAUTH_ACCESS_TOKENS, ("access_token",))
FIND_OAUTH_REFRESH_TOKEN = Get(OAUTH_ACCESS_TOKENS, ("refresh_token",))
LIST_OAUTH_ACCESS_TOKENS_BY_USER = Find(OAUTH_ACCESS_TOKENS, equal("user_id"), OLDEST_FIRST)
CREATE_OAUTH_ACCESS_TOKEN = Insert(OAUTH_ACCESS_TOKENS)
CONSUME_OAUTH_REFRESH_TOKEN = Consume(
    OAUTH_ACCESS_TOKENS, ("refresh_token",), alive=(Filter("refresh_token_expires_at", "now", ">", optional=False),)
)
REVOKE_OAUTH_ACCESS_TOKEN = Delete(OAUTH_ACCESS_TOKENS, equal("access_token"))
DELETE_OAUTH_ACCESS_TOKENS_BY_CLIENT = Delete(OAUTH_ACCESS_TOKENS, equal("client_id"))
DELETE_EXPIRED_OAUTH_ACCESS_TOKENS = Delete(
    OAUTH_ACCESS_TOKENS,
    (
        Filter("access_token_expires_at", "now", "<=", optional=False),
        Filter("refresh_token_expires_at", "now", "<=", optional=False, or_null=True),
    ),
)
FIND_OAUTH_AUTHORIZATION_CODE = Get(OAUTH_AUTHORIZATION_CODES, ("code",))
CREATE_OAUTH_AUTHORIZATION_CODE = Insert(OAUTH_AUTHORIZATION_CODES)
CONSUME_OAUTH_AUTHORIZATION_CODE = Consume(
    OAUTH_AUTHORIZATION_CODES, ("code",), alive=(Filter("expires_at", "now", ">", optional=False),)
)
DELETE_OAUTH_AUTHORIZATION_CODE = Delete(OAUTH_AUTHORIZATION_CODES, equal("code"))
DELETE_EXPIRED_OAUTH_AUTHORIZATION_CODES = Delete(
    OAUTH_AUTHORIZATION_CODES, (Filter("expires_at", "now", "<=", optional=False),)
)
FIND_OIDC_CLIENT_BY_ID = Get(OIDC_CLIENTS, ("client_id",))
LIST_OIDC_CLIENTS = Find(OIDC_CLIENTS, (), OLDEST_FIRST)
CREATE_OIDC_CLIENT = Insert(OIDC_CLIENTS)
UPDATE_OIDC_CLIENT = Update(OIDC_CLIENTS, ("id",))
DELETE_OIDC_CLIENT = Delete(OIDC_CLIENTS, equal("client_id"))
FIND_OIDC_AUTH_CODE = Get(OIDC_AUTH_CODES, ("code_hash",))
CREATE_OIDC_AUTH_CODE = Insert(OIDC_AUTH_CODES)
CONSUME_OIDC_AUTH_CODE = Consume(
    OIDC_AUTH_CODES, ("code_hash",), mark="used", alive=(Filter("expires_at", "now", ">", optional=False),)
)
DELETE_EXPIRED_OIDC_AUTH_CODES = Delete(OIDC_AUTH_CODES, (Filter("expires_at", "now", "<=", optional=False),))
FIND_OIDC_REFRESH_TOKEN = Get(OIDC_REFRESH_TOKENS, ("token_hash",))
LIST_OIDC_REFRESH_TOKENS_BY_USER = Find(OIDC_REFRESH_TOKENS, equal("user_id"), OLDEST_FIRST)
CREATE_OIDC_REFRESH_TOKEN = Insert(OIDC_REFRESH_TOKENS)
CONSUME_OIDC_REFRESH_TOKEN = Consume(
    OIDC_REFRESH_TOKENS, ("token_hash",), mark="revoked", alive=(Filter("expires_at", "now", ">", optional=False),)
)
DELETE_OIDC_REFRESH_TOKENS_BY_USER = Delete(OIDC_REFRESH_TOKENS, equal("user_id"))
DELETE_EXPIRED_OIDC_REFRESH_TOKENS = Delete(OIDC_REFRESH_TOKENS, (Filter("expires_at", "now", "<=", optional=False),))

FIND_ORG_BY_ID = Get(ORGANIZATIONS, ("id",))
FIND_ORG_BY_SLUG = Get(ORGANIZATIONS, ("slug",))
LIST_ORGS_BY_OWNER = Find(ORGANIZATIONS, equal("owner_id"), OLDEST_FIRST)
CREATE_ORG = Insert(ORGANIZATIONS)
UPDATE_ORG = Update(ORGANIZATIONS, ("id",))
DELETE_ORG = Delete(ORGANIZATIONS, equal("id"))
DELETE_ROWS_OF_ORG = deletions_with(ORGANIZATIONS)
FIND_ORG_MEMBER = Get(
    ORG_MEMBERS,
    (
        "org_id",
        "user_id",
    ),
)
LIST_ORG_MEMBERS = Find(ORG_MEMBERS, equal("org_id"), ("joined_at", "id"))
LIST_ORG_MEMBERSHIPS_BY_USER = Find(ORG_MEMBERS, equal("user_id"), ("joined_at", "id"))
CREATE_ORG_MEMBER = Insert(ORG_MEMBERS)
UPDATE_ORG_MEMBER = Update(ORG_MEMBERS, ("id",))
DELETE_ORG_MEMBER = Delete(ORG_MEMBERS, equal("org_id", "user_id"))
FIND_ORG_INVITATION = Get(ORG_INVITATIONS, ("id",))
LIST_ORG_INVITATIONS = Find(
    ORG_INVITATIONS,
    (
        *equal("org_id"),
        *equal("status", optional=True),
    ),
    OLDEST_FIRST,
)
LIST_ORG_INVITATIONS_BY_EMAIL = Find(
    ORG_INVITATIONS,
    (
        *equal("email"),
        *equal("status", optional=True),
    ),
    OLDEST_FIRST,
)
CREATE_ORG_INVITATION = Insert(ORG_INVITATIONS)
UPDATE_ORG_INVITATION = Update(ORG_INVITATIONS, ("id",), expect=("status",))
DELETE_EXPIRED_ORG_INVITATIONS = Delete(ORG_INVITATIONS, (Filter("expires_at", "now", "<=", optional=False),))
FIND_ORG_ROLE = Get(
    ORG_ROLES,
    (
        "org_id",
        "name",
    ),
)
LIST_ORG_ROLES = Find(ORG_ROLES, equal("org_id"), ("name", "id"))
CREATE_ORG_ROLE = Insert(ORG_ROLES)
UPDATE_ORG_ROLE = Update(ORG_ROLES, ("id",))
DELETE_ORG_ROLE = Delete(ORG_ROLES, equal("id"))
FIND_SSO_CONNECTION = Get(SSO_CONNECTIONS, ("id",))
FIND_SSO_CONNECTION_BY_DOMAIN = Get(SSO_CONNECTIONS, ("domain",))
LIST_SSO_CONNECTIONS = Find(SSO_CONNECTIONS, equal("org_id"), OLDEST_FIRST)
CREATE_SSO_CONNECTION = Insert(SSO_CONNECTIONS)
UPDATE_SSO_CONNECTION = Update(SSO_CONNECTIONS, ("id",))
DELETE_SSO_CONNECTION = Delete(SSO_CONNECTIONS, equal("id"))

FIND_API_KEY_BY_HASH = Get(API_KEYS, ("key_hash",))
LIST_API_KEYS_BY_USER = Find(API_KEYS, equal("user_id"), OLDEST_FIRST)
CREATE_API_KEY = Insert(API_KEYS)
UPDATE_API_KEY = Update(API_KEYS, ("id",))
DELETE_API_KEY = Delete(API_KEYS, equal("id"))
DELETE_EXPIRED_API_KEYS = Delete(API_KEYS, (Filter("expires_at", "now", "<=", optional=False),))
FIND_SERVICE_TOKEN_BY_HASH = Get(SERVICE_TOKENS, ("token_hash",))
LIST_SERVICE_TOKENS = Find(SERVICE_TOKENS, (), OLDEST_FIRST)
CREATE_SERVICE_TOKEN = Insert(SERVICE_TOKENS)
UPDATE_SERVICE_TOKEN = Update(SERVICE_TOKENS, ("id",))
DELETE_SERVICE_TOKEN = Delete(SERVICE_TOKENS, equal("id"))
DELETE_EXPIRED_SERVICE_TOKENS = Delete(SERVICE_TOKENS, (Filter("expires_at", "now", "<=", optional=False),))
FIND_PASSWORD = Get(PASSWORDS, ("user_id",))
UPSERT_PASSWORD = Upsert(PASSWORDS, ("user_id",))
DELETE_PASSWORD = Delete(PASSWORDS, equal("user_id"))
FIND_MAGIC_LINK = Get(MAGIC_LINKS, ("token",))
CREATE_MAGIC_LINK = Insert(MAGIC_LINKS)
CONSUME_MAGIC_LINK = Consume(
    MAGIC_LINKS, ("token",), mark="used", alive=(Filter("expires_at", "now", ">", optional=False),)
)
DELETE_EXPIRED_MAGIC_LINKS = Delete(MAGIC_LINKS, (Filter("expires_at", "now", "<=", optional=False),))
FIND_EMAIL_OTP = Get(EMAIL_OTPS, ("id",))
FIND_LATEST_EMAIL_OTP = Find(EMAIL_OTPS, equal("email"), OLDEST_FIRST, descending=True)
CREATE_EMAIL_OTP = Insert(EMAIL_OTPS)
INCREMENT_EMAIL_OTP_ATTEMPTS = Increment(EMAIL_OTPS, ("id",), "attempts", create=False)
CONSUME_EMAIL_OTP = Consume(EMAIL_OTPS, ("id",), alive=(Filter("expires_at", "now", ">", optional=False),))
DELETE_EMAIL_OTPS_BY_EMAIL = Delete(EMAIL_OTPS, equal("email"))
DELETE_EXPIRED_EMAIL_OTPS = Delete(EMAIL_OTPS, (Filter("expires_at", "now", "<=", optional=False),))
FIND_PHONE_VERIFICATION = Get(PHONE_VERIFICATIONS, ("id",))
FIND_LATEST_PHONE_VERIFICATION = Find(PHONE_VERIFICATIONS, equal("phone_number"), OLDEST_FIRST, descending=True)
CREATE_PHONE_VERIFICATION = Insert(PHONE_VERIFICATIONS)
INCREMENT_PHONE_VERIFICATION_ATTEMPTS = Increment(PHONE_VERIFICATIONS, ("id",), "attempts", create=False)
CONSUME_PHONE_VERIFICATION = Consume(
    PHONE_VERIFICATIONS, ("id",), alive=(Filter("expires_at", "now", ">", optional=False),)
)
DELETE_PHONE_VERIFICATIONS_BY_PHONE_NUMBER = Delete(PHONE_VERIFICATIONS, equal("phone_number"))
DELETE_EXPIRED_PHONE_VERIFICATIONS = Delete(PHONE_VERIFICATIONS, (Filter("expires_at", "now", "<=", optional=False),))
FIND_TOTP = Get(TOTPS, ("user_id",))
UPSERT_TOTP = Upsert(TOTPS, ("user_id",))
UPDATE_TOTP = Update(TOTPS, ("user_id",))
DELETE_TOTP = Delete(TOTPS, equal("user_id"))
FIND_PASSKEY_CREDENTIAL = Get(PASSKEY_CREDENTIALS, ("credential_id",))
LIST_PASSKEY_CREDENTIALS_BY_USER = Find(PASSKEY_CREDENTIALS, equal("user_id"), OLDEST_FIRST)
CREATE_PASSKEY_CREDENTIAL = Insert(PASSKEY_CREDENTIALS)
UPDATE_PASSKEY_CREDENTIAL = Update(PASSKEY_CREDENTIALS, ("id",), expect=("counter",))
DELETE_PASSKEY_CREDENTIAL = Delete(PASSKEY_CREDENTIALS, equal("credential_id"))
FIND_PASSKEY_CHALLENGE = Get(PASSKEY_CHALLENGES, ("challenge",))
CREATE_PASSKEY_CHALLENGE = Insert(PASSKEY_CHALLENGES)
CONSUME_PASSKEY_CHALLENGE = Consume(
    PASSKEY_CHALLENGES, ("challenge",), alive=(Filter("expires_at", "now", ">", optional=False),)
)
DELETE_EXPIRED_PASSKEY_CHALLENGES = Delete(PASSKEY_CHALLENGES, (Filter("expires_at", "now", "<=", optional=False),))
FIND_USERNAME_ACCOUNT = Get(USERNAME_ACCOUNTS, ("username",))
LIST_USERNAME_ACCOUNTS_BY_USER = Find(USERNAME_ACCOUNTS, equal("user_id"), OLDEST_FIRST)
CREATE_USERNAME_ACCOUNT = Insert(USERNAME_ACCOUNTS)
UPDATE_USERNAME_ACCOUNT = Update(USERNAME_ACCOUNTS, ("id",))
DELETE_USERNAME_ACCOUNT = Delete(USERNAME_ACCOUNTS, equal("id"))
FIND_TRUSTED_DEVICE = Get(
    TRUSTED_DEVICES,
    (
        "user_id",
        "fingerprint",
    ),
)
LIST_TRUSTED_DEVICES_BY_USER = Find(TRUSTED_DEVICES, equal("user_id"), ("trusted_at", "id"))
UPSERT_TRUSTED_DEVICE = Upsert(
    TRUSTED_DEVICES,
    (
        "user_id",
        "fingerprint",
    ),
)
DELETE_TRUSTED_DEVICE = Delete(TRUSTED_DEVICES, equal("id"))
DELETE_TRUSTED_DEVICES_BY_USER = Delete(TRUSTED_DEVICES, equal("user_id"))
DELETE_EXPIRED_TRUSTED_DEVICES = Delete(TRUSTED_DEVICES, (Filter("expires_at", "now", "<=", optional=False),))
FIND_ONE_TIME_TOKEN = Get(ONE_TIME_TOKENS, ("token_hash",))
CREATE_ONE_TIME_TOKEN = Insert(ONE_TIME_TOKENS)
CONSUME_ONE_TIME_TOKEN = Consume(
    ONE_TIME_TOKENS,
    ("token_hash",),
    mark="used",
    alive=(*equal("purpose"), Filter("expires_at", "now", ">", optional=False)),
)
DELETE_EXPIRED_ONE_TIME_TOKENS = Delete(ONE_TIME_TOKENS, (Filter("expires_at", "now", "<=", optional=False),))
CREATE_LOGIN_HISTORY = Insert(LOGIN_HISTORY)
LIST_LOGIN_HISTORY_BY_USER = Find(LOGIN_HISTORY, equal("user_id"), ("timestamp", "id"), descending=True)
FIND_JWT_REFRESH_TOKEN = Get(JWT_REFRESH_TOKENS, ("token_hash",))
CREATE_JWT_REFRESH_TOKEN = Insert(JWT_REFRESH_TOKENS)
MARK_JWT_REFRESH_TOKEN_USED = Consume(JWT_REFRESH_TOKENS, ("token_hash",), mark="used")
DELETE_JWT_REFRESH_TOKENS_BY_USER = Delete(JWT_REFRESH_TOKENS, equal("user_id"))
DELETE_EXPIRED_JWT_REFRESH_TOKENS = Delete(JWT_REFRESH_TOKENS, (Filter("expires_at", "now", "<=", optional=False),))

FIND_BUDGET_POLICY = Get(BUDGET_POLICIES, ("id",))
LIST_BUDGET_POLICIES = Find(
    BUDGET_POLICIES, equal("agent_id", "user_id", "tenant_id", "status", optional=True), OLDEST_FIRST
)
CREATE_BUDGET_POLICY = Insert(BUDGET_POLICIES)
UPDATE_BUDGET_POLICY = Update(BUDGET_POLICIES, ("id",), expect=("status",))
DELETE_BUDGET_POLICY = Delete(BUDGET_POLICIES, equal("id"))
CREATE_COST_EVENT = Insert(COST_EVENTS)
LIST_COST_EVENTS = Find(
    COST_EVENTS,
    (
        *equal("agent_id", "delegation_chain_id", optional=True),
        Filter("recorded_at", "since", ">="),
        Filter("recorded_at", "until", "<"),
    ),
    ("recorded_at", "id"),
    descending=True,
)
FIND_AGENT_CARD = Get(AGENT_CARDS, ("id",))
LIST_AGENT_CARDS = Find(AGENT_CARDS, (), OLDEST_FIRST)
LIST_AGENT_CARDS_BY_AGENT = Find(AGENT_CARDS, equal("agent_id"), OLDEST_FIRST)
CREATE_AGENT_CARD = Insert(AGENT_CARDS)
UPDATE_AGENT_CARD = Update(AGENT_CARDS, ("id",))
DELETE_AGENT_CARD = Delete(AGENT_CARDS, equal("id"))
FIND_AGENT_DID = Get(AGENT_DIDS, ("agent_id",))
FIND_AGENT_DID_BY_DID = Get(AGENT_DIDS, ("did",))
CREATE_AGENT_DID = Insert(AGENT_DIDS)
UPDATE_AGENT_DID = Update(AGENT_DIDS, ("agent_id",))
DELETE_AGENT_DID = Delete(AGENT_DIDS, equal("agent_id"))
FIND_EPHEMERAL_SESSION = Get(EPHEMERAL_SESSIONS, ("id",))
FIND_EPHEMERAL_SESSION_BY_TOKEN_HASH = Get(EPHEMERAL_SESSIONS, ("token_hash",))
LIST_EPHEMERAL_SESSIONS_BY_AGENT = Find(
    EPHEMERAL_SESSIONS,
    (
        *equal("agent_id"),
        *equal("status", optional=True),
    ),
    OLDEST_FIRST,
)
CREATE_EPHEMERAL_SESSION = Insert(EPHEMERAL_SESSIONS)
UPDATE_EPHEMERAL_SESSION = Update(EPHEMERAL_SESSIONS, ("id",), expect=("status",))
USE_EPHEMERAL_SESSION = Increment(
    EPHEMERAL_SESSIONS,
    ("token_hash",),
    "actions_used",
    create=False,
    bound="max_actions",
    alive=(*equal("status"), Filter("expires_at", "now", ">", optional=False)),
)
DELETE_EXPIRED_EPHEMERAL_SESSIONS = Delete(EPHEMERAL_SESSIONS, (Filter("expires_at", "now", "<=", optional=False),))
