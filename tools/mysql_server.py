"""Prepare a real MySQL server, without installing it: `python tools/mysql_server.py` prints its folder.

Debian's releases have MariaDB only, but Debian unstable has MySQL, and Ubuntu has it beside MariaDB, where installing
one removes the other. So the server and every library it needs, down to the C library, are unpacked into a cache
folder, and it is run by that folder's own dynamic loader. apt fetches them from the machine's own mirror, with a state
folder of its own and its usual checks of signatures; nothing of this needs root or changes the machine's packages.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import debian

FOLDER = Path(__file__).resolve().parent.parent / ".cache" / "mysql-server"

SERVER = Path("usr/sbin/mysqld")
UNUSED = ("usr/bin", "usr/share/doc", "usr/share/man", "usr/share/perl", "usr/lib/*/perl*", "usr/lib/*/gconv")


class MySQLUnavailable(RuntimeError):
    """No real MySQL server could be prepared."""


def prepare(folder: Path = FOLDER) -> Path:
    """Return the folder of an unpacked MySQL server, fetching it first where it is missing.

    Raises:
        MySQLUnavailable: the machine's apt does not lead to one; the message says what to do.
    """
    if not (folder / SERVER).exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            unpacked = _unpack(_download(Path(scratch)), Path(scratch, "unpacked"))
            shutil.rmtree(folder, ignore_errors=True)
            unpacked.rename(folder)
    return folder


def command(folder: Path) -> list[str]:
    """Return the start of a command line that runs the server unpacked in `folder`."""
    loader = next(folder.glob("usr/lib/*/ld-linux*.so.*"))
    libraries = f"{loader.parent}:{folder / 'usr/lib/mysql/private'}"
    return [str(loader), "--library-path", libraries, str(folder / SERVER)]


def _source() -> str:
    """Return a source that has MySQL, derived from where this machine's own packages come from."""
    name = debian.distribution()
    if not name or not shutil.which("apt-get"):
        raise MySQLUnavailable(
            "no MySQL server (mysqld) is installed; install one, or set KAVACH_TEST_MYSQL_URL to one, such as "
            "mysql://root@127.0.0.1:3306"
        )
    release = platform.freedesktop_os_release()
    codename = release.get("UBUNTU_CODENAME") or release.get("VERSION_CODENAME") or "sid"
    wanted, components = ("unstable", "main") if name == "debian" else (codename, "main universe")
    keyring = Path(f"/usr/share/keyrings/{name}-archive-keyring.gpg")
    signed_by = f"[signed-by={keyring}] " if keyring.exists() else ""
    targets = ["apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"]
    for suite, component, uri in (line.split(" ", 2) for line in _run(targets).splitlines()):
        if suite in (codename, "unstable", "sid") and component == "main":
            return f"deb {signed_by}{uri} {wanted} {components}\n"
    raise MySQLUnavailable(f"apt has no source for {name} {codename}; set KAVACH_TEST_MYSQL_URL to a MySQL server")


def _download(scratch: Path) -> list[Path]:
    """Fetch the server's package and, since no package counts as installed, all that it depends on."""
    for name in ("lists/partial", "cache/archives/partial"):
        (scratch / name).mkdir(parents=True)
    sources, status = scratch / "sources.list", scratch / "status"
    sources.write_text(_source())
    status.touch()
    settings = {
        "Dir::State": scratch,
        "Dir::State::status": status,
        "Dir::Cache": scratch / "cache",
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::Etc::preferences": "-",
        "Dir::Etc::preferencesparts": "-",
        "Acquire::Check-Valid-Until": "false",  # a mirror may be a snapshot of some day
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "true",  # nothing is installed
    }
    options = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
    _run(["apt-get", "-qq", *options, "update"])
    found = _run(["apt-cache", *options, "search", "--names-only", "^mysql-server-core(-[0-9.]+)?$"])
    names = sorted(line.split()[0] for line in found.splitlines())
    if not names:
        raise MySQLUnavailable(f"no mysql-server-core in {sources.read_text().strip()}; set KAVACH_TEST_MYSQL_URL")
    package = "mysql-server-core" if "mysql-server-core" in names else names[-1]
    print(f"fetching {package}", file=sys.stderr, flush=True)
    _run(["apt-get", "-qq", *options, "install", "--yes", "--no-install-recommends", "--download-only", package])
    return sorted(scratch.glob("cache/archives/*.deb"))


def _unpack(packages: list[Path], folder: Path) -> Path:
    folder.mkdir(mode=0o755)
    for package in packages:
        if not package.name.startswith(("perl", "libperl")):
            _run(["dpkg-deb", "--extract", str(package), str(folder)])
    for unused in (path for pattern in UNUSED for path in list(folder.glob(pattern))):
        shutil.rmtree(unused)
    return folder


def _run(arguments: list[str]) -> str:
    done = subprocess.run(
        arguments,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise MySQLUnavailable(f"{arguments[0]} failed, set KAVACH_TEST_MYSQL_URL to a MySQL server: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    try:
        print(prepare())
    except MySQLUnavailable as error:
        raise SystemExit(f"error: {error}") from None
