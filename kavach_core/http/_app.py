"""The application: every route of the table, and nothing besides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as Path
from starlette.types import ASGIApp

from kavach_core import AsyncKavach
from kavach_core.errors import ConfigurationError
from kavach_core.http import _system
from kavach_core.http._addresses import read_proxies
from kavach_core.http._bodies import DEFAULT_MAX_BODY
from kavach_core.http._errors import Refused, error_response
from kavach_core.http._identity import api_key, session_token
from kavach_core.http._logging import RequestIds
from kavach_core.http._principals import Authenticator, agent_token, service_token
from kavach_core.http._routing import Route, Settings, serve
from kavach_core.http._table import TABLE

PREFIX: Final = "/api/kavach"
"""Where the documentation has the API."""


def create_app(
    kavach: AsyncKavach,
    *,
    trusted_proxies: Iterable[str] = (),
    authenticate: Sequence[Authenticator] = (),
    max_body: int = DEFAULT_MAX_BODY,
) -> ASGIApp:
    """Return the HTTP API of a Kavach as an ASGI application, to be run or to be mounted under any prefix.

    `trusted_proxies` are addresses and networks whose X-Forwarded-For is believed. `authenticate` finds out who calls
    where the application has a sign-in of its own, and is asked after Kavach's own tokens. A body of more than
    `max_body` bytes is refused. The Kavach stays the caller's to close.

    Raises `ConfigurationError`.
    """
    if max_body < 1:
        raise ConfigurationError("max_body: must be 1 byte or more")
    ways = (service_token, session_token, api_key, agent_token, *authenticate)
    return _application(_paths(kavach, Settings(read_proxies(trusted_proxies), ways, max_body), TABLE))


def create_root_app(
    kavach: AsyncKavach, *, trusted_proxies: Iterable[str] = (), authenticate: Sequence[Authenticator] = ()
) -> ASGIApp:
    """Return what `kavach serve` runs: the API under `PREFIX`, and health and readiness at the root too."""
    api = create_app(kavach, trusted_proxies=trusted_proxies, authenticate=authenticate)
    routes = [Mount(PREFIX, api), *_paths(kavach, Settings(), _system.ROUTES)]
    return _application(routes, f"there is no such path; the API is under {PREFIX}")


def _application(routes: Sequence[BaseRoute], unknown: str = "there is no such path") -> ASGIApp:
    handlers = {HTTPException: partial(_no_route, unknown)}
    app = Starlette(routes=routes, exception_handlers=handlers, middleware=[Middleware(RequestIds)])
    # Clients of the API follow no redirects: a path with another slash at its end is another path.
    app.router.redirect_slashes = False
    return app


def _paths(kavach: AsyncKavach, settings: Settings, table: Iterable[Route]) -> list[Path]:
    by_path: dict[str, dict[str, Route]] = {}
    for route in table:
        by_path.setdefault(route.path, {})[route.method] = route
    return [Path(path, _endpoint(kavach, settings, routes), methods=list(routes)) for path, routes in by_path.items()]


def _endpoint(
    kavach: AsyncKavach, settings: Settings, routes: dict[str, Route]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        # HEAD is answered as GET (RFC 9110, section 9.3.2); the server sends no body.
        route = routes["GET" if request.method == "HEAD" else request.method]
        return await serve(kavach, settings, route, request)

    return endpoint


async def _no_route(unknown: str, _request: Request, error: Exception) -> Response:
    """Answer what no route is for."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        return error_response(
            Refused(405, "METHOD_NOT_ALLOWED", "this path does not take this method", headers=error.headers)
        )
    return error_response(Refused(404, "NOT_FOUND", unknown))
