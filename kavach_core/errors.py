"""Every error that Kavach raises.

    KavachError
    ├── ConfigurationError          what create_kavach() was given cannot work
    │   └── MissingDependency       a driver or an ORM is not installed
    ├── NotFoundError               what was to be changed is not there
    ├── InactiveAgentError          the agent is revoked or expired
    ├── InactiveTenantError         the tenant is suspended
    ├── LimitExceeded               one more would be too many
    ├── AuthenticationError         the password is wrong, or the account is not to be signed in to
    ├── TooManyAttempts             wait before the next one
    ├── DelegationError             more was handed on than is held
    ├── ApprovalError               the request is not open, or not for this one to answer
    ├── AuditError                  the audit trail is not as it was sealed
    ├── DeliveryError               a receiver did not accept what was sent
    └── StorageError
        ├── InvalidInput            a value that the contract refuses; nothing was written
        ├── ConflictError           a key or a unique value is taken
        ├── TransactionError
        │   ├── TransactionContextLost
        │   ├── TransactionAborted
        │   └── NestedTransactionUnsupported
        ├── SchemaMismatch          the tables are not those of the data model
        ├── BackendUnavailable      the database does not answer, or not now
        └── CapabilityError         the storage cannot do this

A message says what to do and holds no stored value: values may be secrets. The driver's error is `__cause__`.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "ApprovalError",
    "AuditError",
    "AuthenticationError",
    "BackendUnavailable",
    "CapabilityError",
    "ConfigurationError",
    "ConflictError",
    "DelegationError",
    "DeliveryError",
    "InactiveAgentError",
    "InactiveTenantError",
    "InvalidInput",
    "KavachError",
    "LimitExceeded",
    "MissingDependency",
    "NestedTransactionUnsupported",
    "NotFoundError",
    "SchemaMismatch",
    "StorageError",
    "TooManyAttempts",
    "TransactionAborted",
    "TransactionContextLost",
    "TransactionError",
]


class KavachError(Exception):
    """The base of all errors of this package."""


class ConfigurationError(KavachError, ValueError):
    """A setting is unknown, malformed, or contradicts another."""


class MissingDependency(ConfigurationError, ImportError):
    """A library that this setting needs is not installed; the message names the extra that brings it."""


class NotFoundError(KavachError, LookupError):
    """What was to be changed does not exist."""


class InactiveAgentError(KavachError):
    """The agent is revoked or expired, and what was asked needs an active one."""


class InactiveTenantError(KavachError):
    """The tenant is suspended, and what was asked needs an active one."""


class LimitExceeded(KavachError):
    """A configured limit is reached."""


class AuthenticationError(KavachError):
    """Nobody was signed in; which of the reasons it was is not told."""


class TooManyAttempts(KavachError):
    """Too many attempts were made for now; `retry_after` is after how many seconds another may be."""

    def __init__(self, retry_after: int) -> None:
        """Say how long to wait."""
        super().__init__(f"too many attempts; try again in {retry_after} seconds")
        self.retry_after = retry_after


class DelegationError(KavachError):
    """A delegation would hand on more than the agent holds, or further than it may."""


class ApprovalError(KavachError):
    """The request is answered or expired already, or whoever answers may not."""


class AuditError(KavachError):
    """The audit trail is not as it was sealed, so what would remove the proof is refused."""


class DeliveryError(KavachError):
    """A receiver did not accept what was sent, however often; it is still to be delivered."""


class StorageError(KavachError):
    """The base of all errors of a storage."""


class InvalidInput(StorageError, ValueError):
    """A value that a column cannot hold, or an unknown or missing field; nothing was written."""


class ConflictError(StorageError):
    """A key or a unique value is taken; the surrounding transaction stays usable."""

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        """Name the table and the columns whose combination is taken; none are named if unknown."""
        what = ", ".join(columns) or "unique value"
        super().__init__(f"{table}: a row with this {what} exists")
        self.table = table
        self.columns = tuple(columns)


class TransactionError(StorageError):
    """The base of errors about transactions."""


class TransactionContextLost(TransactionError):
    """The transaction has ended, or belongs to another thread or task; nothing was written."""


class TransactionAborted(TransactionError):
    """The database rolled the transaction back: a deadlock, a serialization failure or a time limit.

    Running the whole transaction again may succeed.
    """


class NestedTransactionUnsupported(TransactionError):
    """The storage has no savepoints."""


class SchemaMismatch(StorageError):
    """A table or a column of the data model is missing in the database."""


class BackendUnavailable(StorageError):
    """The database cannot be reached, or is too busy; `retryable` tells whether waiting may help."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        """Say what does not answer, and whether the same call may succeed later."""
        super().__init__(message)
        self.retryable = retryable


class CapabilityError(StorageError):
    """The storage does not offer what was asked; its `capabilities` say what it offers."""
