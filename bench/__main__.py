"""The command: `python -m bench --database sqlite,postgres,mysql --rows 1000,10000 --repeat 2000 --out FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from cyclopts import App
from rich.console import Console

from bench.databases import PROVIDERS, chosen_providers
from bench.imports import measure_imports
from bench.report import (
    Line,
    lines,
    show,
    show_exports,
    show_imports,
    show_noise,
    write_curves,
    write_json,
)
from bench.run import Size, run
from bench.summary import write_summary

app = App(name="bench", help="Measure the adapters beside the raw driver and ordinary ORM code.")


@app.default
def main(
    *,
    database: str = ",".join(PROVIDERS),
    rows: str = "1000,10000,100000",
    repeat: int = 2_000,
    out: Path | None = None,
) -> int:
    """Measure the adapters beside the raw driver and ordinary ORM code, on databases that are removed at the end.

    Parameters
    ----------
    database
        Where to measure: some of sqlite, postgres and mysql, with commas.
    rows
        How many agents are stored, for each size; audit rows are ten times as many.
    repeat
        How often each way is called, in rounds; writes and pages half as often.
    out
        A folder for results.json and the curves.
    """
    console = Console(width=None if sys.stdout.isatty() else 120)
    try:
        providers = chosen_providers(database)
        sizes = [Size(number, 10 * number) for number in sorted({int(part) for part in rows.split(",")})]
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if sizes[0].agents < 10 or repeat < 2:
        print("error: --rows must be 10 or more, and --repeat 2 or more", file=sys.stderr)
        return 2
    found: list[Line] = []
    exports: list[dict[str, Any]] = []
    imports = measure_imports(min(15, 1 + repeat // 100))
    show_imports(console, imports)
    for provider in providers:
        for comparison in run(provider, sizes, repeat=repeat, exported=exports.append):
            shown = lines(comparison)
            show(console, shown)
            found += shown
    show_exports(console, exports)
    show_noise(console, found)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / "results.json", found, imports, exports, repeat=repeat)
        write_curves(out, found)
        write_summary(out / "results.md", found, imports, exports)
    return 0


if __name__ == "__main__":
    sys.exit(app())
