"""Operations on MCP servers, OAuth and OpenID Connect."""

from __future__ import annotations

from kavach_core.storage.contract._common import OLDEST_FIRST
from kavach_core.storage.operations import Consume, Delete, Filter, Find, Get, Insert, Update, equal
from kavach_schema.tables.oauth import (
    MCP_SERVERS,
    OAUTH_ACCESS_TOKENS,
    OAUTH_AUTHORIZATION_CODES,
    OAUTH_CLIENTS,
    OIDC_AUTH_CODES,
    OIDC_CLIENTS,
    OIDC_REFRESH_TOKENS,
)

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
