"""Service tokens: what programs of the operator call the HTTP API with."""

from __future__ import annotations

from typing import Any

import pytest

from engine.support import Clock, Host
from kavach_core import InvalidInput, NotFoundError
from kavach_core.engine.tokens import hash_token


async def test_a_token_is_shown_once_and_found_by_its_text(kavach: Any, host: Host, clock: Clock) -> None:
    made = await kavach.service_token.create(name="ci", scopes=["audit:read", "agents:read"], tenant_id="t1")
    assert made.token.startswith("kvs_")
    assert made.token.startswith(made.token_prefix)
    assert made.scopes == ["agents:read", "audit:read"]
    found = await kavach.service_token.find(made.token)
    assert found == made.model_copy(update={"token": "", "last_used_at": None})
    assert (await host.storage.find_service_token_by_hash(hash_token(made.token))).last_used_at == clock.now
    assert [each.token for each in await kavach.service_token.list()] == [""]
    assert made.token not in repr(made)


async def test_its_use_is_noted_once_a_minute(kavach: Any, host: Host, clock: Clock) -> None:
    made = await kavach.service_token.create(name="ci", scopes=["admin"])
    noted = []
    for _ in range(4):
        await kavach.service_token.find(made.token)
        (row,) = await kavach.service_token.list()
        noted.append(row.last_used_at)
        clock.pass_time(seconds=30)
    first = noted[0]
    assert first is not None
    assert [(moment - first).total_seconds() for moment in noted] == [0, 0, 60, 60]


async def test_a_token_that_expired_or_was_revoked_is_not_found(kavach: Any, clock: Clock) -> None:
    brief = await kavach.service_token.create(name="a", scopes=["admin"], expires_at=clock.later(hours=1))
    revoked = await kavach.service_token.create(name="b", scopes=["admin"])
    await kavach.service_token.revoke(revoked.id)
    assert await kavach.service_token.find(revoked.token) is None
    with pytest.raises(NotFoundError):
        await kavach.service_token.revoke(revoked.id)
    assert await kavach.service_token.find(brief.token) is not None
    clock.pass_time(hours=1)
    assert await kavach.service_token.find(brief.token) is None
    for text in ("kvs_nobody", "kv_" + brief.token[4:], ""):
        assert await kavach.service_token.find(text) is None


async def test_tokens_are_listed_page_by_page(kavach: Any, clock: Clock) -> None:
    names = []
    for number in range(3):
        names.append((await kavach.service_token.create(name=f"{number}", scopes=["admin"])).name)
        clock.pass_time(seconds=1)
    first = await kavach.service_token.list(limit=2)
    rest = await kavach.service_token.list(limit=2, after=first[-1])
    assert [each.name for each in (*first, *rest)] == names


@pytest.mark.parametrize("scopes", [[], ["everything"], ["admin", ""], "nothing"])
async def test_a_scope_must_be_known(kavach: Any, scopes: Any) -> None:
    with pytest.raises(InvalidInput, match="scopes"):
        await kavach.service_token.create(name="a", scopes=scopes)
    assert await kavach.service_token.list() == []


async def test_wrong_input_is_refused(kavach: Any, clock: Clock) -> None:
    with pytest.raises(InvalidInput, match="name"):
        await kavach.service_token.create(name="", scopes=["admin"])
    with pytest.raises(InvalidInput, match="expires_at"):
        await kavach.service_token.create(name="a", scopes=["admin"], expires_at=clock.now)
    with pytest.raises(InvalidInput, match="limit"):
        await kavach.service_token.list(limit=0)
