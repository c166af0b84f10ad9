"""The core needs no ORM and no driver; a process of its own imports it, so that nothing else is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

FOREIGN = {"sqlalchemy", "peewee", "prisma", "kavach_sqlalchemy", "kavach_peewee", "opentelemetry"} | {
    "psycopg",
    "asyncpg",
    "aiosqlite",
    "MySQLdb",
    "pymysql",
    "asyncmy",
}


def run(source: str) -> str:
    """Run Python source in a new process and return what it printed."""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("module", ["kavach_core", "kavach_core.storage", "kavach_core.policy", "kavach_schema"])
def test_importing_the_core_loads_no_orm_and_no_driver(module: str) -> None:
    use_all = f"[getattr({module}, name) for name in getattr({module}, '__all__', ())]"
    loaded = run(f"import sys, {module}; {use_all}; print(*sys.modules)").split()
    assert module in loaded
    assert sorted(FOREIGN.intersection(loaded)) == []


HIDE = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("sqlalchemy", "opentelemetry"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
"""

OPEN = """
from kavach_core import create_kavach
from kavach_core.errors import MissingDependency

try:
    create_kavach(database={"provider": "sqlite", "url": ":memory:"})
except MissingDependency as error:
    print(error)
"""

OPEN_ASYNC = """
import asyncio
from kavach_core import create_async_kavach
from kavach_core.errors import MissingDependency

async def main():
    try:
        await create_async_kavach(database={"provider": "sqlite", "url": ":memory:"})
    except MissingDependency as error:
        print(error)

asyncio.run(main())
"""


@pytest.mark.parametrize("source", [OPEN, OPEN_ASYNC], ids=["sync", "asyncio"])
def test_a_database_without_sqlalchemy_names_the_extra_to_install(source: str) -> None:
    assert "kavach-core[sqlalchemy]" in run(HIDE + source)


STORE = """
import sys
from datetime import UTC, datetime
from kavach_core import create_kavach
from kavach_core.storage import create_memory_storage

kavach = create_kavach(storage=create_memory_storage())
agent = kavach.agent.create(
    owner_id="u", name="n", type="autonomous", permissions=[{"resource": "mcp:github:*", "actions": ["read"]}]
)
print(kavach.authorize(agent.id, action="read", resource="mcp:github:repos").allowed)
"""


def test_a_storage_in_memory_needs_no_orm() -> None:
    assert run(HIDE + STORE).strip() == "True"


def test_decisions_are_not_observed_without_opentelemetry() -> None:
    printed = run(HIDE + STORE + 'print(type(kavach._authorization).__name__, "opentelemetry" in sys.modules)')
    assert printed.split() == ["True", "Authorization", "False"]
