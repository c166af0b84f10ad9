"""A connection that is cut in the middle of a decision: a denial or an error, and never an allow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from colours import Opened
from faults.support import AGENT, CALL, recorded
from kavach_core import StorageError
from proxy import Proxy

pytestmark = pytest.mark.not_in_memory


def through(proxy: Proxy, opened: Opened) -> Opened:
    """Return a way to open the same database through a proxy."""
    parts = urlsplit(opened.database.url)
    address = f"{parts.username}@127.0.0.1:{proxy.port}"
    return replace(opened, database=replace(opened.database, url=parts._replace(netloc=address).geturl()))


async def decide(kavach: Any, agent: Any) -> str | None:
    """Return the code of the decision, None for an allow; an error that is no answer is one of the storage."""
    try:
        result = await kavach.authorize(agent.id, **CALL)
    except StorageError as error:
        return type(error).__name__
    code: str | None = result.code
    return code


async def connect_again(kavach: Any, agent: Any) -> None:
    """Make one call go through, so that the next decision begins on a connection that works."""
    for _ in range(10):
        try:
            await kavach.agent.get(agent.id)
        except StorageError:
            continue
        return
    raise AssertionError("the connection does not come back")


@pytest.mark.adapters("sqlalchemy", "peewee")
@pytest.mark.parametrize("answered", [False, True], ids=["lost", "unanswered"])
async def test_a_connection_that_is_cut_at_any_message_allows_nothing(opened: Opened, answered: bool) -> None:
    """Where the answer to the COMMIT is lost, the call is recorded, and denied all the same."""
    if opened.database.provider == "sqlite":
        pytest.skip("SQLite has no connection to cut")
    direct = await opened.kavach()
    agent = await direct.agent.create(**AGENT)
    parts = urlsplit(opened.database.url)
    assert parts.hostname is not None
    assert parts.port is not None
    with Proxy(parts.hostname, parts.port) as proxy:
        kavach = await through(proxy, opened).kavach()
        message, denied = 0, True
        while denied:
            message += 1
            await connect_again(kavach, agent)
            proxy.cut_at(message, answered=answered)
            code = await decide(kavach, agent)
            proxy.cut_at(None)
            if denied := code is not None:
                assert code in {"audit_unavailable", "BackendUnavailable"}
                proxy.come_back()
    assert message > 5, "the proxy has not seen the decision"
    found = recorded(opened.database)
    assert len(found.allowed) == found.counted == (2 if answered else 1)
