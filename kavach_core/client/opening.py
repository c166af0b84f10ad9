"""Connections to a server, or to an ASGI application in this process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from kavach_core.certificates import trusted_certificates
from kavach_core.errors import ConfigurationError, MissingDependency

if TYPE_CHECKING:
    import httpx2

ASGIApp: TypeAlias = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]


def read_base_url(text: str) -> str:
    """Return the URL that paths are appended to; raises `ConfigurationError`, and `MissingDependency`."""
    try:
        import httpx2
    except ImportError as error:
        raise MissingDependency("the client needs httpx2; run: pip install 'kavach-core[client]'") from error
    try:
        url = httpx2.URL(text)
        urlsplit(text)
    except (httpx2.InvalidURL, TypeError, ValueError):
        url = httpx2.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError("base_url: must begin with https:// or http:// and a host")
    return text.rstrip("/")


def open_async_http(app: ASGIApp | None) -> httpx2.AsyncClient:
    """Return what sends requests: over the network, or to an application that runs in the caller's event loop.

    The application's lifespan is not run.
    """
    import httpx2

    if app is None:
        return httpx2.AsyncClient(verify=trusted_certificates())
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app, raise_app_exceptions=False))


def open_http(app: ASGIApp | None) -> httpx2.Client:
    """Return what sends requests: over the network, or to an application whose event loop runs in a thread of its own.

    The application's lifespan is run. Raises `MissingDependency` without Starlette.
    """
    import httpx2

    if app is None:
        return httpx2.Client(verify=trusted_certificates())
    try:
        from starlette.testclient import TestClient
    except ImportError as error:
        raise MissingDependency(
            "app= of the synchronous client needs Starlette; run: pip install 'kavach-core[server]'"
        ) from error
    # Entered, so that all requests share one event loop: connections to a database belong to theirs.
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False).__enter__()
