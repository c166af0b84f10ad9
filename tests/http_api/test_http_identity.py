"""The sign-in that an application has itself: a header of a trusted proxy, and tokens of an identity provider."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import time
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey

from http_api.identity_provider import AUDIENCE, ISSUER, Provider, serve_provider
from http_api.support import Api, open_client
from kavach_core import ConfigurationError
from kavach_core.http import Authenticator, header_users, jwt_users

PROXY = "10.0.0.9"


async def ask(api: Api, way: Authenticator, peer: str = PROXY, **headers: str) -> int:
    """List agents with these headers, and return the status."""
    async with open_client(api.kavach, peer, authenticate=[way]) as client:
        return (await client.get("/agents", headers=headers)).status_code


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        (PROXY, {"X-Remote-User": "ada"}, 200),
        ("::ffff:10.0.0.9", {"X-Remote-User": "ada"}, 200),
        ("203.0.113.9", {"X-Remote-User": "ada"}, 401),
        ("203.0.113.9", {"X-Remote-User": "ada", "X-Forwarded-For": PROXY}, 401),
        (PROXY, {"X-Remote-User": " "}, 401),
        (PROXY, {"X-Other": "ada"}, 401),
    ],
)
async def test_a_header_is_believed_of_trusted_proxies_only(
    api: Api, peer: str, headers: dict[str, str], status: int
) -> None:
    assert await ask(api, header_users("X-Remote-User", proxies=["10.0.0.0/8"]), peer, **headers) == status


async def test_two_headers_are_none(api: Api) -> None:
    async with open_client(api.kavach, PROXY, authenticate=[header_users("X-Remote-User", proxies=[PROXY])]) as client:
        response = await client.get("/agents", headers=[("X-Remote-User", "ada"), ("X-Remote-User", "bob")])
    assert response.status_code == 401


@pytest.mark.parametrize("proxies", [[], ["everybody"]])
def test_proxies_must_be_named(proxies: list[str]) -> None:
    with pytest.raises(ConfigurationError):
        header_users("X-Remote-User", proxies=proxies)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serve_provider() as found:
        yield found


def way_of(provider: Provider, **more: Any) -> Authenticator:
    settings = {"jwks_url": provider.url, "issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["ES256"], "pause": 0.0}
    return jwt_users(**{**settings, **more})


async def ask_with(api: Api, way: Authenticator, token: str) -> int:
    return await ask(api, way, Authorization=f"Bearer {token}")


@pytest.mark.usefixtures("certificates_were_read")
async def test_a_fetch_of_keys_reads_no_certificates(api: Api, provider: Provider) -> None:
    assert await ask_with(api, way_of(provider), provider.token()) == 200
    assert provider.fetches == 1


async def test_a_token_of_the_provider_is_its_subject(api: Api, provider: Provider) -> None:
    way = way_of(provider)
    mine = await api.agent(owner="ada")
    async with open_client(api.kavach, authenticate=[way]) as client:
        response = await client.get("/agents", headers={"Authorization": f"Bearer {provider.token()}"})
    assert [agent["id"] for agent in response.json()] == [mine.id]
    assert provider.fetches == 1
    by_email = way_of(provider, claim="email")
    assert await ask_with(api, by_email, provider.token(email="ada@example.com")) == 200
    assert await ask_with(api, by_email, provider.token()) == 401


WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.test"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "another"},
    "no audience": {"aud": None},
    "expired": {"exp": int(time()) - 3600},
    "no expiry": {"exp": None},
    "not yet": {"nbf": int(time()) + 3600},
    "from the future": {"iat": int(time()) + 3600},
    "nobody": {"sub": None},
    "an empty name": {"sub": ""},
    "a number": {"sub": 42},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG)
async def test_a_token_with_wrong_claims_is_none(api: Api, provider: Provider, claims: dict[str, Any]) -> None:
    assert await ask_with(api, way_of(provider), provider.token(**claims)) == 401


async def test_clocks_may_differ_by_the_leeway(api: Api, provider: Provider) -> None:
    assert await ask_with(api, way_of(provider, leeway=30), provider.token(exp=int(time()) - 10)) == 200
    assert await ask_with(api, way_of(provider, leeway=0), provider.token(exp=int(time()) - 10)) == 401


async def test_a_token_that_another_key_signed_is_none(api: Api, provider: Provider) -> None:
    """RFC 8725, section 3.1: neither another key of the same name, nor a shared secret, nor none."""
    way = way_of(provider)
    known = provider.keys[0]
    same_name = ECKey.generate_key("P-256", {"kid": known.kid or ""})
    secret = OctKey.import_key("a secret that is long enough to be one")
    good = provider.token()
    unsigned = ".".join(("eyJhbGciOiJub25lIn0", good.split(".")[1], ""))
    confused = provider.token(key=secret, header={"alg": "HS256", "kid": known.kid})
    for token in (provider.token(key=same_name), confused, unsigned, good[:-4] + "AAAA", "a.b.c", "..", "x" * 2000):
        assert await ask_with(api, way, token) == 401
    assert await ask_with(api, way_of(provider, algorithms=["RS256"]), good) == 401
    assert await ask_with(api, way, good) == 200


async def test_keys_are_fetched_again_after_a_rotation(api: Api, provider: Provider) -> None:
    way = way_of(provider)
    old = provider.token()
    assert await ask_with(api, way, old) == 200
    provider.rotate()
    assert await ask_with(api, way, provider.token()) == 200
    assert await ask_with(api, way, old) == 401
    provider.fetches = 0
    assert await ask_with(api, way, provider.token()) == 200
    assert provider.fetches == 0


async def test_unknown_keys_do_not_make_us_fetch_without_end(api: Api, provider: Provider) -> None:
    way = way_of(provider, pause=60.0)
    stranger = Provider()
    stranger.rotate()
    tokens = [provider.token(), *(stranger.token() for _ in range(8))]
    results = await asyncio.gather(*(ask_with(api, way, token) for token in tokens))
    assert sorted(results) == [200, *[401] * 8]
    assert provider.fetches == 1


async def test_a_provider_that_fails_leaves_the_keys_of_before(
    api: Api, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    way = way_of(provider, max_age=0.0)
    token = provider.token()
    assert await ask_with(api, way, token) == 200
    for body, status in ((b"", 500), (b"no json", 200), (b"[]", 200), (b'{"keys": []}', 200), (b"x" * 300_000, 200)):
        provider.body, provider.status = body, status
        assert await ask_with(api, way, token) == 200
    assert await ask_with(api, way_of(provider), token) == 401
    assert "could not be fetched" in caplog.text
    assert token not in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"algorithms": []},
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"issuer": ""},
        {"audience": ""},
        {"jwks_url": "http://idp.test/jwks"},
        {"jwks_url": "file:///etc/passwd"},
    ],
    ids=str,
)
def test_settings_that_would_let_anybody_in_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        jwt_users(**{"jwks_url": "https://idp.test/jwks", "issuer": ISSUER, "audience": AUDIENCE, **wrong})
