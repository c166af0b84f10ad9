"""Growth curves as an SVG: how a job's median moves with the number of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import log10
from pathlib import Path
from typing import Final

WIDTH: Final = 860
HEIGHT: Final = 380
LEFT: Final = 60
RIGHT: Final = 300
TOP: Final = 40
BOTTOM: Final = 50
COLOURS: Final = ("#1b6ca8", "#d1495b", "#3a7d44", "#8d5a97", "#c98a00", "#444444", "#00868b", "#a0522d", "#7a7a00")

Curve = Sequence[tuple[float, float]]


def write_chart(path: Path, title: str, across: str, curves: Mapping[str, Curve]) -> None:
    """Draw curves of microseconds over numbers of rows, both in powers of ten."""
    points = [point for curve in curves.values() for point in curve]
    low, high = min(x for x, _ in points), max(x for x, _ in points)
    floor, ceiling = 10 ** int(log10(min(y for _, y in points))), 10 ** (int(log10(max(y for _, y in points))) + 1)

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (log10(value / low) / (log10(high / low) or 1))

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * log10(value / floor) / log10(ceiling / floor)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
    ]
    tick = floor
    while tick <= ceiling:
        parts.append(f'<path d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:,}</text>')
        tick *= 10
    for value in sorted({point[0] for point in points}):
        parts.append(f'<text x="{x(value):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{value:,.0f}</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 10}">{escape(across)}; median µs upwards</text>')
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        line = " ".join(f"{x(rows):.1f},{y(time):.1f}" for rows, time in curve)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        at = TOP + 18 * number
        parts.append(f'<path d="M{WIDTH - RIGHT + 16} {at}h20" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 42}" y="{at + 4}">{escape(name)}</text>')
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")
