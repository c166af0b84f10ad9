"""The benchmark runs and reports every way that it compares; its times are nobody's promise."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FIND = "find_agent_by_token_hash"
WRITE = "create_audit_log"
PAGE = "page 1 of audit rows"
PRISMA_FIND = ["Prisma adapter", "Prisma, query_raw()", "Prisma, find_unique()"] if find_spec("prisma") else []
PRISMA_WRITE = ["Prisma adapter", "Prisma, create()"] if find_spec("prisma") else []
ROWS = {
    (FIND, "sync"): [
        "raw sqlite3",
        "raw sqlite3, again",
        "raw sqlite3 + record",
        "adapter, own connection",
        "adapter, joined Session",
        "adapter, joined Session, using() per call",
        "adapter, joined Connection",
        "ORM, Session per call",
        "Peewee adapter",
        "Peewee adapter, in atomic() per call",
        "Peewee, Model.get()",
        *PRISMA_FIND,
    ],
    (PAGE, "sync"): [
        "raw sqlite3",
        "raw sqlite3, again",
        "raw sqlite3 + records",
        "adapter, own connection",
        "adapter, joined Session",
        "ORM, Session per call",
        "Peewee adapter",
        "Peewee, select()",
    ],
    (WRITE, "sync"): [
        "raw sqlite3",
        "raw sqlite3, again",
        "raw sqlite3 + record",
        "raw sqlite3, BEGIN and COMMIT",
        "adapter, own connection",
        "adapter, joined Session, commit",
        "adapter, joined Connection, commit",
        "ORM, Session per call, add and commit",
        "Peewee adapter",
        "Peewee adapter, in atomic() per call",
        "Peewee, Model.create()",
        *PRISMA_WRITE,
    ],
    (FIND, "asyncio"): [
        "raw aiosqlite",
        "raw aiosqlite, again",
        "raw aiosqlite + record",
        "adapter, own connection",
        "ORM, AsyncSession per call",
        "Peewee adapter",
        "Peewee adapter, in atomic() per call",
        "Peewee, database.get()",
    ],
    (WRITE, "asyncio"): [
        "raw aiosqlite",
        "raw aiosqlite, again",
        "raw aiosqlite + record",
        "adapter, own connection",
        "ORM, AsyncSession per call, add and commit",
        "Peewee adapter",
        "Peewee adapter, in atomic() per call",
        "Peewee, database.run(Model.create)",
    ],
}


def _bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)


def test_bench_reports_every_way(tmp_path: Path) -> None:
    pytest.importorskip("aiosqlite")
    pytest.importorskip("peewee")
    done = _bench("--database", "sqlite", "--rows", "10,20", "--repeat", "20", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "results.json").read_text())
    reported: dict[tuple[str, str], list[str]] = {}
    for line in found["results"]:
        assert line["calls"] == 20
        assert line["median"] > 0
        if line["agents"] == 20:
            reported.setdefault((line["job"], line["colour"]), []).append(line["subject"])
    assert reported == ROWS
    assert [(one["rows"], one["database"]) for one in found["exports"]] == [(200, "sqlite")]
    assert "pydantic, kavach_core" in found["imports"]
    assert (tmp_path / "growth-sqlite.svg").read_text().count("<polyline") == 3
    assert "| look-up, own connection / raw |" in (tmp_path / "results.md").read_text()
    assert set(found["noise"]) == {"control", "median_spread", "widest_spread"}
    assert "find_agent_by_token_hash, sync, sqlite" in done.stdout


def test_bench_refuses_an_unknown_database() -> None:
    done = _bench("--database", "oracle")
    assert done.returncode == 2
    assert done.stderr == "error: unknown database oracle; use some of sqlite,postgres,mysql\n"
