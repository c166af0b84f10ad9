"""The benchmark runs and reports every way that it compares; its times are nobody's promise."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(300)

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

DECISION = "authorize_by_token"
KAVACH = ["Kavach, trust off", "Kavach, trust on"]
GROWN = ["raw loop, few rows", "Kavach, few rows", "raw loop, more rows", "Kavach, more rows"]
DECISIONS = {
    DECISION: [
        "raw loop of five statements",
        "raw loop of five statements, again",
        "raw loop of three statements",
        "raw loop that keeps a score",
        "raw loop that keeps a score, again",
        "ORM, Session per call",
        *KAVACH,
    ],
    f"{DECISION}, 5 and 1,000 permissions": [
        "raw loop, 5 permissions",
        "Kavach, 5 permissions",
        "raw loop, 1,000 permissions",
        "Kavach, 1,000 permissions",
    ],
    f"{DECISION}, more agents": GROWN,
    f"{DECISION}, more audit rows": GROWN,
}
PYCASBIN = {
    "decision, beside pycasbin": [
        "pycasbin, Enforcer.enforce()",
        "pycasbin, FastEnforcer.enforce()",
        "pycasbin, FastEnforcer, ORM look-up and audit row",
        "Kavach, trust off",
    ],
    "a permission given and taken back": [
        "pycasbin, add_policy() and remove_policy()",
        "pycasbin, load_policy() of another process",
        "Kavach, agent.update() twice",
    ],
}
FASTAPI = {
    "request to FastAPI": [
        "endpoint that authorizes nobody",
        "endpoint in ordinary ORM code",
        "endpoint with Kavach's dependency, trust off",
        "endpoint with Kavach's dependency, trust on",
    ],
}
THROUGHPUT = [
    "64 tasks, in groups",
    "16 threads, in groups",
    "64 tasks, in groups, a commit takes 1 ms more",
]


def _bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)


def test_bench_reports_every_way(tmp_path: Path) -> None:
    pytest.importorskip("aiosqlite")
    pytest.importorskip("peewee")
    done = _bench(
        *("--database", "sqlite", "--parts", "storage", "--rows", "10,20", "--repeat", "20", "--out", str(tmp_path))
    )
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


def test_bench_reports_every_way_to_decide(tmp_path: Path) -> None:
    pytest.importorskip("aiosqlite")
    steps = ("--agents", "100,200", "--audit-logs", "1000,2000")
    done = _bench(*("--database", "sqlite", "--parts", "decisions", *steps, "--repeat", "20", "--out", str(tmp_path)))
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "results.json").read_text())
    reported: dict[str, list[str]] = {}
    sizes: dict[str, set[tuple[int, int]]] = {}
    for line in found["results"]:
        if line["subject"] not in reported.setdefault(line["job"], []):
            reported[line["job"]].append(line["subject"])
        sizes.setdefault(line["job"], set()).add((line["agents"], line["audit_logs"]))
    assert reported == {
        **DECISIONS,
        **(PYCASBIN if find_spec("casbin") and find_spec("sqlalchemy_adapter") else {}),
        **(FASTAPI if find_spec("fastapi") and find_spec("httpx2") else {}),
    }
    assert sizes[f"{DECISION}, more agents"] == {(100, 1000), (200, 1000)}
    assert sizes[f"{DECISION}, more audit rows"] == {(100, 1000), (100, 2000)}
    assert [one["way"] for one in found["throughput"]] == THROUGHPUT
    assert all(one["per_second"] > 0 and one["per_second_beside"] > 0 for one in found["throughput"])
    curves = (tmp_path / "growth-sqlite.svg").read_text()
    assert curves.count("<polyline") == 2
    assert "authorize_by_token, by agents" in curves
    results = (tmp_path / "results.md").read_text()
    assert "| trust on / loop of five that keeps a score | " in results
    assert "| 2,000 audit rows / 1,000 | " in results
    assert "## Storage" not in results


def test_bench_refuses_an_unknown_part() -> None:
    done = _bench("--parts", "lunch")
    assert done.returncode == 2
    assert done.stderr == "error: unknown part lunch; use some of storage,decisions\n"


def test_bench_refuses_an_unknown_database() -> None:
    done = _bench("--database", "oracle")
    assert done.returncode == 2
    assert done.stderr == "error: unknown database oracle; use some of sqlite,postgres,mysql\n"
