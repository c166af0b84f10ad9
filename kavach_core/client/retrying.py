"""When a call is made again, and after how long: pure rules, no waiting.

Calls that may be repeated without harm (RFC 9110, section 9.2.2) are made again after any failure of the network or the
server. All others only where the server cannot have done anything: it was not reached, or it said 429 or 503.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import uniform
from typing import Final

from kavach_core.client.errors import KavachError, NetworkError
from kavach_core.errors import ConfigurationError

IDEMPOTENT: Final = frozenset({"GET", "DELETE"})

BUSY: Final = frozenset({429, 503})
"""Answers of a server that did not do what was asked (RFC 6585, section 4; RFC 9110, section 15.6.4)."""

FAILED: Final = frozenset({500, 502, 504})


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call is made again, and how long the client waits in between.

    The n-th pause is random between 0 and `pause` * 2 ** n seconds, at most `longest` ("full jitter": clients that fail
    together do not come back together). Where the server says how long to wait, it is that long; more than `longest`
    is not waited for, the error is raised at once.
    """

    times: int = 3
    pause: float = 0.25
    longest: float = 30.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense; raises `ConfigurationError`."""
        if self.times < 0 or self.pause < 0 or self.longest < 0:
            raise ConfigurationError("retries: times, pause and longest must be 0 or more")

    def delay(self, made: int, method: str, error: KavachError) -> float | None:
        """Return the seconds until a call is made again that failed, None where the error stands.

        `made` is how often it was made again already.
        """
        unsent = isinstance(error, NetworkError) and not error.sent
        failed = isinstance(error, NetworkError) or error.status_code in FAILED
        again = unsent or error.status_code in BUSY or (failed and method in IDEMPOTENT)
        if not again or made >= self.times:
            return None
        if error.retry_after is not None:
            return error.retry_after if error.retry_after <= self.longest else None
        return uniform(0, min(self.longest, self.pause * 2**made))  # noqa: S311 - no secret


def read_retry_after(text: str | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int | None:
    """Return the seconds that a `Retry-After` header asks to wait, None where it says nothing that can be understood.

    It is a number of seconds or a date (RFC 9110, section 10.2.3).
    """
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return int(text) if len(text) < 10 else None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0, math.ceil((moment.replace(tzinfo=moment.tzinfo or UTC) - now()).total_seconds()))
