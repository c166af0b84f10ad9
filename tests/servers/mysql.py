"""Find a MariaDB or a MySQL server, or start one.

The two are never taken for each other: they differ in what this project must get right on both (RETURNING, JSON,
collations, defaults).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import debian
import mysql_server
from servers.connections import ERRORS, ask_mysql
from servers.private import Recipe, private_server, reachable
from servers.record import Server, ServerUnavailable

VARIABLE = "KAVACH_TEST_MYSQL_URL"
Flavour = Literal["mariadb", "mysql"]


@contextmanager
def find_mysql(flavour: Flavour = "mariadb", *, private: bool = False, default_port: int = 3306) -> Iterator[Server]:
    """Yield a server of that flavour: the one named in the environment, on the default port, or a private one.

    With `private` the MariaDB on the default port is taken only where none is installed.

    Raises:
        ServerUnavailable: there is none and none can be started; the message says what to do.
    """
    server = _named(flavour)
    if server is None and not (private and flavour == "mariadb" and _installed_mariadb()):
        server = _local(flavour, default_port)
    if server is not None:
        yield server
    else:
        with recipe(flavour) as known, private_server(known) as found:
            yield found


@contextmanager
def recipe(flavour: Flavour) -> Iterator[Recipe]:
    """Yield how to run a server of one's own, installing it where possible; raises `ServerUnavailable`."""
    if flavour == "mariadb":
        yield _mariadb_recipe(*_mariadb_binaries())
    else:
        with _mysql_program() as program:
            yield _mysql_recipe(*program)


def _named(flavour: Flavour) -> Server | None:
    url = os.environ.get(VARIABLE)
    if not url:
        return None
    try:
        server = ask_mysql(url)
    except ERRORS as error:
        raise ServerUnavailable(f"the server in {VARIABLE} does not answer: {error}") from error
    if not server.flavour.startswith(flavour):
        raise ServerUnavailable(f"these tests want {flavour}, but the server in {VARIABLE} is {server.flavour}")
    return server


def _local(flavour: Flavour, port: int) -> Server | None:
    try:
        server = ask_mysql(_url(port))
    except ERRORS:
        return None
    return server if server.flavour.startswith(flavour) else None


def _url(port: int) -> str:
    return f"mysql://root@127.0.0.1:{port}"


def _which(program: str) -> str | None:
    """Find a server's program, also where an ordinary user's PATH does not lead."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


def _mariadb_binaries() -> tuple[str, str]:
    found = _installed_mariadb()
    if found is None:
        try:
            _install_mariadb()
        except debian.PackagesNeeded as error:
            raise ServerUnavailable(f"{error}; or set {VARIABLE} to {_url(3306)} or the like") from error
        found = _installed_mariadb()
    if found is None:
        raise ServerUnavailable("mariadb-install-db, mariadbd and my_print_defaults are not all in PATH")
    return found


def _installed_mariadb() -> tuple[str, str] | None:
    install, server = _which("mariadb-install-db"), _which("mariadbd")
    return (install, server) if install and server and _which("my_print_defaults") else None


def _install_mariadb() -> None:
    purpose = "a MariaDB server is"
    try:
        # without the service that comes with mariadb-server; the client's package has my_print_defaults
        debian.install("mariadb-server-core", "mariadb-client-core", purpose=purpose)
    except debian.PackagesNeeded:
        debian.install("mariadb-server", purpose=purpose)  # Ubuntu 22.04 has a version in the names of the cores


@contextmanager
def _mysql_program() -> Iterator[tuple[list[str], list[str]]]:
    """Yield how to call mysqld, and the options that it needs where it is not installed but only unpacked."""
    installed = _which("mysqld")
    if installed and "mariadb" not in _version_of(installed).lower():
        yield [installed], []
        return
    try:
        folder = mysql_server.prepare()
    except mysql_server.MySQLUnavailable as error:
        raise ServerUnavailable(str(error)) from error
    with TemporaryDirectory(prefix="kavach-") as copy:
        if not reachable(mysql_server.command(folder)):
            os.chmod(copy, 0o755)
            folder = shutil.copytree(folder, Path(copy, "mysql-server"), symlinks=True)
        yield mysql_server.command(folder), [f"--basedir={folder}/usr", "--secure-file-priv="]


def _version_of(program: str) -> str:
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout


def _mariadb_recipe(install: str, server: str) -> Recipe:
    def initialize(folder: Path) -> list[str]:
        options = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        return [install, "--no-defaults", *options, f"--datadir={folder}/data"]

    def serve(folder: Path, port: int) -> list[str]:
        return [server, *_options(folder, port), "--debug-no-sync", "--skip-innodb-doublewrite"]

    return Recipe("MariaDB", initialize, serve, lambda port: ask_mysql(_url(port)), signal.SIGTERM)


def _mysql_recipe(program: list[str], options: list[str]) -> Recipe:
    def initialize(folder: Path) -> list[str]:
        return [*program, "--no-defaults", *options, "--initialize-insecure", f"--datadir={folder}/data"]

    def serve(folder: Path, port: int) -> list[str]:
        return [*program, *_options(folder, port), *options, "--mysqlx=OFF"]

    return Recipe("MySQL", initialize, serve, lambda port: ask_mysql(_url(port)), signal.SIGTERM)


def _options(folder: Path, port: int) -> list[str]:
    return [
        "--no-defaults",
        f"--datadir={folder}/data",
        f"--socket={folder}/socket",
        f"--pid-file={folder}/pid",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        "--skip-log-bin",
        "--innodb-flush-log-at-trx-commit=0",
        "--max-connections=300",
    ]
