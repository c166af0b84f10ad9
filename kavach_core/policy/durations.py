"""Durations in settings: "30s", "15m", "24h", "7d", "2w"."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from kavach_core.errors import ConfigurationError

_LONGEST: Final = timedelta(weeks=52_000)
"""About a thousand years: from any moment on, its end still has a date."""

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(text: str) -> timedelta:
    """Return the duration that a number and a unit name; raises `ConfigurationError` for all else."""
    found = re.fullmatch(r"([1-9][0-9]{0,8})([smhdw])", text)
    if found is None:
        raise ConfigurationError(f"malformed duration {text!r}; write a number and a unit, such as 24h or 7d")
    try:
        duration = timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:
        duration = timedelta.max
    if duration > _LONGEST:
        raise ConfigurationError(f"the duration {text!r} is too long; choose a shorter one, or none for ever")
    return duration
