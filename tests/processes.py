"""Processes that call a Kavach when they are told to, for races between processes.

One interpreter is started, and forked before it opens anything: what a test imports is imported once.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from operator import attrgetter
from typing import IO, Any

from database_fixture import Database
from kavach_core import KavachError, create_kavach

Answer = dict[str, Any]


class Worker:
    """One process."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def tell(self, call: str, *arguments: object, times: int = 1, threads: int = 1, **named: object) -> None:
        """Let the process make calls in threads: a method's name behind the Kavach, and what it is given."""
        order = {"call": call, "arguments": arguments, "named": named, "times": times, "threads": threads}
        self._stream.write(json.dumps(order) + "\n")
        self._stream.flush()

    def answers(self) -> list[Answer]:
        """Wait for all results: the fields of each, or the name of its `error`, and when it was `begun` (monotonic)."""
        found: list[Answer] = json.loads(self._stream.readline())
        return found


@contextmanager
def workers(database: Database, count: int, **settings: object) -> Iterator[list[Worker]]:
    """Yield processes that each have a Kavach with these settings on the database."""
    with ExitStack() as stack:
        pairs = [socket.socketpair() for _ in range(count)]
        theirs = [their.fileno() for _, their in pairs]
        database_settings = {"provider": database.provider, "url": database.url}
        command = [sys.executable, __file__, json.dumps({"database": database_settings, **settings})]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        process = stack.enter_context(subprocess.Popen([*command, *map(str, theirs)], pass_fds=theirs, env=environment))
        found = []
        for mine, their in pairs:
            their.close()
            stack.enter_context(mine)
            found.append(Worker(stack.enter_context(mine.makefile("rw"))))
        for worker in found:
            worker.tell("agent.list")
        for worker in found:
            worker.answers()
        yield found
    assert process.returncode == 0


def _serve(settings: dict[str, Any], orders: IO[str]) -> None:
    with create_kavach(**settings) as kavach:
        for line in orders:
            order = json.loads(line)
            with ThreadPoolExecutor(order["threads"]) as threads:
                answers = list(threads.map(partial(_answer, kavach), [order] * order["times"]))
            orders.write(json.dumps(answers) + "\n")
            orders.flush()


def _answer(kavach: object, order: dict[str, Any]) -> Answer:
    begun = time.monotonic()
    try:
        result = attrgetter(order["call"])(kavach)(*order["arguments"], **order["named"])
    except KavachError as error:
        return {"error": type(error).__name__, "begun": begun}
    fields = {} if isinstance(result, list) else result.model_dump(mode="json")
    return {**fields, "begun": begun}


def _main(settings: str, *descriptors: str) -> int:
    import kavach_sqlalchemy  # noqa: F401

    gc.freeze()  # what is shared stays so: no child looks through it, not even as it ends
    children = []
    for descriptor in descriptors:
        if (child := os.fork()) == 0:
            with socket.socket(fileno=int(descriptor)) as connection, connection.makefile("rw") as orders:
                _serve(json.loads(settings), orders)
            return 0
        os.close(int(descriptor))
        children.append(child)
    return max(os.waitpid(child, 0)[1] for child in children)


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
