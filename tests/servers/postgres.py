"""Find a PostgreSQL server, or start one."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import debian
from servers.connections import ERRORS, ask_postgres
from servers.private import Recipe, private_server
from servers.record import Server, ServerUnavailable

VARIABLE = "KAVACH_TEST_POSTGRES_URL"


@contextmanager
def find_postgres(*, private: bool = False, default_port: int = 5432) -> Iterator[Server]:
    """Yield a PostgreSQL server: the one named in the environment, on the default port, or a private one.

    With `private` the one on the default port is taken only where none is installed.

    Raises:
        ServerUnavailable: there is none and none can be started; the message says what to do.
    """
    server = _named()
    if server is None and not (private and _installed()):
        server = _local(default_port)
    if server is not None:
        yield server
        return
    with private_server(recipe()) as found:
        yield found


def _named() -> Server | None:
    url = os.environ.get(VARIABLE)
    if not url:
        return None
    try:
        return ask_postgres(url)
    except ERRORS as error:
        raise ServerUnavailable(f"the server in {VARIABLE} does not answer: {error}") from error


def _local(port: int) -> Server | None:
    try:
        return ask_postgres(_url(port))
    except ERRORS:
        return None


def _url(port: int) -> str:
    return f"postgresql://postgres@127.0.0.1:{port}"


def _binaries() -> Path:
    """Return the folder of initdb and postgres, which Debian keeps out of PATH, installing them where possible."""
    found = _installed()
    if found is None:
        try:
            debian.install("postgresql", purpose="a PostgreSQL server is")
        except debian.PackagesNeeded as error:
            raise ServerUnavailable(f"{error}; or set {VARIABLE} to {_url(5432)} or the like") from error
        found = _installed()
    if found is None:
        raise ServerUnavailable("initdb is not where Debian's package postgresql puts it")
    return found


def _installed() -> Path | None:
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if packaged:
        return packaged[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def recipe() -> Recipe:
    """Return how to run a PostgreSQL server of one's own, installing it where possible; raises `ServerUnavailable`."""
    binaries = _binaries()

    def initialize(folder: Path) -> list[str]:
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        return [f"{binaries}/initdb", *options, f"--pgdata={folder}/data"]

    def serve(folder: Path, port: int) -> list[str]:
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder,
            "fsync": "off",
            "full_page_writes": "off",
            "deadlock_timeout": "100ms",  # a second otherwise; it decides when a deadlock is looked for, not whether
            "max_connections": 300,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [f"{binaries}/postgres", "-D", f"{folder}/data", *options]

    return Recipe("PostgreSQL", initialize, serve, lambda port: ask_postgres(_url(port)), signal.SIGINT)
