"""What was measured: ways to do one job, beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median, quantiles
from typing import Literal

from bench.databases import Provider
from bench.measure import Sample

Colour = Literal["sync", "asyncio"]


@dataclass(frozen=True)
class Size:
    """How many rows are stored."""

    agents: int
    audit_logs: int


@dataclass(frozen=True)
class Comparison:
    """The samples of all ways to do one job on one database."""

    database: Provider
    server: str
    size: Size
    job: str
    colour: Colour
    samples: list[Sample]


@dataclass(frozen=True, slots=True)
class Throughput:
    """Calls a second of many callers, beside another way to serve as many; both in turns."""

    database: Provider
    server: str
    way: str
    beside: str
    per_second: float
    per_second_beside: float
    ratio: float
    """The median of the ratios of neighbouring turns."""
    spread: float
    """The interquartile range of these ratios as a part of their median."""


def throughput(database: Provider, server: str, way: str, beside: str, rates: list[tuple[float, float]]) -> Throughput:
    """Return what pairs of neighbouring turns say, each the calls a second of the way and of that beside it."""
    low, ratio, high = quantiles([ours / theirs for ours, theirs in rates], n=4, method="inclusive")
    ours, theirs = (median(column) for column in zip(*rates, strict=True))
    return Throughput(
        database, server, way, beside, round(ours, 1), round(theirs, 1), round(ratio, 3), round((high - low) / ratio, 4)
    )
