"""The command: `python -m bench --database sqlite,postgres,mysql --parts storage,decisions --out FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from typing import Final

from cyclopts import App
from rich.console import Console

from bench.comparison import Comparison, Size, Throughput
from bench.databases import PROVIDERS, chosen_providers
from bench.decisions.run import run_decisions
from bench.imports import measure_imports
from bench.report import (
    Results,
    lines,
    show,
    show_exports,
    show_imports,
    show_noise,
    show_throughput,
    write_curves,
    write_json,
)
from bench.run import run
from bench.summary import write_summary

PARTS: Final = ("storage", "decisions")

app = App(name="bench", help="Measure Kavach beside the raw driver, ordinary ORM code and alternatives.")


@app.default
def main(
    *,
    database: str = ",".join(PROVIDERS),
    parts: str = ",".join(PARTS),
    rows: str = "1000,10000,100000",
    agents: str = "100,10000,100000",
    audit_logs: str = "1000,100000,5000000",
    repeat: int = 2_000,
    out: Path | None = None,
) -> int:
    """Measure Kavach beside the raw driver, ordinary ORM code and alternatives, on databases that are removed.

    Parameters
    ----------
    database
        Where to measure: some of sqlite, postgres and mysql, with commas.
    parts
        What to measure: storage, decisions, or both.
    rows
        For the storage, how many agents are stored, for each size; audit rows are ten times as many.
    agents
        To how many agents the database of decisions grows, step by step.
    audit_logs
        To how many audit rows it grows.
    repeat
        How often each way is called, in rounds; writes and pages half as often.
    out
        A folder for results.json, results.md and the curves.
    """
    console = Console(width=None if sys.stdout.isatty() else 120)
    try:
        providers = chosen_providers(database)
        sizes = [Size(number, 10 * number) for number in _numbers(rows)]
        steps = _numbers(agents), _numbers(audit_logs)
        chosen = {part.strip() for part in parts.split(",")}
        if not chosen or not chosen <= set(PARTS):
            raise ValueError(f"unknown part {', '.join(sorted(chosen - set(PARTS)))}; use some of {','.join(PARTS)}")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if min(sizes[0].agents, *steps[0], *steps[1]) < 10 or repeat < 2:
        print("error: numbers of rows must be 10 or more, and --repeat 2 or more", file=sys.stderr)
        return 2
    started = perf_counter()
    results = Results(repeat, measure_imports(min(15, 1 + repeat // 100)))
    show_imports(console, results.imports)

    def tell(found: Comparison | Throughput) -> None:
        if isinstance(found, Throughput):
            show_throughput(console, found)
            results.throughput.append(found)
            return
        shown = lines(found)
        show(console, shown)
        results.lines += shown

    for provider in providers:
        if "storage" in chosen:
            for found in run(provider, sizes, repeat=repeat, exported=results.exports.append):
                tell(found)
        if "decisions" in chosen:
            for measured in run_decisions(provider, *steps, repeat=repeat // 2):
                tell(measured)
    if results.exports:
        show_exports(console, results.exports)
    show_noise(console, results.lines)
    console.print(f"It took {(perf_counter() - started) / 60:.1f} minutes.")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / "results.json", results)
        write_curves(out, results.lines)
        write_summary(out / "results.md", results)
    return 0


def _numbers(text: str) -> list[int]:
    return sorted({int(part) for part in text.split(",")})


if __name__ == "__main__":
    sys.exit(app())
