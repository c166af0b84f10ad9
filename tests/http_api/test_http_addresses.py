"""Where a call comes from: P12, H6."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from http_api.support import open_api
from kavach_core import ConfigurationError
from kavach_core.http import create_app
from kavach_core.http._addresses import client_address, read_proxies

PROXIES = ("10.0.0.0/8", "192.0.2.7", "fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["10.1.1.1"], "203.0.113.9"),  # who is no proxy is not believed
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.9"], "203.0.113.9"),  # the left-most is the client's own invention
        ("10.0.0.1", ["1.1.1.1", "203.0.113.9"], "203.0.113.9"),  # one list, however many headers
        ("10.0.0.1", ["203.0.113.9, 192.0.2.7"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1, 10.9.9.9, 203.0.113.9, 10.2.2.2"], "203.0.113.9"),
        ("10.0.0.1", ["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("fd00::1", ["2001:DB8::1"], "2001:db8::1"),
        ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["unknown"], None),
        ("10.0.0.1", ["203.0.113.9, "], None),
        (None, ["203.0.113.9"], None),
        ("testclient", [], None),
    ],
)
def test_p12_only_trusted_proxies_are_believed(peer: str | None, forwarded: list[str], expected: str | None) -> None:
    assert client_address(peer, forwarded, read_proxies(PROXIES)) == expected


@given(st.lists(st.text(max_size=20), max_size=5))
def test_p12_whatever_a_client_sends_its_own_address_is_found(sent: list[str]) -> None:
    assert client_address("203.0.113.9", sent, read_proxies(PROXIES)) == "203.0.113.9"
    assert client_address("10.0.0.1", [*sent, "203.0.113.9"], read_proxies(PROXIES)) == "203.0.113.9"


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example", "", "10.0.0.0/33"])
def test_a_proxy_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="trusted proxies"):
        read_proxies([text])


@pytest.mark.parametrize(
    ("proxies", "sent", "expected"),
    [((), "10.1.1.1", "203.0.113.9"), (("203.0.113.9",), "1.1.1.1, 198.51.100.4", "198.51.100.4")],
)
async def test_p10_the_address_of_the_client_decides_and_is_recorded(
    proxies: tuple[str, ...], sent: str, expected: str
) -> None:
    async with open_api(trusted_proxies=proxies) as api:
        only = {"resource": "mcp:github:issues", "actions": ["read"], "constraints": {"ipAllowlist": [expected]}}
        agent = await api.kavach.agent.create(owner_id="ada", name="a", type="service", permissions=[only])
        for path, token in ((f"/agents/{agent.id}/authorize", api.person("ada")), ("/authorize", agent.token)):
            response = await api.call(
                "POST",
                path,
                token,
                json={
                    "action": "read",
                    "resource": "mcp:github:issues",
                    "context": {"ip": "10.9.9.9", "userAgent": "lie"},
                },
                headers={"X-Forwarded-For": sent, "User-Agent": "agent/1.0"},
            )
            assert response.json()["allowed"] is True
        rows = await api.kavach.audit.query()
        assert [(row.ip, row.user_agent) for row in rows] == [(expected, "agent/1.0")] * 2


@pytest.mark.parametrize(
    ("scopes", "recorded"),
    [
        (("authorize",), ("203.0.113.9", "gateway/1.0")),
        (("authorize", "authorize:context"), ("198.51.100.4", "bot/2.0")),
        (("admin",), ("198.51.100.4", "bot/2.0")),
    ],
)
async def test_a_service_says_where_a_call_came_from_if_its_scope_lets_it(
    scopes: tuple[str, ...], recorded: tuple[str, str]
) -> None:
    async with open_api() as api:
        agent = await api.agent()
        await api.call(
            "POST",
            f"/agents/{agent.id}/authorize",
            await api.service(*scopes),
            json={
                "action": "read",
                "resource": "mcp:github:issues",
                "context": {"ip": "198.51.100.4", "userAgent": "bot/2.0"},
            },
            headers={"User-Agent": "gateway/1.0"},
        )
        (row,) = await api.kavach.audit.query()
        assert (row.ip, row.user_agent) == recorded


async def test_a_long_user_agent_is_recorded_as_far_as_it_fits() -> None:
    async with open_api() as api:
        agent = await api.agent()
        body = {"action": "read", "resource": "mcp:github:issues"}
        rotated = await api.kavach.agent.rotate(agent.id)
        response = await api.call("POST", "/authorize", rotated.token, json=body, headers={"User-Agent": "a" * 8000})
        assert response.json()["allowed"] is True
        (row,) = await api.kavach.audit.query()
        assert row.user_agent is not None
        assert set(row.user_agent) == {"a"}


async def test_settings_that_cannot_work_are_refused() -> None:
    async with open_api() as api:
        with pytest.raises(ConfigurationError, match="max_body"):
            create_app(api.kavach, max_body=0)
