"""Permissions as values: what a host writes down, checked once at the edge."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from pydantic import Field, JsonValue, StringConstraints, ValidationError

from kavach_core.errors import InvalidInput
from kavach_core.policy import resources
from kavach_core.policy.constraints import Constraints, Value
from kavach_core.policy.resources import Segments, Wildcard
from kavach_schema.tables.lengths import ACTION, RESOURCE

if TYPE_CHECKING:
    from kavach_core.policy.delegation import Line

ANY_ACTION: Final = "*"

_Action: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=ACTION)]


class Permission(Value):
    """Actions on all resources that a pattern matches, under constraints."""

    resource: Annotated[str, StringConstraints(min_length=1, max_length=RESOURCE)]
    actions: Annotated[list[_Action], Field(min_length=1)]
    constraints: Constraints | None = None

    def stored(self) -> dict[str, JsonValue]:
        """Return the permission as a delegation chain stores it."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


PermissionLike: TypeAlias = Permission | Mapping[str, object]
"""A permission, or a mapping with its fields."""


def read_permissions(given: Iterable[PermissionLike], wildcard: Wildcard) -> list[Permission]:
    """Return checked permissions.

    Raises `InvalidInput` for empty actions, a malformed pattern, or anything else that is no permission.
    """
    if not isinstance(given, Iterable):
        raise InvalidInput(f"permissions: expected a list, got {type(given).__name__}")
    found = []
    for number, value in enumerate(given):
        try:
            permission = _checked(value) if isinstance(value, Permission) else Permission.model_validate(dict(value))
        except (ValidationError, TypeError, ValueError) as error:
            raise InvalidInput(f"permissions[{number}]: {explain(error)}") from None
        try:
            resources.parse(permission.resource, wildcard)
        except InvalidInput as error:
            raise InvalidInput(f"permissions[{number}].resource: {error}") from None
        found.append(permission)
    return found


def _checked(permission: Permission) -> Permission:
    """Return a permission whose constraints are checked again: it may have been made without validation."""
    if permission.constraints is not None:
        Constraints.model_validate(permission.constraints.model_dump(warnings=False))
    return permission


def explain(error: Exception) -> str:
    """Say what is wrong and where, without the value: it may be a secret in the wrong place."""
    if not isinstance(error, ValidationError):
        return "expected a mapping with resource and actions, or a Permission"
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'value'}: {problem['msg'][:1].lower()}{problem['msg'][1:]}"
        for problem in problems
    )


@dataclass(frozen=True, slots=True)
class Counter:
    """Where calls are counted that fall under one limit: by the agent whose permission it stands in."""

    agent_id: str
    key: str
    limit: int


@dataclass(frozen=True, slots=True)
class Condition:
    """The constraints of one permission on a grant's way, and where its calls are counted, if there is a limit.

    All that is handed on from a permission counts together with it: otherwise a limit would grow with each delegation.
    """

    constraints: Constraints
    agent_id: str
    key: str

    @property
    def order(self) -> tuple[str, ...]:
        """Return what puts conditions into one order for all."""
        said = self.constraints.model_dump_json(exclude_none=True, warnings=False)
        return self.agent_id, self.key, type(self.constraints).__name__, said


def narrow(one: tuple[Condition, ...], other: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Return the conditions of both, each once and in one order for all: what meets them meets either.

    So nothing is loosened, and it does not matter in which order, or how often, permissions are narrowed.
    """
    found: list[Condition] = []
    for condition in (*one, *other):
        if condition not in found:
            found.append(condition)
    return tuple(sorted(found, key=lambda condition: condition.order)) if len(found) > 1 else tuple(found)


class Grant:
    """A permission as it is in force for one agent: with every set of constraints gathered on its way there.

    An own permission carries its own constraints; a delegated one also those of each permission upstream that it was
    derived from. All sets MUST pass. `line` are the chains that it came by, the first giver's first.
    """

    __slots__ = ("actions", "conditions", "line", "pattern", "permission")

    def __init__(
        self,
        permission: Permission,
        wildcard: Wildcard,
        agent_id: str,
        inherited: tuple[Condition, ...] = (),
        line: Line = (),
    ) -> None:
        """Compile a permission, own or handed on by a line, under the conditions inherited from upstream."""
        self.line = line
        chain_id = line[-1].id if line else None
        own = (
            ()
            if permission.constraints is None
            else (_condition(permission, permission.constraints, agent_id, chain_id),)
        )
        self.permission = permission
        self.pattern: Segments = resources.parse(permission.resource, wildcard)
        self.actions = frozenset(permission.actions)
        self.conditions = narrow(inherited, own)

    @property
    def needs_approval(self) -> bool:
        """Tell whether a person must approve each call."""
        return any(condition.constraints.require_approval for condition in self.conditions)

    @property
    def counters(self) -> list[Counter]:
        """Return what a call counts on, each once and in one order for all, so that calls do not block each other."""
        if not self.conditions:
            return []
        least: dict[tuple[str, str], int] = {}
        for condition in self.conditions:
            if (limit := condition.constraints.max_calls_per_hour) is not None:
                place = condition.agent_id, condition.key
                least[place] = min(limit, least.get(place, limit))
        return [Counter(*place, least[place]) for place in sorted(least)]

    def covers(self, action: str, resource: str) -> bool:
        """Tell whether action and resource fall under this grant, constraints aside."""
        return (action in self.actions or ANY_ACTION in self.actions) and resources.matches(self.pattern, resource)

    def under(self, conditions: tuple[Condition, ...]) -> Grant:
        """Return this grant with further conditions."""
        narrowed = copy(self)
        narrowed.conditions = narrow(self.conditions, conditions)
        return narrowed

    def contains(self, permission: Permission, wildcard: Wildcard) -> bool:
        """Tell whether this grant allows all that `permission` would, constraints aside."""
        actions = ANY_ACTION in self.actions or self.actions.issuperset(permission.actions)
        return actions and resources.contains(self.pattern, resources.parse(permission.resource, wildcard))


def _condition(permission: Permission, constraints: Constraints, agent_id: str, chain_id: str | None) -> Condition:
    """Name the place of the count after what the permission says: to write the same again resets nothing."""
    if constraints.max_calls_per_hour is None:
        return Condition(constraints, "", "")
    others = constraints.model_dump(mode="json", exclude={"max_calls_per_hour"}, exclude_none=True, warnings=False)
    said = json.dumps([permission.resource, sorted(set(permission.actions)), others], sort_keys=True)
    digest = hashlib.sha256(said.encode()).hexdigest()
    return Condition(constraints, agent_id, f"permission:{digest}" if chain_id is None else f"{chain_id}:{digest}")
