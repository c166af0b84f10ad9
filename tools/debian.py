"""Install Debian or Ubuntu packages, or say which ones are needed.

The tests promise to set up what they need, but only root on a system with apt can: everybody else gets the command.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from functools import cache


class PackagesNeeded(RuntimeError):
    """Packages are missing and cannot be installed from here."""


def distribution() -> str:
    """Return "debian" or "ubuntu" (or what is built on them and says so), or "" on any other system."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ""
    names = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    known = [name for name in names if name in ("debian", "ubuntu")]
    return known[0] if known else ""


def install(*packages: str, purpose: str) -> None:
    """Install `packages` by apt.

    Raises:
        PackagesNeeded: not root, no apt, or apt failed; the message says what to install and what for.
    """
    names = " ".join(packages)
    if not (distribution() and shutil.which("apt-get")):
        raise PackagesNeeded(f"{purpose} needed; on Debian and Ubuntu: {names}")
    if os.geteuid() != 0:
        raise PackagesNeeded(f"{purpose} needed; as root: apt-get install {names}")
    print(f"installing {names} ({purpose})", file=sys.stderr, flush=True)
    _update()
    arguments = ["install", "--yes", "--no-install-recommends", *packages]
    done = _apt_get(*arguments)
    if done.returncode != 0:
        raise PackagesNeeded(f"{purpose} needed, but apt-get install {names} failed:\n{done.stdout}")


@cache
def _update() -> None:
    _apt_get("update")


def _apt_get(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run apt-get without questions, and wait for another apt to end."""
    return subprocess.run(
        ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *arguments],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
