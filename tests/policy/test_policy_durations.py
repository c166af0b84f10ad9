"""Durations as settings spell them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kavach_core.errors import ConfigurationError
from kavach_core.policy.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1s", timedelta(seconds=1)),
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("24h", timedelta(days=1)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
        ("999999999s", timedelta(seconds=999_999_999)),
    ],
)
def test_a_number_and_a_unit_are_a_duration(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "24", "h", "24 h", " 24h", "24h\n", "24H", "-1h", "+1h", "0h", "1.5h", "1h30m", "1y", "२४h", "1e3s"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^malformed duration .*such as 24h or 7d$"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["999999999w", "999999999d", "600000d", "99999999999h"])
def test_a_duration_whose_end_has_no_date_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="duration"):
        parse_duration(text)


def test_the_longest_duration_has_an_end() -> None:
    assert (datetime.now(UTC) + parse_duration("52000w")).year > 3000
