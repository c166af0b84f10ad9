"""How a client calls: credential, headers, timeout, retries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from kavach_core.client.retrying import Retries


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

    def headers_for(self, accept: str, token: str | None) -> dict[str, str]:
        """Return the headers of a request; a token for it alone goes before the client's."""
        credential = token or self.token
        authorization = {"Authorization": f"Bearer {credential}"} if credential else {}
        return {"Accept": accept, **self.headers, **authorization}
