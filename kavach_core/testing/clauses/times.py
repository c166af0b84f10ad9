"""Time: whole seconds since the epoch in every database, aware UTC datetimes in records."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from kavach_core.errors import InvalidInput
from kavach_core.testing.clauses.base import Clauses, values_of
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.methods import WRITERS, Method
from kavach_core.testing.samples import T0, at, fresh, sample
from kavach_schema.tables.agents import AGENTS, AUDIT_LOGS, RATE_LIMITS

MOMENTS: Final = {
    "epoch": datetime(1970, 1, 1, tzinfo=UTC),
    "before-the-epoch": datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    "long-before": datetime(1901, 1, 1, tzinfo=UTC),
    "leap-day": datetime(2024, 2, 29, 12, tzinfo=UTC),
    "after-32-bits": datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    "after-unsigned-32-bits": datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC),
    "far-future": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
}

each_moment = pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
each_timed = each_area_of(m for m in WRITERS if any(c.kind == "time" for c in m.table.columns))


class TimeClauses(Clauses):
    """Moments."""

    @each_moment
    async def test_a_moment_is_kept(self, moment: datetime) -> None:
        """Any second that a datetime can name MUST come back as an aware UTC datetime."""
        row = await self.new(AGENTS, created_at=moment, updated_at=moment, expires_at=moment, last_active_at=moment)
        found = values_of(await self.storage.find_agent_by_id(row["id"]))
        assert found["expires_at"] == moment
        assert found["expires_at"].utcoffset() == timedelta(0)
        await self.assert_stored(AGENTS, row)

    @each_moment
    async def test_a_moment_is_stored_in_seconds(self, moment: datetime) -> None:
        """The database MUST hold the integer number of Unix seconds, so that every adapter reads every other's rows."""
        row = await self.new(AGENTS, created_at=moment)
        raw = await self.opened.raw(AGENTS, row["id"])
        assert raw is not None
        assert (type(raw["created_at"]), raw["created_at"]) == (int, int(moment.timestamp()))

    async def test_parts_of_a_second_are_rounded_down(self) -> None:
        """A moment inside of a second MUST be stored as its beginning, before the epoch too, and returned so."""
        for moment in (T0, MOMENTS["epoch"], MOMENTS["before-the-epoch"]):
            row = sample(AGENTS, created_at=moment + timedelta(microseconds=999_999))
            record = await self.storage.create_agent(**row)
            assert record.created_at == moment, "the record returned is not what was stored"
            await self.assert_stored(AGENTS, {**row, "created_at": moment})
            updated = await self.storage.update_agent(row["id"], updated_at=moment + timedelta(milliseconds=500))
            assert values_of(updated)["updated_at"] == moment

    async def test_a_window_begins_at_its_second(self) -> None:
        """Moments of one second MUST name the same window, however they are written."""
        window = await self.new(RATE_LIMITS)
        elsewhere = (window["window_start"] + timedelta(milliseconds=1)).astimezone(timezone(timedelta(hours=-7)))
        found = await self.storage.find_rate_limit(
            window["agent_id"], resource=window["resource"], window_start=elsewhere
        )
        assert values_of(found) == window

    async def test_a_moment_of_any_zone_is_the_same_moment(self) -> None:
        """A datetime of another zone MUST be stored as the moment that it names, and come back in UTC."""
        for zone in (ZoneInfo("America/New_York"), timezone(timedelta(hours=5, minutes=45)), ZoneInfo("Europe/Berlin")):
            row = sample(AGENTS, created_at=T0.astimezone(zone), expires_at=T0.astimezone(zone))
            record = await self.storage.create_agent(**row)
            assert record.created_at.utcoffset() == timedelta(0), "the record returned is not in UTC"
            await self.assert_stored(AGENTS, {**row, "created_at": T0, "expires_at": T0})

    async def test_a_repeated_hour_is_two_hours(self) -> None:
        """The hour that a zone has twice when summer time ends MUST be stored as two different hours."""
        first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
        for moment, utc_hour in ((first, 0), (first.replace(fold=1), 1)):
            record = await self.storage.create_agent(**sample(AGENTS, created_at=moment))
            assert record.created_at == datetime(2026, 10, 25, utc_hour, 30, tzinfo=UTC)

    @each_timed
    async def test_a_naive_datetime_is_refused(self, method: Method) -> None:
        """What names no moment MUST raise `InvalidInput` in every time column, and nothing be written."""
        row = sample(method.table)
        for column in method.table.columns:
            if column.kind == "time":
                for wrong in (T0.replace(tzinfo=None), date(2026, 1, 1), 1_767_322_800, "2026-01-01T00:00:00Z"):
                    with pytest.raises(InvalidInput):
                        await method(self.storage, **{**row, column.name: wrong})
        await self.assert_missing(method.table, row)

    async def test_times_are_ordered_as_numbers(self) -> None:
        """Order and spans MUST be those of time, across the epoch and the digits of its seconds."""
        agent = fresh()
        moments = sorted(MOMENTS.values())
        for moment in (*moments[1::2], *moments[::2]):
            await self.new(AUDIT_LOGS, agent_id=agent, timestamp=moment)
        assert [row.timestamp for row in await self.storage.query_audit_logs(agent_id=agent)] == moments[::-1]
        assert [row.timestamp async for row in self.storage.stream_audit_logs(agent_id=agent)] == moments
        found = await self.storage.query_audit_logs(agent_id=agent, since=moments[1], until=moments[-1])
        assert [row.timestamp for row in found] == moments[1:-1][::-1]

    async def test_a_filter_takes_any_part_of_a_second(self) -> None:
        """A span whose ends lie inside of a second MUST be that of the whole seconds, and not be refused."""
        agent = fresh()
        row = await self.new(AUDIT_LOGS, agent_id=agent, timestamp=at(1))
        half = timedelta(milliseconds=500)
        for since, until, expected in ((at(1) + half, at(2), [row["id"]]), (at(0), at(1) + half, [])):
            found = await self.storage.query_audit_logs(agent_id=agent, since=since, until=until)
            assert [record.id for record in found] == expected
