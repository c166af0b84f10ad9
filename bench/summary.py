"""What was to be reached, beside what was measured: the tables of docs/performance/results.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.comparison import Colour
from bench.databases import PROVIDERS, Provider
from bench.decisions import names
from bench.report import Line, Results, noise

Measured = Callable[[Results, Provider], float | None]

FIND: Final = "find_agent_by_token_hash"
WRITE: Final = "create_audit_log"
FIRST: Final = "page 1 of audit rows"
DEEP: Final = "deep page of audit rows"
OWN: Final = "adapter, own connection"
JOINED: Final = "adapter, joined Session"


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure, and on each database what it is to stay below, or to reach; without a bound it only informs."""

    what: str
    bounds: Mapping[Provider, float]
    measured: Measured
    least: bool = False
    """The bound is to be reached."""


def _each(bound: float) -> dict[Provider, float]:
    return dict.fromkeys(PROVIDERS, bound)


_INFORMS: Final[dict[Provider, float]] = {}


def _line(results: Results, provider: Provider, job: str, subject: str, colour: Colour = "sync") -> Line | None:
    """Return the line of a subject, at the largest size where the job was done."""
    wanted = (provider, job, colour)
    found = [one for one in results.lines if (one.database, one.job, one.colour) == wanted and one.subject == subject]
    return max(found, key=lambda one: (one.audit_logs, one.agents), default=None)


def _of_raw(job: str, subject: str) -> Measured:
    def measured(results: Results, provider: Provider) -> float | None:
        line = _line(results, provider, job, subject)
        return None if line is None else line.times_raw

    return measured


def _of_orm(job: str, subject: str) -> Measured:
    def measured(results: Results, provider: Provider) -> float | None:
        line = _line(results, provider, job, subject)
        return None if line is None else line.of_orm

    return measured


def _over(job: str, subject: str, other: str, other_job: str | None = None, colour: Colour = "sync") -> Measured:
    """Return the median of a subject over that of another one."""

    def measured(results: Results, provider: Provider) -> float | None:
        one = _line(results, provider, job, subject, colour)
        beside = _line(results, provider, other_job or job, other, colour)
        return None if one is None or beside is None else one.median / beside.median

    return measured


def _throughput(way: str) -> Measured:
    def measured(results: Results, provider: Provider) -> float | None:
        return next((one.ratio for one in results.throughput if (one.database, one.way) == (provider, way)), None)

    return measured


def _export(figure: Callable[[Mapping[str, Any]], float]) -> Measured:
    def measured(results: Results, provider: Provider) -> float | None:
        return next((figure(one) for one in results.exports if one["database"] == provider), None)

    return measured


STORAGE: Final = (
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
    Aim("page 2,000 / page 1", _each(1.2), _over(DEEP, OWN, OWN, FIRST)),
    Aim("look-up, Prisma / find_unique()", _each(1.1), _of_orm(FIND, "Prisma adapter")),
    Aim("audit row, Prisma / create()", _each(1.1), _of_orm(WRITE, "Prisma adapter")),
    Aim("export / raw cursor", _each(3.0), _export(lambda one: one["times_raw"])),
    Aim("export, MiB over the start", _each(64.0), _export(lambda one: [*one["memory_mib"].values()][1])),
)

_SLOWER: Final[dict[Provider, float]] = {"sqlite": 2.0, "postgres": 2.0}

DECISIONS: Final = (
    Aim("trust off / loop of five statements", _each(1.8), _of_raw(names.DECISION, names.PLAIN)),
    Aim("trust on / loop of five that keeps a score", _each(1.8), _of_raw(names.DECISION, names.TRUSTING)),
    Aim("trust off / loop of three statements", _INFORMS, _over(names.DECISION, names.PLAIN, names.THREE)),
    Aim("trust on / loop of five, without scores", _INFORMS, _over(names.DECISION, names.TRUSTING, names.FIVE)),
    Aim("trust off / SQLAlchemy ORM", _INFORMS, _of_orm(names.DECISION, names.PLAIN)),
    Aim(
        "{agents} agents / 100",
        _each(1.2),
        _over(names.MORE_AGENTS, names.KAVACH.format(names.MORE), names.KAVACH.format(names.FEW)),
    ),
    Aim(
        "{audit_logs} audit rows / 1,000",
        _each(1.2),
        _over(names.MORE_AUDIT_LOGS, names.KAVACH.format(names.MORE), names.KAVACH.format(names.FEW)),
    ),
    Aim(
        "{audit_logs} audit rows / 1,000, the raw loop likewise",
        _INFORMS,
        _over(names.MORE_AUDIT_LOGS, names.RAW.format(names.MORE), names.RAW.format(names.FEW)),
    ),
    Aim(
        "1,000 permissions / 5",
        _each(2.0),
        _over(
            names.PERMISSIONS, names.KAVACH.format(names.MANY_PERMISSIONS), names.KAVACH.format(names.FEW_PERMISSIONS)
        ),
    ),
    Aim(
        "1,000 permissions / 5, the raw loop likewise",
        _INFORMS,
        _over(names.PERMISSIONS, names.RAW.format(names.MANY_PERMISSIONS), names.RAW.format(names.FEW_PERMISSIONS)),
    ),
)

