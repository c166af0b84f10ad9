"""Authorize the requests of any ASGI application; needs no framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from kavach_core.engine._async.kavach import AsyncKavach
from kavach_core.errors import InvalidInput
from kavach_core.integrations._asking import Answer, bearer_of, refusal, unreadable, user_agent_of, without_token

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

Need: TypeAlias = Callable[[Scope], tuple[str, str] | None]
"""What a request needs, a resource and an action; None opens it to everybody."""


class AuthorizeMiddleware:
    """Let a request through where the agent whose token it carries may do what it needs.

    `need` is asked once for each request, HTTP or WebSocket, and MUST return None for nothing but what is public: it
    reads `scope["path"]`, which the server has decoded, and a path that it does not know is forbidden. The decision is
    in `scope["state"]["kavach"]`.
    """

    def __init__(self, app: App, *, kavach: AsyncKavach, need: Need) -> None:
        """Stand before an application."""
        self._app = app
        self._kavach = kavach
        self._need = need

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        answer = await self._refused(scope)
        if answer is None:
            return await self._app(scope, receive, send)
        if scope["type"] == "websocket":
            # Before the handshake is accepted, closing is answered with 403.
            await receive()
            return await send({"type": "websocket.close", "code": 1008})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer.body)).encode())]
        headers += [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        return await send({"type": "http.response.body", "body": answer.body})

    async def _refused(self, scope: Scope) -> Answer | None:
        needed = self._need(scope)
        if needed is None:
            return None
        token = bearer_of(_headers(scope, b"authorization"))
        if token is None:
            return without_token()
        resource, action = needed
        client = scope.get("client")
        agents = _headers(scope, b"user-agent")
        try:
            result = await self._kavach.authorize_by_token(
                token,
                action=action,
                resource=resource,
                ip=client[0] if client else None,
                user_agent=user_agent_of(agents[0] if agents else None),
            )
        except InvalidInput:
            return unreadable()
        scope.setdefault("state", {})["kavach"] = result
        return None if result.allowed else refusal(result)


def _headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
