"""The engine on the Prisma adapter: the documented example, missing tables, and what it needs to be imported."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest

import test_quickstart
from colours import Lifted
from decisions.worlds import differences, read_worlds
from kavach_core import create_async_kavach, create_kavach
from kavach_core.errors import SchemaMismatch
from kavach_core.testing.lift import finished
from kavach_prisma import create_prisma_adapter
from prisma_adapter.hosts import PrismaHost

pytestmark = [pytest.mark.not_in_memory, pytest.mark.asyncio(loop_scope="module")]


class OnPrisma:
    """What the documented example is given: a way to open a Kavach."""

    def __init__(self, host: PrismaHost) -> None:
        self._host = host

    async def kavach(self, **settings: Any) -> Any:
        if asyncio.iscoroutinefunction(self._host.prisma.connect):
            return await create_async_kavach(storage=self._host.storage, **settings)
        return Lifted(create_kavach(storage=self._host.storage, **settings))


async def test_the_extra_brings_what_httpcore_looks_for_at_each_request() -> None:
    assert find_spec("sniffio") is not None, "without it httpcore looks for it four times a request"


async def test_the_documented_example(host: PrismaHost) -> None:
    await test_quickstart.test_the_documented_example(OnPrisma(host))  # type: ignore[arg-type]


async def test_the_decision_table_holds(host: PrismaHost) -> None:
    """In each 16th world, and in all with KAVACH_DECISIONS=all: the engine takes 40 ms for a call."""
    kavach = OnPrisma(host).kavach
    storage = host.storage if asyncio.iscoroutinefunction(host.prisma.connect) else Lifted(host.storage)
    step = 1 if os.environ.get("KAVACH_DECISIONS") == "all" else 16
    assert await differences(read_worlds()[::step], kavach, storage) == []


async def test_missing_tables_are_named(host: PrismaHost) -> None:
    storage: Any = create_prisma_adapter(host.prisma, skip_migrations=True, prefix="nowhere_")
    with pytest.raises(SchemaMismatch, match="nowhere_users"):
        await finished(storage.prepare_schema())


async def test_the_adapter_needs_no_other_orm_and_no_generated_client() -> None:
    blocked = "import sys; sys.modules.update(dict.fromkeys(['sqlalchemy', 'peewee', 'prisma'])); import kavach_prisma"
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True, check=False)  # noqa: ASYNC221
    assert done.returncode == 0, done.stderr
