"""Signatures of webhooks, as the Standard Webhooks specification has them: HMAC-SHA256 over id, time and body.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from kavach_core.errors import ConfigurationError, InvalidInput

PREFIX: Final = "whsec_"
TOLERANCE: Final = timedelta(minutes=5)
"""How far the time of a webhook may lie from that of who verifies it."""

_SHORTEST: Final = 24
"""Bytes that the specification asks of a secret at least."""


def read_secret(secret: str) -> bytes:
    """Return the key that a secret stands for: "whsec_" and 24 bytes or more in Base64.

    Raises `ConfigurationError` for all else.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or len(key) < _SHORTEST:
        raise ConfigurationError('the secret of a webhook is "whsec_" and 24 random bytes or more in base64')
    return key


def sign_webhook(key: bytes, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers that prove to who knows the key that a body was sent with this id at this time."""
    timestamp = str(int(now.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": _signature(key, message_id, timestamp, body),
    }


def verify_webhook(secret: str, *, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Make sure that a webhook was sent by who knows the secret, not long ago, and as it is.

    `headers` are those of the request, in any case. A webhook may come more than once: `webhook-id` tells.

    Raises `InvalidInput` where the signature does not match, is missing, or is older than five minutes.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise InvalidInput("the webhook has no timestamp; reject it")
    expected = _signature(read_secret(secret), message_id, timestamp, body).encode()
    signatures = given.get("webhook-signature", "").encode().split(b" ")
    if not any(hmac.compare_digest(expected, signature) for signature in signatures):
        raise InvalidInput("the signature of the webhook does not match; reject it")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise InvalidInput("the webhook is too old, or a clock is wrong; reject it")


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
