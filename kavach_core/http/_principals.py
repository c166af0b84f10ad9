"""Who calls: the credential of a request, found out once, before anything else is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from starlette.requests import Request

from kavach_core import AsyncKavach
from kavach_core.engine.tokens import EPHEMERAL_PREFIX, PREFIX, SERVICE_PREFIX, hash_token
from kavach_core.http._errors import Refused
from kavach_core.policy.scopes import Scope, permits

Kind = Literal["service", "user", "api_key", "agent"]

SCHEME: Final = "bearer"

_OF_AGENTS: Final = (PREFIX, EPHEMERAL_PREFIX)
"""What the token of an agent, or of a session of one, begins with."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, and what that may reach.

    A service reaches all of its tenant, and everything where it has none. A user, and an API key of a user, reaches
    what belongs to `user_id` in exactly this tenant. An agent is known by its token, which the engine looks up when
    it decides. `scopes` are those of a service or of an API key.
    """

    kind: Kind
    id: str
    user_id: str | None = None
    tenant_id: str | None = None
    scopes: Sequence[str] = ()
    token: str = field(default="", repr=False)

    def may(self, scope: Scope) -> bool:
        """Tell whether a scope is held; a signed-in user needs none."""
        return self.kind == "user" or permits(self.scopes, scope)


Authenticator: TypeAlias = Callable[[AsyncKavach, Request], Awaitable[Principal | None]]
"""What finds out who calls; it MUST return None for a credential that is not of its kind, or not good."""


def bearer(request: Request) -> str | None:
    """Return the token of the header Authorization (RFC 6750, section 2.1), None where there is none."""
    values = request.headers.getlist("authorization")
    if len(values) != 1:
        return None
    scheme, _, token = values[0].partition(" ")
    token = token.strip()
    return token if scheme.lower() == SCHEME and token.isascii() and token else None


async def service_token(kavach: AsyncKavach, request: Request) -> Principal | None:
    """Return the service whose token a request carries."""
    token = bearer(request)
    if token is None or not token.startswith(SERVICE_PREFIX):
        return None
    found = await kavach.service_token.find(token)
    if found is None:
        return None
    return Principal("service", found.id, tenant_id=found.tenant_id, scopes=found.scopes)


async def agent_token(_kavach: AsyncKavach, request: Request) -> Principal | None:
    """Return the agent whose token a request carries; whether there is one is for the engine to find out."""
    token = bearer(request)
    return Principal("agent", "", token=token) if token is not None and token.startswith(_OF_AGENTS) else None


async def identify_agent(kavach: AsyncKavach, principal: Principal) -> Principal:
    """Return an agent with its id; raises `Refused` with 401 where no active one has this token."""
    row = await kavach.storage.find_agent_by_token_hash(hash_token(principal.token))
    agent = None if row is None else await kavach.agent.get(row.id)
    if agent is None or agent.status != "active":
        raise unauthenticated(given=True)
    return replace(principal, id=agent.id, user_id=agent.owner_id, tenant_id=agent.tenant_id)


async def authenticate(kavach: AsyncKavach, request: Request, ways: Sequence[Authenticator]) -> Principal:
    """Return who calls; raises `Refused` with 401."""
    for way in ways:
        if (found := await way(kavach, request)) is not None:
            return found
    raise unauthenticated(given="authorization" in request.headers)


def unauthenticated(*, given: bool) -> Refused:
    """Return the answer to a request without a good credential (RFC 6750, section 3)."""
    if given:
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        return Refused(401, "UNAUTHORIZED", "the credential is not valid", headers=headers)
    headers = {"WWW-Authenticate": "Bearer"}
    return Refused(401, "UNAUTHORIZED", "send a credential: Authorization: Bearer <token>", headers=headers)
