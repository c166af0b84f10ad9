"""Servers by name, shared with child processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from servers import mysql, postgres
from servers.record import Server

_FINDERS: dict[str, tuple[str, Callable[[], AbstractContextManager[Server]]]] = {
    "postgres": (postgres.VARIABLE, postgres.find_postgres),
    "mariadb": (mysql.VARIABLE, lambda: mysql.find_mysql("mariadb")),
    "mysql": (mysql.VARIABLE, lambda: mysql.find_mysql("mysql")),
}

NAMES = tuple(_FINDERS)


@contextmanager
def start(name: str) -> Iterator[Server]:
    """Find or start the server `name`, and put its URL into the environment for the time of the context."""
    variable, find = _FINDERS[name]
    with find() as server:
        before = os.environ.get(variable)
        os.environ[variable] = server.url
        try:
            yield server
        finally:
            if before is None:
                del os.environ[variable]
            else:
                os.environ[variable] = before
