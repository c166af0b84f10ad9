"""Organizations: who owns them, who is in them, and how one gets in."""

from __future__ import annotations

from typing import Any

import pytest

from engine.people import open_kavach, sign_up
from engine.support import Clock, Host
from kavach_core import ConflictError, InvalidInput, NotFoundError

pytestmark = pytest.mark.one_database


@pytest.fixture
async def kavach(host: Host) -> Any:
    return await open_kavach(host)


async def user_of(kavach: Any, name: str) -> str:
    """Store a user without a password, and return the id."""
    user = await kavach.user.create(email=f"{name}@example.com", id=name)
    return str(user.id)


@pytest.fixture
async def acme(kavach: Any) -> Any:
    """Return an organization of ada's; bob and eve are users besides."""
    for name in ("ada", "bob", "eve"):
        await user_of(kavach, name)
    return await kavach.organization.create(name="Acme", slug="acme", owner_id="ada", metadata={"plan": 1})


async def roles(kavach: Any, org: Any) -> dict[str, str]:
    return {found.user_id: found.role for found in await kavach.organization.list_members(org.id)}


async def test_its_maker_owns_an_organization(kavach: Any, acme: Any) -> None:
    assert await roles(kavach, acme) == {"ada": "owner"}
    assert await kavach.organization.get(acme.id) == acme == await kavach.organization.get_by_slug("acme")
    assert await kavach.organization.list_by_user("ada") == [acme]
    assert await kavach.organization.list_by_user("bob") == []
    assert await kavach.organization.role_of(acme.id, user_id="bob") is None


@pytest.mark.parametrize("slug", ["", "Acme", "a b", "-a", "a-", "a--b", "\u00e4", "a" * 64, "a/b"])
async def test_a_slug_fits_into_an_address(kavach: Any, slug: str) -> None:
    await user_of(kavach, "ada")
    with pytest.raises(InvalidInput):
        await kavach.organization.create(name="Acme", slug=slug, owner_id="ada")


async def test_a_failed_creation_leaves_nothing(kavach: Any, acme: Any, host: Host) -> None:
    before = await host.count()
    with pytest.raises(ConflictError):
        await kavach.organization.create(name="Other", slug="acme", owner_id="bob")
    with pytest.raises(NotFoundError):
        await kavach.organization.create(name="Other", slug="other", owner_id="nobody")
    assert await host.count() == before


async def test_an_organization_is_changed_and_deleted(kavach: Any, acme: Any, host: Host) -> None:
    assert (await kavach.organization.update(acme.id, name="Acme Labs", metadata=None)).name == "Acme Labs"
    await kavach.organization.create_role(acme.id, name="auditor", permissions=["audit:read"])
    await kavach.invitation.create(org_id=acme.id, email="bob@example.com", invited_by="ada")
    assert await kavach.organization.delete(acme.id) is True
    assert await kavach.organization.delete(acme.id) is False
    assert await host.count() == {"kavach_users": 3}
    with pytest.raises(NotFoundError):
        await kavach.organization.update(acme.id, name="x")


async def test_members_have_roles(kavach: Any, acme: Any) -> None:
    await kavach.organization.add_member(acme.id, user_id="bob")
    with pytest.raises(ConflictError):
        await kavach.organization.add_member(acme.id, user_id="bob")
    with pytest.raises(InvalidInput):
        await kavach.organization.set_role(acme.id, user_id="bob", role="auditor")
    await kavach.organization.create_role(acme.id, name="auditor", permissions=["audit:read"])
    await kavach.organization.set_role(acme.id, user_id="bob", role="auditor")
    assert await kavach.organization.role_of(acme.id, user_id="bob") == "auditor"
    (role,) = await kavach.organization.list_roles(acme.id)
    assert (role.name, role.permissions) == ("auditor", ["audit:read"])
    for taken in ("auditor", "owner"):
        with pytest.raises(ConflictError):
            await kavach.organization.create_role(acme.id, name=taken)
    assert await kavach.organization.delete_role(acme.id, name="auditor") is True
    assert await kavach.organization.delete_role(acme.id, name="auditor") is False
    assert await kavach.organization.remove_member(acme.id, user_id="bob") is True
    assert await kavach.organization.remove_member(acme.id, user_id="bob") is False
    with pytest.raises(NotFoundError):
        await kavach.organization.add_member(acme.id, user_id="nobody")


async def test_an_organization_is_never_without_its_owner(kavach: Any, acme: Any) -> None:
    await kavach.organization.add_member(acme.id, user_id="bob")
    with pytest.raises(InvalidInput):
        await kavach.organization.remove_member(acme.id, user_id="ada")
    with pytest.raises(InvalidInput):
        await kavach.organization.set_role(acme.id, user_id="ada", role="member")
    with pytest.raises(InvalidInput):
        await kavach.organization.set_role(acme.id, user_id="bob", role="owner")
    with pytest.raises(NotFoundError):
        await kavach.organization.transfer(acme.id, to="eve")
    assert (await kavach.organization.transfer(acme.id, to="bob")).owner_id == "bob"
    assert await roles(kavach, acme) == {"ada": "admin", "bob": "owner"}
    await kavach.organization.transfer(acme.id, to="bob")
    assert await roles(kavach, acme) == {"ada": "admin", "bob": "owner"}
    assert await kavach.organization.remove_member(acme.id, user_id="ada") is True


