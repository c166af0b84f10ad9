"""Answers of the server as values and errors. Source: the wire rules of the published SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import JsonValue, ValidationError

from kavach_core.client.errors import (
    AuthenticationError,
    KavachError,
    NetworkError,
    NotFoundError,
    PermissionError,
    RateLimitError,
    ServerError,
)
from kavach_core.client.retrying import read_retry_after
from kavach_core.client.types import adapter

if TYPE_CHECKING:
    import httpx2

_BY_STATUS: Final = {401: AuthenticationError, 403: PermissionError, 404: NotFoundError, 429: RateLimitError}


def error_of(response: httpx2.Response) -> KavachError:
    """Return the error that an answer which is no success tells: `{"error": {...}}`, or its content alone."""
    try:
        body: JsonValue = response.json()
    except ValueError:
        body = None
    said = body.get("error", body) if isinstance(body, dict) else None
    if not isinstance(said, dict):
        said = {}
    status = response.status_code
    code, message, details = said.get("code"), said.get("message"), said.get("details")
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else KavachError)
    return kind(
        message if isinstance(message, str) else f"HTTP {status}",
        code=code if isinstance(code, str) else "API_ERROR",
        status_code=status,
        details=details,
        retry_after=read_retry_after(response.headers.get("Retry-After")),
    )


def read(kind: Any, response: httpx2.Response) -> Any:
    """Return the value of a type that a successful answer says; raises `KavachError` where it says something else."""
    try:
        return adapter(kind).validate_json(response.content)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        where = ", ".join(sorted({".".join(map(str, problem["loc"])) or "all of it" for problem in problems})[:3])
        raise KavachError(
            f"the answer is not what this version of the client expects ({where}); is the URL that of the API?",
            code="INVALID_RESPONSE",
            status_code=response.status_code,
        ) from None


def unanswered(error: Exception, url: str) -> NetworkError:
    """Return the error of a request that got no answer; of the URL only scheme, host and port are named."""
    import httpx2

    parts = urlsplit(url)
    server = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        reason = error or "it does not answer in time"
        return NetworkError(f"cannot reach {server}: {reason}; check the address, and that the server runs", sent=False)
    if isinstance(error, httpx2.TimeoutException):
        return NetworkError(f"{server} did not answer in time")
    # The message of other errors may quote what was sent.
    return NetworkError(f"the connection to {server} failed ({type(error).__name__}); try again")


def segment(text: str) -> str:
    """Return an id as one segment of a path, also one that would name the segment above (RFC 3986, section 5.2.4)."""
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")


def next_page(response: httpx2.Response) -> dict[str, str] | None:
    """Return the query of the page after this one, None where it is the last (RFC 8288, relation "next")."""
    link = response.links.get("next")
    return None if link is None else dict(parse_qsl(urlsplit(link["url"]).query))
