"""Measure all of the decisions on one database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib.util import find_spec

from bench.comparison import Comparison, Throughput
from bench.databases import Provider
from bench.decisions.compared import as_tables_grow, beside_loops, with_many_permissions
from bench.decisions.many_callers import groups_beside_single_commits
from bench.decisions.processes import processes_beside_one
from bench.decisions.stored import Stored


def run_decisions(
    provider: Provider, agents: Sequence[int], audit_logs: Sequence[int], *, repeat: int
) -> Iterator[Comparison | Throughput]:
    """Measure decisions on new databases, one of which grows to these numbers of agents, and of audit rows.

    About `repeat` calls are made of each way. Alternatives are measured where they are installed.
    """
    with ExitStack() as stack:
        few = Stored(provider, stack)
        yield beside_loops(few, stack, repeat)
        yield with_many_permissions(few, repeat // 4)
        if find_spec("casbin") and find_spec("sqlalchemy_adapter"):
            from bench.decisions.on_casbin import beside_pycasbin

            yield from beside_pycasbin(few, stack, repeat)
        if find_spec("fastapi") and find_spec("httpx2"):
            from bench.decisions.on_fastapi import beside_ordinary_code

            yield beside_ordinary_code(few, repeat // 2)
        yield from groups_beside_single_commits(few, repeat)
        if provider != "sqlite":
            yield from processes_beside_one(few, seconds=repeat / 500)
        yield from as_tables_grow(few, provider, agents, audit_logs, repeat)
