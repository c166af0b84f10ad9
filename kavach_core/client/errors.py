"""Every error that a client raises.

    kavach_core.KavachError
    └── KavachError                 the server refused, or its answer cannot be understood
        ├── AuthenticationError     401: no credential, or one that is not valid
        ├── PermissionError         403: the credential may not do this
        ├── NotFoundError           404: it does not exist, or not for this credential
        ├── RateLimitError          429: too many requests
        ├── ServerError             5xx: the server failed
        └── NetworkError            no answer came

Names and attributes are those of the published SDK, so that code written for it goes on. A message is the server's own
and holds no credential. Source: python-sdk, "Error handling".
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import JsonValue

from kavach_core import errors

__all__ = [
    "AuthenticationError",
    "KavachError",
    "NetworkError",
    "NotFoundError",
    "PermissionError",
    "RateLimitError",
    "ServerError",
]


class KavachError(errors.KavachError):
    """A call failed: `code` is for programs, `message` for people.

    `status_code` is the answer's, 0 where none came. `retry_after` are the seconds that the server asks to wait, None
    where it does not say.
    """

    defaults: ClassVar[tuple[str, str, int]] = ("the call failed", "KAVACH_ERROR", 0)
    """Message, code and status of an error about which the server says no more."""

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        status_code: int | None = None,
        details: JsonValue = None,
        retry_after: int | None = None,
    ) -> None:
        """Keep what the server said; what it did not say is as the class has it."""
        self.message = self.defaults[0] if message is None else message
        self.code = self.defaults[1] if code is None else code
        self.status_code = self.defaults[2] if status_code is None else status_code
        self.details: JsonValue = details or {}
        self.retry_after = retry_after
        super().__init__(self.message)

    def __repr__(self) -> str:
        """Return what the error says."""
        said = f"code={self.code!r}, message={self.message!r}, status_code={self.status_code}"
        return f"{type(self).__name__}({said})"


class AuthenticationError(KavachError):
    """The request has no credential, or one that is not valid."""

    defaults = ("authentication required", "UNAUTHORIZED", 401)


class PermissionError(KavachError):
    """The credential is valid and may not do this."""

    defaults = ("permission denied", "FORBIDDEN", 403)


class NotFoundError(KavachError):
    """What is named does not exist, or not for this credential."""

    defaults = ("not found", "NOT_FOUND", 404)


class RateLimitError(KavachError):
    """There were too many requests; see `retry_after`."""

    defaults = ("too many requests", "RATE_LIMITED", 429)


class ServerError(KavachError):
    """The server failed."""

    defaults = ("the server failed", "SERVER_ERROR", 500)


class NetworkError(KavachError):
    """No answer came; `sent` is False where the server was not even reached."""

    defaults = ("no answer", "NETWORK_ERROR", 0)

    def __init__(self, message: str | None = None, *, details: JsonValue = None, sent: bool = True) -> None:
        """Say what happened."""
        super().__init__(message, details=details)
        self.sent = sent
