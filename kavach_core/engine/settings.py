"""What `create_kavach` is given, checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from kavach_core.errors import ConfigurationError, InvalidInput
from kavach_core.policy.durations import parse_duration
from kavach_core.policy.permissions import PermissionLike, read_permissions
from kavach_core.policy.redaction import SECRET_NAMES, Redaction, by_names
from kavach_core.policy.resources import Wildcard

DEFAULT_MAX_DEPTH: Final = 3
"""Hops that a delegation may take where its maker does not say."""

DEFAULT_BATCH: Final = 1000
"""Rows that a purge deletes at once where its caller does not say."""

HOUR: Final = 3600
"""Seconds of the window in which calls are counted."""

ALWAYS: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""The window of a row that counts for ever, which no deletion of old windows reaches."""

TRIES: Final = 5
"""How often work is run that the database rolled back because another transaction was in its way."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    @classmethod
    def read(cls, name: str, given: Self | Mapping[str, object]) -> Self:
        """Return settings from a mapping; raises `ConfigurationError` that names the setting."""
        if isinstance(given, cls):
            return given
        try:
            return cls.model_validate(dict(given))
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join((name, *map(str, problem["loc"])))
            text = "unknown setting" if problem["type"] == "extra_forbidden" else problem["msg"]
            raise ConfigurationError(f"{where}: {text[:1].lower()}{text[1:]}") from None
        except (TypeError, ValueError):
            raise ConfigurationError(f"{name}: expected a mapping of settings, got {type(given).__name__}") from None


class DatabaseSettings(_Settings):
    """Where the tables live. `provider` is "sqlite", "postgres" or "mysql"; `url` may be ":memory:" or a file."""

    provider: str
    url: str = Field(repr=False)
    skip_migrations: bool = False
    prefix: str = "kavach_"
    schema_name: Annotated[str | None, Field(alias="schema")] = None


class AgentSettings(_Settings):
    """How agents behave.

    `max_per_user` bounds the active agents of one owner, None is no bound. With `audit_all` off, allowed calls are
    not recorded; denials always are. `token_expiry` such as "24h" is how long an agent lives that names no expiry of
    its own, None is for ever. `default_permissions` are those of an agent that is created without any said.
    """

    enabled: bool = True
    max_per_user: Annotated[int | None, Field(ge=0)] = None
    audit_all: bool = True
    token_expiry: str | None = None
    default_permissions: Sequence[PermissionLike] = ()

    @field_validator("default_permissions", mode="plain")
    @classmethod
    def _read_permissions(cls, given: object) -> object:
        # What each one says is checked where it is known how patterns are read.
        if isinstance(given, list | tuple):
            return tuple(given)
        raise PydanticCustomError("permissions", "pass a list of permissions")


class ApprovalSettings(_Settings):
    """How approvals work.

    `expiry` such as "1h" is how long a request can be answered, and its approval used. With `owner_only` nobody but the
    owner of the agent can answer.
    """

    expiry: str = "1h"
    owner_only: bool = False


class AuditSettings(_Settings):
    """How decisions are recorded.

    `redact` are names of arguments whose values are secrets and are not stored, at any depth and however they are
    spelled; or a callable that is given a copy of the arguments and returns what may be stored.

    `settle` such as "1m" MUST be longer than any transaction around `authorize` takes from the decision to its commit,
    and than clocks of several machines differ: rows that are younger are not sealed yet.
    """

    redact: Sequence[str] | Redaction = SECRET_NAMES
    settle: str = "1m"

    @field_validator("redact", mode="plain")
    @classmethod
    def _read_redact(cls, given: object) -> object:
        if callable(given):
            return given
        if isinstance(given, list | tuple) and all(isinstance(name, str) and name for name in given):
            return tuple(given)
        raise PydanticCustomError("redact", "pass a list of names, or a callable")


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that the engine consults, with durations parsed."""

    agents: AgentSettings
    lifetime: timedelta | None
    wildcard: Wildcard
    approvals: ApprovalSettings
    approval_lifetime: timedelta
    redact: Redaction
    settle: timedelta


def read_rules(
    agents: AgentSettings | Mapping[str, object] | None,
    wildcard: Wildcard,
    approvals: ApprovalSettings | Mapping[str, object] | None = None,
    audit: AuditSettings | Mapping[str, object] | None = None,
) -> Rules:
    """Return the engine's rules; raises `ConfigurationError` for what cannot be understood."""
    if wildcard not in ("segment", "tail"):
        raise ConfigurationError(f'unknown wildcard {wildcard!r}; use "segment" or "tail"')
    settings = AgentSettings.read("agents", agents or {})
    try:
        read_permissions(settings.default_permissions, wildcard)
    except InvalidInput as error:
        raise ConfigurationError(f"agents.default_{error}") from None
    lifetime = None if settings.token_expiry is None else parse_duration(settings.token_expiry)
    consent = ApprovalSettings.read("approvals", approvals or {})
    trail = AuditSettings.read("audit", audit or {})
    return Rules(
        settings,
        lifetime,
        wildcard,
        consent,
        parse_duration(consent.expiry),
        _redaction(trail.redact),
        parse_duration(trail.settle),
    )


def _redaction(given: Sequence[str] | Redaction) -> Redaction:
    if not callable(given):
        return by_names(given)
    # A callable may change what it is given, and the decision is made on the arguments as they are.
    return lambda arguments: given(deepcopy(arguments))
