"""An application and a database that are killed under load, and a database whose disk is full.

There is no allow without its audit row, and no counter without its call.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from database_fixture import PROVIDERS, Database, names_for
from faults.load import THREADS
from faults.support import AGENT, CALL, UNTIL_FULL, check_full, recorded
from kavach_core import create_kavach

if TYPE_CHECKING:
    from servers.private import Private

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


@contextmanager
def private_database(name: str) -> Iterator[tuple[Private, Database]]:
    """Yield a server of the test's own, whose disk is small and keeps what is committed, and a database on it."""
    from faults.filling import small
    from servers import fresh_database, mysql, postgres
    from servers.private import in_a_folder

    with ExitStack() as stack:
        if name == "postgres":
            recipe = small(postgres.recipe())
        else:
            recipe = small(stack.enter_context(mysql.recipe("mariadb" if name == "mariadb" else "mysql")))
            # The log is written at each commit, and not once in a second.
            recipe = recipe.with_options([], ["--innodb-flush-log-at-trx-commit=2"])
        private = stack.enter_context(in_a_folder(recipe))
        url = stack.enter_context(fresh_database(private.start()))
        yield private, Database(name, PROVIDERS[name], url)


def test_a_database_that_is_killed_or_whose_disk_is_full_allows_nothing_that_it_does_not_record(server: str) -> None:
    """One test, for one server: to make it costs more than all that is done with it."""
    with private_database(server) as (private, database):
        with create_kavach(database=settings(database)) as kavach:
            agent = kavach.agent.create(**AGENT)
        _kill_under_load(private, database, agent.id)
        _call_on_a_full_disk(database, agent.id)


def _kill_under_load(private: Private, database: Database, agent_id: str) -> None:
    with create_kavach(database=settings(database)) as kavach:
        with load(database, agent_id) as process:
            acknowledged = some(process)
            private.kill()
            denied = kavach.authorize(agent_id, **CALL)
            assert (denied.allowed, denied.code) == (False, "audit_unavailable")
            private.start()
            acknowledged |= some(process) | rest(process)
            process.wait()
        assert kavach.authorize(agent_id, **CALL).allowed
    found = recorded(database)
    assert acknowledged <= found.allowed
    assert found.counted == len(found.allowed)
    assert len(found.allowed) <= len(acknowledged) + 2 * THREADS + 1


def _call_on_a_full_disk(database: Database, agent_id: str) -> None:
    from faults.filling import fill

    fill(database)
    with create_kavach(database=settings(database)) as kavach:
        check_full(database, [kavach.authorize(agent_id, **CALL) for _ in range(UNTIL_FULL)])
