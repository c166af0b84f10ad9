"""Decisions of several application processes on one server: `python -m bench.decisions.processes` is one of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Final

from bench.checks import WrongResult
from bench.comparison import Throughput, throughput
from bench.decisions.compared import by_kavach
from bench.decisions.names import FOUR_PROCESSES, ONE_PROCESS, PROCESS_THREADS, TWO_PROCESSES
from bench.decisions.stored import SMALL, UNTRUSTED, Stored, token_of
from kavach_core import create_kavach

MORE: Final = {2: TWO_PROCESSES, 4: FOUR_PROCESSES}
TURNS: Final = 3


def processes_beside_one(stored: Stored, seconds: float) -> list[Throughput]:
    """Measure 2 and 4 processes beside one: all run from the start, and are told in turns to decide for a while."""
    with _started(stored, max(MORE)) as workers:
        _rate(workers, seconds / 2)  # connections are opened, statements prepared
        rates: dict[int, list[tuple[float, float]]] = {count: [] for count in MORE}
        for _ in range(TURNS):
            for count in MORE:
                one = _rate(workers[:1], seconds)
                rates[count].append((_rate(workers[:count], seconds), one))
    stored.remove_new_rows()
    return [
        throughput(stored.provider, stored.database.server, MORE[count], ONE_PROCESS, pairs)
        for count, pairs in rates.items()
    ]


@contextmanager
def _started(stored: Stored, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "bench.decisions.processes", stored.provider, stored.database.adapter_url()]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.communicate()  # the end of its input ends it


def _rate(workers: Sequence[subprocess.Popen[str]], seconds: float) -> float:
    """Return the decisions of all in a second."""
    for worker in workers:
        _pipe(worker.stdin).write(f"{seconds}\n")
        _pipe(worker.stdin).flush()
    rates = [_pipe(worker.stdout).readline() for worker in workers]
    if not all(rates):
        raise WrongResult("a process ended early")
    return sum(map(float, rates))


def _pipe(pipe: Any) -> Any:
    assert pipe is not None
    return pipe


def main(provider: str, url: str) -> None:
    """Decide in threads for as many seconds as each line of the input says, and tell the decisions in a second."""
    with create_kavach(database={"provider": provider, "url": url}, trust=UNTRUSTED) as kavach:
        decide = by_kavach(kavach)

        def thread(number: int) -> int:
            calls = 0
            while perf_counter() < until:
                if not decide(token_of((number * 13 + calls) % SMALL.agents)):
                    raise WrongResult("a call was denied that is allowed")
                calls += 1
            return calls

        with ThreadPoolExecutor(PROCESS_THREADS) as pool:
            for line in sys.stdin:
                started = perf_counter()
                until = started + float(line)
                calls = sum(pool.map(thread, range(PROCESS_THREADS)))
                print(calls / (perf_counter() - started), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
