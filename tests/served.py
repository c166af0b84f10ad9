"""`kavach serve` in a process of its own, as an operator runs it, and a service token that may do everything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

from database_fixture import Database
from kavach_core import create_kavach


@dataclass(frozen=True)
class Served:
    """Where the API is, and what opens it."""

    url: str
    token: str = field(repr=False)


@contextmanager
def serve(database: Database) -> Iterator[Served]:
    """Run the server on a database, whose tables are made, until the block ends."""
    settings = {"provider": database.provider, "url": database.url}
    with create_kavach(database=settings) as kavach:
        token = kavach.service_token.create(name="tests", scopes=["admin"]).token
    program = Path(sys.executable).with_name("kavach")
    command = [str(program), "serve", "--database", database.url, "--port", "0"]
    with (
        TemporaryFile("w+") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        log.seek(0)
        assert url.startswith("http://"), log.read()
        try:
            yield Served(url, token)
        finally:
            process.terminate()
            process.wait(timeout=30)
