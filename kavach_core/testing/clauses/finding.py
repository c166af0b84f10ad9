"""Finding one row by its key, a unique value, or as the latest of its kind."""

from __future__ import annotations

import pytest

from kavach_core.errors import InvalidInput
from kavach_core.testing.clauses.base import Clauses, values_of
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.methods import GETS, LATEST, Method
from kavach_core.testing.samples import another, at, fresh, sample

each_find = each_area_of(GETS)
each_refusal = each_area_of(GETS)
each_latest = each_area_of(LATEST)


class FindClauses(Clauses):
    """Finding one row."""

    @each_find
    async def test_a_row_is_found_by_what_names_it(self, method: Method) -> None:
        """A find MUST return the whole row, among others like it, and whatever its status."""
        await self.new(method.table)
        values = await self.new(method.table)
        await self.new(method.table)
        assert values_of(await method.by_key(self.storage, values)) == values

    @each_find
    async def test_a_missing_row_is_none(self, method: Method) -> None:
        """A find of what is not there MUST return None, and raise nothing."""
        await self.new(method.table)
        assert await method.by_key(self.storage, sample(method.table)) is None

    @each_find
    async def test_every_part_of_a_name_counts(self, method: Method) -> None:
        """A row that agrees in all but one of the naming columns MUST NOT be found."""
        values = await self.new(method.table)
        for name in method.operation.by:
            other = {**values, name: another(method.table.by_name[name], values[name])}
            assert await method.by_key(self.storage, other) is None

    @each_refusal
    async def test_a_name_that_no_row_can_have_is_refused(self, method: Method) -> None:
        """A find by a value that the column cannot hold MUST raise `InvalidInput` before anything is sent."""
        values = await self.new(method.table)
        for wrong in ("nul\0", 7, None, "x" * 5000):
            with pytest.raises(InvalidInput):
                await method.by_key(self.storage, {**values, method.operation.by[0]: wrong})

    @each_latest
    async def test_the_latest_is_the_newest_of_its_own(self, method: Method) -> None:
        """The latest MUST be the newest by creation, in one second that of the greatest id; others do not count."""
        (name,) = (f.name for f in method.operation.filters)
        mine = sample(method.table)[name]
        assert await method(self.storage, mine) is None
        ids = [f"{number}-{fresh()}" for number in range(3)]
        for row_id, second in ((ids[1], 5), (ids[2], 5), (ids[0], 5), (fresh(), 4)):
            await self.new(method.table, **{name: mine, "id": row_id, "created_at": at(second)})
        await self.new(method.table, created_at=at(9))
        assert values_of(await method(self.storage, mine))["id"] == ids[2]
        newest = await self.new(method.table, **{name: mine, "created_at": at(6)})
        assert values_of(await method(self.storage, mine)) == newest
