"""Who calls, for people: Kavach's sessions and API keys, and the sign-in that an application has of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address
from typing import Final, TypeAlias

from starlette.requests import Request

from kavach_core import AsyncKavach
from kavach_core.engine.tokens import API_KEY_PREFIX, SESSION_PREFIX
from kavach_core.errors import ConfigurationError
from kavach_core.http._addresses import client_address, read_proxies
from kavach_core.http._principals import Authenticator, Principal, bearer
from kavach_schema.tables.agents import AGENTS

Identify: TypeAlias = Callable[[Request], Awaitable[str | None]]
"""What tells which user sent a request, by any id that the application has for people; None where it cannot tell."""

_LONGEST: Final = AGENTS.by_name["owner_id"].length or 255


async def session_token(kavach: AsyncKavach, request: Request) -> Principal | None:
    """Return the user whose session's token a request carries."""
    token = bearer(request)
    if token is None or not token.startswith(SESSION_PREFIX):
        return None
    found = await kavach.session.get(token)
    return None if found is None else Principal("user", found.id, user_id=found.user_id)


async def api_key(kavach: AsyncKavach, request: Request) -> Principal | None:
    """Return the user whose API key a request carries, as far as the key allows."""
    token = bearer(request)
    if token is None or not token.startswith(API_KEY_PREFIX):
        return None
    found = await kavach.api_key.verify(token)
    return None if found is None else Principal("api_key", found.id, user_id=found.user_id, scopes=found.permissions)


def users(identify: Identify) -> Authenticator:
    """Return an authenticator around a callable that turns a request into a user id.

    The id is the `owner_id` of the user's agents. Where Kavach knows a user of this id who is banned, nobody calls.
    """

    async def authenticate(kavach: AsyncKavach, request: Request) -> Principal | None:
        user_id = await identify(request)
        if not user_id or len(user_id) > _LONGEST or not user_id.isprintable():
            return None
        known = await kavach.user.get(user_id)
        return None if known is not None and known.banned else Principal("user", user_id, user_id=user_id)

    return authenticate


def header_users(name: str, *, proxies: Iterable[str]) -> Authenticator:
    """Return an authenticator that believes a header with the user id, such as X-Remote-User, of these proxies alone.

    The other end of the connection MUST be one of `proxies`, addresses or networks, and these MUST remove the header
    from what clients send. Raises `ConfigurationError`.
    """
    trusted = read_proxies(proxies)
    if not trusted:
        raise ConfigurationError("proxies: name at least one; without it any client could be anybody")

    async def identify(request: Request) -> str | None:
        peer = None if request.client is None else request.client.host
        values = request.headers.getlist(name)
        address = client_address(peer, (), ())
        if len(values) != 1 or address is None or not any(ip_address(address) in network for network in trusted):
            return None
        return values[0].strip()

    return users(identify)
