"""Agent cards: written once checked, found by capability, and shown in the shape of A2A without a secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.support import CANARY, START, Clock, Host, make_agent
from kavach_core import Capability, InactiveAgentError, InvalidInput, NotFoundError
from kavach_core.engine.cards import card_value, public_url
from kavach_schema import records

pytestmark = pytest.mark.one_database

ENDPOINT = "https://agents.example.com/a2a"
TRIAGE: dict[str, Any] = {"id": "triage", "name": "Triage issues", "tags": ["github"]}


async def make_card(kavach: Any, agent: Any = None, **values: Any) -> Any:
    agent = agent or await make_agent(kavach)
    return await kavach.card.create(agent.id, **{"name": "a card", "capabilities": [TRIAGE], **values})


def stored(**values: Any) -> records.AgentCard:
    """Return a row as anybody may have written it."""
    defaults: dict[str, Any] = {
        "description": None,
        "version": "1",
        "protocols": ["JSONRPC"],
        "capabilities": [TRIAGE],
        "auth_requirements": {},
        "endpoint": ENDPOINT,
        "metadata": None,
    }
    ids = {"id": "c", "agent_id": "a", "name": "n", "created_at": START, "updated_at": START}
    return records.AgentCard(**{**ids, **defaults, **values})


@pytest.mark.every_database
async def test_a_card_is_created_read_changed_and_deleted(kavach: Any, clock: Clock) -> None:
    agent = await make_agent(kavach)
    auth = {"type": "oauth2", "token_url": "https://id.example.com/token", "scopes": {"read": "Read"}}
    card = await make_card(kavach, agent, endpoint=ENDPOINT, auth=auth, metadata={"team": "a"})
    assert (card.agent_id, card.version, card.protocols) == (agent.id, "1.0.0", ["JSONRPC"])
    assert card.capabilities == [Capability(**TRIAGE)]
    assert await kavach.card.get(card.id) == card
    clock.pass_time(seconds=5)
    changed = await kavach.card.update(card.id, description="Sorts.", capabilities=[Capability(name="sort")], auth=None)
    assert changed.model_dump() == {
        **card.model_dump(),
        "description": "Sorts.",
        "capabilities": [Capability(name="sort").model_dump()],
        "auth": None,
        "updated_at": clock.now,
    }
    assert (await kavach.card.update(card.id, metadata=None)).metadata is None
    assert await kavach.card.list(agent.id) == [await kavach.card.get(card.id)]
    assert [await kavach.card.delete(card.id) for _ in range(2)] == [True, False]
    assert await kavach.card.get(card.id) is None


def test_the_public_card_is_that_of_a2a() -> None:
    capability = {
        **TRIAGE,
        "description": "Labels new issues.",
        "examples": ["Label #7"],
        "inputModes": ["text/plain"],
        "outputModes": ["application/json"],
    }
    auth = {
        "type": "oauth2",
        "tokenUrl": "https://id.example.com/token",
        "authorizationUrl": "https://id.example.com/authorize",
        "scopes": {"read": "Read issues"},
    }
    row = stored(
        name="Triage",
        description="Sorts issues.",
        protocols=["JSONRPC", "GRPC"],
        capabilities=[capability],
        auth_requirements=auth,
        metadata={"note": CANARY},
    )
    assert card_value(row).public_json() == {
        "name": "Triage",
        "description": "Sorts issues.",
        "version": "1",
        "supportedInterfaces": [
            {"url": ENDPOINT, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
            {"url": ENDPOINT, "protocolBinding": "GRPC", "protocolVersion": "1.0"},
        ],
        "capabilities": {},
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [capability],
        "securitySchemes": {
            "oauth2": {
                "oauth2SecurityScheme": {
                    "flows": {
                        "authorizationCode": {
                            "authorizationUrl": "https://id.example.com/authorize",
                            "tokenUrl": "https://id.example.com/token",
                            "scopes": {"read": "Read issues"},
                            "pkceRequired": True,
                        }
                    }
                }
            }
        },
        "securityRequirements": [{"schemes": {"oauth2": {"list": ["read"]}}}],
    }


@pytest.mark.parametrize(
    ("auth", "scheme"),
    [
        ({"type": "bearer"}, {"httpAuthSecurityScheme": {"scheme": "Bearer"}}),
        (
            {"type": "api_key", "name": "X-Key"},
            {"apiKeySecurityScheme": {"location": "header", "name": "X-Key"}},
        ),
        (
            {"type": "oauth2", "tokenUrl": ENDPOINT},
            {"oauth2SecurityScheme": {"flows": {"clientCredentials": {"tokenUrl": ENDPOINT, "scopes": {}}}}},
        ),
        ({"type": "openid", "url": ENDPOINT}, {"openIdConnectSecurityScheme": {"openIdConnectUrl": ENDPOINT}}),
        ({"type": "mtls"}, {"mtlsSecurityScheme": {}}),
    ],
    ids=lambda value: value.get("type") or "",
)
def test_each_way_to_authenticate_has_its_scheme(auth: dict[str, Any], scheme: dict[str, Any]) -> None:
    card = card_value(stored(auth_requirements=auth)).public_json()
    assert card["securitySchemes"] == {auth["type"]: scheme}
    assert card["securityRequirements"] == [{"schemes": {auth["type"]: {"list": []}}}]


def test_a_card_of_the_original_is_shown_as_far_as_it_is_understood() -> None:
    capabilities = [{"name": "search", "inputSchema": {"type": "object", "default": CANARY}}, {"nameless": 1}, "x"]
    card = card_value(stored(capabilities=capabilities, auth_requirements={"type": "custom", "secret": CANARY}))
    shown = card.public_json()
    assert shown["skills"] == [{"id": "search", "name": "search", "description": "search", "tags": ["search"]}]
    assert "securitySchemes" not in shown
    assert CANARY not in json.dumps(shown)


@pytest.mark.parametrize(
    "values", [{"endpoint": None}, {"capabilities": []}, {"endpoint": f"https://ada:{CANARY}@example.com"}]
)
def test_what_is_no_public_card_is_not_shown_as_one(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="endpoint and at least one capability") as refusal:
        card_value(stored(**values)).public_json()
    assert CANARY not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "agents.example.com",
        "ftp://example.com",
        "https://",
        "https://ada:x@example.com",
        "https://ada@example.com",
        "https://example.com/?key=x",
        "https://example.com/#x",
        "https://example.com/\n",
        "https://[",
        "javascript:alert(1)",
    ],
)
def test_a_url_that_may_hold_a_secret_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must"):
        public_url(url)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"name": ""}, "name"),
        ({"version": "x" * 65}, "version"),
        ({"endpoint": f"https://ada:{CANARY}@example.com"}, "endpoint"),
        ({"protocols": []}, "protocols"),
        ({"capabilities": [{"name": "a", "apiKey": CANARY}]}, "capabilities.0.apiKey"),
        ({"auth": {"type": "bearer", "token": CANARY}}, "auth.bearer.token"),
        ({"auth": {"type": "custom"}}, "auth"),
        ({"auth": {"type": "oauth2", "token_url": f"https://x/?s={CANARY}"}}, "auth.oauth2"),
        ({"metadata": [1]}, "metadata"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_no_card_is_refused_without_its_value(kavach: Any, values: dict[str, Any], where: str) -> None:
    card = await make_card(kavach)
    for refused in (make_card(kavach, **values), kavach.card.update(card.id, **values)):
        with pytest.raises(InvalidInput, match=f"^{where}") as refusal:
            await refused
        assert CANARY not in str(refusal.value)
    assert await kavach.card.list() == [card]


@pytest.mark.every_database
async def test_cards_of_active_agents_are_found_by_capability(kavach: Any, clock: Clock) -> None:
    revoked, expiring = await make_agent(kavach), await make_agent(kavach, expires_at=clock.later(hours=1))
    cards = []
    for number in range(6):
        agent = {1: revoked, 3: expiring}.get(number)
        cards.append(await make_card(kavach, agent, capabilities=[TRIAGE] if number else [{"name": "sort"}]))
        clock.pass_time(seconds=1)
    await kavach.agent.revoke(revoked.id)
    expected = [cards[n] for n in (2, 3, 4, 5)]
    for word in ("triage", "Triage issues", "github"):
        assert await kavach.card.find(word) == expected
    first = await kavach.card.find("triage", limit=2)
    assert first + await kavach.card.find("triage", limit=2, after=first[-1]) == expected
    assert await kavach.card.find("Triage") == []
    clock.pass_time(hours=1)
    assert await kavach.card.find("triage") == [cards[n] for n in (2, 4, 5)]
    assert await kavach.card.list(limit=4) == cards[:4]
    assert await kavach.card.list(limit=4, after=cards[3]) == cards[4:]


async def test_finding_reads_no_more_pages_than_it_needs(
    host: Host, kavach: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kavach_core import AsyncStorage, Storage
    from kavach_core.engine._async import cards
    from kavach_core.engine._sync import cards as sync_cards

    agent = await make_agent(kavach)
    made = [await make_card(kavach, agent) for _ in range(7)]
    asked: list[int] = []
    for kind, module in ((AsyncStorage, cards), (Storage, sync_cards)):
        monkeypatch.setattr(module, "_PAGE", 3)
        listing: Any = kind.list_agent_cards

        def note(self: Any, *, listing: Any = listing, **values: Any) -> Any:
            asked.append(values["limit"])
            return listing(self, **values)

        monkeypatch.setattr(kind, "list_agent_cards", note)
    assert await kavach.card.find("triage", limit=2) == made[:2]
    assert asked == [3]
    assert await kavach.card.find("nothing", limit=3) == []
    assert asked == [3] * 4


async def test_a_card_needs_an_active_agent(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach)
    card = await make_card(kavach, agent)
    await kavach.agent.revoke(agent.id)
    with pytest.raises(InactiveAgentError):
        await make_card(kavach, agent)
    with pytest.raises(NotFoundError):
        await kavach.card.create("nobody", name="n")
    with pytest.raises(NotFoundError):
        await kavach.card.update("nothing", name="n")
    for limit in (0, 1001, True):
        with pytest.raises(InvalidInput):
            await kavach.card.find("x", limit=limit)
    await host.storage.delete_agent(agent.id)
    assert await kavach.card.get(card.id) is None
