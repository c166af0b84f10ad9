"""kill -9 during load, of the application and of the database: no allow without its audit row, no counter without its call."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from database_fixture import PROVIDERS, Database, names_for
from faults.load import THREADS
from faults.support import AGENT, CALL, recorded
from kavach_core import create_kavach

CALLS = 40
"""Calls that are acknowledged before the kill."""

SERVERS = ("postgres", "mariadb", "mysql")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        names = [name for name in names_for(metafunc) if name in SERVERS]
        metafunc.parametrize("server", [pytest.param(name, marks=pytest.mark.database) for name in names])


@contextmanager
def load(database: Database, agent_id: str) -> Iterator[Any]:
    """Run the load in a process of its own, and kill it in the end."""
    command = [sys.executable, "-m", "faults.load", database.provider, database.url, agent_id]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def some(process: Any) -> set[str]:
    """Wait until so many allows are acknowledged, and return them."""
    return {process.stdout.readline().strip() for _ in range(CALLS)}


def rest(process: Any) -> set[str]:
    """Kill the process, and return what it has acknowledged as well; the last line may be half a line."""
    process.kill()
    return {line.strip() for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")}


def settings(database: Database) -> dict[str, Any]:
    return {"provider": database.provider, "url": database.url}


@pytest.mark.not_in_memory
def test_what_an_application_acknowledged_before_it_was_killed_is_recorded(database: Database) -> None:
    with create_kavach(database=settings(database)) as kavach:
        agent = kavach.agent.create(**AGENT)
        with load(database, agent.id) as process:
            acknowledged = some(process) | rest(process)
            process.wait()
        # The call waits for the locks of what the process left open.
        assert kavach.authorize(agent.id, **CALL).allowed
    found = recorded(database)
    assert acknowledged <= found.allowed
    assert found.counted == len(found.allowed)
    assert len(found.allowed) <= len(acknowledged) + THREADS + 1


def test_what_was_acknowledged_before_the_database_was_killed_is_recorded(server: str) -> None:
    from servers import mysql, postgres
    from servers.private import in_a_folder

    with ExitStack() as stack:
        if server == "postgres":
            recipe = postgres.recipe()
        else:
            recipe = stack.enter_context(mysql.recipe("mariadb" if server == "mariadb" else "mysql"))
            # The log is written at each commit, and not once in a second.
            serve, durable = recipe.serve, "--innodb-flush-log-at-trx-commit=2"
            recipe = replace(recipe, serve=lambda folder, port: [*serve(folder, port), durable])
        private = stack.enter_context(in_a_folder(recipe))
        url = stack.enter_context(_database(private.start()))
        database = Database(server, PROVIDERS[server], url)
        with create_kavach(database=settings(database)) as kavach:
            agent = kavach.agent.create(**AGENT)
            with load(database, agent.id) as process:
                acknowledged = some(process)
                private.kill()
                denied = kavach.authorize(agent.id, **CALL)
                assert (denied.allowed, denied.code) == (False, "audit_unavailable")
                private.start()
                acknowledged |= some(process) | rest(process)
                process.wait()
            assert kavach.authorize(agent.id, **CALL).allowed
        found = recorded(database)
        assert acknowledged <= found.allowed
        assert found.counted == len(found.allowed)
        assert len(found.allowed) <= len(acknowledged) + 2 * THREADS + 1


def _database(server: Any) -> Any:
    from servers import fresh_database

    return fresh_database(server)
