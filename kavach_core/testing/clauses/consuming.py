"""Using something up: codes, links, challenges and refresh tokens, which are good once."""

from __future__ import annotations

from typing import Any

import pytest

from kavach_core.errors import InvalidInput
from kavach_core.storage.operations import Filter
from kavach_core.testing.clauses.base import Clauses, values_of
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.methods import CONSUMES, Method
from kavach_core.testing.samples import T0, Values, at, fresh, sample
from kavach_schema.tables.oauth import OAUTH_ACCESS_TOKENS

each_consume = each_area_of(CONSUMES)
each_mark = each_area_of(m for m in CONSUMES if m.operation.mark)
each_expiring = each_area_of(m for m in CONSUMES if "now" in m.parameters)


class ConsumeClauses(Clauses):
    """Using something up."""

    @each_consume
    async def test_it_is_good_once(self, method: Method) -> None:
        """The first use MUST return the row, and every later one None; others of its kind stay usable."""
        row, bystander = await self.new(method.table), await self.new(method.table)
        mark = method.operation.mark
        used = {**row, mark: True} if mark else row
        assert values_of(await consume(self.storage, method, row)) == used
        assert await consume(self.storage, method, row) is None
        assert await consume(self.storage, method, row) is None
        await self.assert_stored(method.table, bystander)
        assert await consume(self.storage, method, bystander) is not None

    @each_consume
    async def test_what_is_used_is_gone_or_marked(self, method: Method) -> None:
        """The row MUST be deleted, or marked where its table has a mark: a reuse can then be told from a fake."""
        row = await self.new(method.table)
        await consume(self.storage, method, row)
        if method.operation.mark:
            await self.assert_stored(method.table, {**row, method.operation.mark: True})
        else:
            await self.assert_missing(method.table, row)

    @each_consume
    async def test_what_is_missing_cannot_be_used(self, method: Method) -> None:
        """A value that was never written MUST give None."""
        await self.new(method.table)
        assert await consume(self.storage, method, sample(method.table)) is None

    @each_mark
    async def test_what_is_marked_cannot_be_used(self, method: Method) -> None:
        """A row that was marked in another way MUST give None, and stay as it is."""
        row = await self.new(method.table, **{method.operation.mark: True})
        assert await consume(self.storage, method, row) is None
        await self.assert_stored(method.table, row)

    @each_expiring
    async def test_it_is_good_until_it_expires(self, method: Method) -> None:
        """At the second in which it expires, and after, it MUST give None and stay; a second before it is good."""
        column = _expiry(method).column
        row = await self.new(method.table, **{column: at(10)})
        for late in (at(11), at(10)):
            assert await consume(self.storage, method, row, now=late) is None
        await self.assert_stored(method.table, row)
        assert await consume(self.storage, method, row, now=at(9)) is not None

    @each_expiring
    async def test_the_moment_of_use_is_required(self, method: Method) -> None:
        """Without a moment, or with a naive one, `InvalidInput` MUST be raised and nothing be used up."""
        row = await self.new(method.table)
        for wrong in (None, T0.replace(tzinfo=None), 0):
            with pytest.raises(InvalidInput):
                await consume(self.storage, method, row, now=wrong)
        await self.assert_stored(method.table, row)

    async def test_a_one_time_token_is_for_its_purpose(self) -> None:
        """A token for one purpose MUST NOT be usable for another, and stays usable for its own."""
        (method,) = (m for m in CONSUMES if m.name == "consume_one_time_token")
        row = await self.new(method.table)
        assert await consume(self.storage, method, {**row, "purpose": fresh()}) is None
        assert await consume(self.storage, method, {**row, "purpose": row["purpose"].upper()}) is None
        await self.assert_stored(method.table, row)
        assert await consume(self.storage, method, row) is not None

    async def test_a_refresh_token_without_expiry_is_not_alive(self) -> None:
        """A refresh token whose row says nothing of its expiry MUST give None: nothing says that it is alive."""
        row = await self.new(OAUTH_ACCESS_TOKENS, refresh_token_expires_at=None)
        assert await self.storage.consume_oauth_refresh_token(row["refresh_token"], now=T0) is None
        await self.assert_stored(OAUTH_ACCESS_TOKENS, row)


async def consume(storage: Any, method: Method, row: Values, now: Any = T0) -> Any:
    """Use up a row, with all that the method asks for."""
    filters = {f.name: now if f.name == "now" else row[f.column] for f in method.operation.alive}
    return await method.by_key(storage, row, **filters)


def _expiry(method: Method) -> Filter:
    found: Filter = next(f for f in method.operation.alive if f.name == "now")
    return found
