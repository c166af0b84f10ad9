"""The same with Prisma, whose clients must be generated: it reads what all wrote, and all read what it wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

pytest.importorskip("prisma")

from interop.matrix import assert_apart, assert_read_alike, written_by
from interop.participants import PRISMA, Participant, beside_prisma, opened

pytestmark = pytest.mark.filterwarnings("ignore:Table .* already exists")  # of aiomysql, about IF NOT EXISTS


@pytest.mark.not_in_memory
@pytest.mark.asyncio(loop_scope="module")
async def test_st11_prisma_and_the_others_share_every_table(
    storages_and_prisma: Mapping[Participant, Any], writer: Participant
) -> None:
    """ST11: in the original, Prisma's schema and the SQLite tables do not agree on types."""
    readers = storages_and_prisma if writer in PRISMA else PRISMA
    await assert_read_alike(await written_by(storages_and_prisma[writer]), readers, storages_and_prisma)


@pytest.mark.not_in_memory
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("commits", [True, False], ids=["commit", "rollback"])
async def test_neither_prisma_nor_another_takes_part_in_a_transaction_that_is_not_its_own(
    storages_and_prisma: Mapping[Participant, Any], writer: Participant, commits: bool
) -> None:
    await assert_apart(writer, storages_and_prisma, commits=commits)


@pytest.mark.not_in_memory
async def test_a_prefix_and_a_schema_are_options_of_prisma_too(database_name: str) -> None:
    schema = "iam" if database_name == "postgres" else None
    async with opened(database_name, beside_prisma(database_name), prefix="acme_", schema=schema) as storages:
        for writer in storages:
            await assert_apart(writer, storages, commits=True)
