"""People who sign up, in and out, and agents who show their own token, on a server."""

from __future__ import annotations

from kavach_core.client._async.calling import AsyncCaller
from kavach_core.client.errors import AuthenticationError, NotFoundError
from kavach_core.client.types import AuthorizeRequest, AuthorizeResult, AuthResponse, Session


class AsyncAuth:
    """Sign-in; each call raises `KavachError` where it fails."""

    def __init__(self, caller: AsyncCaller) -> None:
        """Call a server."""
        self._caller = caller

    async def sign_up(self, email: str, password: str, name: str | None = None) -> AuthResponse:
        """Make an account, and begin a session."""
        body = {"email": email, "password": password}
        return await self._caller.fetch(
            AuthResponse, "POST", "/sign-up/email", body=body if name is None else {**body, "name": name}
        )

    async def sign_in(self, email: str, password: str) -> AuthResponse:
        """Begin a session."""
        body = {"email": email, "password": password}
        return await self._caller.fetch(AuthResponse, "POST", "/sign-in/email", body=body)

    async def sign_out(self, token: str | None = None) -> None:
        """End the session of a token, of the client's own where it is None."""
        await self._caller.send("POST", "/sign-out", token=token)

    async def get_session(self, token: str | None = None) -> Session | None:
        """Return the session of a token, of the client's own where it is None; None where there is no such session."""
        try:
            return await self._caller.fetch(Session, "GET", "/session", token=token)
        except (AuthenticationError, NotFoundError):
            return None

    async def authorize_by_token(self, agent_token: str, request: AuthorizeRequest) -> AuthorizeResult:
        """Decide whether the agent that holds a token may do something now; the client needs no token of its own."""
        return await self._caller.fetch(
            AuthorizeResult, "POST", "/authorize", body=request.to_dict(), token=agent_token
        )
