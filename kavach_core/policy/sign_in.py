"""What signing in is judged by: addresses, passwords, attempts, and how long a session lives. No I/O.

Passwords follow NIST SP 800-63B: a least length, every character allowed, no rules about what they are composed of.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Final

from kavach_core.errors import InvalidInput, MissingDependency
from kavach_core.policy.durations import parse_duration

MAX_PASSWORD_BYTES: Final = 1024
"""What is hashed at most, as UTF-8; SP 800-63B asks for 64 characters at least."""

_RENEWED: Final = 10
"""A session is renewed when this part of its life has passed, a tenth, and not with each request."""


def normal_email(email: str) -> str:
    """Return the one spelling under which an e-mail address is stored: `Ada@Example.com` is `ada@example.com`.

    RFC 5321 (section 2.4) lets a host tell local parts apart by case; none does, and two accounts of one mailbox would
    be a way to pretend. The network is not asked. Raises `InvalidInput`, and `MissingDependency` without
    email-validator.
    """
    try:
        from email_validator import EmailNotValidError, validate_email
    except ImportError as error:
        raise MissingDependency("sign-in needs email-validator; run: pip install 'kavach-core[server]'") from error
    if not isinstance(email, str):
        raise InvalidInput(f"email: expected text, got {type(email).__name__}")
    try:
        found = validate_email(email, check_deliverability=False).normalized
    except (EmailNotValidError, UnicodeError):
        raise InvalidInput("email: no valid address; pass one such as ada@example.com") from None
    return unicodedata.normalize("NFC", found.casefold())


def password_bytes(password: str) -> bytes:
    """Return what is hashed of a password: its NFKC form, so that each keyboard spells it alike.

    Raises `InvalidInput` for what can be no password.
    """
    if not isinstance(password, str):
        raise InvalidInput(f"password: expected text, got {type(password).__name__}")
    if any("\ud800" <= character <= "\udfff" for character in password):
        # Encoding it would raise an error that quotes it.
        raise InvalidInput("password: text must not contain lone surrogates; pass valid unicode")
    short = len(password) <= MAX_PASSWORD_BYTES
    found = unicodedata.normalize("NFKC", password).encode() if short else b""
    if not short or len(found) > MAX_PASSWORD_BYTES:
        raise InvalidInput(f"password: longer than {MAX_PASSWORD_BYTES} bytes; choose a shorter one")
    return found


def new_password_bytes(password: str, least: int) -> bytes:
    """Return what is hashed of a password that is being chosen: of `least` characters or more."""
    found = password_bytes(password)
    if len(found.decode()) < least:
        raise InvalidInput(f"password: too short; choose one of {least} characters or more")
    return found


def renewed_expiry(
    created_at: datetime, expires_at: datetime, now: datetime, expiry: timedelta, lifetime: timedelta
) -> datetime | None:
    """Return when a session that is used now expires from now on; None where it is too early to write that.

    Each use gives it `expiry` more, never past `lifetime` after its creation.
    """
    target = min(now + expiry, created_at + lifetime).replace(microsecond=0)
    return target if target - expires_at >= expiry / _RENEWED else None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt against one counter: its subject, the window it falls into, and how many that allows."""

    subject: str
    window_start: datetime
    limit: int


@dataclass(frozen=True, slots=True)
class AttemptRules:
    """How many attempts there are in each window, for an account and for a network address."""

    window: timedelta
    per_account: int
    per_address: int

    @classmethod
    def of(cls, window: str, per_account: int, per_address: int) -> AttemptRules:
        """Return rules with the window's duration parsed; raises `ConfigurationError`."""
        return cls(parse_duration(window), per_account, per_address)

    def account(self, name: str, now: datetime, ip: str | None = None) -> Attempt:
        """Return the attempt on an account; with `ip`, on the counter that a known address has of its own."""
        place = "" if ip is None else network_of(ip)
        return Attempt(_subject("account", name, place), self._start(now), self.per_account)

    def address(self, ip: str, now: datetime) -> Attempt:
        """Return the attempt from a network address."""
        return Attempt(_subject("address", network_of(ip)), self._start(now), self.per_address)

    def wait(self, now: datetime) -> int:
        """Return the seconds until the next window, rounded up."""
        return max(1, ceil((self._start(now) + self.window - now).total_seconds()))

    def _start(self, now: datetime) -> datetime:
        seconds = int(self.window.total_seconds())
        return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


def network_of(ip: str) -> str:
    """Return what an address is counted as: itself, or the /64 network that an IPv6 customer has wholly."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address) >> 64 << 64, 64)))


def _subject(kind: str, *parts: str) -> str:
    """Name a counter by a digest: no e-mail address and no network address stands in its row."""
    digest = hashlib.sha256("\0".join((kind, *parts)).encode("utf-8", "surrogatepass")).hexdigest()
    return f"sign-in:{kind}:{digest}"
