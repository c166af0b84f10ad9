"""Addresses, passwords, attempts and renewals, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kavach_core.errors import ConfigurationError, InvalidInput
from kavach_core.policy.sign_in import (
    MAX_PASSWORD_BYTES,
    AttemptRules,
    network_of,
    new_password_bytes,
    normal_email,
    password_bytes,
    renewed_expiry,
)

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
WEEK, MONTH = timedelta(days=7), timedelta(days=30)
RULES = AttemptRules.of("15m", 10, 100)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada@Example.COM", "ada@example.com"),
        ("ADA+tag@example.com", "ada+tag@example.com"),
        ("\u00c4da@b\u00fccher.example", "\u00e4da@b\u00fccher.example"),
        ("A\u0308da@b\u00fccher.example", "\u00e4da@b\u00fccher.example"),
        ("ada@xn--bcher-kva.example", "ada@b\u00fccher.example"),
    ],
)
def test_u8_an_address_has_one_spelling(given: str, stored: str) -> None:
    assert normal_email(given) == stored
    assert normal_email(stored) == stored


@pytest.mark.parametrize(
    "wrong", ["", "ada", "@example.com", "ada@", "a b@example.com", "ada@example.com\n", "a\0@b.co"]
)
def test_what_is_no_address_is_refused_and_not_quoted(wrong: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        normal_email(wrong)
    assert str(caught.value) == "email: no valid address; pass one such as ada@example.com"
    assert caught.value.__cause__ is None


@settings(max_examples=30)
@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        found = normal_email(f"{text}@example.com")
    except InvalidInput:
        return
    assert normal_email(found) == found


@pytest.mark.parametrize("lone", ["a\ud800@example.com", "a@\udfff.com"])
def test_a_surrogate_is_no_address(lone: str) -> None:
    with pytest.raises(InvalidInput):
        normal_email(lone)


@pytest.mark.parametrize("password", ["12345678", " " * 8, "\u00e9" * 8, "x" * MAX_PASSWORD_BYTES])
def test_any_characters_make_a_password(password: str) -> None:
    assert new_password_bytes(password, 8) == password.encode()


def test_a_password_is_the_same_on_each_keyboard() -> None:
    assert password_bytes("cafe\u0301 \u2460") == password_bytes("caf\u00e9 1")


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "1234567",
        "x" * (MAX_PASSWORD_BYTES + 1),
        "\u20ac" * 400,
        "\u03b1\u0313\u0300\u0345" * 300,
        "a\ud800" * 8,
        12345678,
    ],
)
def test_a_password_that_cannot_be_is_refused_and_not_quoted(wrong: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        new_password_bytes(wrong, 8)
    assert str(caught.value).startswith("password: ")
    assert not wrong or str(wrong) not in str(caught.value)


def test_a_session_is_renewed_after_a_tenth_of_its_life() -> None:
    begun = NOW - timedelta(hours=16)
    assert renewed_expiry(begun, begun + WEEK, NOW, WEEK, MONTH) is None
    begun = NOW - timedelta(hours=17)
    assert renewed_expiry(begun, begun + WEEK, NOW, WEEK, MONTH) == NOW + WEEK


@given(
    age=st.timedeltas(timedelta(0), MONTH),
    left=st.timedeltas(timedelta(seconds=1), WEEK),
)
def test_u9_no_renewal_passes_the_end_of_a_sessions_life_or_shortens_it(age: timedelta, left: timedelta) -> None:
    created = NOW - age
    expires = min(NOW + left, created + MONTH)
    later = renewed_expiry(created, expires, NOW, WEEK, MONTH)
    assert later is None or expires < later <= min(NOW + WEEK, created + MONTH)


def test_attempts_are_counted_by_windows() -> None:
    first = RULES.account("ada@example.com", NOW)
    assert first == RULES.account("ada@example.com", NOW + timedelta(minutes=14, seconds=59))
    assert first.window_start == NOW
    assert RULES.account("ada@example.com", NOW + timedelta(minutes=15)).window_start == NOW + timedelta(minutes=15)
    assert (first.limit, RULES.address("10.0.0.1", NOW).limit) == (10, 100)


@pytest.mark.parametrize(("seconds", "wait"), [(0, 900), (1, 899), (899, 1), (899.5, 1)])
def test_it_is_told_when_the_next_window_begins(seconds: float, wait: int) -> None:
    assert RULES.wait(NOW + timedelta(seconds=seconds)) == wait


def test_counters_are_named_without_what_they_count() -> None:
    subjects = {
        RULES.account("ada@example.com", NOW).subject,
        RULES.account("eve@example.com", NOW).subject,
        RULES.account("ada@example.com", NOW, "10.0.0.1").subject,
        RULES.address("10.0.0.1", NOW).subject,
    }
    assert len(subjects) == 4
    for subject in subjects:
        assert len(subject) < 400
        assert not any(part in subject for part in ("ada", "eve", "example", "10.0"))


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("no address", "no address"),
    ],
)
def test_a_customer_of_a_network_counts_as_one(ip: str, network: str) -> None:
    assert network_of(ip) == network


def test_a_window_is_a_duration() -> None:
    with pytest.raises(ConfigurationError):
        AttemptRules.of("soon", 1, 1)
