"""A program that runs a host's Peewee migrations, and kills itself after the n-th table or index of ours.

Arguments: provider, URL, folder of the migrations, n.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from typing import Any

from playhouse.migrations import Runner

from peewee_databases import DRIVERS, make_database


def main(provider: Any, url: str, folder: str, killed_after: int) -> None:
    """Migrate."""
    numbers = count(1)

    def perhaps_die(event: Any) -> None:
        if event.sql.startswith("CREATE") and "kavach_" in event.sql and next(numbers) == killed_after:
            os.kill(os.getpid(), signal.SIGKILL)

    database = make_database(provider, url, DRIVERS[provider][0][1], pooled=False)
    database.query_hooks.append(perhaps_die)
    with database.connection_context():
        Runner(database, folder).up()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
