"""Users of an identity provider: a JWT (RFC 7519, RFC 8725) whose keys are fetched as a JWKS (RFC 7517).

Keys are fetched when the first token comes, again when they are old, and when a token names a key that is not among
them, as it does after a rotation; but never more often than a bound allows, whatever tokens come.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic, time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.requests import Request

from kavach_core.certificates import trusted_certificates
from kavach_core.errors import ConfigurationError, MissingDependency
from kavach_core.http._identity import users
from kavach_core.http._principals import Authenticator, bearer

if TYPE_CHECKING:
    import ssl

    from joserfc.jwk import KeySet

logger = logging.getLogger("kavach.http")

ALGORITHMS: Final = frozenset(
    {*("RS256", "RS384", "RS512"), *("PS256", "PS384", "PS512"), *("ES256", "ES384", "ES512"), "Ed25519", "EdDSA"}
)
"""Signatures that a public key verifies; a shared secret would let every verifier make tokens."""

_MAX_TOKEN: Final = 16_384
_MAX_KEYS: Final = 256 * 1024


def jwt_users(
    *,
    jwks_url: str,
    issuer: str,
    audience: str,
    algorithms: Sequence[str] = ("RS256", "ES256"),
    leeway: int = 30,
    claim: str = "sub",
    max_age: float = 3600.0,
    pause: float = 60.0,
    timeout: float = 5.0,
) -> Authenticator:
    """Return an authenticator for bearer tokens that an identity provider signed; `claim` holds the user id.

    `iss`, `aud` and `exp` are required, and `exp`, `nbf` and `iat` may be off by `leeway` seconds. `algorithms` are the
    only ones accepted, whatever a token says. Keys older than `max_age` seconds are fetched again; between two fetches
    `pause` seconds go by, and where one fails, the keys of before go on. `timeout` is that of a fetch, in seconds.

    Raises `ConfigurationError`, and `MissingDependency` without joserfc or httpx2.
    """
    try:
        import httpx2  # noqa: F401 - whether it is there
        import joserfc  # noqa: F401 - whether it is there
    except ImportError as error:
        raise MissingDependency("tokens need joserfc and httpx2; run: pip install 'kavach-core[server]'") from error
    if not algorithms or not ALGORITHMS.issuperset(algorithms):
        raise ConfigurationError(f"algorithms: name some of {', '.join(sorted(ALGORITHMS))}")
    if not issuer or not audience:
        raise ConfigurationError("issuer and audience must not be empty; a token for another service would be accepted")
    place = urlsplit(jwks_url)
    if place.scheme != "https" and not (place.scheme == "http" and place.hostname in ("127.0.0.1", "::1", "localhost")):
        raise ConfigurationError("jwks_url: must begin with https://; http:// is for this machine alone")
    keys = _Keys(jwks_url, max_age, pause, timeout)

    async def identify(request: Request) -> str | None:
        token = bearer(request)
        if token is None or token.count(".") != 2 or len(token) > _MAX_TOKEN:
            return None
        return await _subject(token, keys, issuer, audience, list(algorithms), leeway, claim)

    return users(identify)


async def _subject(
    token: str, keys: _Keys, issuer: str, audience: str, algorithms: list[str], leeway: int, claim: str
) -> str | None:
    """Return the user id of a token that is good, or None."""
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError, JoseError

    registry = jwt.JWTClaimsRegistry(
        int(time()),
        leeway,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
    )
    try:
        found = await keys.get()
        if found is None:
            return None
        try:
            decoded = jwt.decode(token, found, algorithms=algorithms)
        except InvalidKeyIdError:
            newer = await keys.get(unlike=found)
            if newer is None or newer is found:
                return None
            decoded = jwt.decode(token, newer, algorithms=algorithms)
        registry.validate(decoded.claims)
    except (JoseError, ValueError, TypeError):
        return None
    user_id = decoded.claims.get(claim)
    return user_id if isinstance(user_id, str) else None


@dataclass(slots=True)
class _Keys:
    """The keys of a provider, fetched by one request at a time for all that wait."""

    url: str
    max_age: float
    pause: float
    timeout: float
    certificates: ssl.SSLContext = field(default_factory=trusted_certificates)
    found: KeySet | None = None
    fetched: float = float("-inf")
    tried: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self, unlike: KeySet | None = None) -> KeySet | None:
        """Return the keys, fetched anew where they are old, or are `unlike` and a fetch is allowed."""
        if self._good(unlike):
            return self.found
        async with self.lock:
            if not self._good(unlike) and monotonic() - self.tried >= self.pause:
                self.tried = monotonic()
                fetched = await self._fetch()
                if fetched is not None:
                    self.found, self.fetched = fetched, monotonic()
            return self.found

    def _good(self, unlike: KeySet | None) -> bool:
        young = monotonic() - self.fetched < self.max_age
        return self.found is not None and young and self.found is not unlike

    async def _fetch(self) -> KeySet | None:
        import httpx2
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            async with httpx2.AsyncClient(
                verify=self.certificates, timeout=self.timeout, follow_redirects=False
            ) as client:
                answer = await client.get(self.url, headers={"accept": "application/json"})
            answer.raise_for_status()
            if len(answer.content) > _MAX_KEYS:
                raise ValueError("too long")
            return KeySet.import_key_set(answer.json())
        except (httpx2.HTTPError, JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            logger.warning("the keys of the identity provider could not be fetched: %s", type(error).__name__)
            return None
