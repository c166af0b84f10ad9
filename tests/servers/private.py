"""A private server process in a temporary folder.

One way for PostgreSQL, MariaDB and MySQL. pytest-postgresql's executor is not used: it drives pg_ctl, which refuses to
run as root and which it cannot run as anybody else.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from servers.connections import ERRORS
from servers.record import Server, ServerUnavailable

PATIENCE = 60

_MEMORY = Path("/dev/shm")
"""Linux keeps what is there in memory, where MariaDB makes a table eight times as fast."""

_ROOM = 4 << 30
"""What must be free there; no server of the tests comes near it."""


@dataclass(frozen=True)
class Recipe:
    """How to run a server in a folder and on a port."""

    name: str
    initialize: Callable[[Path], Sequence[str]]
    serve: Callable[[Path, int], Sequence[str]]
    ask: Callable[[int], Server]
    """Return the server on this port, or raise one of `connections.ERRORS` while it does not answer."""
    stop: signal.Signals

    def with_options(self, initialize: Sequence[str], serve: Sequence[str] = ()) -> Recipe:
        """Return the recipe with further options, which come last."""
        return replace(
            self,
            initialize=lambda folder: [*self.initialize(folder), *initialize],
            serve=lambda folder, port: [*self.serve(folder, port), *serve],
        )


class Private:
    """A server in a folder of its own, with one port for all its life: it may be killed and started again."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self._recipe = recipe
        self._folder = folder
        self._identity = _identity(folder)
        self._log = folder / "server.log"
        self._port = _free_port()
        self._process: subprocess.Popen[Any] | None = None
        with self._log.open("wb") as output:
            done = subprocess.run(recipe.initialize(folder), check=False, **self._options(output))
        if done.returncode != 0:
            raise ServerUnavailable(f"{recipe.name} could not be initialized:\n{self._log.read_text()}")

    def start(self) -> Server:
        """Start the server, and return it when it answers."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(self._recipe.serve(self._folder, self._port), **self._options(output))
        return _wait(self._process, lambda: self._recipe.ask(self._port), self._recipe.name, self._log)

    def pids(self) -> list[int]:
        """Return the processes of the server, its first one first."""
        assert self._process is not None
        first = self._process.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    def kill(self) -> None:
        """End the server as kill -9 does: nothing is finished, and nothing is written any more."""
        assert self._process is not None
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End the server as its operator does, if it runs."""
        if self._process is not None and self._process.poll() is None:
            _stop(self._process, self._recipe.stop)

    def _options(self, output: Any) -> dict[str, Any]:
        return _options(self._folder, output) | self._identity


@contextmanager
def in_a_folder(recipe: Recipe, *, place: Path | None = None) -> Iterator[Private]:
    """Yield a server that is initialized, as an unprivileged user when called by root, and not started.

    Its folder is made in `place`, or where temporary ones are.
    """
    folder = Path(tempfile.mkdtemp(prefix="kavach-", dir=place))
    try:
        private = Private(recipe, folder)
        try:
            yield private
        finally:
            private.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def private_server(recipe: Recipe) -> Iterator[Server]:
    """Run a server for the time of the context, with its files in memory where there is room."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM
    with in_a_folder(recipe, place=_MEMORY if roomy else None) as private:
        yield private.start()


def reachable(program: Sequence[str]) -> bool:
    """Tell whether the user that private servers run as can execute `program`, which may lie below a closed folder."""
    try:
        done = subprocess.run([*program, "--version"], check=False, cwd="/", capture_output=True, **_identity(None))
    except PermissionError:
        return False
    return done.returncode == 0


def _identity(folder: Path | None) -> dict[str, Any]:
    """Return the arguments for `subprocess` that step down from root, and let that user own `folder`."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    if folder is not None:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _options(folder: Path, output: Any) -> dict[str, Any]:
    return {
        "cwd": folder,
        "env": {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C"},
        "stdin": subprocess.DEVNULL,
        "stdout": output,
        "stderr": subprocess.STDOUT,
        "start_new_session": True,  # Ctrl-C is for the tests, which still drop their databases
    }


def _wait(process: subprocess.Popen[Any], ask: Callable[[], Server], name: str, log: Path) -> Server:
    deadline = time.monotonic() + PATIENCE
    last: Exception | None = None
    while process.poll() is None and time.monotonic() < deadline:
        try:
            return ask()
        except ERRORS as error:
            last = error
            time.sleep(0.1)
    raise ServerUnavailable(f"a private {name} did not start:\n{log.read_text()}") from last


def _stop(process: subprocess.Popen[Any], with_signal: signal.Signals) -> None:
    process.send_signal(with_signal)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