async def invite(kavach: Any, org: Any, email: str = "bob@example.com", **more: Any) -> Any:
    return await kavach.invitation.create(org_id=org.id, email=email, invited_by="ada", **more)


async def test_an_invitation_is_accepted_by_its_address_once(kavach: Any, acme: Any, host: Host) -> None:
    made = await invite(kavach, acme, "Bob@Example.com", role="admin")
    assert (made.email, made.status, made.token[:4]) == ("bob@example.com", "pending", "kvi_")
    assert made.token not in repr(made)
    assert made.token not in repr(await host.sql("SELECT * FROM kavach_org_invitations"))
    for token, user_id in ((made.token, "eve"), (made.token, "nobody"), (made.id, "bob"), ("kvi_", "bob")):
        with pytest.raises(NotFoundError):
            await kavach.invitation.accept(token, user_id=user_id)
    assert (await kavach.invitation.accept(made.token, user_id="bob")).role == "admin"
    assert await roles(kavach, acme) == {"ada": "owner", "bob": "admin"}
    with pytest.raises(NotFoundError):
        await kavach.invitation.accept(made.token, user_id="bob")
    (listed,) = await kavach.invitation.list(acme.id)
    assert (listed.status, listed.token) == ("accepted", "")


async def test_u8_an_unproven_address_joins_nothing(kavach: Any, acme: Any) -> None:
    """Whoever signs up writes the address they like; without the token that was sent there it opens nothing."""
    made = await invite(kavach, acme, "carol@example.com")
    impostor = (await sign_up(kavach, "carol@example.com")).user
    (listed,) = await kavach.invitation.list(acme.id)
    for known in (listed.id, listed.token):
        with pytest.raises(NotFoundError):
            await kavach.invitation.accept(known, user_id=impostor.id)
    assert listed.id == made.id


async def test_an_invitation_ends(kavach: Any, acme: Any, clock: Clock) -> None:
    declined, revoked, late = [await invite(kavach, acme) for _ in range(3)]
    await kavach.invitation.decline(declined.token)
    assert await kavach.invitation.revoke(revoked.id, org_id="other") is False
    assert await kavach.invitation.revoke(revoked.id, org_id=acme.id) is True
    assert await kavach.invitation.revoke(revoked.id, org_id=acme.id) is False
    clock.pass_time(days=7)
    for made in (declined, revoked, late):
        with pytest.raises(NotFoundError):
            await kavach.invitation.accept(made.token, user_id="bob")
    statuses = {found.id: found.status for found in await kavach.invitation.list(acme.id)}
    assert statuses == {declined.id: "declined", revoked.id: "revoked", late.id: "expired"}


@pytest.mark.every_database
@pytest.mark.parametrize("how", ["removed", "member"])
async def test_an_invitation_ends_with_the_rank_of_who_made_it(kavach: Any, acme: Any, how: str) -> None:
    """Whoever invites has seen the token, and anybody can sign up with any address."""
    await kavach.organization.add_member(acme.id, user_id="eve", role="admin")
    made = await kavach.invitation.create(org_id=acme.id, email="bob@example.com", invited_by="eve", role="admin")
    other = await invite(kavach, acme)
    await kavach.organization.set_role(acme.id, user_id="eve", role="admin")
    assert [found.status for found in await kavach.invitation.list(acme.id)] == ["pending", "pending"]
    if how == "removed":
        await kavach.organization.remove_member(acme.id, user_id="eve")
    else:
        await kavach.organization.set_role(acme.id, user_id="eve", role=how)
    with pytest.raises(NotFoundError):
        await kavach.invitation.accept(made.token, user_id="bob")
    assert (await kavach.invitation.accept(other.token, user_id="bob")).role == "member"


async def test_an_invitation_that_cannot_be_is_refused(kavach: Any, acme: Any) -> None:
    for wrong in ({"email": "bob"}, {"role": "owner"}, {"role": "auditor"}):
        with pytest.raises(InvalidInput):
            await invite(kavach, acme, **wrong)
    with pytest.raises(NotFoundError):
        await kavach.invitation.create(org_id="other", email="bob@example.com", invited_by="ada")


async def test_a_member_is_not_made_twice(kavach: Any, acme: Any) -> None:
    made = await invite(kavach, acme)
    await kavach.organization.add_member(acme.id, user_id="bob")
    with pytest.raises(ConflictError):
        await kavach.invitation.accept(made.token, user_id="bob")
    (listed,) = await kavach.invitation.list(acme.id)
    assert listed.status == "pending"
