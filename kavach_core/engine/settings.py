"""What `create_kavach` is given, checked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from kavach_core.errors import ConfigurationError, InvalidInput
from kavach_core.policy.constraints import Constraints
from kavach_core.policy.durations import parse_duration
from kavach_core.policy.permissions import PermissionLike, read_permissions
from kavach_core.policy.redaction import SECRET_NAMES, Redaction, by_names
from kavach_core.policy.resources import Wildcard
from kavach_core.policy.sign_in import AttemptRules
from kavach_core.policy.trust import EarnedTier

DEFAULT_MAX_DEPTH: Final = 3
"""Hops that a delegation may take where its maker does not say."""

DEFAULT_BATCH: Final = 1000
"""Rows that a purge deletes at once where its caller does not say."""

HOUR: Final = 3600
"""Seconds of the window in which calls are counted."""

ALWAYS: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""The window of a row that counts for ever, which no deletion of old windows reaches."""

TRIES: Final = 8
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


class TrustSettings(_Settings):
    """How agents are trusted.

    `constraints_below` are constraints on everything that an agent does while its tier is below the one that is named.
    `locate` is given the address of a call and returns where that is, such as a country, or None; it MUST be quick, as
    it runs under the locks of a decision that counts. With `enabled` off, decisions neither keep nor consult scores.
    """

    enabled: bool = True
    constraints_below: dict[EarnedTier, Constraints] = Field(
        default_factory=dict
    )  # a Mapping pydantic 2.11.0 leaves as it is
    locate: Callable[[str], str | None] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.constraints_below and not self.enabled:
            raise PydanticCustomError("trust", "constraints_below needs enabled=True")
        return self


class UserSettings(_Settings):
    """How people sign in.

    With `sign_up` off the HTTP API creates no accounts; `kavach.user.sign_up` does all the same.

    A session ends `session_expiry` after its last use, and `session_lifetime` after its beginning. In each window of
    `attempt_window`, `max_attempts` wrong passwords are taken for one account, and `max_attempts_per_address` from one
    network address. An invitation to an organization can be accepted for `invitation_expiry`.

    `hash_...` are the parameters of argon2id (RFC 9106, section 4, second choice), and how many passwords are hashed at
    once: each takes `hash_memory_kib`. Stored hashes with other parameters are renewed as people sign in.
    """

    sign_up: bool = True
    session_expiry: str = "7d"
    session_lifetime: str = "30d"
    min_password_length: Annotated[int, Field(ge=1, le=64)] = 8
    max_attempts: Annotated[int, Field(ge=1)] = 10
    max_attempts_per_address: Annotated[int, Field(ge=1)] = 100
    attempt_window: str = "15m"
    invitation_expiry: str = "7d"
    hash_time_cost: Annotated[int, Field(ge=1)] = 3
    hash_memory_kib: Annotated[int, Field(ge=8)] = 65_536
    hash_parallelism: Annotated[int, Field(ge=1)] = 4
    hash_at_once: Annotated[int, Field(ge=1)] = 4

    @model_validator(mode="after")
    def _check_memory(self) -> Self:
        if self.hash_memory_kib < 8 * self.hash_parallelism:
            raise PydanticCustomError("memory", "hash_memory_kib must be 8 times hash_parallelism at least")
        return self


@dataclass(frozen=True, slots=True)
class UserRules:
    """The settings about people, with durations parsed."""

    settings: UserSettings
    session_expiry: timedelta
    session_lifetime: timedelta
    invitation_expiry: timedelta
    attempts: AttemptRules


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
    trust: TrustSettings
    users: UserRules


def read_rules(
    agents: AgentSettings | Mapping[str, object] | None,
    wildcard: Wildcard,
    approvals: ApprovalSettings | Mapping[str, object] | None = None,
    audit: AuditSettings | Mapping[str, object] | None = None,
    trust: TrustSettings | Mapping[str, object] | None = None,
    users: UserSettings | Mapping[str, object] | None = None,
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
        TrustSettings.read("trust", trust or {}),
        _user_rules(UserSettings.read("users", users or {})),
    )


def _user_rules(users: UserSettings) -> UserRules:
    return UserRules(
        users,
        parse_duration(users.session_expiry),
        parse_duration(users.session_lifetime),
        parse_duration(users.invitation_expiry),
        AttemptRules.of(users.attempt_window, users.max_attempts, users.max_attempts_per_address),
    )


def _redaction(given: Sequence[str] | Redaction) -> Redaction:
    if not callable(given):
        return by_names(given)
    # A callable may change what it is given, and the decision is made on the arguments as they are.
    return lambda arguments: given(deepcopy(arguments))
