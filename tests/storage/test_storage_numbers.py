"""Integers of 64 bits, booleans, and time in whole Unix seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from kavach_core.errors import InvalidInput
from kavach_core.storage.operations import Insert
from kavach_schema.tables import TABLES
from kavach_schema.tables.agents import AGENTS, AUDIT_LOGS, EPHEMERAL_SESSIONS, RATE_LIMITS
from kavach_schema.tables.identity import SESSIONS, USERS
from kavach_schema.tables.sign_in import EMAIL_OTPS
from storage.samples import T0, execute, row

MAX, MIN = 2**63 - 1, -(2**63)


async def test_an_integer_of_64_bits_comes_back(storage: Any) -> None:
    for number in (MAX, MIN, 0, -1, 2**31, 2**53 + 1):
        log = await storage.create_audit_log(**row(AUDIT_LOGS, duration_ms=number, tokens_cost=number))
        assert [(log.duration_ms, log.tokens_cost)] == [(number, number)]
        assert (await storage.query_audit_logs(limit=1)) == [log]


async def test_an_integer_of_more_than_64_bits_is_refused_in_every_column(storage: Any) -> None:
    for table in TABLES:
        for column in table.columns:
            if column.kind == "integer":
                for number in (MAX + 1, MIN - 1, 10**40):
                    with pytest.raises(InvalidInput, match=rf"{table.name}\.{column.name}: integer outside of 64 bits"):
                        await execute(storage, Insert(table), row(table, **{column.name: number}))


async def test_what_is_no_integer_is_refused(storage: Any) -> None:
    for value in (1.0, "1", True, None):
        with pytest.raises(InvalidInput, match=r"duration_ms: expected an integer"):
            await storage.create_audit_log(**row(AUDIT_LOGS, duration_ms=value))


async def test_what_is_no_boolean_is_refused(storage: Any) -> None:
    for value in (1, 0, "true", None):
        with pytest.raises(InvalidInput, match=r"banned: expected a boolean"):
            await storage.create_user(**row(USERS, banned=value))


async def test_a_boolean_comes_back_as_one(storage: Any) -> None:
    for value in (True, False):
        user = await storage.create_user(**row(USERS, banned=value))
        assert (await storage.find_user_by_id(user.id)).banned is value


async def test_a_counter_may_hold_the_largest_integer(storage: Any) -> None:
    window = row(RATE_LIMITS, count=MAX)
    await storage.increment_rate_limit(**window)
    assert await storage.increment_rate_limit(limit=MAX, **{**window, "count": 0}) is not None


async def test_a_sum_that_64_bits_cannot_hold_is_refused(storage: Any) -> None:
    """SQLite would make it a float, and the others fail with errors of their own."""
    for full, amount in ((MAX, 1), (MAX, MAX), (1, MAX), (MIN, -1), (-2, MIN)):
        window = row(RATE_LIMITS, count=full)
        await storage.increment_rate_limit(**window)
        again = {**window, "id": f"{window['id']}-2", "count": amount}
        with pytest.raises(InvalidInput, match=r"kavach_rate_limits\.count: the counter would pass"):
            await storage.increment_rate_limit(**again)
        answers = [] if amount < 0 else [await storage.increment_rate_limit(limit=MAX, **again)]
        assert not any(answers), "beyond the limit"
        assert (await storage.increment_rate_limit(**{**again, "count": 0})).count == full


async def test_a_limit_of_any_integer_refuses_a_counter(storage: Any) -> None:
    otp = await storage.create_email_otp(**row(EMAIL_OTPS, attempts=5))
    for limit in (MIN, MIN + 1, 0, 5):
        assert await storage.increment_email_otp_attempts(otp.id, limit=limit) is None
    assert (await storage.increment_email_otp_attempts(otp.id, limit=MAX)).attempts == 6


async def test_a_session_without_a_bound_counts_up_to_the_largest_integer(storage: Any) -> None:
    values = row(
        EPHEMERAL_SESSIONS, actions_used=MAX - 1, max_actions=None, status="active", expires_at=T0 + timedelta(1)
    )
    await storage.create_ephemeral_session(**values)
    assert (await storage.use_ephemeral_session(values["token_hash"], now=T0)).actions_used == MAX
    with pytest.raises(InvalidInput, match="the counter would pass its largest value"):
        await storage.use_ephemeral_session(values["token_hash"], now=T0)
    await storage.update_ephemeral_session(values["id"], max_actions=MAX)
    assert await storage.use_ephemeral_session(values["token_hash"], now=T0) is None
    await storage.update_ephemeral_session(values["id"], max_actions=None, status="revoked")
    assert await storage.use_ephemeral_session(values["token_hash"], now=T0) is None
    assert (await storage.find_ephemeral_session(values["id"])).actions_used == MAX


MOMENTS = {
    "epoch": datetime(1970, 1, 1, tzinfo=UTC),
    "before 1970": datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    "year 1": datetime(1, 1, 1, tzinfo=UTC),
    "beyond 32 bits": datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC),
    "year 9999": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
}


async def test_a_moment_comes_back_in_utc(storage: Any) -> None:
    """ST1, ST9: every column of every server holds seconds."""
    for moment in MOMENTS.values():
        stored = await storage.create_session(**row(SESSIONS, expires_at=moment))
        found = await storage.find_session_by_id(stored.id)
        assert found == stored
        assert (found.expires_at, found.expires_at.tzinfo) == (moment, UTC)


async def test_every_time_column_holds_the_far_future(storage: Any) -> None:
    """ST1: the original cannot write a time to PostgreSQL."""
    far = MOMENTS["year 9999"]
    for table in TABLES:
        times = dict.fromkeys((c.name for c in table.columns if c.kind == "time"), far)
        made = await execute(storage, Insert(table), row(table, **times))
        assert {name: getattr(made, name) for name in times} == times


ROUNDED = {
    T0 + timedelta(microseconds=999_999): T0,
    T0 + timedelta(microseconds=1): T0,
    MOMENTS["epoch"] - timedelta(microseconds=1): MOMENTS["before 1970"],
}


async def test_fractions_of_a_second_are_rounded_down(storage: Any) -> None:
    for moment, stored in ROUNDED.items():
        session = await storage.create_session(**row(SESSIONS, expires_at=moment))
        assert session.expires_at == stored
        assert await storage.find_session_by_id(session.id) == session


async def test_a_moment_of_another_time_zone_is_the_same_moment(storage: Any) -> None:
    there = T0.astimezone(timezone(timedelta(hours=-9, minutes=-30)))
    session = await storage.create_session(**row(SESSIONS, expires_at=there))
    assert (session.expires_at, session.expires_at.tzinfo) == (T0, UTC)


async def test_filters_by_time_round_down_too(storage: Any) -> None:
    log = await storage.create_audit_log(**row(AUDIT_LOGS))
    assert await storage.query_audit_logs(since=T0 + timedelta(milliseconds=500)) == [log]
    assert await storage.query_audit_logs(until=T0 + timedelta(milliseconds=500)) == []


async def test_a_naive_datetime_is_refused_in_every_column(storage: Any) -> None:
    for table in TABLES:
        for column in table.columns:
            if column.kind == "time":
                with pytest.raises(InvalidInput, match=rf"{table.name}\.{column.name}: a naive datetime"):
                    await execute(storage, Insert(table), row(table, **{column.name: datetime(2026, 1, 1)}))


async def test_what_is_no_datetime_is_refused(storage: Any) -> None:
    for value in (0, 1.5, "2026-01-01", T0.date()):
        with pytest.raises(InvalidInput, match=r"created_at: expected a datetime"):
            await storage.create_agent(**row(AGENTS, created_at=value))
        with pytest.raises(InvalidInput, match=r"expires_at: expected a datetime"):
            await storage.delete_expired_sessions(value)
