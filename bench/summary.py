"""What was to be reached, beside what was measured: the table of docs/performance/results.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.databases import PROVIDERS, Provider
from bench.report import Line, noise

Measured = Callable[[Sequence[Line]], float | None]

FIND: Final = "find_agent_by_token_hash"
WRITE: Final = "create_audit_log"
FIRST: Final = "page 1 of audit rows"
DEEP: Final = "deep page of audit rows"
OWN: Final = "adapter, own connection"
JOINED: Final = "adapter, joined Session"


@dataclass(frozen=True, slots=True)
class Aim:
    """A ratio to stay below on each database."""

    what: str
    most: Mapping[Provider, float]
    measured: Measured


def _each(most: float) -> dict[Provider, float]:
    return dict.fromkeys(PROVIDERS, most)


def _line(found: Sequence[Line], job: str, subject: str) -> Line | None:
    return next((one for one in found if (one.job, one.colour, one.subject) == (job, "sync", subject)), None)


def _of_raw(job: str, subject: str) -> Measured:
    return lambda found: None if (one := _line(found, job, subject)) is None else one.times_raw


def _of_orm(job: str, subject: str) -> Measured:
    return lambda found: None if (one := _line(found, job, subject)) is None else one.of_orm


def _deep_of_first(found: Sequence[Line]) -> float | None:
    deep, first = _line(found, DEEP, OWN), _line(found, FIRST, OWN)
    return None if deep is None or first is None else deep.median / first.median


AIMS: Final = (
    Aim("look-up, own connection / raw", {"sqlite": 2.2, "postgres": 1.7, "mysql": 1.5}, _of_raw(FIND, OWN)),
    Aim("look-up, joined Session / raw", {"sqlite": 3.0, "postgres": 2.2, "mysql": 1.8}, _of_raw(FIND, JOINED)),
    Aim("look-up, Peewee / raw", _each(1.5), _of_raw(FIND, "Peewee adapter")),
    Aim("look-up, own connection / SQLAlchemy ORM", _each(0.25), _of_orm(FIND, OWN)),
    Aim("look-up, Peewee / Model.get()", _each(0.2), _of_orm(FIND, "Peewee adapter")),
    Aim("audit row, own connection / raw", _each(1.4), _of_raw(WRITE, OWN)),
    Aim("audit row, Peewee / raw", _each(1.4), _of_raw(WRITE, "Peewee adapter")),
    Aim("page of 50 / raw fetchall", {"sqlite": 2.2, "postgres": 2.2, "mysql": 1.5}, _of_raw(FIRST, OWN)),
    Aim("page of 50 / SQLAlchemy ORM", _each(0.6), _of_orm(FIRST, OWN)),
    Aim("page of 50, Peewee / select()", _each(0.6), _of_orm(FIRST, "Peewee adapter")),
    Aim("page 2,000 / page 1", _each(1.2), _deep_of_first),
    Aim("look-up, Prisma / find_unique()", _each(1.1), _of_orm(FIND, "Prisma adapter")),
    Aim("audit row, Prisma / create()", _each(1.1), _of_orm(WRITE, "Prisma adapter")),
)


def write_summary(
    path: Path, found: Sequence[Line], imports: Mapping[str, Any], exports: Sequence[Mapping[str, Any]]
) -> None:
    """Write the table of aims for the largest size, with what was missed in bold."""
    largest = max(line.audit_logs for line in found)
    figures = noise(found)
    head = f"{max(line.agents for line in found):,} agents and {largest:,} audit rows"
    rows = [
        "# Measured",
        "",
        f"Written by `make bench`, with {head}: ratios of medians of one run,",
        "in turns. A figure is given with what it is to stay below; in bold what does not.",
        f"The raw loop differed from itself by {figures['control']:.1%} at most, and rounds by",
        f"{figures['median_spread']:.0%} (interquartile). All lines are in `results.json`.",
        "",
        "| | " + " | ".join(PROVIDERS) + " |",
        "|---|" + "---|" * len(PROVIDERS),
    ]
    for aim in AIMS:
        cells = [
            _cell(aim.measured([one for one in found if one.database == name and one.audit_logs == largest]), most)
            for name, most in aim.most.items()
        ]
        rows.append(f"| {aim.what} | {' | '.join(cells)} |")
    by_database = {one["database"]: one for one in exports}
    ratios = {name: one["times_raw"] for name, one in by_database.items()}
    memory = {name: [*one["memory_mib"].values()][1] for name, one in by_database.items()}
    for what, most, measured in (("export / raw cursor", 3.0, ratios), ("export, MiB over the start", 64.0, memory)):
        rows.append(f"| {what} | {' | '.join(_cell(measured.get(name), most) for name in PROVIDERS)} |")
    over = {name: times["least_over_bare_ms"] for name, times in imports.items()}
    core, create = over["pydantic, kavach_core"], over["pydantic, create_kavach"]
    rows += [
        "",
        f"`import kavach_core` takes {core:.0f} ms over a process that imports pydantic (to stay below: 60), and",
        f"`from kavach_core import create_kavach` {create:.0f} ms: the least of each.",
    ]
    path.write_text("\n".join(rows) + "\n")


def _cell(value: float | None, most: float) -> str:
    if value is None:
        return f"- ({most:g})"
    return f"{value:.2f} ({most:g})" if value <= most else f"**{value:.2f}** ({most:g})"
