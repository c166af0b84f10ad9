"""A server over sockets that answers as it is told, and keeps what it was asked; and both clients behind one face."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from inspect import isawaitable
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Answer:
    """What the server says; None as status breaks the connection off."""

    status: int | None = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """What the server was asked."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Server:
    """Answers one after another, the last one for ever."""

    answers: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serve() -> Iterator[Server]:
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet for each answer: two would wait for each other

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(content) if content else None
            server.asked.append(Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body))
            answer = server.answer()
            if answer.status is None:
                self.close_connection = True
                return
            sent = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(0 if answer.status == 204 else len(sent.encode())))
            self.end_headers()
            if answer.status != 204:
                self.wfile.write(sent.encode())

        do_POST = do_PATCH = do_DELETE = do_GET

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}/api/kavach"
    thread = Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    yield server
    http.shutdown()
    thread.join()
    http.server_close()


async def done(value: Any) -> Any:
    """Return what a call of either colour returns."""
    return await value if isawaitable(value) else value


async def collected(rows: AsyncIterable[Any] | Iterable[Any]) -> list[Any]:
    """Return what an iterator of either colour yields."""
    return [row async for row in rows] if isinstance(rows, AsyncIterable) else list(rows)
