"""What people do at once: one account, exact limits, no session of an old password, one member."""

from __future__ import annotations

from typing import Any

import pytest

from engine.people import ADA, PASSWORD, open_kavach, sign_in, sign_up
from engine.support import Clock, Host
from kavach_core import AuthenticationError, ConflictError, NotFoundError, TooManyAttempts

AT_ONCE = 6


@pytest.fixture
async def kavach(host: Host) -> Any:
    return await open_kavach(host, max_attempts=4)


def kinds(results: list[Any]) -> dict[str, int]:
    """Count results by what they are."""
    names = [type(result).__name__ for result in results]
    return {name: names.count(name) for name in sorted(set(names))}


async def test_u8_one_of_many_sign_ups_gets_the_address(kavach: Any, host: Host) -> None:
    spelled = [ADA, ADA.upper(), ADA.title()] * 2
    results = await host.opened.together(lambda i: sign_up(kavach, spelled[i]), AT_ONCE)
    assert kinds(results) == {ConflictError.__name__: AT_ONCE - 1, "SignedIn": 1}
    assert await host.count() == dict.fromkeys(
        ("kavach_users", "kavach_passwords", "kavach_sessions", "kavach_login_history"), 1
    )


async def test_the_limit_of_attempts_is_exact(kavach: Any, host: Host) -> None:
    await sign_up(kavach)
    results = await host.opened.together(lambda _: sign_in(kavach, "wrong", ip="10.0.0.1"), AT_ONCE)
    assert kinds(results) == {AuthenticationError.__name__: 4, TooManyAttempts.__name__: 2}
    assert sorted((row.count) for row in await host.sql("SELECT count FROM kavach_counters")) == [4, 4]


async def test_u10_parallel_requests_renew_a_session_and_none_ends_it(kavach: Any, host: Host, clock: Clock) -> None:
    session = (await sign_up(kavach)).session
    clock.pass_time(days=2)
    results = await host.opened.together(lambda _: kavach.session.get(session.token), AT_ONCE)
    assert {found.expires_at for found in results} == {clock.later(days=7)}
    ((count,),) = await host.sql("SELECT COUNT(*) FROM kavach_sessions")
    assert count == 1


async def test_u9_no_session_of_an_old_password_outlives_its_change(kavach: Any, host: Host) -> None:
    user = (await sign_up(kavach)).user

    async def work(number: int) -> Any:
        if number % 2:
            return await sign_in(kavach)
        new = f"new horse battery {number}"
        return await kavach.user.change_password(user.id, current_password=PASSWORD, new_password=new)

    results = await host.opened.together(work, 4)
    changed = [number for number in (0, 2) if results[number] is None]
    assert len(changed) == 1
    assert kinds([results[1], results[3]]).keys() <= {"SignedIn", "AuthenticationError"}
    assert await kavach.session.list(user.id) == []
    await sign_in(kavach, f"new horse battery {changed[0]}")


async def test_parallel_sign_ins_may_renew_one_hash(kavach: Any, host: Host) -> None:
    await sign_up(kavach)
    stronger = await open_kavach(host, hash_time_cost=2)
    results = await host.opened.together(lambda _: sign_in(stronger), 3)
    assert kinds(results) == {"SignedIn": 3}


async def test_u11_one_of_many_accepts_an_invitation(kavach: Any, host: Host) -> None:
    for name in ("ada", "bob"):
        await kavach.user.create(email=f"{name}@example.com", id=name)
    org = await kavach.organization.create(name="Acme", slug="acme", owner_id="ada")
    made = await kavach.invitation.create(org_id=org.id, email="bob@example.com", invited_by="ada")
    results = await host.opened.together(lambda _: kavach.invitation.accept(made.token, user_id="bob"), 4)
    assert kinds(results) == {"Member": 1, NotFoundError.__name__: 3}


async def test_an_organization_has_one_owner_whoever_transfers_it_at_once(kavach: Any, host: Host) -> None:
    names = ["ada", "bob", "eve"]
    for name in names:
        await kavach.user.create(email=f"{name}@example.com", id=name)
    org = await kavach.organization.create(name="Acme", slug="acme", owner_id="ada")
    for name in names[1:]:
        await kavach.organization.add_member(org.id, user_id=name)
    await host.opened.together(lambda i: kavach.organization.transfer(org.id, to=names[1 + i % 2]), 4)
    owner = (await kavach.organization.get(org.id)).owner_id
    members = await kavach.organization.list_members(org.id)
    assert [found.user_id for found in members if found.role == "owner"] == [owner]
