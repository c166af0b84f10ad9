"""Methods on MCP servers, and on OAuth and OpenID Connect clients, codes and tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from kavach_core.storage import contract
from kavach_core.storage._async.backend import AsyncMethods
from kavach_schema.inputs import (
    McpServerChanges,
    McpServerInput,
    OAuthAccessTokenInput,
    OAuthAuthorizationCodeInput,
    OAuthClientChanges,
    OAuthClientInput,
    OidcAuthCodeInput,
    OidcClientChanges,
    OidcClientInput,
    OidcRefreshTokenInput,
)
from kavach_schema.records import (
    McpServer,
    OAuthAccessToken,
    OAuthAuthorizationCode,
    OAuthClient,
    OidcAuthCode,
    OidcClient,
    OidcRefreshToken,
)


class AsyncOAuthMethods(AsyncMethods):
    """MCP servers, OAuth and OpenID Connect."""

    async def find_mcp_server_by_id(self, server_id: str) -> McpServer | None:
        """Return the MCP server with this id, or None where there is none."""
        return await self._execute(contract.FIND_MCP_SERVER_BY_ID, {"id": server_id})

    async def find_mcp_server_by_endpoint(self, endpoint: str) -> McpServer | None:
        """Return the MCP server at exactly this endpoint, or None where there is none."""
        return await self._execute(contract.FIND_MCP_SERVER_BY_ENDPOINT, {"endpoint": endpoint})

    async def list_mcp_servers(
        self, *, status: str | None = None, limit: int = 100, offset: int | None = None, after: McpServer | None = None
    ) -> list[McpServer]:
        """Return MCP servers by creation, oldest first; `after` is the last one of the page before."""
        values: dict[str, object] = {"status": status, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_MCP_SERVERS, values)

    async def create_mcp_server(self, **values: Unpack[McpServerInput]) -> McpServer:
        """Write a new MCP server and return it; raises `ConflictError` where the id or the endpoint is taken."""
        return await self._execute(contract.CREATE_MCP_SERVER, values)

    async def update_mcp_server(self, server_id: str, **changes: Unpack[McpServerChanges]) -> McpServer | None:
        """Change the named fields and return the MCP server, or None where there is none."""
        return await self._execute(contract.UPDATE_MCP_SERVER, {"id": server_id, **changes})

    async def delete_mcp_server(self, server_id: str) -> bool:
        """Delete the MCP server and tell whether there was one."""
        return await self._execute(contract.DELETE_MCP_SERVER, {"id": server_id}) > 0

    async def find_oauth_client_by_id(self, client_id: str) -> OAuthClient | None:
        """Return the OAuth client with this `client_id` (not the row's id), or None where there is none."""
        return await self._execute(contract.FIND_OAUTH_CLIENT_BY_ID, {"client_id": client_id})

    async def list_oauth_clients(
        self, *, limit: int = 100, offset: int | None = None, after: OAuthClient | None = None
    ) -> list[OAuthClient]:
        """Return OAuth clients by creation, oldest first; `after` is the last one of the page before."""
        values: dict[str, object] = {"limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_OAUTH_CLIENTS, values)

    async def create_oauth_client(self, **values: Unpack[OAuthClientInput]) -> OAuthClient:
        """Write a new OAuth client and return it; raises `ConflictError` where the id or the `client_id` is taken."""
        return await self._execute(contract.CREATE_OAUTH_CLIENT, values)

    async def update_oauth_client(self, row_id: str, **changes: Unpack[OAuthClientChanges]) -> OAuthClient | None:
        """Change the named fields of the row with this id and return the OAuth client, or None where there is none."""
        return await self._execute(contract.UPDATE_OAUTH_CLIENT, {"id": row_id, **changes})

    async def delete_oauth_client(self, client_id: str) -> bool:
        """Delete the OAuth client and tell whether there was one."""
        return await self._execute(contract.DELETE_OAUTH_CLIENT, {"client_id": client_id}) > 0

    async def find_oauth_access_token(self, access_token: str) -> OAuthAccessToken | None:
        """Return the row with exactly this access token, expired or not, or None where there is none."""
        return await self._execute(contract.FIND_OAUTH_ACCESS_TOKEN, {"access_token": access_token})

    async def find_oauth_refresh_token(self, refresh_token: str) -> OAuthAccessToken | None:
        """Return the row with exactly this refresh token, expired or not, or None where there is none."""
        return await self._execute(contract.FIND_OAUTH_REFRESH_TOKEN, {"refresh_token": refresh_token})

    async def list_oauth_access_tokens_by_user(
        self, user_id: str, *, limit: int = 100, offset: int | None = None, after: OAuthAccessToken | None = None
    ) -> list[OAuthAccessToken]:
        """Return a user's tokens by creation, oldest first; `after` is the last one of the page before."""
        values: dict[str, object] = {"user_id": user_id, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_OAUTH_ACCESS_TOKENS_BY_USER, values)

    async def create_oauth_access_token(self, **values: Unpack[OAuthAccessTokenInput]) -> OAuthAccessToken:
        """Write a new access token with its refresh token and return it.

        Raises `ConflictError` where the id or a token is taken.
        """
        return await self._execute(contract.CREATE_OAUTH_ACCESS_TOKEN, values)

    async def consume_oauth_refresh_token(self, refresh_token: str, *, now: datetime) -> OAuthAccessToken | None:
        """Use up a refresh token: delete its row and return it, or None where it is missing or expired.

        Of any number of callers exactly one gets it.
        """
        return await self._execute(contract.CONSUME_OAUTH_REFRESH_TOKEN, {"refresh_token": refresh_token, "now": now})

    async def revoke_oauth_access_token(self, access_token: str) -> bool:
        """Delete an access token with its refresh token, and tell whether there was one."""
        return await self._execute(contract.REVOKE_OAUTH_ACCESS_TOKEN, {"access_token": access_token}) > 0

    async def delete_oauth_access_tokens_by_client(self, client_id: str) -> int:
        """Delete all tokens of a client and return how many rows there were."""
        return await self._execute(contract.DELETE_OAUTH_ACCESS_TOKENS_BY_CLIENT, {"client_id": client_id})

    async def delete_expired_oauth_access_tokens(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the rows whose tokens had all expired at `now`, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_OAUTH_ACCESS_TOKENS, {"now": now, "limit": limit})

    async def find_oauth_authorization_code(self, code: str) -> OAuthAuthorizationCode | None:
        """Return the authorization code, expired or not, or None where there is none."""
        return await self._execute(contract.FIND_OAUTH_AUTHORIZATION_CODE, {"code": code})

    async def create_oauth_authorization_code(
        self, **values: Unpack[OAuthAuthorizationCodeInput]
    ) -> OAuthAuthorizationCode:
        """Write a new authorization code and return it; raises `ConflictError` where the id or the code is taken."""
        return await self._execute(contract.CREATE_OAUTH_AUTHORIZATION_CODE, values)

    async def consume_oauth_authorization_code(self, code: str, *, now: datetime) -> OAuthAuthorizationCode | None:
        """Use up the authorization code: delete it and return it, or None where it is missing, used or expired.

        Of any number of callers exactly one gets it.
        """
        return await self._execute(contract.CONSUME_OAUTH_AUTHORIZATION_CODE, {"code": code, "now": now})

    async def delete_oauth_authorization_code(self, code: str) -> bool:
        """Delete the authorization code and tell whether there was one."""
        return await self._execute(contract.DELETE_OAUTH_AUTHORIZATION_CODE, {"code": code}) > 0

    async def delete_expired_oauth_authorization_codes(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the authorization codes that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_OAUTH_AUTHORIZATION_CODES, {"now": now, "limit": limit})

    async def find_oidc_client_by_id(self, client_id: str) -> OidcClient | None:
        """Return the OpenID client with this `client_id` (not the row's id), or None where there is none."""
        return await self._execute(contract.FIND_OIDC_CLIENT_BY_ID, {"client_id": client_id})

    async def list_oidc_clients(
        self, *, limit: int = 100, offset: int | None = None, after: OidcClient | None = None
    ) -> list[OidcClient]:
        """Return OpenID clients by creation, oldest first; `after` is the last one of the page before."""
        values: dict[str, object] = {"limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_OIDC_CLIENTS, values)

    async def create_oidc_client(self, **values: Unpack[OidcClientInput]) -> OidcClient:
        """Write a new OpenID client and return it; raises `ConflictError` where the id or the `client_id` is taken."""
        return await self._execute(contract.CREATE_OIDC_CLIENT, values)

    async def update_oidc_client(self, row_id: str, **changes: Unpack[OidcClientChanges]) -> OidcClient | None:
        """Change the named fields of the row with this id and return the client, or None where there is none."""
        return await self._execute(contract.UPDATE_OIDC_CLIENT, {"id": row_id, **changes})

    async def delete_oidc_client(self, client_id: str) -> bool:
        """Delete the OpenID client and tell whether there was one."""
        return await self._execute(contract.DELETE_OIDC_CLIENT, {"client_id": client_id}) > 0

    async def find_oidc_auth_code(self, code_hash: str) -> OidcAuthCode | None:
        """Return the OpenID authorization code with this hash, used or expired or not, or None where there is none."""
        return await self._execute(contract.FIND_OIDC_AUTH_CODE, {"code_hash": code_hash})

    async def create_oidc_auth_code(self, **values: Unpack[OidcAuthCodeInput]) -> OidcAuthCode:
        """Write a new OpenID authorization code and return it.

        Raises `ConflictError` where the id or the hash is taken.
        """
        return await self._execute(contract.CREATE_OIDC_AUTH_CODE, values)

    async def consume_oidc_auth_code(self, code_hash: str, *, now: datetime) -> OidcAuthCode | None:
        """Use up the authorization code with this hash: mark it used and return it; None if missing, used or expired.

        Of any number of callers exactly one gets it.
        """
        return await self._execute(contract.CONSUME_OIDC_AUTH_CODE, {"code_hash": code_hash, "now": now})

    async def delete_expired_oidc_auth_codes(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the OpenID codes that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_OIDC_AUTH_CODES, {"now": now, "limit": limit})

    async def find_oidc_refresh_token(self, token_hash: str) -> OidcRefreshToken | None:
        """Return the OpenID refresh token with this hash, revoked or expired or not, or None where there is none."""
        return await self._execute(contract.FIND_OIDC_REFRESH_TOKEN, {"token_hash": token_hash})

    async def list_oidc_refresh_tokens_by_user(
        self, user_id: str, *, limit: int = 100, offset: int | None = None, after: OidcRefreshToken | None = None
    ) -> list[OidcRefreshToken]:
        """Return a user's OpenID refresh tokens by creation, oldest first.

        `after` is the last one of the page before.
        """
        values: dict[str, object] = {"user_id": user_id, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_OIDC_REFRESH_TOKENS_BY_USER, values)

    async def create_oidc_refresh_token(self, **values: Unpack[OidcRefreshTokenInput]) -> OidcRefreshToken:
        """Write a new OpenID refresh token and return it; raises `ConflictError` where the id or the hash is taken."""
        return await self._execute(contract.CREATE_OIDC_REFRESH_TOKEN, values)

    async def consume_oidc_refresh_token(self, token_hash: str, *, now: datetime) -> OidcRefreshToken | None:
        """Use up the refresh token with this hash: mark it revoked and return it, or None if missing, used or expired.

        Of any number of callers exactly one gets it.
        """
        return await self._execute(contract.CONSUME_OIDC_REFRESH_TOKEN, {"token_hash": token_hash, "now": now})

    async def delete_oidc_refresh_tokens_by_user(self, user_id: str) -> int:
        """Delete all OpenID refresh tokens of a user and return how many there were."""
        return await self._execute(contract.DELETE_OIDC_REFRESH_TOKENS_BY_USER, {"user_id": user_id})

    async def delete_expired_oidc_refresh_tokens(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the OpenID refresh tokens that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_OIDC_REFRESH_TOKENS, {"now": now, "limit": limit})
