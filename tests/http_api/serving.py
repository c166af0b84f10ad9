"""`kavach serve` in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Served:
    """A server process, and where it listens."""

    token = ""
    """What opens the API, where a test says so."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        assert process.stdout is not None
        self._process = process
        self.log = log
        self.url = process.stdout.readline().strip()
        assert self.url.endswith("/api/kavach"), log.read_text()
        self.root = self.url.removesuffix("/api/kavach")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit status."""
        self._process.send_signal(number)
        return self._process.wait(timeout=30)


@contextmanager
def serving(database: str, log: Path, *options: str) -> Iterator[Served]:
    """Run the server on a database, at any free port, until the block ends."""
    program = Path(sys.executable).with_name("kavach")
    command = [str(program), "serve", "--database", database, "--port", "0", *options]
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            yield Served(process, log)
        finally:
            process.kill()
