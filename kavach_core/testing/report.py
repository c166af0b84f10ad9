"""What `kavach conformance --report` writes, for other programs to read.

One JSON object:

    suite       version of kavach-core, whose suite it is
    selected    what -k chose, or null for all clauses
    clauses     how many different clauses ran
    runs        how often clauses ran: with each of their parameters, on each harness
    seconds     how long all of it took
    conforms    whether the exit status is 0
    harnesses   one object for each harness, in the order in which they ran:
        harness         "package.module:Class"
        colour          "sync" or "asyncio"
        capabilities    name and boolean of each flag that the storage declares, or null if it did not open
        wanted          the level that the harness asks for
        reached         the level that is proved, or null
        missed          the first level that is wanted and not reached, or null
        obstacles       what keeps that level from being reached: a list of texts
        conforms        whether what was wanted is reached; with `selected`, whether no clause failed
        error           why the harness could not be opened or closed, or null
        counts          number of runs: "passed", "failed", "skipped", "expected" (failed, as the harness said)
        seconds         how long its clauses took
        runs            one object for each run:
            name            name of the clause
            parameters      what it ran with, as pytest writes it, or null
            area            what the clause is about
            level           the level that it belongs to
            outcome         one of the words in `counts`
            skip            what justifies a skip: "capability", "optional", "harness" or "other"; or null
            seconds         how long it took, with opening and closing what it was the first and last to use
            reason          first line of why it did not pass, or null

Levels are "core", "transactional", "joined", "concurrent".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kavach_core.testing.results import Result, Run


def write_report(path: Path, results: Sequence[Result], *, seconds: float, selected: str | None) -> None:
    """Write what was found out about all harnesses; a file that exists is replaced.

    Raises `OSError` where it cannot be written.
    """
    path.write_text(json.dumps(report_of(results, seconds=seconds, selected=selected), indent=2) + "\n", "utf-8")


def report_of(results: Sequence[Result], *, seconds: float, selected: str | None) -> Mapping[str, Any]:
    """Return what is written, as values of JSON."""
    return {
        "suite": version("kavach-core"),
        "selected": selected,
        **totals(results),
        "seconds": round(seconds, 3),
        "conforms": all(result.conforms for result in results),
        "harnesses": [_harness(result) for result in results],
    }


def totals(results: Sequence[Result]) -> Mapping[str, int]:
    """Count the different clauses, and how often they ran."""
    return {
        "clauses": len({run.clause for result in results for run in result.runs}),
        "runs": sum(len(result.runs) for result in results),
    }


def _harness(result: Result) -> Mapping[str, Any]:
    return {
        "harness": result.harness,
        "colour": result.colour,
        "capabilities": result.capabilities,
        "wanted": result.wanted,
        "reached": result.reached,
        "missed": result.missed,
        "obstacles": [*result.obstacles(result.missed)] if result.missed else [],
        "conforms": result.conforms,
        "error": result.error,
        "counts": result.counts,
        "seconds": round(result.seconds, 3),
        "runs": [_run(run) for run in result.runs],
    }


def _run(run: Run) -> Mapping[str, Any]:
    return {
        "name": run.clause,
        "parameters": run.parameters,
        "area": run.area,
        "level": run.level,
        "outcome": run.outcome,
        "skip": run.skip,
        "seconds": round(run.seconds, 3),
        "reason": run.reason,
    }
