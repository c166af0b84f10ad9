"""Empty databases for harnesses, on every kind that the tests know."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from database_fixture import PROVIDERS, Provider


@contextmanager
def empty_database(name: str) -> Iterator[tuple[Provider, str]]:
    """Yield the provider and the URL of a new database, which is dropped at the end."""
    if name == "sqlite-memory":
        yield "sqlite", ":memory:"
    elif name == "sqlite-file":
        # Not at once: a driver's thread may still hold a connection whose task was cancelled.
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            yield "sqlite", f"sqlite:///{Path(folder) / 'kavach.db'}"
    else:
        from servers import fresh_database
        from servers.start import start

        with start(name) as server, fresh_database(server) as url:
            yield PROVIDERS[name], url
