"""One call of the server: sent, made again where that may help, and read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from kavach_core.client.answers import error_of, read, unanswered
from kavach_core.client.errors import KavachError
from kavach_core.client.opening import ASGIApp, open_async_http, read_base_url
from kavach_core.client.options import Options

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")


class AsyncConnection:
    """Connections to a server, opened by the first request and shared by all that use them."""

    def __init__(self, app: ASGIApp | None) -> None:
        """Connect over the network, or to an application in this process."""
        self._app = app
        self._http: httpx2.AsyncClient | None = None

    def http(self) -> httpx2.AsyncClient:
        """Return what sends requests."""
        if self._http is None:
            self._http = open_async_http(self._app)
        return self._http

    async def close(self) -> None:
        """Close all connections; a request after that opens new ones."""
        http, self._http = self._http, None
        if http is not None:
            await http.__aexit__()


class AsyncCaller:
    """Where and how a client calls."""

    def __init__(self, connection: AsyncConnection, base_url: str, options: Options) -> None:
        """Call what is below a URL; raises `ConfigurationError` for what is none."""
        self.connection = connection
        self.base_url = read_base_url(base_url)
        self.options = options

    async def fetch(self, kind: type[T], method: str, path: str, **request: Any) -> T:
        """Return the value that the answer to a call says; see `send`."""
        value: T = read(kind, await self.send(method, path, **request))
        return value

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        params: Mapping[str, str] | None = None,
        token: str | None = None,
        accept: str = "application/json",
    ) -> httpx2.Response:
        """Return the successful answer to a call, made again as far as the options say; raises `KavachError`."""
        headers = self.options.headers_for(accept, token)
        made = 0
        while True:
            try:
                return await self._send_once(method, path, body, params, headers)
            except KavachError as error:
                delay = self.options.retries.delay(made, method, error)
                if delay is None:
                    raise
            made += 1
            await asyncio.sleep(delay)

    async def _send_once(
        self, method: str, path: str, body: object, params: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> httpx2.Response:
        import httpx2

        url = self.base_url + path
        http = self.connection.http()
        try:
            request = http.build_request(
                method, url, json=body, params=params, headers=headers, timeout=self.options.timeout
            )
            response = await http.send(request)
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise unanswered(error, url) from error
        if not response.is_success:
            raise error_of(response)
        return response
