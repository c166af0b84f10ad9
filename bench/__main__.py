"""The command: `python -m bench --database sqlite,postgres,mysql --rows 100000 --repeat 4000 --json FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from cyclopts import App
from rich.console import Console

from bench.databases import PROVIDERS, chosen_providers
from bench.report import Line, lines, show, show_noise, write_json
from bench.run import run

app = App(name="bench", help="Measure the adapters beside the raw driver and ordinary ORM code.")


@app.default
def main(
    *, database: str = ",".join(PROVIDERS), rows: int = 100_000, repeat: int = 4_000, json: Path | None = None
) -> int:
    """Measure the adapters beside the raw driver and ordinary ORM code, on databases that are removed at the end.

    Parameters
    ----------
    database
        Where to measure: some of sqlite, postgres and mysql, with commas.
    rows
        How many agents are stored.
    repeat
        How often each way is called, in rounds.
    json
        A file for the results.
    """
    console = Console(width=None if sys.stdout.isatty() else 120)
    try:
        providers = chosen_providers(database)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if rows < 1 or repeat < 1:
        print("error: --rows and --repeat must be 1 or more", file=sys.stderr)
        return 2
    found: list[Line] = []
    for provider in providers:
        for comparison in run(provider, rows=rows, repeat=repeat):
            shown = lines(comparison)
            show(console, shown)
            found += shown
    show_noise(console, found)
    if json is not None:
        write_json(json, found, rows=rows, repeat=repeat)
    return 0


if __name__ == "__main__":
    sys.exit(app())
