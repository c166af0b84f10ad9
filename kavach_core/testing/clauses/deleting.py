"""Deleting: one row, all rows of an owner, what has expired, and what belongs to a row that goes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kavach_core.errors import InvalidInput
from kavach_core.testing.clauses.base import Clauses
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.methods import (
    KEYED_DELETES,
    METHODS,
    OWNED_DELETES,
    OWNERS,
    PURGE_METHODS,
    PURGES,
    Method,
)
from kavach_core.testing.samples import LATER, Values, at, long_ago, sample
from kavach_schema.model import Column, Table
from kavach_schema.tables import TABLES, TABLES_BY_NAME
from kavach_schema.tables.agents import APPROVAL_REQUESTS, AUDIT_LOGS, COST_EVENTS
from kavach_schema.tables.oauth import OAUTH_ACCESS_TOKENS

each_delete = each_area_of(KEYED_DELETES)
each_owned_delete = each_area_of(OWNED_DELETES)
each_purge = each_area_of(PURGE_METHODS)
each_owner = pytest.mark.parametrize("name", OWNERS)
each_belonging = pytest.mark.parametrize(
    ("name", "table", "column"),
    [
        pytest.param(name, table, column, id=f"{name}-{table.name}-{column.name}")
        for name, owner in OWNERS.items()
        for table in TABLES
        for column in table.columns
        if column.belongs_to == owner
    ],
)


class DeleteClauses(Clauses):
    """Deleting."""

    @each_delete
    async def test_a_delete_tells_whether_there_was_a_row(self, method: Method) -> None:
        """Deleting MUST return True for a row that was there, then False, and touch no other row."""
        row, bystander = await self.new(method.table), await self.new(method.table)
        assert await method.deleting(self.storage, row) is True
        await self.assert_missing(method.table, row)
        assert await method.deleting(self.storage, row) is False
        await self.assert_stored(method.table, bystander)

    @each_delete
    async def test_every_part_of_what_is_deleted_counts(self, method: Method) -> None:
        """A row that agrees in all but one of the naming columns MUST stay."""
        row = await self.new(method.table)
        for f in method.operation.filters:
            assert await method.deleting(self.storage, {**row, f.column: sample(method.table)[f.column]}) is False
        await self.assert_stored(method.table, row)

    @each_owned_delete
    async def test_all_rows_of_an_owner_are_deleted(self, method: Method) -> None:
        """Deleting all of an owner's rows MUST return how many there were, then 0, and touch nobody else's."""
        (column,) = (f.column for f in method.operation.filters)
        first, bystander = await self.new(method.table), await self.new(method.table)
        shared = {name for names in method.table.uniques if column in names for name in names}
        windows = [name for name in shared if method.table.by_name[name].kind == "time"]
        mine = [{column: first[column], **dict.fromkeys(windows, at(later))} for later in (1, 2)]
        rows = [first, *[await self.new(method.table, **values) for values in mine]]
        assert await method.deleting(self.storage, first) == 3
        for row in rows:
            await self.assert_missing(method.table, row)
        assert await method.deleting(self.storage, first) == 0
        await self.assert_stored(method.table, bystander)

    @each_purge
    async def test_a_purge_deletes_exactly_what_has_expired(self, method: Method) -> None:
        """A purge MUST delete what expired at `now` or before it, count it, and leave what lives a second longer.

        What never expires stays. Windows are purged that began before a moment, and not at it.
        """
        now = long_ago()
        columns = _moments(method)
        last = 0 if method.operation.filters[0].comparison == "<=" else -1
        await method(self.storage, now + timedelta(days=1))
        rows = {
            seconds: await self._expiring(method.table, columns, now + timedelta(seconds=seconds))
            for seconds in (-86_400, last, last + 1, 3_600)
        }
        forever = [await self._expiring(method.table, columns, None)] if _nullable(method.table, columns) else []
        assert await method(self.storage, now) == 2
        for seconds, row in rows.items():
            await (self.assert_missing if seconds <= last else self.assert_stored)(method.table, row)
        for row in forever:
            await self.assert_stored(method.table, row)
        assert await method(self.storage, now) == 0
        assert await method(self.storage, now + timedelta(days=1)) == 2

    @each_purge
    async def test_a_purge_may_be_limited(self, method: Method) -> None:
        """With a limit a purge MUST delete that many of the rows that have expired, none with 0, and no others."""
        now = long_ago()
        await method(self.storage, now + timedelta(days=1))
        rows = [await self._expiring(method.table, _moments(method), now - timedelta(seconds=n)) for n in (1, 2, 3)]
        spared = await self._expiring(method.table, _moments(method), now + timedelta(hours=1))
        assert [await method(self.storage, now, limit=limit) for limit in (0, 2, 2, 2)] == [0, 2, 1, 0]
        for row in rows:
            await self.assert_missing(method.table, row)
        await self.assert_stored(method.table, spared)
        with pytest.raises(InvalidInput):
            await method(self.storage, now, limit=-1)
        assert await method(self.storage, now + timedelta(days=1)) == 1

    async def test_a_purge_of_requests_may_spare_those_of_a_status(self) -> None:
        """With `statuses`, requests MUST be purged that have one of these, and no others."""
        now = long_ago()
        await self.storage.delete_expired_approval_requests(now + timedelta(days=1))
        given: dict[str, Values] = {
            status: await self.new(APPROVAL_REQUESTS, status=status, expires_at=now) for status in ("a", "b", "c")
        }
        assert await self.storage.delete_expired_approval_requests(now, statuses=["a", "c"]) == 2
        await self.assert_stored(APPROVAL_REQUESTS, given["b"])
        await self.assert_missing(APPROVAL_REQUESTS, given["a"])
        with pytest.raises(InvalidInput):
            await self.storage.delete_expired_approval_requests(now, statuses=[])
        assert await self.storage.delete_expired_approval_requests(now + timedelta(days=1)) == 1

    async def test_a_purge_of_audit_rows_may_spare_some(self) -> None:
        """With `ids`, old audit rows with one of these MUST be purged, and no others; an id MUST NOT spare its age."""
        before = long_ago()
        await self.storage.delete_audit_logs_before(before)
        old, held = [await self.new(AUDIT_LOGS, timestamp=before - timedelta(seconds=1)) for _ in range(2)]
        young = await self.new(AUDIT_LOGS, timestamp=before)
        ids = [old["id"], young["id"], "no such row"]
        assert await self.storage.delete_audit_logs_before(before, ids=ids) == 1
        await self.assert_missing(AUDIT_LOGS, old)
        await self.assert_stored(AUDIT_LOGS, held)
        await self.assert_stored(AUDIT_LOGS, young)
        with pytest.raises(InvalidInput):
            await self.storage.delete_audit_logs_before(before, ids=[])
        assert await self.storage.delete_audit_logs_before(before + timedelta(days=1)) == 2

    @each_purge
    async def test_the_moment_of_a_purge_is_required(self, method: Method) -> None:
        """Without a moment, or with a naive one, `InvalidInput` MUST be raised: a purge of everything is a disaster."""
        row = await self.new(method.table)
        for wrong in (None, LATER.replace(tzinfo=None), 4_000_000_000):
            with pytest.raises(InvalidInput):
                await method(self.storage, wrong)
        await self.assert_stored(method.table, row)

    async def test_a_token_row_expires_with_the_last_of_its_tokens(self) -> None:
        """Access and refresh token share a row: it MUST be purged when both have expired, or the only one has."""
        now = long_ago()
        await self.storage.delete_expired_oauth_access_tokens(now + timedelta(days=1))
        gone, lives = now - timedelta(seconds=1), now + timedelta(seconds=1)
        expected = {(gone, gone): False, (gone, None): False, (gone, lives): True, (lives, gone): True}
        rows = {
            pair: await self.new(OAUTH_ACCESS_TOKENS, access_token_expires_at=pair[0], refresh_token_expires_at=pair[1])
            for pair in expected
        }
        assert await self.storage.delete_expired_oauth_access_tokens(now) == 2
        for pair, stays in expected.items():
            await (self.assert_stored if stays else self.assert_missing)(OAUTH_ACCESS_TOKENS, rows[pair])
        assert await self.storage.delete_expired_oauth_access_tokens(now + timedelta(days=1)) == 2

    @each_belonging
    async def test_what_belongs_to_a_row_goes_with_it(self, name: str, table: Table[object], column: Column) -> None:
        """Deleting an owner MUST delete its rows in every table, with or without foreign keys, and nobody else's."""
        method = METHODS[name]
        owner, other = await self.new(method.table), await self.new(method.table)
        mine = [await self.new(table, **{column.name: owner["id"]}) for _ in range(1 if _is_key(table, column) else 2)]
        others = await self.new(table, **{column.name: other["id"]})
        assert await method.deleting(self.storage, owner) is True
        for row in mine:
            await self.assert_missing(table, row)
        await self.assert_stored(table, others)
        await self.assert_stored(method.table, other)

    @each_owner
    async def test_belongings_without_their_owner_go_too(self, name: str) -> None:
        """Deleting an owner that is not there MUST return False, and delete what still belongs to it."""
        method = METHODS[name]
        owner = sample(TABLES_BY_NAME[OWNERS[name]])
        table, column = next((t, c) for t in TABLES for c in t.columns if c.belongs_to == OWNERS[name])
        row = await self.new(table, **{column.name: owner["id"]})
        assert await method.deleting(self.storage, owner) is False
        await self.assert_missing(table, row)

    async def test_the_trail_outlives_its_agent(self) -> None:
        """Audit logs and cost events MUST stay when their agent or their user is deleted: they are the record of it."""
        (agents,) = (m for m in KEYED_DELETES if m.name == "delete_agent")
        agent, user = await self.new(agents.table), await self.new(TABLES_BY_NAME["kavach_users"])
        log = await self.new(AUDIT_LOGS, agent_id=agent["id"], user_id=user["id"])
        cost = await self.new(COST_EVENTS, agent_id=agent["id"])
        assert await self.storage.delete_agent(agent["id"])
        assert await self.storage.delete_user(user["id"])
        await self.assert_stored(AUDIT_LOGS, log)
        await self.assert_stored(COST_EVENTS, cost)

    async def test_a_users_agents_outlive_it(self) -> None:
        """`owner_id` names whoever the host's own sign-in knows: deleting a user MUST leave agents alone."""
        user = await self.new(TABLES_BY_NAME["kavach_users"])
        agent = await self.new(TABLES_BY_NAME["kavach_agents"], owner_id=user["id"])
        assert await self.storage.delete_user(user["id"])
        await self.assert_stored(TABLES_BY_NAME["kavach_agents"], agent)

    async def _expiring(self, table: Table[object], columns: list[str], moment: object) -> Values:
        given = {name: moment for name in columns if moment is not None or table.by_name[name].nullable}
        return await self.new(table, **given)


def _moments(method: Method) -> list[str]:
    """List the columns that a purge compares with its moment."""
    return [f.column for f in method.operation.filters if f.name in PURGES]


def _nullable(table: Table[object], columns: list[str]) -> bool:
    return all(table.by_name[name].nullable for name in columns)


def _is_key(table: Table[object], column: Column) -> bool:
    return column.name == table.key
