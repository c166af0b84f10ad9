"""Settings of tenants: how they are read, merged and spelled (P22)."""

from __future__ import annotations

from typing import Any

import pytest

from kavach_core import InvalidInput, TenantSettings
from kavach_core.policy.tenants import check_settings, check_slug, merge_settings, read_settings

STORED: dict[str, Any] = {"maxAgents": 3, "maxDelegationDepth": 2, "allowedAgentTypes": ["service"]}


def test_p22_settings_are_read_in_both_spellings() -> None:
    expected = TenantSettings(max_agents=3, max_delegation_depth=2, allowed_agent_types=["service"])
    assert read_settings(STORED) == expected
    assert read_settings({"max_agents": 3, "max_delegation_depth": 2, "allowed_agent_types": ["service"]}) == expected
    assert read_settings({**STORED, "auditRetentionDays": 30, "theme": "dark"}) == expected
    assert read_settings(None) == read_settings({}) == TenantSettings()


@pytest.mark.parametrize(
    "stored", [{"maxAgents": -1}, {"maxAgents": "3"}, {"allowedAgentTypes": ["robot"]}, {"max_delegation_depth": True}]
)
def test_settings_that_are_not_understood_are_no_settings(stored: dict[str, Any]) -> None:
    assert read_settings(stored) is None
    with pytest.raises(InvalidInput, match=r"^settings: expected a mapping with any of max_agents, "):
        check_settings(stored)


@pytest.mark.parametrize("given", [{"auditRetentionDays": 30}, {"max_agent": 1}, 5, "max_agents"])
def test_what_is_no_setting_is_not_written(given: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^settings: "):
        check_settings(given)


@pytest.mark.parametrize(
    ("stored", "given", "merged"),
    [
        (None, {}, {}),
        (None, {"max_agents": 1}, {"maxAgents": 1}),
        (STORED, {"max_agents": 5}, {**STORED, "maxAgents": 5}),
        (STORED, {"maxAgents": None}, {k: v for k, v in STORED.items() if k != "maxAgents"}),
        ({"max_agents": 1, "theme": "dark"}, {"maxAgents": 0}, {"theme": "dark", "maxAgents": 0}),
        ({"maxAgents": "many"}, {"max_agents": 2}, {"maxAgents": 2}),
        ({"auditRetentionDays": 30}, {"allowed_agent_types": []}, {"auditRetentionDays": 30, "allowedAgentTypes": []}),
    ],
)
def test_what_is_given_replaces_what_is_stored_and_the_rest_stays(
    stored: dict[str, Any] | None, given: dict[str, Any], merged: dict[str, Any]
) -> None:
    assert merge_settings(stored, check_settings(given)) == merged


def test_a_value_of_settings_says_only_what_was_said() -> None:
    assert merge_settings(STORED, check_settings(TenantSettings(max_agents=9))) == {**STORED, "maxAgents": 9}


@pytest.mark.parametrize("slug", ["a", "acme", "acme-corp", "a1-2b-c"])
def test_a_slug_is_letters_digits_and_single_hyphens(slug: str) -> None:
    assert check_slug(slug) == slug


@pytest.mark.parametrize("slug", ["", "-", "a-", "-a", "a--b", "Acme", "a b", "a_b", "ä", "a\n", None])
def test_what_is_no_slug_is_refused(slug: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^slug: "):
        check_slug(slug)
