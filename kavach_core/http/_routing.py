"""A route as a value, and the one way from a request to its handler and back.

What a route says of itself is all that there is: who may call it, what it takes, whose its object must be and what it
answers are read by the server, by `/openapi.json` and by the tests from the same record.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from time import perf_counter
from typing import Any, Final, TypeAlias, TypeVar

from pydantic import BaseModel, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from kavach_core import AsyncKavach
from kavach_core.http._access import Access
from kavach_core.http._addresses import client_address
from kavach_core.http._bodies import DEFAULT_MAX_BODY, check_headers, read_json, read_query, validate
from kavach_core.http._errors import Refused, as_refused, error_response
from kavach_core.http._logging import log_failure, log_request
from kavach_core.http._principals import Authenticator, Kind, Principal, authenticate, bearer, identify_agent
from kavach_core.policy.constraints import Network
from kavach_core.policy.scopes import Scope
from kavach_schema.model import UNSET
from kavach_schema.tables.lengths import USER_AGENT

T = TypeVar("T")

PEOPLE: Final[frozenset[Kind]] = frozenset({"service", "user", "api_key"})
"""Who may call most routes: all but agents."""

ANYONE_KNOWN: Final[frozenset[Kind]] = frozenset({"service", "user", "api_key", "agent"})

SERVICES: Final[frozenset[Kind]] = frozenset({"service"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator says of the server."""

    proxies: Sequence[Network] = ()
    ways: Sequence[Authenticator] = ()
    max_body: int = DEFAULT_MAX_BODY


@dataclass(slots=True)
class Call:
    """One request as a handler sees it: checked, and from somebody who may make it."""

    kavach: AsyncKavach
    route: Route
    request: Request
    ip: str | None
    user_agent: str | None
    caller: Principal | None = None
    body: BaseModel | None = None
    query: BaseModel | None = None
    subject: object = None
    headers: dict[str, str] = field(default_factory=dict)
    """Headers of the answer."""

    @property
    def principal(self) -> Principal:
        """Return who calls; a public route has nobody to ask for."""
        if self.caller is None:
            raise TypeError("a public route has no principal")
        return self.caller

    @property
    def access(self) -> Access:
        """Return what the caller may reach."""
        return Access(self.kavach, self.principal)

    @property
    def path(self) -> Mapping[str, str]:
        """Return the parts of the path that have a name."""
        return self.request.path_params

    @property
    def bearer(self) -> str | None:
        """Return the token of the request."""
        return bearer(self.request)

    def found(self, kind: type[T]) -> T:
        """Return the object that the path names, which the caller may reach."""
        return _typed(self.subject, kind)

    def sent(self, kind: type[T]) -> T:
        """Return the body."""
        return _typed(self.body, kind)

    def asked(self, kind: type[T]) -> T:
        """Return the query."""
        return _typed(self.query, kind)


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"the route has no {kind.__name__}")
    return value


Handler: TypeAlias = Callable[[Call], Awaitable[object]]

Subject: TypeAlias = Callable[[Access, str], Awaitable[object]]
"""What finds the object that a path names; it MUST raise `Refused` with 404 where the caller may not reach it."""


@dataclass(frozen=True, slots=True)
class Route:
    """What can be called: path and method, who may, what goes in, what comes out.

    `callers` is empty for a public route. A service or an API key needs `scope`. `subject` finds what the last named
    part of the path stands for. `audits_unknown` says that the engine itself looks up an agent's token, and records the
    call of an unknown one. `answer` is any type that pydantic knows; None is a response without a body, or one that
    the handler makes itself, of one of the types `media`.
    """

    method: str
    path: str
    handle: Handler
    summary: str
    callers: frozenset[Kind]
    scope: Scope | None = None
    subject: Subject | None = None
    answer: Any = None
    status: int = 200
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    media: tuple[str, ...] = ()
    audits_unknown: bool = False

    @property
    def name(self) -> str:
        """Return method and path."""
        return f"{self.method} {self.path}"


async def serve(kavach: AsyncKavach, settings: Settings, route: Route, request: Request) -> Response:
    """Answer a request: with what the handler returns, or with the envelope of an error, and log that."""
    started = perf_counter()
    call = _call(kavach, settings, route, request)
    try:
        response = await _answer(call, settings)
    except Exception as error:
        response = _refuse(call, error)
    response.headers.update(call.headers)
    log_request(
        request,
        method=route.method,
        route=route.path,
        status=response.status_code,
        duration_ms=round((perf_counter() - started) * 1000, 3),
        client=call.ip,
        caller=None if call.caller is None else f"{call.caller.kind}:{call.caller.id or '?'}",
    )
    return response


def _call(kavach: AsyncKavach, settings: Settings, route: Route, request: Request) -> Call:
    peer = None if request.client is None else request.client.host
    forwarded = request.headers.getlist("x-forwarded-for")
    agent = request.headers.get("user-agent")
    return Call(
        kavach=kavach,
        route=route,
        request=request,
        ip=client_address(peer, forwarded, settings.proxies),
        # What a client says of itself is no reason to refuse a call: a longer text is recorded as far as it fits.
        user_agent=None if agent is None else agent[:USER_AGENT],
    )


async def _answer(call: Call, settings: Settings) -> Response:
    route = call.route
    check_headers(call.request)
    if route.callers:
        call.caller = await _admit(call, settings)
    if route.query is not None:
        call.query = read_query(call.request, route.query)
    if route.body is not None:
        sent = await read_json(call.request, settings.max_body)
        call.body = validate(route.body, {} if sent is UNSET else sent, "body")
    if route.subject is not None:
        *_, named = call.path.values()
        call.subject = await route.subject(call.access, named)
    value = await route.handle(call)
    if isinstance(value, Response):
        return value
    if route.answer is None:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    body = _adapter(route).dump_json(value, by_alias=True)
    return Response(body, route.status, media_type="application/json")


@cache
def _adapter(route: Route) -> TypeAdapter[Any]:
    return TypeAdapter(route.answer)


async def _admit(call: Call, settings: Settings) -> Principal:
    """Return who calls, if that one may call this route; raises `Refused` with 401 or 403."""
    route = call.route
    principal = await authenticate(call.kavach, call.request, settings.ways)
    if principal.kind == "agent" and not route.audits_unknown:
        principal = await identify_agent(call.kavach, principal)
    if principal.kind not in route.callers:
        raise Refused(403, "FORBIDDEN", "this route is not for this kind of credential")
    if principal.kind != "agent" and route.scope is not None and not principal.may(route.scope):
        challenge = f'Bearer error="insufficient_scope", scope="{route.scope}"'
        raise Refused(
            403, "FORBIDDEN", f"the credential lacks the scope {route.scope}", headers={"WWW-Authenticate": challenge}
        )
    return principal


def _refuse(call: Call, error: Exception) -> Response:
    refused = as_refused(error)
    if refused is None or refused.status >= 500:
        log_failure(call.request, call.route.name, error)
    return error_response(refused or Refused(500, "INTERNAL_ERROR", "something went wrong; the log has it"))
