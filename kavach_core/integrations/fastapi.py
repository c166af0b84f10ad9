"""A FastAPI dependency that authorizes a request: `Depends(require("mcp:github:{repo}", "read"))`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from kavach_core.engine._async.kavach import AsyncKavach
from kavach_core.engine.values import AuthorizeResult
from kavach_core.errors import ConfigurationError, InvalidInput, MissingDependency
from kavach_core.integrations._asking import (
    Answer,
    bearer_of,
    fill,
    refusal,
    unreadable,
    user_agent_of,
    without_token,
)

try:
    from fastapi import FastAPI, HTTPException, Request
    from fastapi.responses import JSONResponse
except ImportError as error:
    raise MissingDependency("this integration needs fastapi; run: pip install fastapi") from error


class Denied(HTTPException):
    """Ends a request that is not let through."""

    def __init__(self, answer: Answer) -> None:
        """Say why."""
        super().__init__(answer.status, answer.content, dict(answer.headers))


def add_kavach(app: FastAPI, kavach: AsyncKavach | None = None) -> None:
    """Answer denials of an application in the shape of the HTTP API's errors, and give it its Kavach.

    MUST be called before the application starts. A Kavach that is opened at the start is set as `app.state.kavach`.
    """
    app.add_exception_handler(Denied, _answer)
    if kavach is not None:
        app.state.kavach = kavach


def require(resource: str, action: str) -> Callable[[Request], Awaitable[AuthorizeResult]]:
    """Return a dependency that lets a request through where the agent whose token it carries may do this.

    `{names}` in the resource are filled with the path's parameters, each as one segment. The value of the dependency is
    the decision. It raises `Denied`, answered with 401 or 403, and `ConfigurationError` where there is no Kavach.
    """

    async def authorized(request: Request) -> AuthorizeResult:
        kavach: AsyncKavach | None = getattr(request.app.state, "kavach", None)
        if kavach is None:
            raise ConfigurationError("the application has no Kavach; set app.state.kavach, or call add_kavach")
        token = bearer_of(request.headers.getlist("authorization"))
        if token is None:
            raise Denied(without_token())
        try:
            result = await kavach.authorize_by_token(
                token,
                action=action,
                resource=fill(resource, request.path_params),
                ip=None if request.client is None else request.client.host,
                user_agent=user_agent_of(request.headers.get("user-agent")),
            )
        except InvalidInput:
            raise Denied(unreadable()) from None
        if not result.allowed:
            raise Denied(refusal(result))
        return result

    return authorized


async def _answer(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, Denied):
        raise error
    return JSONResponse(error.detail, error.status_code, error.headers)
