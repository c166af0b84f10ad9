"""What a client raises: the classes and attributes of the published SDK."""

from __future__ import annotations

import socket
from typing import Any

import pytest

import kavach_core
from client.conftest import Connect
from client.wire import Answer, Server, done
from kavach_core.client import AuthorizeRequest, Retries
from kavach_core.client.errors import (
    AuthenticationError,
    KavachError,
    NetworkError,
    NotFoundError,
    PermissionError,
    RateLimitError,
    ServerError,
)

ENVELOPE = {"error": {"code": "SOME_CODE", "message": "said so", "details": {"field": "name"}}}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, KavachError),
        (400, KavachError),
        (401, AuthenticationError),
        (403, PermissionError),
        (404, NotFoundError),
        (409, KavachError),
        (422, KavachError),
        (429, RateLimitError),
        (500, ServerError),
        (503, ServerError),
    ],
)
@pytest.mark.parametrize("body", [ENVELOPE, ENVELOPE["error"]], ids=["envelope", "flat"])
async def test_each_status_has_its_error(
    connect: Connect, server: Server, status: int, kind: type[KavachError], body: Any
) -> None:
    server.answers[:] = [Answer(status, body, {"Retry-After": "7", "Location": "/"})]
    with pytest.raises(KavachError) as caught:
        await done(connect(retries=Retries(times=0)).agents.list())
    error = caught.value
    assert type(error) is kind
    assert isinstance(error, kavach_core.KavachError)
    said = (error.code, error.message, str(error), error.status_code, error.details, error.retry_after)
    assert said == ("SOME_CODE", "said so", "said so", status, {"field": "name"}, 7)


@pytest.mark.parametrize("body", ["", "<html>", [], 5, {"error": "text"}, {"error": {"code": 5, "message": None}}])
async def test_an_answer_of_something_else_is_an_error_all_the_same(
    connect: Connect, server: Server, body: Any
) -> None:
    server.answers[:] = [Answer(400, body)]
    with pytest.raises(KavachError) as caught:
        await done(connect().agents.list())
    assert repr(caught.value) == "KavachError(code='API_ERROR', message='HTTP 400', status_code=400)"
    assert (caught.value.details, caught.value.retry_after) == ({}, None)


@pytest.mark.parametrize("body", ["<html>secret</html>", {"token": "secret"}, [{"id": "secret"}]])
async def test_a_success_that_is_not_understood_is_an_error_without_its_content(
    connect: Connect, server: Server, body: Any
) -> None:
    server.answers[:] = [Answer(200, body)]
    with pytest.raises(KavachError, match="is the URL that of the API") as caught:
        await done(connect().agents.list())
    assert caught.value.code == "INVALID_RESPONSE"
    assert "secret" not in str(caught.value)


async def test_a_server_that_is_not_there_is_named_without_credentials(connect: Connect) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://user:password@127.0.0.1:{free.getsockname()[1]}/api"
    with pytest.raises(NetworkError) as caught:
        await done(connect(url).agents.list())
    error = caught.value
    assert (error.code, error.status_code, error.sent) == ("NETWORK_ERROR", 0, False)
    assert str(error).startswith("cannot reach http://127.0.0.1:")
    assert "password" not in repr(error) + repr(error.__cause__)


async def test_a_server_that_does_not_answer_is_left_after_the_timeout(connect: Connect) -> None:
    request = AuthorizeRequest("read", "mcp:*")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = connect(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=30.0)
        with pytest.raises(NetworkError, match="did not answer in time") as caught:
            await done(client.with_options(timeout=0.05).authorize("a", request))
    assert caught.value.sent


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://host", "http://", "http://[", "http://a\n/"])
def test_a_url_that_is_none_is_refused_at_once(connect: Connect, url: str) -> None:
    with pytest.raises(kavach_core.ConfigurationError, match=r"^base_url: must begin with https://"):
        connect(url)


@pytest.mark.parametrize("text", ["secret\nsecond line", "s\u00e9cret", "secret\x00"])
async def test_a_token_that_is_no_header_is_refused_and_not_shown(connect: Connect, text: str) -> None:
    client = connect()
    with pytest.raises(kavach_core.ConfigurationError, match=r"^token: must be one line") as caught:
        client.with_options(token=text)
    assert "cret" not in str(caught.value)
    with pytest.raises(kavach_core.ConfigurationError, match=r"^X-Tenant: must be one line"):
        client.with_options(headers={"X-Tenant": text})
    with pytest.raises(kavach_core.ConfigurationError, match=r"^token: must be one line"):
        await done(client.auth.authorize_by_token(text, AuthorizeRequest("read", "mcp:*")))


def test_a_timeout_is_more_than_nothing(connect: Connect) -> None:
    with pytest.raises(kavach_core.ConfigurationError, match=r"^timeout: "):
        connect(timeout=0)


def test_errors_can_be_made_as_those_of_the_published_sdk() -> None:
    assert (NotFoundError().code, NotFoundError("x", code="Y", details={"a": 1}).details) == ("NOT_FOUND", {"a": 1})
    assert RateLimitError("x", retry_after=3).retry_after == 3
    assert (ServerError(status_code=502).status_code, NetworkError().code) == (502, "NETWORK_ERROR")
    assert [each().status_code for each in (AuthenticationError, PermissionError, NotFoundError)] == [401, 403, 404]
    assert KavachError("x").code == "KAVACH_ERROR"
