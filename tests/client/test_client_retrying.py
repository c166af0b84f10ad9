"""Which calls are made again, how often, and after how long."""

from __future__ import annotations

from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kavach_core
from client.conftest import Connect
from client.wire import Answer, Server, done
from kavach_core.client import AuthorizeRequest, KavachError, NetworkError, RateLimitError, Retries
from kavach_core.client.retrying import read_retry_after

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def failed(status: int) -> KavachError:
    return NetworkError() if status == 0 else KavachError(status_code=status)


@pytest.mark.parametrize(
    ("method", "again"),
    [
        ("GET", {0, 429, 500, 502, 503, 504}),
        ("DELETE", {0, 429, 500, 502, 503, 504}),
        ("POST", {429, 503}),
        ("PATCH", {429, 503}),
    ],
)
def test_only_what_does_no_harm_is_made_again(method: str, again: set[int]) -> None:
    statuses = (0, 302, 400, 401, 403, 404, 409, 422, 429, 500, 501, 502, 503, 504)
    assert {each for each in statuses if Retries().delay(0, method, failed(each)) is not None} == again
    assert Retries().delay(0, method, NetworkError(sent=False)) is not None


@given(made=st.integers(0, 40), times=st.integers(0, 40), pause=st.floats(0, 10), longest=st.floats(0, 60))
def test_pauses_are_bounded_and_grow_twofold(made: int, times: int, pause: float, longest: float) -> None:
    delay = Retries(times, pause, longest).delay(made, "GET", failed(503))
    assert (delay is None) == (made >= times)
    assert delay is None or 0 <= delay <= min(longest, pause * 2**made)


def test_pauses_differ() -> None:
    assert len({Retries().delay(0, "GET", failed(503)) for _ in range(20)}) > 15


def test_the_server_says_how_long_to_wait_but_not_longer_than_is_sensible() -> None:
    assert Retries(longest=30).delay(0, "POST", RateLimitError(retry_after=30)) == 30
    assert Retries(longest=30).delay(0, "POST", RateLimitError(retry_after=31)) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("120", 120),
        ("1.5", None),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("9" * 5000, None),
        ("\u0665", None),
        ("Tue, 01 Jan 2030 00:00:05 GMT", 5),
        ("Tuesday, 01-Jan-30 00:01:00 GMT", 60),
        ("Tue Jan  1 00:00:07 2030", 7),
        ("Mon, 31 Dec 2029 00:00:00 GMT", 0),
        ("Tue, 99 Jan 2030 00:00:00 GMT", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(text: str | None, seconds: int | None) -> None:
    assert read_retry_after(text, lambda: NOW) == seconds


@pytest.mark.parametrize("values", [{"times": -1}, {"pause": -1}, {"longest": -1}])
def test_retries_that_make_no_sense_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(kavach_core.ConfigurationError):
        Retries(**values)


@pytest.mark.parametrize("first", [Answer(503), Answer(429, {}, {"Retry-After": "0"})])
async def test_a_busy_server_is_asked_again(connect: Connect, server: Server, first: Answer) -> None:
    server.answers[:] = [first, Answer(503), Answer(200, {"allowed": True, "auditId": "e"})]
    assert (await done(connect().authorize("a", AuthorizeRequest("read", "mcp:*")))).allowed
    assert len(server.asked) == 3


async def test_a_server_that_stays_busy_is_not_asked_for_ever(connect: Connect, server: Server) -> None:
    server.answers[:] = [Answer(503, {"message": "busy"})]
    with pytest.raises(KavachError, match="busy"):
        await done(connect().agents.list())
    assert len(server.asked) == 3


@pytest.mark.parametrize(("call", "times"), [("agents.get", 3), ("agents.revoke", 3), ("agents.rotate", 1)])
async def test_a_connection_that_breaks_is_tried_again_where_that_does_no_harm(
    connect: Connect, server: Server, call: str, times: int
) -> None:
    server.answers[:] = [Answer(None)]
    with pytest.raises(NetworkError):
        await done(attrgetter(call)(connect())("a"))
    assert len(server.asked) == times
