"""Prepare a machine: `prepare.py venv FOLDER` makes a virtual environment, `prepare.py compiler` readies a C compiler.

Debian's Python comes without ensurepip, and mysqlclient has no wheel for Linux: both need Debian packages, which are
installed here when they can be. Runs before anything is installed, so on the standard library alone.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import debian

MINIMUM = (3, 11)


def make_venv(folder: str) -> None:
    """Make a virtual environment with pip."""
    if sys.version_info < MINIMUM:
        raise debian.PackagesNeeded("Python 3.11 or newer is needed; name one: make PYTHON=python3.13")
    if importlib.util.find_spec("ensurepip") is None:
        debian.install(f"{_python()}-venv", purpose="Python's ensurepip is")
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)


def ready_compiler() -> None:
    """Make sure that mysqlclient can be compiled: compiler, pkg-config, MySQL's and Python's headers."""
    missing = []
    if not (shutil.which("cc") and Path("/usr/include/stdio.h").exists()):
        missing += ["gcc", "libc6-dev"]
    if not shutil.which("pkg-config"):
        missing.append("pkg-config")
    if not _has_library("mysqlclient", "libmariadb"):
        missing.append("libmariadb-dev")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        missing.append(f"{_python()}-dev")
    if missing:
        debian.install(*missing, purpose="what mysqlclient is compiled with is")


def _has_library(*names: str) -> bool:
    if not shutil.which("pkg-config"):
        return False
    return any(subprocess.run(["pkg-config", "--exists", n], check=False).returncode == 0 for n in names)


def _python() -> str:
    return f"python3.{sys.version_info.minor}"


def main(arguments: list[str]) -> None:
    """Do what the command line says."""
    match arguments:
        case ["venv", folder]:
            make_venv(folder)
        case ["compiler"]:
            ready_compiler()
        case _:
            raise SystemExit(f"usage: prepare.py venv FOLDER | prepare.py compiler, not {arguments}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except debian.PackagesNeeded as error:
        raise SystemExit(f"error: {error}") from None
