"""A server that can go away and come back: what is sent to the proxy reaches the real one, until it is cut.

It also counts flights: each time that a client sends after it was answered, however many packets it sends.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType


class Proxy:
    """Forward TCP connections to an address, from a port of its own that stays the same."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._sockets: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self._left: int | None = None
        self._answered = False
        self.flights = 0
        self.port = 0
        self.come_back()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.go_away()

    def go_away(self) -> None:
        """Refuse new connections and cut those that there are."""
        if self._listener is not None:
            # without shutdown a thread in accept() keeps the socket open
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self._listener = None
        self.cut()

    def cut(self) -> None:
        """Cut the connections that there are."""
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._sockets.clear()

    def come_back(self) -> None:
        """Take connections, on the same port as before."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut_at(self, message: int | None, *, answered: bool = False) -> None:
        """Go away at the n-th message of clients from now on: before it is passed on, or before its answer is."""
        self._left = message
        self._answered = answered

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
                answered = threading.Event()
                for target, *ends in ((self._ask, client, server), (self._answer, server, client)):
                    threading.Thread(target=target, args=(*ends, answered), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, answered: threading.Event) -> None:
        def passes() -> bool:
            if answered.is_set():
                answered.clear()
                self.flights += 1
            if self._left is not None:
                self._left -= 1
            return self._left != 0 or self._answered

        self._copy(client, server, passes)

    def _answer(self, server: socket.socket, client: socket.socket, answered: threading.Event) -> None:
        def passes() -> bool:
            answered.set()
            return self._left != 0

        self._copy(server, client, passes)

    def _copy(self, source: socket.socket, sink: socket.socket, passes: Callable[[], bool]) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not passes():
                    self.go_away()
                    return
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
