"""Errors as responses: one table from the errors of Kavach to statuses, and one shape for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, JsonValue
from starlette.responses import Response

from kavach_core.errors import (
    ApprovalError,
    AuthenticationError,
    BackendUnavailable,
    ConflictError,
    DelegationError,
    InactiveAgentError,
    InactiveTenantError,
    InvalidInput,
    KavachError,
    LimitExceeded,
    NotFoundError,
    TooManyAttempts,
    TransactionAborted,
)

RETRY_AFTER: Final = {"Retry-After": "1"}

_ANSWERS: Final[tuple[tuple[type[KavachError], int, str], ...]] = (
    (NotFoundError, 404, "NOT_FOUND"),
    (InvalidInput, 422, "INVALID_INPUT"),
    (ConflictError, 409, "CONFLICT"),
    (InactiveAgentError, 409, "AGENT_INACTIVE"),
    (InactiveTenantError, 409, "TENANT_SUSPENDED"),
    (ApprovalError, 409, "APPROVAL_REFUSED"),
    (DelegationError, 403, "DELEGATION_REFUSED"),
    (LimitExceeded, 403, "LIMIT_EXCEEDED"),
)
"""What is the caller's to mend: its message is passed on, for no message of these holds a stored value."""


class ErrorDetail(BaseModel):
    """What went wrong: `code` is for programs, `message` for people."""

    code: str
    message: str
    details: JsonValue = None


class ErrorBody(BaseModel):
    """The body of every answer that is no success."""

    error: ErrorDetail


class Refused(Exception):
    """Ends a request with an answer that is no success."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: JsonValue = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Say what is wrong; neither message nor details MUST hold a secret or what belongs to somebody else."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = dict(headers or {})


def missing(what: str) -> Refused:
    """Return the one answer for what does not exist and for what is not the caller's."""
    return Refused(404, "NOT_FOUND", f"no {what} has this id")


def as_refused(error: Exception) -> Refused | None:
    """Return the answer to an error, None for one that says nothing to a caller."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, BackendUnavailable | TransactionAborted):
        return Refused(503, "UNAVAILABLE", "the database is not available now; try again", headers=RETRY_AFTER)
    if isinstance(error, TooManyAttempts):
        return Refused(429, "TOO_MANY_ATTEMPTS", str(error), headers={"Retry-After": str(error.retry_after)})
    if isinstance(error, AuthenticationError):
        return Refused(401, "INVALID_CREDENTIALS", str(error), headers={"WWW-Authenticate": "Bearer"})
    for kind, status, code in _ANSWERS:
        if isinstance(error, kind):
            return Refused(status, code, str(error))
    return None


def error_response(refused: Refused) -> Response:
    """Return the envelope of an error."""
    detail = ErrorDetail(code=refused.code, message=refused.message, details=refused.details)
    body = ErrorBody(error=detail).model_dump_json(exclude_none=True)
    return Response(body, refused.status, refused.headers, media_type="application/json")
