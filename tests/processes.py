"""Processes that call one Kavach method after another when they are told to, for races between processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from database_fixture import Database

_PROGRAM = """
import json, sys, time
from operator import attrgetter
from kavach_core import KavachError, create_kavach

def make(kavach, order):
    begun = time.monotonic()
    try:
        result = attrgetter(order["call"])(kavach)(*order["arguments"], **order["named"])
    except KavachError as error:
        return {"error": type(error).__name__, "begun": begun}
    return {**result.model_dump(mode="json"), "begun": begun}

provider, url = sys.argv[1:]
with create_kavach(database={"provider": provider, "url": url, "skip_migrations": True}) as kavach:
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps([make(kavach, order) for _ in range(order["times"])]), flush=True)
"""


@dataclass(frozen=True)
class Worker:
    """One process; `tell` does not wait for the answer, which `answers` returns."""

    process: subprocess.Popen[str]

    def tell(self, call: str, *arguments: object, times: int = 1, **named: object) -> None:
        """Let the process make calls, one after another: a method's name behind the Kavach, and what it is given."""
        assert self.process.stdin is not None
        order = {"call": call, "arguments": arguments, "named": named, "times": times}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def answers(self) -> list[dict[str, Any]]:
        """Return the fields of each result, or the name of the `error`, and when the call was `begun` (monotonic)."""
        assert self.process.stdout is not None
        found: list[dict[str, Any]] = json.loads(self.process.stdout.readline())
        return found


@contextmanager
def workers(database: Database, count: int) -> Iterator[list[Worker]]:
    """Yield processes that have a Kavach on the database, all ready."""
    command = [sys.executable, "-c", _PROGRAM, database.provider, database.url]
    with ExitStack() as stack:
        found = []
        for _ in range(count):
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            found.append(Worker(process))
        for worker in found:
            assert worker.process.stdout is not None
            assert worker.process.stdout.readline() == "ready\n"
        yield found
