"""MCP servers, and OAuth 2.1 and OpenID Connect clients, codes and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kavach_schema.model import Table, boolean, integer, json, key, metadata, text, time
from kavach_schema.tables.lengths import URL

if TYPE_CHECKING:
    from kavach_schema.records import (
        McpServer,
        OAuthAccessToken,
        OAuthAuthorizationCode,
        OAuthClient,
        OidcAuthCode,
        OidcClient,
        OidcRefreshToken,
    )

SECRET = 512
SCOPES = 2048
REDIRECT_URI = 2048

MCP_SERVERS: Table[McpServer] = Table(
    "kavach_mcp_servers",
    "KavachMcpServer",
    "A registered Model Context Protocol server.",
    (
        key(),
        text("name"),
        text("endpoint", URL),
        json("tools", "list[str]"),
        boolean("auth_required", default=True),
        integer("rate_limit_rpm", null=True),
        text("status", 32, default="active"),
        time("created_at"),
        time("updated_at"),
    ),
    uniques=(("endpoint",),),
    indexes=(("status", "created_at", "id"), ("created_at", "id")),
)

OAUTH_CLIENTS: Table[OAuthClient] = Table(
    "kavach_oauth_clients",
    "KavachOAuthClient",
    "An OAuth 2.1 client registration (RFC 7591).",
    (
        key(),
        text("client_id"),
        text("client_secret", SECRET, null=True),
        text("client_name", null=True),
        text("client_uri", 2048, null=True),
        json("redirect_uris", "list[str]"),
        json("grant_types", "list[str]"),
        json("response_types", "list[str]"),
        text("token_endpoint_auth_method", 64, default="client_secret_basic"),
        text("type", 32, default="confidential"),
        boolean("disabled", default=False),
        metadata(),
        time("created_at"),
        time("updated_at"),
    ),
    uniques=(("client_id",),),
    indexes=(("created_at", "id"),),
)

OAUTH_ACCESS_TOKENS: Table[OAuthAccessToken] = Table(
    "kavach_oauth_access_tokens",
    "KavachOAuthAccessToken",
    "An issued access token and the refresh token beside it.",
    (
        key(),
        text("access_token", SECRET),
        text("refresh_token", SECRET, null=True),
        text("client_id"),
        text("user_id", belongs_to="kavach_users"),
        text("scopes", SCOPES),
        text("resource", 2048, null=True),
        time("access_token_expires_at"),
        time("refresh_token_expires_at", null=True),
        time("created_at"),
    ),
    uniques=(("access_token",), ("refresh_token",)),
    indexes=(
        ("client_id", "created_at", "id"),
        ("user_id", "created_at", "id"),
        ("access_token_expires_at",),
    ),
)

OAUTH_AUTHORIZATION_CODES: Table[OAuthAuthorizationCode] = Table(
    "kavach_oauth_authorization_codes",
    "KavachOAuthAuthorizationCode",
    "A short-lived authorization code, used once (RFC 6749, section 4.1.2; RFC 7636).",
    (
        key(),
        text("code"),
        text("client_id"),
        text("user_id", belongs_to="kavach_users"),
        text("redirect_uri", REDIRECT_URI),
        text("scopes", SCOPES),
        text("code_challenge", null=True),
        text("code_challenge_method", 16, null=True),
        text("resource", 2048, null=True),
        time("expires_at"),
        time("created_at"),
    ),
    uniques=(("code",),),
    indexes=(("user_id",), ("expires_at",)),
)

OIDC_CLIENTS: Table[OidcClient] = Table(
    "kavach_oidc_clients",
    "KavachOidcClient",
    "A client of our OpenID provider.",
    (
        key(),
        text("client_id"),
        text("client_secret_hash"),
        text("client_name"),
        json("redirect_uris", "list[str]"),
        json("grant_types", "list[str]"),
        json("response_types", "list[str]"),
        json("scopes", "list[str]"),
        text("token_endpoint_auth_method", 64, default="client_secret_post"),
        time("created_at"),
        time("updated_at"),
    ),
    uniques=(("client_id",),),
    indexes=(("created_at", "id"),),
)

OIDC_AUTH_CODES: Table[OidcAuthCode] = Table(
    "kavach_oidc_auth_codes",
    "KavachOidcAuthCode",
    "An authorization code of our OpenID provider, used once.",
    (
        key(),
        text("code_hash"),
        text("client_id"),
        text("user_id", belongs_to="kavach_users"),
        text("redirect_uri", REDIRECT_URI),
        text("scopes", SCOPES),
        text("nonce", 1024, null=True),
        text("code_challenge", null=True),
        text("code_challenge_method", 16, null=True),
        boolean("used", default=False),
        time("expires_at"),
        time("created_at"),
    ),
    uniques=(("code_hash",),),
    indexes=(("user_id",), ("expires_at",)),
)

OIDC_REFRESH_TOKENS: Table[OidcRefreshToken] = Table(
    "kavach_oidc_refresh_tokens",
    "KavachOidcRefreshToken",
    "A refresh token of our OpenID provider.",
    (
        key(),
        text("token_hash"),
        text("client_id"),
        text("user_id", belongs_to="kavach_users"),
        text("scopes", SCOPES),
        boolean("revoked", default=False),
        time("expires_at"),
        time("created_at"),
    ),
    uniques=(("token_hash",),),
    indexes=(("user_id", "created_at", "id"), ("client_id", "created_at", "id"), ("expires_at",)),
)
