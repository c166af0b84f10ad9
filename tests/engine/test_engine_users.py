"""People who sign up, in and out, change their password, and are banned."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from engine.people import ADA, ELSEWHERE, HOME, PASSWORD, open_kavach, sign_in, sign_up
from engine.support import Clock, Host
from kavach_core import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    InvalidInput,
    NotFoundError,
    TooManyAttempts,
)
from kavach_schema.model import UNSET

pytestmark = pytest.mark.one_database

NEW = "another horse battery"
REFUSED = "the e-mail address or the password is wrong"


@pytest.fixture
async def kavach(host: Host) -> Any:
    return await open_kavach(host)


async def refuse(kavach: Any, password: str = PASSWORD, **more: Any) -> None:
    """Make sure that a sign-in is refused, with the one error that there is for all reasons."""
    with pytest.raises(AuthenticationError) as caught:
        await sign_in(kavach, password, **more)
    assert (str(caught.value), caught.value.__cause__) == (REFUSED, None)


async def test_u6_the_token_of_a_sign_in_is_that_of_a_session(kavach: Any, clock: Clock) -> None:
    up = await sign_up(kavach, name="Ada", ip=HOME, user_agent="browser")
    assert (up.user.email, up.user.name, up.user.created_at) == (ADA, "Ada", clock.now)
    again = await sign_in(kavach)
    assert again.user == up.user
    for session in (up.session, again.session):
        assert session.token.startswith("kvu_")
        assert len(session.token) == 4 + 43  # 256 bits
        found = await kavach.session.get(session.token)
        assert (found.id, found.user_id, found.token) == (session.id, up.user.id, "")
    assert (up.session.ip, up.session.user_agent) == (HOME, "browser")


async def test_an_agent_may_belong_to_a_user(kavach: Any) -> None:
    """ST5: the owner of an agent is any text, a user's id among them."""
    user = (await sign_up(kavach)).user
    agent = await kavach.agent.create(owner_id=user.id, name="a", type="service", permissions=[])
    assert agent.owner_id == user.id


async def test_u6_secrets_are_stored_as_hashes(kavach: Any, host: Host) -> None:
    token = (await sign_up(kavach)).session.token
    (session,) = await host.sql("SELECT * FROM kavach_sessions")
    (password,) = await host.sql("SELECT * FROM kavach_passwords")
    assert token not in repr(session)
    assert token[4:] not in repr(session)
    assert PASSWORD not in repr(password)
    assert "$argon2id$v=19$m=8,t=1,p=1$" in repr(password)


async def test_u8_an_address_has_one_account_however_it_is_spelled(kavach: Any) -> None:
    user = (await sign_up(kavach, "Ada@Example.COM")).user
    assert user.email == ADA
    with pytest.raises(ConflictError) as caught:
        await sign_up(kavach, "aDA@example.com")
    assert (caught.value.table, caught.value.columns) == ("kavach_users", ("email",))
    assert (await sign_in(kavach, email="ADA@example.com")).user == user
    assert await kavach.user.get_by_email("ADA@EXAMPLE.COM") == user == await kavach.user.get(user.id)


async def test_a_failed_sign_up_leaves_nothing(kavach: Any, host: Host) -> None:
    await sign_up(kavach)
    before = await host.count()
    for wrong in ({"email": "ada"}, {"email": ADA}, {"password": "short"}, {"name": "x" * 256}, {"ip": "x" * 65}):
        with pytest.raises((InvalidInput, ConflictError)):
            await kavach.user.sign_up(**{"email": "eve@example.com", "password": PASSWORD, **wrong})
    assert await host.count() == before


async def test_the_reason_of_a_refusal_is_not_told(kavach: Any) -> None:
    user = (await sign_up(kavach)).user
    await kavach.user.create(email="host@example.com")
    await refuse(kavach, "wrong")
    await refuse(kavach, email="nobody@example.com")
    await refuse(kavach, email="host@example.com")  # has no password
    await kavach.user.ban(user.id)
    await refuse(kavach)