CALLERS: Final = (
    Aim(
        f"{names.IN_GROUPS} / {names.ONE_BY_ONE}",
        {"sqlite": 1.5, "postgres": 1.5},
        _throughput(names.IN_GROUPS),
        least=True,
    ),
    Aim(f"{names.SLOWLY} / {names.ONE_BY_ONE}", _SLOWER, _throughput(names.SLOWLY), least=True),
    Aim(f"{names.BY_THREADS} / {names.ONE_BY_ONE}", _INFORMS, _throughput(names.BY_THREADS)),
    Aim(f"{names.TWO_PROCESSES} / {names.ONE_PROCESS}", _INFORMS, _throughput(names.TWO_PROCESSES)),
    Aim(f"{names.FOUR_PROCESSES} / {names.ONE_PROCESS}", _INFORMS, _throughput(names.FOUR_PROCESSES)),
)

ALTERNATIVES: Final = (
    Aim(f"decision, trust off / {names.ENFORCER}", _INFORMS, _over(names.ENFORCE, names.PLAIN, names.ENFORCER)),
    Aim(f"decision, trust off / {names.FAST}", _INFORMS, _over(names.ENFORCE, names.PLAIN, names.FAST)),
    Aim(f"decision, trust off / {names.RECORDED}", _INFORMS, _over(names.ENFORCE, names.PLAIN, names.RECORDED)),
    Aim(
        f"{names.CHANGE}, agent.update() / {names.CASBIN_CHANGE}",
        _INFORMS,
        _over(names.CHANGE, names.OUR_CHANGE, names.CASBIN_CHANGE),
    ),
    Aim(
        f"{names.CHANGE}, agent.update() / {names.CASBIN_SEEN}",
        _INFORMS,
        _over(names.CHANGE, names.OUR_CHANGE, names.CASBIN_SEEN),
    ),
    Aim(
        "FastAPI, Kavach's dependency, trust off / ordinary ORM code",
        _INFORMS,
        _over(names.REQUEST, names.OURS, names.ORDINARY, colour="asyncio"),
    ),
    Aim(
        "FastAPI, Kavach's dependency, trust on / ordinary ORM code, without scores",
        _INFORMS,
        _over(names.REQUEST, names.OURS_TRUSTING, names.ORDINARY, colour="asyncio"),
    ),
)

SECTIONS: Final = {
    "Storage, at {agents} agents and {audit_logs} audit rows": STORAGE,
    "Decisions, `authorize_by_token()`": DECISIONS,
    "Decisions of many callers, by throughput": CALLERS,
    "Beside alternatives": ALTERNATIVES,
}


def write_summary(path: Path, results: Results) -> None:
    """Write the figures with their bounds, and what was missed in bold."""
    figures = noise(results.lines)
    text = [
        "# Measured",
        "",
        "Written by `make bench`: ratios of medians of one run, in turns. A figure is given with what it is to stay",
        "below, or with ≥ to reach; in bold where it does not. Figures without one inform.",
        f"The raw loop differed from itself by {figures['control']:.1%} at most, and rounds by",
        f"{figures['median_spread']:.0%} (interquartile). All lines are in `results.json`.",
    ]
    for title, aims in SECTIONS.items():
        text += _section(title, aims, results)
    over = {name: times["least_over_bare_ms"] for name, times in results.imports.items()}
    core, create = over["pydantic, kavach_core"], over["pydantic, create_kavach"]
    text += [
        "",
        f"`import kavach_core` takes {core:.0f} ms over a process that imports pydantic (to stay below: 60), and",
        f"`from kavach_core import create_kavach` {create:.0f} ms: the least of each.",
    ]
    path.write_text("\n".join(text) + "\n")


def _section(title: str, aims: Sequence[Aim], results: Results) -> list[str]:
    jobs = (FIND,) if aims is STORAGE else (names.MORE_AGENTS, names.MORE_AUDIT_LOGS)
    lines = [one for one in results.lines if one.job in jobs]
    sizes = {
        "agents": f"{max((one.agents for one in lines), default=0):,}",
        "audit_logs": f"{max((one.audit_logs for one in lines), default=0):,}",
    }
    rows = [[(aim.measured(results, name), aim.bounds.get(name)) for name in PROVIDERS] for aim in aims]
    if all(value is None for row in rows for value, _ in row):
        return []
    return [
        "",
        f"## {title.format(**sizes)}",
        "",
        f"| | {' | '.join(PROVIDERS)} |",
        "|---|" + "---|" * len(PROVIDERS),
        *(
            f"| {aim.what.format(**sizes)} | {' | '.join(_cell(*cell, least=aim.least) for cell in row)} |"
            for aim, row in zip(aims, rows, strict=True)
        ),
    ]


def _cell(value: float | None, bound: float | None, *, least: bool) -> str:
    if value is None:
        return "-"
    if bound is None:
        return f"{value:.2f}"
    missed = value < bound if least else value > bound
    return f"{f'**{value:.2f}**' if missed else f'{value:.2f}'} ({'≥ ' if least else ''}{bound:g})"
