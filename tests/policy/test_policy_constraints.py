"""Conditions on addresses and hours: what is refused when it is written, and what each lets through."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kavach_core import Constraints, InvalidInput, Permission, TimeWindow
from kavach_core.policy.constraints import address_allowed
from kavach_core.policy.permissions import read_permissions

CANARY = "c4n4ry"


def write(**constraints: object) -> Constraints:
    (found,) = read_permissions([{"resource": "a", "actions": ["x"], "constraints": constraints}], "segment")
    assert found.constraints is not None
    return found.constraints


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ({"ip_allowlist": ["10.0.0.0/33"]}, "ip_allowlist: write addresses"),
        ({"ip_allowlist": ["10.0.0.1/8"]}, "ip_allowlist: write addresses and networks, .* without bits of a host"),
        ({"ip_allowlist": ["10.1.2.3<script>"]}, "ip_allowlist: write addresses"),
        ({"ip_allowlist": ["10.0x1.2.3"]}, "ip_allowlist: write addresses"),
        ({"ip_allowlist": ["010.1.2.3"]}, "ip_allowlist: write addresses"),
        ({"ip_allowlist": ["fe80::1%eth0"]}, "ip_allowlist: write addresses"),
        ({"ip_allowlist": [CANARY]}, "ip_allowlist: write addresses"),
        ({"ip_allowlist": [""]}, "ip_allowlist: write addresses"),
        ({"ip_allowlist": "10.0.0.0/8"}, "ip_allowlist: "),
        ({"ip_allowlist": [167772161]}, "ip_allowlist.0: "),
        ({"time_window": {"start": "9:00", "end": "18:00"}}, "time_window: write times"),
        ({"time_window": {"start": "24:00", "end": "18:00"}}, "time_window: write times"),
        ({"time_window": {"start": "09:00", "end": "18:60"}}, "time_window: write times"),
        ({"time_window": {"start": "09:00", "end": "18:00\n"}}, "time_window: write times"),
        ({"time_window": {"start": "09:00", "end": "\u0661\u0668:00"}}, "time_window: write times"),
        ({"time_window": {"start": "09:00", "end": "09:00"}}, "time_window: the window is empty"),
        ({"time_window": {"start": "09:00", "end": "18:00", "timezone": CANARY}}, "time_window: unknown time zone"),
        ({"time_window": {"start": "09:00", "end": "18:00", "timezone": ""}}, "time_window: unknown time zone"),
        ({"time_window": {"start": "09:00", "end": "18:00", "timezone": "../UTC"}}, "time_window: unknown time zone"),
        ({"time_window": {"start": "09:00", "end": "18:00", "days": [1]}}, "time_window.days: extra"),
        ({"max_calls_per_hour": -1}, "max_calls_per_hour: "),
        ({"max_calls_per_hour": 5.0}, "max_calls_per_hour: "),
        ({"max_calls_per_hour": True}, "max_calls_per_hour: "),
    ],
)
def test_p9_p11_what_is_malformed_is_refused_when_it_is_written(constraints: object, message: str) -> None:
    given = {"resource": "a", "actions": ["x"], "constraints": constraints}
    with pytest.raises(InvalidInput, match=rf"^permissions\[0\]: constraints\.{message}") as caught:
        read_permissions([given], "segment")
    assert CANARY not in str(caught.value)


def test_what_was_made_without_validation_is_checked_when_it_is_written() -> None:
    made = Permission(resource="a", actions=["x"]).model_copy(
        update={"constraints": Constraints.model_construct(ip_allowlist=[CANARY])}
    )
    with pytest.raises(InvalidInput, match=r"^permissions\[0\]: ip_allowlist: write addresses"):
        read_permissions([made], "segment")


@pytest.mark.parametrize(
    ("allowed", "ip", "expected"),
    [
        (["10.0.0.0/8"], "10.255.0.1", True),
        (["10.0.0.0/8"], "11.0.0.0", False),
        (["192.0.2.7"], "192.0.2.7", True),
        (["192.0.2.7"], "192.0.2.8", False),
        (["2001:db8::/32"], "2001:DB8:0:0::1", True),
        (["2001:db8::/32"], "2001:db9::1", False),
        (["2001:db8::1"], "2001:0db8:0000::0001", True),
        (["10.0.0.0/8"], "::ffff:10.1.2.3", True),
        (["10.0.0.0/8"], "::ffff:11.1.2.3", False),
        (["::ffff:10.0.0.0/104"], "10.1.2.3", True),
        (["::ffff:10.0.0.0/104"], "::ffff:a01:203", True),
        (["::ffff:10.0.0.0/104"], "11.1.2.3", False),
        (["0.0.0.0/0"], "2001:db8::1", False),
        (["::/0"], "10.1.2.3", False),
        (["::/0", "0.0.0.0/0"], "10.1.2.3", True),
        (["fe80::/10"], "fe80::1%eth0", True),
        ([], "10.1.2.3", False),
        (["0.0.0.0/0"], None, False),
        (["0.0.0.0/0"], "", False),
        (["10.0.0.0/8"], "10.1.2.3<script>", False),
        (["10.0.0.0/8"], "10.0x1.2.3", False),
        (["10.0.0.0/8"], "10.1e9.1.1", False),
        (["10.0.0.0/8"], "10.1.2.3, 192.0.2.1", False),
        (["10.0.0.0/8"], "10.1.2.3:443", False),
        (["10.0.0.0/8"], "010.1.2.3", False),
        (["10.0.0.0/8"], " 10.1.2.3", False),
        (["10.0.0.0/8"], "10.1", False),
    ],
)
def test_p11_an_address_is_allowed_exactly_if_a_network_has_it(
    allowed: list[str], ip: str | None, expected: bool
) -> None:
    assert address_allowed(allowed, ip) is expected


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 32))
def test_p11_a_mapped_address_is_the_address_that_it_maps(one: IPv4Address, two: IPv4Address, bits: int) -> None:
    network = ip_network((one, bits), strict=False)
    mapped = ip_network((int(IPv6Address(f"::ffff:{network.network_address}")), 96 + bits))
    for allowed in ([str(network)], [f"::ffff:{network.network_address}/{mapped.prefixlen}"], [str(mapped)]):
        for ip in (str(two), f"::ffff:{two}"):
            assert address_allowed(allowed, ip) is (two in network)


@given(st.lists(st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "::/0", "192.0.2.0/24"])), st.ip_addresses())
def test_a_longer_list_of_networks_allows_no_less(allowed: list[str], ip: IPv4Address | IPv6Address) -> None:
    for number in range(len(allowed)):
        if address_allowed(allowed[:number], str(ip)):
            assert address_allowed(allowed, str(ip))


def at(clock: str, zone: str = "UTC", day: date = date(2030, 1, 1)) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "end", "inside", "outside"),
    [
        ("09:00", "18:00", ["09:00", "17:59:59.999999"], ["08:59:59.999999", "18:00", "00:00"]),
        ("22:00", "06:00", ["22:00", "23:59:59", "00:00", "05:59:59"], ["06:00", "12:00", "21:59:59"]),
        ("00:00", "24:00", ["00:00", "12:00", "23:59:59.999999"], []),
        ("22:00", "24:00", ["22:00", "23:59:59"], ["00:00", "21:59"]),
        ("22:00", "00:00", ["22:00", "23:59:59"], ["00:00", "21:59"]),
    ],
)
def test_p9_a_window_has_its_start_and_not_its_end_and_may_pass_midnight(
    start: str, end: str, inside: list[str], outside: list[str]
) -> None:
    window = write(time_window={"start": start, "end": end}).time_window
    assert window is not None
    assert [clock for clock in inside if not window.contains(at(clock))] == []
    assert [clock for clock in outside if window.contains(at(clock))] == []


def test_p9_a_window_is_in_utc_whatever_the_zone_of_the_clock() -> None:
    window = TimeWindow(start="09:00", end="18:00")
    assert window.contains(at("17:30"))
    assert window.contains(at("17:30").astimezone(ZoneInfo("Asia/Tokyo")))
    assert not window.contains(at("17:30", "America/New_York"))


def test_p9_a_window_follows_the_clocks_of_its_time_zone() -> None:
    window = write(timeWindow={"start": "09:00", "end": "17:00", "timezone": "Europe/Berlin"}).time_window
    assert window is not None
    for day in (date(2030, 1, 15), date(2030, 7, 15)):
        assert window.contains(at("09:00", "Europe/Berlin", day))
        assert not window.contains(at("08:59", "Europe/Berlin", day))
        assert not window.contains(at("17:00", "Europe/Berlin", day))
    assert window.contains(datetime(2030, 7, 15, 7, 30, tzinfo=UTC))
    assert not window.contains(datetime(2030, 1, 15, 7, 30, tzinfo=UTC))


CLOCKS = st.times().map(lambda value: value.strftime("%H:%M"))


@given(
    CLOCKS, CLOCKS, st.datetimes(timezones=st.just(UTC)), st.sampled_from([None, "Asia/Kolkata", "Pacific/Auckland"])
)
def test_p9_every_moment_is_in_a_window_or_in_the_rest_of_the_day(
    start: str, end: str, moment: datetime, zone: str | None
) -> None:
    if start != end and timedelta(days=2) < moment - datetime(1, 1, 1, tzinfo=UTC) and moment.year < 9999:
        window, rest = (TimeWindow(start=a, end=b, timezone=zone) for a, b in ((start, end), (end, start)))
        assert window.contains(moment) is not rest.contains(moment)