async def test_u13_a_hash_is_verified_also_for_nobody(kavach: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from argon2 import PasswordHasher

    verified: list[str] = []
    verify = PasswordHasher.verify

    def note(self: PasswordHasher, stored: str | bytes, password: str | bytes) -> bool:
        verified.append(str(stored).rpartition("$")[0].rpartition("$")[0])
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", note)
    await sign_up(kavach)
    await refuse(kavach, "wrong")
    await refuse(kavach, email="nobody@example.com")
    assert verified == ["$argon2id$v=19$m=8,t=1,p=1"] * 2


async def test_u13_the_parameters_are_those_of_rfc_9106(host: Host) -> None:
    kavach = await host.kavach()
    await sign_up(kavach)
    ((stored,),) = await host.sql("SELECT password_hash FROM kavach_passwords")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_a_hash_is_renewed_when_parameters_change(kavach: Any, host: Host) -> None:
    await sign_up(kavach)
    stronger = await open_kavach(host, hash_time_cost=2)
    await refuse(stronger, "wrong")
    ((before,),) = await host.sql("SELECT password_hash FROM kavach_passwords")
    await sign_in(stronger)
    ((after,),) = await host.sql("SELECT password_hash FROM kavach_passwords")
    assert (",t=1," in before, ",t=2," in after) == (True, True)
    await sign_in(stronger)
    assert await host.sql("SELECT password_hash FROM kavach_passwords") == [(after,)]


async def test_a_stored_hash_that_is_none_lets_nobody_in(kavach: Any, host: Host) -> None:
    user = (await sign_up(kavach)).user
    await host.storage.update_password(user.id, password_hash="pbkdf2:whatever")
    await refuse(kavach)


async def test_u9_a_changed_password_ends_all_other_sessions(kavach: Any) -> None:
    up = await sign_up(kavach)
    others = [(await sign_in(kavach)).session for _ in range(2)]
    stranger = (await sign_up(kavach, "eve@example.com")).session
    await kavach.user.change_password(
        up.user.id, current_password=PASSWORD, new_password=NEW, keep_session=up.session.id
    )
    assert [await kavach.session.get(other.token) for other in others] == [None, None]
    assert (await kavach.session.get(up.session.token)).id == up.session.id
    assert await kavach.session.get(stranger.token) is not None
    await refuse(kavach)
    await sign_in(kavach, NEW)


async def test_a_password_is_changed_by_whoever_knows_it(kavach: Any) -> None:
    user = (await sign_up(kavach)).user
    for _ in range(10):
        with pytest.raises(AuthenticationError):
            await kavach.user.change_password(user.id, current_password="wrong", new_password=NEW)
    with pytest.raises(TooManyAttempts):
        await kavach.user.change_password(user.id, current_password=PASSWORD, new_password=NEW)
    with pytest.raises(AuthenticationError):
        await kavach.user.change_password("nobody", current_password=PASSWORD, new_password=NEW)
    assert len(await kavach.session.list(user.id)) == 1
    await sign_in(kavach)


async def test_a_host_may_set_a_password(kavach: Any) -> None:
    known = await kavach.user.create(email=ADA, id="host-1", external_id="42", external_provider="ldap")
    assert known.id == "host-1"
    await kavach.user.set_password("host-1", password=PASSWORD)
    session = (await sign_in(kavach)).session
    await kavach.user.set_password("host-1", password=NEW)
    assert await kavach.session.get(session.token) is None
    await sign_in(kavach, NEW)
    with pytest.raises(NotFoundError):
        await kavach.user.set_password("nobody", password=NEW)


async def test_u9_a_banned_user_is_out_at_once_and_not_in_again(kavach: Any, clock: Clock) -> None:
    up = await sign_up(kavach)
    key = await kavach.api_key.create(user_id=up.user.id, name="ci", permissions=["authorize"])
    banned = await kavach.user.ban(up.user.id, reason="spam", expires_at=clock.later(hours=1))
    assert (banned.banned, banned.ban_reason, banned.ban_expires_at) == (True, "spam", clock.later(hours=1))
    assert await kavach.session.get(up.session.token) is None
    assert await kavach.api_key.verify(key.key) is None
    await refuse(kavach)
    with pytest.raises(AuthenticationError):
        await kavach.session.create(up.user.id, method="sso")

    clock.pass_time(hours=1)
    user = await kavach.user.get(up.user.id)
    assert (user.banned, user.ban_reason, user.ban_expires_at) == (False, None, None)
    await sign_in(kavach)
    assert await kavach.session.get(up.session.token) is None


async def test_a_session_that_a_ban_missed_is_worth_nothing(kavach: Any, host: Host) -> None:
    """U9: whoever is banned is out, also where the row of a session is left behind."""
    up = await sign_up(kavach)
    await host.storage.update_user(up.user.id, banned=True)
    assert await kavach.session.get(up.session.token) is None
    await kavach.user.unban(up.user.id)
    assert await kavach.session.get(up.session.token) is not None


async def test_a_user_is_changed(kavach: Any, clock: Clock) -> None:
    user = (await sign_up(kavach)).user
    clock.pass_time(seconds=5)
    changed = await kavach.user.update(user.id, name="Ada", metadata={"a": 1})
    assert (changed.name, changed.metadata, changed.updated_at) == ("Ada", {"a": 1}, clock.now)
    assert (await kavach.user.update(user.id, name=UNSET, metadata=None)).metadata is None
    for call in (kavach.user.update, kavach.user.ban, kavach.user.unban):
        with pytest.raises(NotFoundError):
            await call("nobody")


async def test_attempts_of_an_account_are_limited(kavach: Any, clock: Clock) -> None:
    await sign_up(kavach)
    for _ in range(10):
        await refuse(kavach, "wrong")
    clock.pass_time(minutes=1)
    with pytest.raises(TooManyAttempts) as caught:
        await sign_in(kavach)
    assert caught.value.retry_after == 14 * 60
    assert ADA not in str(caught.value)
    clock.pass_time(minutes=14)
    await sign_in(kavach)


async def test_a_success_clears_the_attempts_of_its_account(kavach: Any) -> None:
    await sign_up(kavach)
    for _ in range(3):
        for _ in range(9):
            await refuse(kavach, "wrong", ip=HOME)
        await sign_in(kavach, ip=HOME)


async def test_an_unknown_account_is_limited_like_a_known_one(kavach: Any) -> None:
    for _ in range(10):
        await refuse(kavach, email="nobody@example.com", ip=HOME)
    with pytest.raises(TooManyAttempts):
        await sign_in(kavach, email="nobody@example.com", ip=ELSEWHERE)


async def test_nobody_elsewhere_locks_a_person_out_of_where_they_come_from(kavach: Any) -> None:
    await sign_up(kavach, ip=HOME)
    for _ in range(10):
        await refuse(kavach, "wrong", ip=ELSEWHERE)
    with pytest.raises(TooManyAttempts):
        await sign_in(kavach, ip=ELSEWHERE)
    await sign_in(kavach, ip=HOME)


async def test_attempts_from_an_address_are_limited(host: Host) -> None:
    kavach = await open_kavach(host, max_attempts_per_address=5)
    await sign_up(kavach)
    await sign_in(kavach, ip="2001:db8::1")  # a success is given back
    for number in range(5):
        await refuse(kavach, email=f"user-{number}@example.com", ip=f"2001:db8::{number}")
    with pytest.raises(TooManyAttempts):
        await sign_in(kavach, ip="2001:db8::ffff")
    with pytest.raises(TooManyAttempts):
        await sign_up(kavach, "eve@example.com", ip="2001:db8::2")
    await sign_in(kavach, ip="2001:db8:0:1::1")


async def test_counters_hold_no_address(kavach: Any, host: Host) -> None:
    await refuse(kavach, ip=HOME)
    counters = repr(await host.sql("SELECT * FROM kavach_counters"))
    assert counters.count("sign-in:") == 2
    assert not any(part in counters for part in ("ada", "example", "198.51"))


async def test_a_sign_in_is_recorded(kavach: Any, host: Host, clock: Clock) -> None:
    user = (await sign_up(kavach)).user
    clock.pass_time(seconds=1)
    await sign_in(kavach, ip=HOME, user_agent="browser")
    await refuse(kavach, "wrong", ip=ELSEWHERE)
    newest, _ = await host.storage.list_login_history_by_user(user.id)
    assert (newest.method, newest.ip, newest.user_agent, newest.timestamp) == ("email", HOME, "browser", clock.now)


async def test_hashing_leaves_the_event_loop_free(host: Host) -> None:
    if host.opened.colour == "sync":
        pytest.skip("there is no event loop")
    kavach = await open_kavach(host, hash_time_cost=10, hash_memory_kib=32_768)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.002)
            ticks += 1

    ticking = asyncio.ensure_future(tick())
    await sign_up(kavach)
    ticking.cancel()
    assert ticks > 5


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ({"max_attempts": 0}, "users.max_attempts: "),
        ({"session_expiry": "soon"}, "malformed duration 'soon'"),
        ({"hash_memory_kib": 16, "hash_parallelism": 4}, "hash_memory_kib must be 8 times"),
        ({"pepper": "x"}, "users.pepper: unknown setting"),
    ],
)
async def test_settings_are_checked(host: Host, users: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        await host.kavach(users=users)


@pytest.mark.parametrize("module", ["argon2", "email_validator"])
async def test_what_is_not_installed_is_named(host: Host, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kavach = await open_kavach(host)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigurationError, match=r"pip install 'kavach-core\[server\]'"):
        await sign_up(kavach)
