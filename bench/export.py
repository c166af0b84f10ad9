"""The export of a whole trail to CSV, beside a raw cursor that writes the same file; each in a process of its own."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

from bench.checks import WrongResult
from bench.data import AUDIT_COLUMNS, Row
from bench.databases import Database, Provider
from bench.statements import statements

WAYS: Final = ("raw cursor", "kavach.audit.export_to")


def measure_export(database: Database, rounds: int) -> dict[str, Any]:
    """Export in turns, in rounds; return seconds, and the memory over that of the start in MiB."""
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    with TemporaryDirectory(prefix="kavach-bench-") as folder:
        for _ in range(rounds):
            for way in WAYS:
                found[way].append(_in_process(way, database, Path(folder) / "export.csv"))
    if len({one["hash"] for ones in found.values() for one in ones}) != 1:
        raise WrongResult("the exports are not the same file")
    seconds = {way: median(one["seconds"] for one in ones) for way, ones in found.items()}
    raw, ours = (seconds[way] for way in WAYS)
    return {
        "database": database.provider,
        "server": database.server,
        "rows": found[WAYS[0]][0]["rows"],
        "seconds": {way: round(value, 2) for way, value in seconds.items()},
        "times_raw": round(ours / raw, 2),
        "memory_mib": {way: round(max(one["memory"] for one in ones), 1) for way, ones in found.items()},
    }


def _in_process(way: str, database: Database, path: Path) -> dict[str, Any]:
    arguments = [way, database.provider, database.url, database.server, str(path)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.export", *arguments], check=True, capture_output=True, text=True
    )
    return {**json.loads(done.stdout), "hash": sha256(path.read_bytes()).hexdigest()}


def main(way: str, provider: Provider, url: str, server: str, path: str) -> None:
    """Export once, and print what it took."""
    database = Database(provider, url, server)
    work = _prepared(way, database)
    before = _peak()
    start = perf_counter()
    with open(path, "w", newline="") as file:
        rows = work(file)
    seconds = perf_counter() - start
    print(json.dumps({"rows": rows, "seconds": seconds, "memory": (_peak() - before) / 1024}))


def _peak() -> int:
    """Return the most memory that this process has had, in KiB; getrusage() would tell that of its parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def _prepared(way: str, database: Database) -> Callable[[Any], int]:
    from kavach_core import create_kavach

    kavach = create_kavach(database={"provider": database.provider, "url": database.adapter_url()})
    kavach.audit.query(limit=1)
    if way != WAYS[0]:
        return lambda file: kavach.audit.export_to(file, format="csv")
    return lambda file: _write(file, _rows(database))


def _write(file: Any, rows: Iterator[Row]) -> int:
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(AUDIT_COLUMNS)
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - how many there were
        cells = [*row]
        cells[5] = None if row[5] is None else json.dumps(json.loads(row[5]), separators=(",", ":"))
        cells[-1] = datetime.fromtimestamp(row[-1], UTC).isoformat()
        writer.writerow(cells)
    return count


def _rows(database: Database) -> Iterator[Row]:
    """Yield all rows through the driver's own way not to hold them all."""
    sql = statements(database.provider, "?" if database.provider == "sqlite" else "%s").all_audit_logs
    connection: Any
    if database.provider == "sqlite":
        connection = import_module("sqlite3").connect(database.path)
        yield from connection.execute(sql)
    elif database.provider == "postgres":
        connection = import_module("psycopg").connect(database.url)
        cursor = connection.cursor("export")
        cursor.itersize = 1000
        yield from cursor.execute(sql)
    else:
        stored = import_module("MySQLdb.cursors").SSCursor
        connection = import_module("MySQLdb").connect(**database.address, charset="utf8mb4", cursorclass=stored)
        cursor = connection.cursor()
        cursor.execute(sql)
        yield from cursor
        cursor.close()
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]
