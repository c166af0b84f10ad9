"""What importing the core costs beside importing pydantic alone: new processes, in turns."""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from time import perf_counter
from typing import Any, Final

BARE: Final = "import pydantic; pydantic.BaseModel"
IMPORTS: Final = {
    "pydantic": BARE,
    "pydantic, again": BARE,
    "pydantic, kavach_core": f"{BARE}; import kavach_core",
    "pydantic, create_kavach": f"{BARE}; from kavach_core import create_kavach",
}


def measure_imports(rounds: int) -> dict[str, Any]:
    """Return for each way the median and the least milliseconds of a process, over those of pydantic alone."""
    times: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(rounds):
        for name, code in IMPORTS.items():
            start = perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times[name].append((perf_counter() - start) * 1000)
    bare = times["pydantic"]
    return {
        name: {
            "median_ms": round(median(ms), 1),
            "median_over_bare_ms": round(median(ms) - median(bare), 1),
            "least_over_bare_ms": round(min(ms) - min(bare), 1),
        }
        for name, ms in times.items()
    }
