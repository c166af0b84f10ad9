"""`python -m servers [--private] NAME... -- COMMAND...`: run a command with servers that it and all its children share.

A name is postgres, mariadb or mysql. With --private they are servers of our own wherever they are installed: a commit
need not reach the disk there, and costs a tenth of one on a server with its usual settings. Their URLs are passed on in
KAVACH_TEST_POSTGRES_URL and KAVACH_TEST_MYSQL_URL, and what was started here is stopped at the end. Exits with the
command's status.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack

from servers import ServerUnavailable
from servers.start import NAMES, start


def main(arguments: list[str]) -> int:
    """Find or start the named servers, and run the command."""
    names, separator, command = _split(arguments)
    private = "--private" in names
    names = [name for name in names if name != "--private"]
    if not separator or not command or not set(names) <= set(NAMES):
        print(__doc__, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with ExitStack() as stack:
        try:
            for name in names:
                server = stack.enter_context(start(name, private=private))
                print(f"{name}: {server.flavour} at {server.url.rpartition('@')[2]}", flush=True)
        except ServerUnavailable as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        return _run(command)


def _split(arguments: list[str]) -> tuple[list[str], bool, list[str]]:
    if "--" not in arguments:
        return arguments, False, []
    middle = arguments.index("--")
    return arguments[:middle], True, arguments[middle + 1 :]


def _run(command: list[str]) -> int:
    process = subprocess.Popen(command, env=os.environ)
    # Ctrl-C reaches the command by itself; the servers must outlive it
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    status = process.wait()
    return 128 - status if status < 0 else status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
