"""Servers by name, shared with child processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from servers import mysql, postgres
from servers.record import Server

_FINDERS: dict[str, tuple[str, Callable[[bool], AbstractContextManager[Server]]]] = {
    "postgres": (postgres.VARIABLE, lambda private: postgres.find_postgres(private=private)),
    "mariadb": (mysql.VARIABLE, lambda private: mysql.find_mysql("mariadb", private=private)),
    "mysql": (mysql.VARIABLE, lambda private: mysql.find_mysql("mysql", private=private)),
}

NAMES = tuple(_FINDERS)


@contextmanager
def start(name: str, *, private: bool = False) -> Iterator[Server]:
    """Find or start the server `name`, and put its URL into the environment for the time of the context.

    `private` prefers one of our own to the one on the default port.
    """
    variable, find = _FINDERS[name]
    with find(private) as server:
        before = os.environ.get(variable)
        os.environ[variable] = server.url
        try:
            yield server
        finally:
            if before is None:
                del os.environ[variable]
            else:
                os.environ[variable] = before
