"""An application of `examples/` in a process of its own, and its database as somebody else sees it."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

import run_example
from servers import find_postgres, fresh_database

READY = re.compile(r"running on (http://\S+)", re.IGNORECASE)
"""How uvicorn and Flask say where they are."""

Rows = Mapping[str, list[str]]


@dataclass
class Application:
    """A running application: its client, and its database."""

    name: str
    folder: Path
    environment: Mapping[str, str]
    address: str
    http: httpx.Client
    output: list[str] = field(default_factory=list)

    def create(self, name: str, **given: object) -> httpx.Response:
        """Ask for a project, of an owner of its own unless one is given."""
        return self.http.post("/projects", json={"name": name, "owner": f"owner of {name}", **given})

    def write(self, project: str, token: str, text: str = "On course.") -> httpx.Response:
        """Write a summary, as an agent does."""
        headers = {"Authorization": f"Bearer {token}"}
        return self.http.put(f"/projects/{project}/summary", json={"text": text}, headers=headers)

    def projects(self) -> dict[str, dict[str, str]]:
        """Return all projects by name."""
        return {each["name"]: each for each in self.http.get("/projects").raise_for_status().json()}

    def rows(self) -> Rows:
        """Return all rows of all tables."""
        with self.connect() as connection:
            return {table: sorted(map(str, execute(connection, f'SELECT * FROM "{table}"'))) for table in self.tables()}

    def tables(self) -> list[str]:
        """Return the names of all tables."""
        with self.connect() as connection:
            return [name for (name,) in execute(connection, TABLES[type(connection).__module__.partition(".")[0]])]

    def connect(self) -> AbstractContextManager[Any]:
        """Open a connection that has nothing to do with the application's."""
        if self.on_postgres:
            return psycopg.connect(self.environment["DATABASE_URL"], autocommit=True)
        return closing(sqlite3.connect(self.folder / "app.db", isolation_level=None))

    @property
    def on_postgres(self) -> bool:
        """Tell whether the database is a PostgreSQL, and not an SQLite."""
        return self.name in run_example.ON_POSTGRES


TABLES = {
    "psycopg": "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
    "sqlite3": "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1",
}


def execute(connection: Any, statement: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    return [*connection.execute(statement).fetchall()]


@contextmanager
def serve(name: str, folder: Path) -> Iterator[Application]:
    """Run an application as its README says, on a free port, and stop it at the end."""
    with ExitStack() as stack:
        environment = {**os.environ, **run_example.prepare(name, folder)}
        if name in run_example.ON_POSTGRES:
            server = stack.enter_context(find_postgres())
            environment["DATABASE_URL"] = stack.enter_context(fresh_database(server))
        process = subprocess.Popen(
            [folder / "run", "--port", "0"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        output: list[str] = []
        stack.callback(end, process)
        address = wait_for_address(process, output)
        reader = threading.Thread(target=output.extend, args=(process.stdout,))
        stack.callback(reader.join)
        stack.callback(process.terminate)
        reader.start()
        client = stack.enter_context(httpx.Client(base_url=address, timeout=30))
        yield Application(name, folder, environment, address, client, output)


def wait_for_address(process: subprocess.Popen[str], output: list[str]) -> str:
    """Read until the application says where it is."""
    assert process.stdout is not None
    for line in process.stdout:
        output.append(line)
        if found := READY.search(line):
            return found[1]
    raise AssertionError(f"the application ended with status {process.wait()}:\n{''.join(output)}")


def end(process: subprocess.Popen[str]) -> None:
    """Stop a process, and see it end."""
    with process:
        process.terminate()
