"""Calls without end, in three threads: each allow is acknowledged by a line with the id of its audit row.

`python -m faults.load PROVIDER URL AGENT`; a first line says that it is ready. A call that fails makes no line.
"""

from __future__ import annotations

import sys
import threading

from faults.support import CALL
from kavach_core import KavachError, create_kavach
from kavach_core.engine._sync.kavach import Kavach

THREADS = 3


def call(kavach: Kavach, agent: str) -> None:
    while True:
        try:
            result = kavach.authorize(agent, **CALL)
        except KavachError:
            continue
        if result.allowed:
            sys.stdout.write(f"{result.audit_id}\n")
            sys.stdout.flush()


def main(provider: str, url: str, agent: str) -> None:
    kavach = create_kavach(database={"provider": provider, "url": url, "skip_migrations": True})
    kavach.agent.get(agent)
    print("ready", flush=True)
    for _ in range(THREADS):
        threading.Thread(target=call, args=(kavach, agent), daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
