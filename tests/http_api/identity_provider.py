"""An identity provider on a local socket: it serves its public keys, and signs tokens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

ISSUER = "https://idp.test"
AUDIENCE = "kavach"


@dataclass
class Provider:
    """What is served, and how often it was asked for."""

    keys: list[ECKey] = field(default_factory=list)
    body: bytes | None = None
    status: int = 200
    fetches: int = 0
    url: str = ""

    def rotate(self) -> ECKey:
        """Sign with a new key from now on, and publish no other."""
        key = ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True)
        self.keys = [key]
        return key

    def token(self, *, key: Any = None, header: dict[str, Any] | None = None, **claims: object) -> str:
        """Return a token of ada's that is good for a minute; a claim that is None is left out."""
        used = key or self.keys[0]
        now = int(time())
        payload: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 60, **claims}
        found = {"alg": "ES256", "kid": used.kid, **(header or {})}
        present = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode(found, present, used, algorithms=[found["alg"]])


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, provider: Provider, *arguments: Any) -> None:
        self.provider = provider
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self.provider.fetches += 1
        import json

        body = self.provider.body or json.dumps(KeySet(list(self.provider.keys)).as_dict(private=False)).encode()
        self.send_response(self.provider.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def serve_provider() -> Iterator[Provider]:
    """Yield a provider that answers on a free port of this machine."""
    provider = Provider()
    provider.rotate()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, provider))
    provider.url = f"http://127.0.0.1:{server.server_port}/jwks"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
