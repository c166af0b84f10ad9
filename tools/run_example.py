"""Run an application of `examples/`: `run_example.py NAME [OPTION ...]`; options are its server's, such as `--port 1`.

It runs in a copy of its folder and on a database of its own; both go at the end. DATABASE_URL names one that stays.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import prisma_setup
from servers import ServerUnavailable, find_postgres, fresh_database

FOLDER = Path(__file__).resolve().parent.parent / "examples"
ON_POSTGRES = ("fastapi_sqlalchemy", "fastapi_prisma", "django_like_host")
NAMES = (*ON_POSTGRES, "flask_peewee")


def prepare(name: str, folder: Path) -> dict[str, str]:
    """Copy an application into an empty folder, and return the variables that its `run` needs besides DATABASE_URL."""
    source = FOLDER / name
    made = (source / ".gitignore").read_text().splitlines()
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__", *made), dirs_exist_ok=True)
    if (folder / "schema.prisma").exists():
        return _prepare_prisma(folder)
    return {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def _prepare_prisma(folder: Path) -> dict[str, str]:
    """Put the client in its place: generating it takes seconds, and is done once for each schema."""
    from kavach_schema.render.prisma import merge_models
    from kavach_schema.tables import TABLES

    schema = merge_models((folder / "schema.prisma").read_text(), TABLES).text
    client = prisma_setup.generate(schema.replace('"app/db"', f'"{prisma_setup.OUTPUT}"'))
    (folder / "app" / "db").symlink_to(client)
    return prisma_setup.prepare()


@contextmanager
def _database() -> Iterator[str]:
    with find_postgres() as server, fresh_database(server) as url:
        yield url


def main(name: str, options: list[str]) -> int:
    """Run it until it ends or is stopped, and return its status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with ExitStack() as stack:
        environment = {**os.environ}
        if name in ON_POSTGRES and "DATABASE_URL" not in environment:
            environment["DATABASE_URL"] = stack.enter_context(_database())
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="kavach-")), name)
        environment |= prepare(name, folder)
        with subprocess.Popen([folder / "run", *options], env=environment) as process:
            try:
                return process.wait()
            except (KeyboardInterrupt, SystemExit):
                process.terminate()
                return 0


if __name__ == "__main__":
    if sys.argv[1:2] not in [[name] for name in NAMES]:
        raise SystemExit(f"usage: run_example.py {' | '.join(NAMES)} [OPTION ...]")
    try:
        raise SystemExit(main(sys.argv[1], sys.argv[2:]))
    except (ServerUnavailable, prisma_setup.PrismaUnavailable) as error:
        raise SystemExit(f"error: {error}") from None
