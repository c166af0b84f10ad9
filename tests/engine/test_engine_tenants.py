"""Tenants (P22): suspended ones are denied everything, and the limits of each are enforced exactly."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice, pairwise
from typing import Any

import pytest

from colours import Opened
from engine.support import READ_GITHUB, READ_ISSUES, START, Clock, Host, ask, hand, make_agent, operations_of
from kavach_core import (
    ConfigurationError,
    ConflictError,
    DelegationError,
    InactiveTenantError,
    InvalidInput,
    LimitExceeded,
    NotFoundError,
    TenantSettings,
)

pytestmark = pytest.mark.one_database


async def acme(kavach: Any, **settings: Any) -> Any:
    """Create the tenant "acme" with settings."""
    return await kavach.tenant.create(id="acme", name="Acme Corp", slug="acme", settings=settings)


@pytest.mark.every_database
async def test_p22_a_suspended_tenant_is_denied_by_id_by_token_and_by_delegation(host: Host, kavach: Any) -> None:
    tenant = await acme(kavach)
    agent, helper = [await make_agent(kavach, *held, tenant_id="acme") for held in ([READ_GITHUB], [])]
    other = await make_agent(kavach, READ_ISSUES)
    await hand(kavach, agent, helper, READ_ISSUES)
    suspended = await kavach.tenant.suspend(tenant.id)
    assert suspended == tenant.model_copy(update={"status": "suspended"})
    assert [await ask(kavach, one) for one in (agent, helper, other)] == ["tenant_suspended"] * 2 + [None]
    denied = await kavach.authorize_by_token(agent.token, action="read", resource="mcp:github:issues")
    assert (denied.code, denied.reason) == ("tenant_suspended", "the tenant of the agent is suspended")
    row = (await host.audit_rows())[-1]
    assert (row.id, row.code, row.result) == (denied.audit_id, "tenant_suspended", "denied")
    with pytest.raises(InactiveTenantError, match=r"^the tenant is suspended; activate it first$"):
        await make_agent(kavach, tenant_id="acme")
    with pytest.raises(InactiveTenantError):
        await hand(kavach, agent, helper, READ_ISSUES)
    assert (await kavach.tenant.activate(tenant.id)).status == "active"
    assert [await ask(kavach, one) for one in (agent, helper)] == [None, None]
    await make_agent(kavach, tenant_id="acme")


async def test_an_agent_that_is_revoked_besides_is_told_so(kavach: Any) -> None:
    await acme(kavach)
    agent = await make_agent(kavach, READ_ISSUES, tenant_id="acme")
    await kavach.agent.revoke(agent.id)
    await kavach.tenant.suspend("acme")
    assert await ask(kavach, agent) == "agent_revoked"


async def test_p22_a_tenant_whose_status_is_not_known_is_suspended(host: Host, kavach: Any) -> None:
    await acme(kavach)
    agent = await make_agent(kavach, READ_ISSUES, tenant_id="acme")
    await host.storage.update_tenant("acme", status="frozen")
    assert await ask(kavach, agent) == "tenant_suspended"
    assert (await kavach.tenant.get("acme")).status == "suspended"


async def test_a_tenant_costs_no_statement(host: Host, kavach: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await acme(kavach)
    asked = []
    for tenant in (None, "acme"):
        agent = await make_agent(kavach, READ_ISSUES, tenant_id=tenant)
        with operations_of(host, monkeypatch) as operations:
            assert await ask(kavach, agent) is None
        asked.append(operations)
    assert asked[1] == asked[0]


@pytest.mark.every_database
async def test_p22_of_agents_created_at_once_a_tenant_gets_as_many_as_it_may(opened: Opened) -> None:
    kavach = await opened.kavach(agents={"max_per_user": 20})
    await acme(kavach, max_agents=5)
    results = await opened.together(lambda n: make_agent(kavach, owner_id=f"owner {n % 3}", tenant_id="acme"), 16)
    refused = [result for result in results if isinstance(result, BaseException)]
    assert {type(error) for error in refused} == {LimitExceeded}
    assert len(await kavach.agent.list(tenant_id="acme")) == len(results) - len(refused) == 5


async def test_p22_revoked_and_expired_agents_make_room_and_others_are_not_counted(kavach: Any, clock: Clock) -> None:
    await acme(kavach, max_agents=1)
    await make_agent(kavach)
    await make_agent(kavach, tenant_id="other")
    agent = await make_agent(kavach, tenant_id="acme")
    with pytest.raises(LimitExceeded, match=r"^the tenant has 1 active agents, the most allowed; revoke one first$"):
        await make_agent(kavach, tenant_id="acme")
    await kavach.agent.revoke(agent.id)
    await make_agent(kavach, tenant_id="acme", expires_at=clock.later(minutes=1))
    clock.pass_time(minutes=1)
    await make_agent(kavach, tenant_id="acme")
    await kavach.tenant.update("acme", settings={"max_agents": 0})
    with pytest.raises(LimitExceeded):
        await make_agent(kavach, tenant_id="acme")


async def test_p22_only_allowed_types_are_created(host: Host, kavach: Any) -> None:
    await acme(kavach, allowed_agent_types=["service", "delegated"])
    await make_agent(kavach, tenant_id="acme", type="service")
    await make_agent(kavach, type="autonomous")
    before = await host.count()
    with pytest.raises(InvalidInput, match=r"^type: the tenant allows service, delegated$"):
        await make_agent(kavach, tenant_id="acme", type="autonomous")
    assert await host.count() == before


@pytest.mark.parametrize(("most", "hops"), [(0, 0), (1, 1), (2, 2), (None, 3)])
async def test_p22_a_delegation_is_no_deeper_than_its_tenant_allows(kavach: Any, most: int | None, hops: int) -> None:
    await acme(kavach, max_delegation_depth=most)
    agents = [await make_agent(kavach, *held, tenant_id="acme") for held in ([READ_GITHUB], [], [], [], [])]
    for giver, receiver in islice(pairwise(agents), hops):
        chain = await hand(kavach, giver, receiver, READ_ISSUES)
        assert chain.max_depth == hops
    with pytest.raises(DelegationError, match="deeper than its max_depth, or its tenant, allows"):
        await hand(kavach, agents[hops], agents[hops + 1], READ_ISSUES)


@pytest.mark.parametrize("settings", [{"maxAgents": 1}, {"max_agents": 1}, {"maxAgents": 1, "auditRetentionDays": 30}])
async def test_p22_settings_of_the_original_are_enforced(host: Host, kavach: Any, settings: dict[str, Any]) -> None:
    await host.storage.create_tenant(
        id="old", name="Old", slug="old", settings=settings, created_at=START, updated_at=START
    )
    assert (await kavach.tenant.get("old")).settings == TenantSettings(max_agents=1)
    await make_agent(kavach, tenant_id="old")
    with pytest.raises(LimitExceeded):
        await make_agent(kavach, tenant_id="old")


async def test_settings_that_are_not_understood_admit_nobody(host: Host, kavach: Any) -> None:
    await acme(kavach)
    agent, other = [await make_agent(kavach, READ_ISSUES, tenant_id="acme") for _ in range(2)]
    await host.storage.update_tenant("acme", settings={"maxAgents": "many"})
    assert (await kavach.tenant.get("acme")).settings is None
    for refused in (make_agent(kavach, tenant_id="acme"), hand(kavach, agent, other, READ_ISSUES)):
        with pytest.raises(InvalidInput, match=r"^the stored settings of the tenant cannot be read; update them$"):
            await refused
    assert await ask(kavach, agent) is None
    await kavach.tenant.update("acme", settings={"max_agents": 5})
    await make_agent(kavach, tenant_id="acme")


async def test_a_tenant_is_made_found_listed_and_changed(kavach: Any, clock: Clock) -> None:
    made = [await kavach.tenant.create(name=f"Tenant {slug}", slug=slug) for slug in ("a", "b", "c")]
    assert (made[0].status, made[0].settings, made[0].created_at) == ("active", TenantSettings(), START)
    assert await kavach.tenant.get(made[1].id) == await kavach.tenant.get_by_slug("b") == made[1]
    assert await kavach.tenant.get("b") is await kavach.tenant.get_by_slug(made[1].id) is None
    page = await kavach.tenant.list(limit=2)
    assert page + await kavach.tenant.list(after=page[-1]) == made
    clock.pass_time(minutes=1)
    await kavach.tenant.update(made[0].id, settings={"max_agents": 3, "max_delegation_depth": 1})
    changed = await kavach.tenant.update(made[0].id, name="New", slug="new", settings={"max_agents": None})
    assert changed.settings == TenantSettings(max_delegation_depth=1)
    assert (changed.name, changed.slug, changed.updated_at - changed.created_at) == ("New", "new", timedelta(minutes=1))


async def test_a_tenant_that_cannot_be_is_refused(host: Host, kavach: Any) -> None:
    wrong: list[Any] = [{"name": ""}, {"id": ""}, {"slug": "No Slug"}, {"settings": {"maxAgents": -1}}, {"name": 5}]
    for values in wrong:
        with pytest.raises(InvalidInput):
            await kavach.tenant.create(**{"name": "Acme", "slug": "acme", **values})
    assert await host.count() == {}
    await acme(kavach)
    other = await kavach.tenant.create(name="Other", slug="other")
    for refused in (kavach.tenant.create(name="A", slug="acme"), kavach.tenant.update(other.id, slug="acme")):
        with pytest.raises(ConflictError):
            await refused
    wrong = [{"name": ""}, {"slug": "-"}, {"settings": {"theme": "dark"}}]
    for values in wrong:
        with pytest.raises(InvalidInput):
            await kavach.tenant.update(other.id, **values)
    with pytest.raises(InvalidInput):
        await kavach.tenant.list(limit=0)
    for method in (kavach.tenant.update, kavach.tenant.suspend, kavach.tenant.activate):
        with pytest.raises(NotFoundError, match=r"^no tenant has this id$"):
            await method("nobody")


@pytest.mark.every_database
async def test_settings_that_are_changed_at_once_are_all_kept(opened: Opened) -> None:
    kavach = await opened.kavach()
    await acme(kavach)
    changes = [{"max_agents": 7}, {"max_delegation_depth": 2}, {"allowed_agent_types": ["service"]}]
    results = await opened.together(lambda n: kavach.tenant.update("acme", settings=changes[n]), 3)
    assert [result for result in results if isinstance(result, BaseException)] == []
    expected = TenantSettings(max_agents=7, max_delegation_depth=2, allowed_agent_types=["service"])
    assert (await kavach.tenant.get("acme")).settings == expected


async def test_p22_default_permissions_are_those_of_an_agent_that_is_given_none(host: Host) -> None:
    kavach = await host.kavach(agents={"default_permissions": [READ_ISSUES]})
    given = {"owner_id": "ada", "name": "n", "type": "service"}
    left_out = await kavach.agent.create(**given)
    none = await kavach.agent.create(**given, permissions=None)
    empty = await kavach.agent.create(**given, permissions=[])
    other = await kavach.agent.create(**given, permissions=[READ_GITHUB])
    assert [[p.resource for p in agent.permissions] for agent in (left_out, none, empty, other)] == [
        ["mcp:github:issues"],
        ["mcp:github:issues"],
        [],
        ["mcp:github:*"],
    ]
    assert [await ask(kavach, agent) for agent in (left_out, none, empty)] == [None, None, "no_permission"]
    plain = await host.kavach()
    assert (await plain.agent.create(**given)).permissions == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "agents.default_permissions: pass a list of permissions"),
        ([{"resource": "a"}], "agents.default_permissions[0]: actions: field required"),
        ([{"resource": "a:*b", "actions": ["x"]}], "agents.default_permissions[0].resource: "),
    ],
)
async def test_p22_default_permissions_that_cannot_be_are_refused(host: Host, given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await host.kavach(agents={"default_permissions": given})
    assert message in str(caught.value)
