"""What a hash chain inside the decision costs: `python -m bench.audit_chain URL`, on an empty PostgreSQL database.

Eight writers each run two reads and one insert a transaction, as a decision does; with a chain they lock the head of
their agent's chain first and move it on. The median of three rounds of each is told.
"""

from __future__ import annotations

import hashlib
import sys
import time
from statistics import median
from threading import Event, Thread
from typing import Final
from uuid import uuid4

import psycopg

WRITERS: Final = 8
SECONDS: Final = 3
ROUNDS: Final = 3
BODY: Final = "x" * 200


def prepare(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE chain_rows (id TEXT PRIMARY KEY, agent TEXT, body TEXT, hash TEXT)")
        connection.execute("CREATE TABLE chain_heads (agent TEXT PRIMARY KEY, hash TEXT)")
        for number in range(WRITERS):
            connection.execute("INSERT INTO chain_heads VALUES (%s, '')", (f"agent-{number}",))


def write(url: str, agent: str, chained: bool, stop: Event, counts: list[int]) -> None:
    done = 0
    with psycopg.connect(url) as connection:
        while not stop.is_set():
            connection.execute("SELECT 1")
            connection.execute("SELECT 2")
            hash = None
            if chained:
                found = connection.execute("SELECT hash FROM chain_heads WHERE agent = %s FOR UPDATE", (agent,))
                hash = hashlib.sha256(f"{found.fetchone()}{BODY}".encode()).hexdigest()
            connection.execute("INSERT INTO chain_rows VALUES (%s, %s, %s, %s)", (str(uuid4()), agent, BODY, hash))
            if chained:
                connection.execute("UPDATE chain_heads SET hash = %s WHERE agent = %s", (hash, agent))
            connection.commit()
            done += 1
    counts.append(done)


def rate(url: str, agents: int, chained: bool) -> float:
    """Return the transactions of all writers in a second."""
    stop = Event()
    counts: list[int] = []
    threads = [
        Thread(target=write, args=(url, f"agent-{number % agents}", chained, stop, counts)) for number in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


def main(url: str) -> None:
    prepare(url)
    cases = [(agents, chained) for chained in (False, True) for agents in (WRITERS, 1)]
    rounds = [[rate(url, *case) for case in cases] for _ in range(ROUNDS)]
    for (agents, chained), rates in zip(cases, zip(*rounds, strict=True), strict=True):
        print(
            f"{'a chain for each agent' if chained else 'no chain':24} {agents} agents: {median(rates):6.0f} a second"
        )


if __name__ == "__main__":
    main(sys.argv[1])
