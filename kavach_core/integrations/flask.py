"""A Flask decorator that authorizes a request: `@require("mcp:github:{repo}", "read")`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec

from kavach_core.engine._sync.kavach import Kavach
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
    from flask import Flask, Response, current_app, g, request
    from flask.typing import ResponseReturnValue
except ImportError as error:
    raise MissingDependency("this integration needs flask; run: pip install flask") from error

P = ParamSpec("P")

_NAME: Final = "kavach"


def add_kavach(app: Flask, kavach: Kavach) -> None:
    """Give an application its Kavach."""
    app.extensions[_NAME] = kavach


def require(
    resource: str, action: str
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Return a decorator that lets a request through where the agent whose token it carries may do this.

    `{names}` in the resource are filled with the route's parameters, each as one segment. The decision is
    `flask.g.kavach`. All else is answered with 401 or 403, in the shape of the HTTP API's errors.
    """

    def decorate(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def authorized(*arguments: P.args, **keywords: P.kwargs) -> ResponseReturnValue:
            answer = _refused(resource, action)
            if answer is None:
                return view(*arguments, **keywords)
            return Response(answer.body, answer.status, dict(answer.headers), content_type="application/json")

        return authorized

    return decorate


def _refused(resource: str, action: str) -> Answer | None:
    kavach: Kavach | None = current_app.extensions.get(_NAME)
    if kavach is None:
        raise ConfigurationError("the application has no Kavach; call add_kavach")
    token = bearer_of(request.headers.getlist("Authorization"))
    if token is None:
        return without_token()
    try:
        result = kavach.authorize_by_token(
            token,
            action=action,
            resource=fill(resource, request.view_args or {}),
            ip=request.remote_addr,
            user_agent=user_agent_of(request.headers.get("User-Agent")),
        )
    except InvalidInput:
        return unreadable()
    g.kavach = result
    return None if result.allowed else refusal(result)
