"""What the frameworks share: the token and the resource of a request, and the answer to a denial.

The address of a call is that of the connection. Behind a proxy, let the server say who the client is
(`uvicorn --forwarded-allow-ips`, werkzeug's `ProxyFix`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from kavach_core.engine.values import AuthorizeResult
from kavach_core.errors import ConfigurationError
from kavach_core.policy.decisions import Code
from kavach_schema.tables.lengths import USER_AGENT

_NOT_KNOWN: Final[tuple[Code, ...]] = ("unknown_agent", "agent_revoked", "agent_expired")
"""Denials that say that the token is none (RFC 6750, section 3.1)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request that is not let through, in the shape of the HTTP API's errors."""

    status: int
    headers: Mapping[str, str]
    content: Mapping[str, object]

    @property
    def body(self) -> bytes:
        """Return the content as JSON."""
        return json.dumps(self.content).encode()


def bearer_of(values: Sequence[str]) -> str | None:
    """Return the token of the headers Authorization of a request, None where there is no single one."""
    if len(values) != 1:
        return None
    scheme, _, token = values[0].partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token.isascii() and token else None


def user_agent_of(value: str | None) -> str | None:
    """Return a header User-Agent as far as an audit row holds it."""
    return None if value is None else value[:USER_AGENT]


def fill(resource: str, parameters: Mapping[str, object]) -> str:
    """Return a resource with the `{names}` of a route's parameters filled in.

    A value stays one segment, whatever a caller writes: all but letters, digits and `_.-~` is percent-encoded. Raises
    `ConfigurationError` for a name that the route does not have.
    """
    values = {name: quote(str(value), safe="") for name, value in parameters.items()}
    try:
        return resource.format_map(values)
    except KeyError as error:
        raise ConfigurationError(f"resource: the route has no parameter {error}; write one of its own") from error


def without_token() -> Answer:
    """Return the answer to a request without a credential."""
    return _answer(401, "UNAUTHORIZED", "send the agent's token: Authorization: Bearer <token>", "Bearer")


def unreadable() -> Answer:
    """Return the answer to a request of which no audit row could be written."""
    return _answer(400, "BAD_REQUEST", "the request names what can be no resource")


def refusal(result: AuthorizeResult) -> Answer:
    """Return the answer to a call that was denied: 401, 403, or 503 where the decision could not be recorded."""
    details = {"code": result.code, "auditId": result.audit_id, "approvalId": result.approval_id}
    reason = result.reason or ""
    if result.code in _NOT_KNOWN:
        return _answer(401, "UNAUTHORIZED", "the credential is not valid", 'Bearer error="invalid_token"')
    if result.code == "audit_unavailable":
        return _answer(503, "UNAVAILABLE", reason, details=details)
    return _answer(403, "FORBIDDEN", reason, details=details)


def _answer(
    status: int, code: str, message: str, challenge: str | None = None, details: Mapping[str, object] | None = None
) -> Answer:
    error = {"code": code, "message": message, **({} if details is None else {"details": details})}
    return Answer(status, {} if challenge is None else {"WWW-Authenticate": challenge}, {"error": error})
