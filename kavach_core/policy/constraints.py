"""Conditions of a permission as values: checked when they are written, and again when a call meets them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from kavach_core.errors import InvalidInput, MissingDependency
from kavach_core.policy.patterns import ArgPatterns, arguments_match, compile_pattern

Failure = Literal[
    "constraint_unsupported", "ip_not_allowed", "outside_time_window", "argument_not_allowed", "rate_limited"
]

_MAPPED: Final = 96
"""Bits before the IPv4 address in an IPv6 address that stands for one (RFC 4291, section 2.5.5.2)."""

_TIME: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)


class Value(BaseModel):
    """Frozen, complete, and spelled in camelCase where it is stored, as existing databases have it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )


class TimeWindow(Value):
    """Hours of the day, as "HH:MM": from `start` on and before `end`, over midnight where `end` is the earlier one.

    `end` may be "24:00". `timezone` is a name of the IANA database, such as "Europe/Berlin"; UTC where it is None.
    """

    start: str
    end: str
    timezone: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not _TIME.fullmatch(self.start) or not (_TIME.fullmatch(self.end) or self.end == "24:00"):
            raise _malformed('write times as "HH:MM", from 00:00 to 23:59')
        if self.start == self.end:
            raise _malformed("the window is empty; its end must differ from its start")
        if self.timezone is not None:
            try:
                ZoneInfo(self.timezone)
            except (ValueError, OSError, LookupError):
                raise _malformed('unknown time zone; use a name such as "Europe/Berlin"') from None
        return self

    def contains(self, moment: datetime) -> bool:
        """Tell whether an aware moment falls into the window by the clocks of its time zone."""
        local = moment.astimezone(ZoneInfo(self.timezone or "UTC")).strftime("%H:%M")
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


class Constraints(Value):
    """Conditions under which a permission allows; None is no condition, and an empty list allows nothing.

    Source: the documentation's concept page, "Permission model".
    """

    max_calls_per_hour: int | None = Field(default=None, ge=0)
    require_approval: bool | None = None
    ip_allowlist: list[str] | None = None
    time_window: TimeWindow | None = None
    allowed_arg_patterns: ArgPatterns | None = None

    @field_validator("ip_allowlist")
    @classmethod
    def _check_networks(cls, given: list[str] | None) -> list[str] | None:
        for text in given or ():
            try:
                parse_network(text)
            except ValueError:
                raise _malformed("write addresses and networks, such as 10.0.0.0/8, without bits of a host") from None
        return given

    @field_validator("allowed_arg_patterns")
    @classmethod
    def _check_patterns(cls, given: ArgPatterns | None) -> ArgPatterns | None:
        lists = given.values() if isinstance(given, dict) else (given or (),)
        for pattern in (pattern for patterns in lists for pattern in patterns):
            try:
                compile_pattern(pattern)
            except (InvalidInput, MissingDependency) as error:
                raise _malformed(str(error)) from None
        return given


class UnreadableConstraints(Constraints):
    """What stands for stored constraints that are not understood: they allow nothing, wherever they are copied."""

    max_calls_per_hour: int | None = 0


def _malformed(message: str) -> PydanticCustomError:
    # Passed on as a template, in which braces would be filled in.
    return PydanticCustomError("malformed", "{message}", {"message": message})


@dataclass(frozen=True, slots=True)
class Call:
    """What an agent asks for, and from where."""

    action: str
    resource: str
    now: datetime
    arguments: Mapping[str, JsonValue] | None = None
    ip: str | None = None


def failing(constraints: Constraints, call: Call) -> Failure | None:
    """Return the code of the first condition that a call does not meet, None where it meets all.

    Approvals and the count of calls are left to the storage, but for a count of 0, which no call meets.
    """
    if isinstance(constraints, UnreadableConstraints):
        return "constraint_unsupported"
    try:
        if constraints.ip_allowlist is not None and not address_allowed(constraints.ip_allowlist, call.ip):
            return "ip_not_allowed"
        if constraints.time_window is not None and not constraints.time_window.contains(call.now):
            return "outside_time_window"
        patterns = constraints.allowed_arg_patterns
        if patterns is not None and not arguments_match(patterns, call.arguments):
            return "argument_not_allowed"
    except (ValueError, OSError, LookupError):
        # Made without validation, or what they need, a time zone or RE2, is not on this machine.
        return "constraint_unsupported"
    if constraints.max_calls_per_hour is not None and constraints.max_calls_per_hour < 1:
        return "rate_limited"
    return None


Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


def address_allowed(allowlist: list[str], ip: str | None) -> bool:
    """Tell whether an address is in one of the networks; what is no address is in none.

    An IPv6 address that stands for an IPv4 address, `::ffff:10.0.0.1`, counts as that, in the list too.
    """
    try:
        address = ip_address(ip or "")
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in parse_network(text) for text in allowlist)


@lru_cache(maxsize=4096)
def parse_network(text: str) -> Network:
    """Return an address or a network; raises `ValueError` for all else, and for a network with bits of a host."""
    network = ip_network(text)
    if isinstance(network, IPv6Network):
        if network.network_address.scope_id is not None:
            raise ValueError("a zone has a meaning on one machine only")
        mapped = network.network_address.ipv4_mapped
        if mapped is not None and network.prefixlen >= _MAPPED:
            return ip_network((mapped, network.prefixlen - _MAPPED))
    return network
