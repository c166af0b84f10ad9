"""`kavach serve` on a database, with a service token that may do everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from database_fixture import Database
from http_api.serving import Served, serving
from kavach_core import create_kavach


@contextmanager
def serve(database: Database, folder: Path) -> Iterator[Served]:
    """Run the server on a database, whose tables are made, until the block ends; its log goes into a folder."""
    with create_kavach(database={"provider": database.provider, "url": database.url}) as kavach:
        token = kavach.service_token.create(name="tests", scopes=["admin"]).token
    with serving(database.url, folder / "server.log") as served:
        served.token = token
        yield served
