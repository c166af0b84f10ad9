"""10,000 reads and 1,000 transactions: memory, descriptors and processes of the engine do not grow.

Takes minutes, so its name keeps it out of ordinary runs; `tox run -e prisma-soak` runs it.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from database_fixture import Database
from prisma_engine.clients import Client, children, with_tables

pytestmark = [pytest.mark.not_in_memory, pytest.mark.timeout(3600)]

READS = 10_000
TRANSACTIONS = 1_000
ROUNDS = 4

WARM_UP = 6
"""Rounds before it counts: V8's heap grows to its size in the first."""

GROWTH_MB = 12
"""What noise there may be; a leak of two kilobytes a call would be more."""


def memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def work(client: Client) -> None:
    """Do one round of reads, transactions that end in each way, and errors."""
    prisma = client.prisma
    for i in range(READS // ROUNDS):
        assert prisma.item.find_unique(where={"id": str(i % 100)}).n >= 0
    for i in range(TRANSACTIONS // ROUNDS):
        manager = prisma.tx(timeout=timedelta(seconds=60), max_wait=timedelta(seconds=60))
        tx = manager.start()
        tx.item.update(where={"id": str(i % 100)}, data={"n": {"increment": 1}, "note": "x" * 1000})
        if i % 10 == 0:
            with pytest.raises(client.errors.UniqueViolationError):
                tx.item.create(data={"id": "1"})
        if i % 5 == 0:
            manager.rollback()
        else:
            manager.commit()


def test_nothing_grows(database: Database) -> None:
    with with_tables(database) as client:
        client.prisma.item.create_many(data=[{"id": str(i)} for i in range(100)])
        pid = client.engine_process.pid
        seen = []
        for _ in range(WARM_UP + ROUNDS):
            work(client)
            seen.append((memory_mb(pid), descriptors(pid), len(children(pid))))
        print(f"\n{database.name}: MB, descriptors, children after each round: {seen}")
        first, last = seen[WARM_UP - 1], seen[-1]
        assert last[0] - first[0] < GROWTH_MB, seen
        assert last[1] <= first[1], seen
        assert last[2] == first[2] == 0, seen
        assert client.prisma.item.count() == 100
