"""What was measured, as a table for people and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.chart import write_chart
from bench.comparison import Comparison, Throughput
from bench.decisions.names import KAVACH, MORE, MORE_AGENTS
from bench.measure import Role, Sample


@dataclass(frozen=True, slots=True)
class Line:
    """One subject beside the others of its comparison; times in microseconds."""

    database: str
    server: str
    agents: int
    audit_logs: int
    job: str
    colour: str
    subject: str
    role: Role
    calls: int
    median: float
    p99: float
    spread: float
    times_raw: float | None
    """Median over that of the raw driver below, which builds no record; None where there is none, as below."""
    times_record: float | None
    """Median over that of the raw driver with a record built by hand."""
    of_orm: float | None
    """Median as a part of that of ordinary code on the same ORM; raw drivers beside SQLAlchemy's."""


@dataclass
class Results:
    """All that a run measured."""

    repeat: int
    imports: Mapping[str, Mapping[str, float]]
    lines: list[Line] = field(default_factory=list)
    throughput: list[Throughput] = field(default_factory=list)
    exports: list[Mapping[str, Any]] = field(default_factory=list)


def lines(comparison: Comparison) -> list[Line]:
    """Return the lines of a comparison, in order."""
    medians = {sample.subject.role: sample.median for sample in reversed(comparison.samples)}
    named = {sample.subject.name: sample.median for sample in comparison.samples}

    def over(sample: Sample, name: str | None, role: Role) -> float | None:
        base = named[name] if name else medians.get(role)
        return None if base is None else round(sample.median / base, 3)

    return [
        Line(
            comparison.database,
            comparison.server,
            comparison.size.agents,
            comparison.size.audit_logs,
            comparison.job,
            comparison.colour,
            sample.subject.name,
            sample.subject.role,
            sum(map(len, sample.rounds)),
            round(sample.median, 2),
            round(sample.p99, 2),
            round(sample.spread, 4),
            over(sample, sample.subject.floor, "raw"),
            over(sample, None, "record"),
            over(sample, sample.subject.beside, "orm"),
        )
        for sample in comparison.samples
    ]


def show(console: Console, found: Sequence[Line]) -> None:
    """Print the table of one comparison."""
    first = found[0]
    size = f"{first.agents:,} agents, {first.audit_logs:,} audit rows"
    table = Table(title=f"{first.job}, {first.colour}, {first.server}, {size}", title_justify="left")
    table.add_column("")
    for name in ("median µs", "p99 µs", "x raw", "x raw + record", "of ORM", "spread"):
        table.add_column(name, justify="right")
    for line in found:
        table.add_row(
            line.subject,
            f"{line.median:.1f}",
            f"{line.p99:.1f}",
            *(_ratio(value) for value in (line.times_raw, line.times_record, line.of_orm)),
            f"{line.spread:.0%}",
            style="bold" if line.role == "adapter" else None,
        )
    console.print(table)


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def show_throughput(console: Console, one: Throughput) -> None:
    """Print what many callers reached."""
    console.print(
        f"{one.way}, {one.server}: {one.per_second:,.0f} decisions a second, {one.ratio:.2f} times "
        f"{one.beside} ({one.per_second_beside:,.0f}), spread {one.spread:.0%}\n"
    )


def noise(found: Sequence[Line]) -> dict[str, float]:
    """Return how far the run can be trusted.

    `control` is by how much a raw loop differs from itself at most: differences of that size mean nothing. `spread` is
    the interquartile range of the medians of the rounds, as a part of their median: over all lines, and the widest.
    """
    spreads = [line.spread for line in found]
    return {
        "control": round(max(abs((line.times_raw or 1) - 1) for line in found if line.role == "control"), 4),
        "median_spread": round(median(spreads), 4),
        "widest_spread": round(max(spreads), 4),
    }


def show_noise(console: Console, found: Sequence[Line]) -> None:
    """Print how noisy the run was."""
    figures = noise(found)
    console.print(
        f"Noise: the same raw loop, timed twice in turns, differs by at most {figures['control']:.1%}; the medians of "
        f"the rounds spread by {figures['median_spread']:.0%} (interquartile), at the worst line by "
        f"{figures['widest_spread']:.0%}."
    )


def show_imports(console: Console, imports: Mapping[str, Mapping[str, float]]) -> None:
    """Print what imports cost."""
    table = Table(title="a new process that imports", title_justify="left")
    for name in ("", "median ms", "over pydantic", "least over pydantic"):
        table.add_column(name, justify="right" if name else "left")
    for name, times in imports.items():
        table.add_row(name, *(f"{value:.1f}" for value in times.values()))
    console.print(table)


def show_exports(console: Console, exports: Sequence[Mapping[str, Any]]) -> None:
    """Print what exports cost."""
    table = Table(title="export to CSV", title_justify="left")
    for name in ("", "rows", "raw s", "adapter s", "x raw", "MiB over the start"):
        table.add_column(name, justify="right" if name else "left")
    for one in exports:
        seconds, memory = [*one["seconds"].values()], [*one["memory_mib"].values()]
        table.add_row(
            one["server"],
            f"{one['rows']:,}",
            *(f"{value:.2f}" for value in seconds),
            f"{one['times_raw']:.2f}",
            f"{memory[1]:.1f}",
        )
    console.print(table)


def write_curves(folder: Path, found: Sequence[Line]) -> None:
    """Draw how each job, and a decision, grows with the rows stored, in one SVG for each database."""
    for database in dict.fromkeys(line.database for line in found):
        curves: dict[str, list[tuple[float, float]]] = {}
        for line in found:
            if line.database != database:
                continue
            if (line.colour, line.subject) == ("sync", "adapter, own connection"):
                curves.setdefault(line.job, []).append((line.audit_logs, line.median))
            elif line.subject == KAVACH.format(MORE):
                by_agents = line.job == MORE_AGENTS
                name = "authorize_by_token, by agents" if by_agents else "authorize_by_token"
                curves.setdefault(name, []).append((line.agents if by_agents else line.audit_logs, line.median))
        across = "audit rows, or agents where it says so"
        write_chart(folder / f"growth-{database}.svg", f"Kavach on SQLAlchemy, {database}", across, curves)


def write_json(path: Path, results: Results) -> None:
    """Write all that was measured, and what it was measured on."""
    packages = (
        "sqlalchemy",
        "peewee",
        "prisma",
        "pydantic",
        "psycopg",
        "mysqlclient",
        "aiosqlite",
        "asyncpg",
        "asyncmy",
        "pycasbin",
        "sqlalchemy-adapter",
        "fastapi",
    )
    document = {
        "repeat": results.repeat,
        "noise": noise(results.lines),
        "machine": {
            "python": platform.python_version(),
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "packages": {name: version(name) for name in packages if _installed(name)},
        },
        "imports": results.imports,
        "exports": results.exports,
        "throughput": [asdict(one) for one in results.throughput],
        "results": [asdict(line) for line in results.lines],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")


def _installed(package: str) -> bool:
    try:
        version(package)
    except ModuleNotFoundError:
        return False
    return True
