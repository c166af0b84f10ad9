"""A program that upgrades a database, and kills itself before the n-th statement.

Arguments: provider, URL, n (0 never kills).
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count

from kavach_sqlalchemy import create_engine, upgrade_schema


def main(provider: str, url: str, killed_before: int) -> None:
    """Upgrade, and print how many statements it took."""
    numbers = count(1)

    def perhaps_die(_: str) -> None:
        if next(numbers) == killed_before:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = create_engine(provider, url)
    print(len(upgrade_schema(engine, before_each=perhaps_die)))
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
