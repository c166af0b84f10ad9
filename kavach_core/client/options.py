"""How a client calls: credential, headers, timeout, retries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from kavach_core.client.retrying import Retries
from kavach_core.errors import ConfigurationError


class OptionChanges(TypedDict, total=False):
    """Options that differ from a client's."""

    token: str | None
    headers: Mapping[str, str]
    timeout: float
    retries: Retries


@dataclass(frozen=True)
class Options:
    """How requests are sent; `timeout` are the seconds to connect, and those between two pieces of an answer."""

    token: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 30.0
    retries: Retries = field(default_factory=Retries)

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for what no request can be sent with."""
        for name, text in {"token": self.token or "", **self.headers}.items():
            _check_header(name, text)
        if not self.timeout > 0:
            raise ConfigurationError("timeout: pass seconds, more than 0")

    def headers_for(self, accept: str, token: str | None) -> dict[str, str]:
        """Return the headers of a request; a token for it alone goes before the client's."""
        _check_header("token", token or "")
        credential = token or self.token
        authorization = {"Authorization": f"Bearer {credential}"} if credential else {}
        return {"Accept": accept, **self.headers, **authorization}


def _check_header(name: str, text: str) -> None:
    """Raise `ConfigurationError` for what is no header; what sends requests would quote it in its error."""
    if not (text.isascii() and text.isprintable()):
        raise ConfigurationError(f"{name}: must be one line of ASCII; was more read than was meant?")
