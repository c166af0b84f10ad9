"""Sessions: how long they live, how they are renewed, listed and revoked; and API keys beside them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.people import HOME, open_kavach, sign_in, sign_up
from engine.support import START, Clock, Host, operations_of
from kavach_core import InvalidInput, NotFoundError

pytestmark = pytest.mark.one_database


@pytest.fixture
async def kavach(host: Host) -> Any:
    return await open_kavach(host, session_expiry="10h", session_lifetime="24h")


async def test_a_session_ends_when_it_is_not_used(kavach: Any, clock: Clock) -> None:
    session = (await sign_up(kavach)).session
    assert session.expires_at == START + timedelta(hours=10)
    clock.pass_time(hours=10)
    assert await kavach.session.get(session.token) is None
    assert await kavach.session.list(session.user_id) == []


async def test_st9_times_are_stored_in_seconds(kavach: Any, host: Host) -> None:
    await sign_up(kavach)
    ((created, expires),) = await host.sql("SELECT created_at, expires_at FROM kavach_sessions")
    assert (created, expires - created) == (int(START.timestamp()), 36_000)


async def test_a_session_that_is_used_goes_on_until_its_life_ends(kavach: Any, clock: Clock) -> None:
    session = (await sign_up(kavach)).session
    for hours in range(1, 24):
        clock.pass_time(hours=1)
        found = await kavach.session.get(session.token)
        assert found.expires_at == min(START + timedelta(hours=hours + 10), START + timedelta(hours=24))
    clock.pass_time(hours=1)
    assert await kavach.session.get(session.token) is None


async def test_a_session_is_not_written_with_each_use(
    kavach: Any, clock: Clock, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = (await sign_up(kavach)).session
    clock.pass_time(minutes=59)
    with operations_of(host, monkeypatch) as asked:
        await (await open_kavach(host, session_expiry="10h")).session.get(session.token)
    assert asked == ["Get kavach_sessions", "Get kavach_users"]


@pytest.mark.parametrize("token", ["", "kvu_", "kvu_unknown", "kv_agent", "\ud800", "x" * 5000])
async def test_an_unknown_token_is_nobodys(kavach: Any, token: str) -> None:
    assert await kavach.session.get(token) is None
    assert await kavach.api_key.verify(token) is None
    assert await kavach.user.sign_out(token) is False


async def test_u6_the_id_of_a_session_is_no_token(kavach: Any) -> None:
    session = (await sign_up(kavach)).session
    assert await kavach.session.get(session.id) is None


async def test_sessions_are_listed_and_revoked(kavach: Any, clock: Clock) -> None:
    up = await sign_up(kavach, ip=HOME, user_agent="browser")
    other = (await sign_in(kavach)).session
    stranger = await sign_up(kavach, "eve@example.com")
    listed = await kavach.session.list(up.user.id)
    assert [(found.id, found.ip, found.token) for found in listed] == [(up.session.id, HOME, ""), (other.id, None, "")]

    assert await kavach.session.revoke(other.id, user_id=stranger.user.id) is False
    assert await kavach.session.get(other.token) is not None
    assert await kavach.session.revoke(other.id, user_id=up.user.id) is True
    assert await kavach.session.get(other.token) is None
    assert await kavach.session.revoke(other.id) is False

    await sign_in(kavach)
    assert await kavach.session.revoke_all(up.user.id, keep=up.session.id) == 1
    assert await kavach.session.revoke_all(up.user.id, keep=stranger.session.id) == 1
    assert await kavach.session.revoke_all(stranger.user.id) == 1
    assert await kavach.session.list(up.user.id) == []


async def test_signing_out_ends_one_session(kavach: Any) -> None:
    first = (await sign_up(kavach)).session
    second = (await sign_in(kavach)).session
    assert await kavach.user.sign_out(first.token) is True
    assert await kavach.user.sign_out(first.token) is False
    assert await kavach.session.get(first.token) is None
    assert await kavach.session.get(second.token) is not None


async def test_a_host_begins_sessions_in_its_own_way(kavach: Any, host: Host) -> None:
    user = await kavach.user.create(email="ada@example.com")
    session = await kavach.session.create(user.id, method="saml", ip=HOME)
    assert (await kavach.session.get(session.token)).user_id == user.id
    (recorded,) = await host.storage.list_login_history_by_user(user.id)
    assert (recorded.method, recorded.ip) == ("saml", HOME)
    with pytest.raises(NotFoundError):
        await kavach.session.create("nobody", method="saml")


async def test_the_purge_removes_sessions_that_ended(kavach: Any, clock: Clock) -> None:
    await sign_up(kavach)
    clock.pass_time(hours=10)
    assert (await kavach.purge())["kavach_sessions"] == 1


async def test_an_api_key_is_shown_once_and_stored_as_a_hash(kavach: Any, host: Host) -> None:
    user = (await sign_up(kavach)).user
    made = await kavach.api_key.create(user_id=user.id, name="ci", permissions=["authorize", "authorize", "audit:read"])
    assert made.key.startswith("kvk_")
    assert (made.permissions, made.key_prefix) == (["authorize", "audit:read"], made.key[:11])
    assert made.key not in repr(made)
    assert made.key not in repr(await host.sql("SELECT * FROM kavach_api_keys"))
    (listed,) = await kavach.api_key.list(user.id)
    assert listed == made.model_copy(update={"key": ""})


async def test_the_use_of_an_api_key_is_noted_by_the_minute(kavach: Any, clock: Clock) -> None:
    user = (await sign_up(kavach)).user
    key = (await kavach.api_key.create(user_id=user.id, name="ci")).key
    assert (await kavach.api_key.verify(key)).last_used_at == START
    clock.pass_time(seconds=59)
    assert (await kavach.api_key.verify(key)).last_used_at == START
    clock.pass_time(seconds=1)
    assert (await kavach.api_key.verify(key)).last_used_at == clock.now


async def test_an_api_key_expires_and_is_revoked_by_its_owner(kavach: Any, clock: Clock) -> None:
    user = (await sign_up(kavach)).user
    short = await kavach.api_key.create(user_id=user.id, name="short", expires_at=clock.later(hours=1))
    long = await kavach.api_key.create(user_id=user.id, name="long")
    clock.pass_time(hours=1)
    assert await kavach.api_key.verify(short.key) is None
    assert await kavach.api_key.revoke(long.id, user_id="eve") is False
    assert await kavach.api_key.verify(long.key) is not None
    assert await kavach.api_key.revoke(long.id, user_id=user.id) is True
    assert await kavach.api_key.verify(long.key) is None


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "x" * 256}, {"permissions": "admin"}, {"permissions": [""]}, {"expires_at": START}],
)
async def test_an_api_key_that_cannot_be_is_refused(kavach: Any, wrong: dict[str, Any]) -> None:
    user = (await sign_up(kavach)).user
    with pytest.raises(InvalidInput):
        await kavach.api_key.create(**{"user_id": user.id, "name": "ci", **wrong})
    with pytest.raises(NotFoundError):
        await kavach.api_key.create(user_id="nobody", name="ci")
    assert await kavach.api_key.list(user.id) == []
