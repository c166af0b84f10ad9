"""The commits that the benchmark slows down are all commits, and nothing but commits."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiosqlite")
pytest.importorskip("sqlalchemy")

from kavach_schema.tables.agents import AUDIT_LOGS
from kavach_sqlalchemy import create_async_engine, create_sqlalchemy_adapter
from storage.samples import row

ROOT = Path(__file__).parents[2]


async def test_a_connection_sleeps_after_each_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)  # the benchmark is no part of the wheel
    slow_commits = import_module("bench.decisions.slow_commits")
    slept: list[float] = []
    monkeypatch.setattr(slow_commits, "sleep", slept.append)
    engine = create_async_engine("sqlite", f"sqlite+aiosqlite:///{tmp_path}/slow.db")
    slow_commits.delay_on_sqlite(engine)
    storage = create_sqlalchemy_adapter(engine)
    rows: list[Any] = [row(AUDIT_LOGS) for _ in range(12)]

    async def sleeps_of(call: object) -> int:
        slept.clear()
        await call  # type: ignore[misc]  # any awaitable
        return len(slept)

    async def rolled_back() -> None:
        with suppress(LookupError):
            async with storage.transaction() as within:
                await within.create_audit_log(**rows[11])
                raise LookupError

    async def in_transaction() -> None:
        async with storage.transaction() as within:
            await within.create_audit_log(**rows[9])
            await within.create_audit_log(**rows[10])

    await storage.prepare_schema()
    assert await sleeps_of(storage.create_audit_log(**rows[0])) == 1
    assert await sleeps_of(storage.create_audit_logs(rows[1:9])) == 1
    assert await sleeps_of(in_transaction()) == 1
    assert await sleeps_of(rolled_back()) == 0
    assert await sleeps_of(storage.query_audit_logs(limit=5)) == 0
    assert slow_commits.DELAY == 0.001
    await engine.dispose()
