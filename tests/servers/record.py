"""What is known of a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


class ServerUnavailable(RuntimeError):
    """No such server could be found or started; the message says what to install or set."""


@dataclass(frozen=True)
class Server:
    """A running database server, and an URL to log in as one who may create databases."""

    kind: Literal["postgres", "mysql"]
    url: str
    """Scheme `postgresql` or `mysql`, without a database."""
    flavour: str
    """Product and version: "postgres 15", "mariadb 10.11", "mysql 9.7"."""

    def database_url(self, name: str) -> str:
        """Return the URL of one of its databases."""
        return f"{self.url}/{name}"
