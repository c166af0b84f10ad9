"""The decision table: the answers that the documentation promises, the same on every adapter, database and colour.

Prisma is asked in tests/prisma_adapter: its engine takes 40 ms for a call.
"""

from __future__ import annotations

from typing import Any, get_args

import pytest

from colours import DRIVERS, Lifted, Opened
from decisions.worlds import differences, read_worlds
from kavach_core import create_kavach
from kavach_core.policy.decisions import Code
from kavach_core.storage import create_memory_storage

WORLDS = read_worlds()

ELSEWHERE = {"audit_unavailable", "hook_denied"}
"""Codes that no world can bring about: see tests/faults, and the tests of hooks."""

OTHER_DRIVERS = 8
"""A second driver of the same colour is asked in each eighth world."""


def test_the_table_holds_several_hundred_requests_and_every_code() -> None:
    requests = [request for world in WORLDS for request in world.requests]
    assert len(requests) > 500
    assert len({world.about for world in WORLDS}) == len(WORLDS)
    assert {request.expected for request in requests} == {"allow", *get_args(Code)} - ELSEWHERE


async def test_the_table_holds_in_memory() -> None:
    storage = create_memory_storage()

    async def open_kavach(**settings: Any) -> Any:
        return Lifted(create_kavach(storage=storage, **settings))

    assert await differences(read_worlds(), open_kavach, Lifted(storage)) == []


@pytest.mark.adapters("sqlalchemy", "peewee")
async def test_the_table_holds(opened: Opened) -> None:
    storage = await opened.storage()

    async def open_kavach(**settings: Any) -> Any:
        return await opened.kavach(storage=storage, **settings)

    step = 1 if opened.driver == first_driver(opened) else OTHER_DRIVERS
    assert await differences(read_worlds()[::step], open_kavach, storage) == []


def first_driver(opened: Opened) -> str:
    """Return the first of an adapter's drivers with this colour."""
    drivers = DRIVERS
    if opened.adapter == "peewee":
        from peewee_databases import DRIVERS as drivers  # type: ignore[assignment]
    return next(driver for colour, driver in drivers[opened.database.provider] if colour == opened.colour)
