"""Real database servers for the tests, found or started, never skipped.

`find_postgres()` and `find_mysql()` yield a `Server`; `fresh_database()` makes a database on it for the caller alone.
`python -m servers postgres mariadb -- COMMAND` finds or starts the servers once for a command and all that it starts.
"""

from __future__ import annotations

from servers.databases import empty_database, fresh_database
from servers.mysql import find_mysql
from servers.postgres import find_postgres
from servers.record import Server, ServerUnavailable

__all__ = [
    "Server",
    "ServerUnavailable",
    "empty_database",
    "find_mysql",
    "find_postgres",
    "fresh_database",
]
