"""Stored rows as the engine's values, and the checks that an input must pass before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

from pydantic import JsonValue, ValidationError

from kavach_core.engine.values import Agent, AgentStatus, Delegation
from kavach_core.errors import InvalidInput
from kavach_core.policy.constraints import Constraints, UnreadableConstraints
from kavach_core.policy.delegation import Line, Link
from kavach_core.policy.permissions import Grant, Permission
from kavach_core.policy.redaction import Redaction
from kavach_core.policy.resources import Wildcard, parse
from kavach_core.storage.rows import codec
from kavach_core.storage.values import check_time
from kavach_schema import records
from kavach_schema.model import Table
from kavach_schema.tables.agents import AUDIT_LOGS

Clock: TypeAlias = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the current moment."""
    return datetime.now(UTC)


def check(table: Table[object], **values: object) -> None:
    """Refuse values that the columns of the same names cannot hold; raises `InvalidInput`."""
    encoders = codec(table).encoders
    for name, value in values.items():
        encoders[name](value)


def plain(value: Mapping[str, JsonValue] | None, name: str) -> dict[str, JsonValue] | None:
    """Return a mapping as JSON has it; raises `InvalidInput` for what is none."""
    if value is not None and not isinstance(value, Mapping):
        raise InvalidInput(f"{name}: expected a mapping, got {type(value).__name__}")
    return None if value is None else dict(value)


def storable(arguments: Mapping[str, JsonValue] | None, redact: Redaction) -> dict[str, JsonValue] | None:
    """Return the arguments of a call without secrets; raises `InvalidInput` for what is no JSON, before and after."""
    given = plain(arguments, "arguments")
    if given is None:
        return None
    check(AUDIT_LOGS, parameters=given)
    cleaned: object = redact(given)
    if not isinstance(cleaned, Mapping):
        raise InvalidInput(f"audit.redact: must return a mapping, got {type(cleaned).__name__}")
    stored = dict(cleaned)
    check(AUDIT_LOGS, parameters=stored)
    return stored


def future(moment: datetime, now: datetime, name: str) -> datetime:
    """Return an aware moment after `now` as it is stored, in whole seconds, rounded down.

    Raises `InvalidInput` for a naive moment and for one that lies in the past when it is stored.
    """
    stored = check_time(moment, name).replace(microsecond=0)
    if stored <= now:
        raise InvalidInput(f"{name}: lies in the past; pass a later moment")
    return stored


def expired(expires_at: datetime | None, now: datetime) -> bool:
    """Tell whether an expiry has come."""
    return expires_at is not None and expires_at <= now


def agent_value(row: records.Agent, permissions: Iterable[records.Permission], now: datetime, token: str = "") -> Agent:
    """Return an agent as the engine shows it: one whose time has come is expired, whatever the row says."""
    return Agent(
        id=row.id,
        owner_id=row.owner_id,
        tenant_id=row.tenant_id,
        name=row.name,
        type=row.type,
        status=agent_status(row, now),
        permissions=[permission_value(permission) for permission in permissions],
        token=token,
        token_prefix=row.token_prefix,
        expires_at=row.expires_at,
        metadata=row.metadata,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def agent_place(agent: Agent | None) -> records.Agent | None:
    """Return the row that stands for an agent in the order of a listing: its place is all that counts."""
    if agent is None:
        return None
    shown = agent.model_dump(exclude={"permissions", "token"})
    return records.Agent(**shown, token_hash="", last_active_at=None)


def agent_status(row: records.Agent, now: datetime) -> AgentStatus:
    """Return what an agent is now; a status that is not known counts as revoked."""
    if row.status == "expired" or (row.status == "active" and expired(row.expires_at, now)):
        return "expired"
    return "active" if row.status == "active" else "revoked"


def permission_value(row: records.Permission) -> Permission:
    """Return a stored permission; what cannot be read is replaced: constraints by ones that deny, actions by none."""
    return Permission.model_construct(
        resource=row.resource, actions=_actions(row.actions), constraints=_constraints(row.constraints)
    )


def _actions(stored: object) -> list[str]:
    return [action for action in stored if isinstance(action, str)] if isinstance(stored, list) else []


def _constraints(stored: object) -> Constraints | None:
    if stored is None or stored == {}:
        return None
    try:
        return Constraints.model_validate(stored)
    except ValidationError:
        return NEVER


NEVER: Final = UnreadableConstraints()
"""What stands for constraints that were stored by something else and are not understood: deny."""


def delegation_value(row: records.DelegationChain) -> Delegation:
    """Return a stored delegation chain."""
    return Delegation(
        id=row.id,
        from_agent=row.from_agent_id,
        to_agent=row.to_agent_id,
        parent_chain_id=row.parent_chain_id,
        permissions=chain_permissions(row),
        depth=row.depth,
        max_depth=row.max_depth,
        status=row.status,
        expires_at=row.expires_at,
        created_at=row.created_at,
    )


def chain_permissions(row: records.DelegationChain) -> list[Permission]:
    """Return the permissions of a stored chain; what cannot be read is left out, and so denied."""
    found = []
    stored: object = row.permissions
    for value in stored if isinstance(stored, list) else []:
        try:
            permission = Permission.model_validate(value)
            parse(permission.resource)
        except (ValidationError, InvalidInput):
            continue
        found.append(permission)
    return found


def link(row: records.DelegationChain) -> Link:
    """Return a stored chain as the rules see it; a status that is not known counts as revoked."""
    return Link(
        id=row.id,
        giver=row.from_agent_id,
        receiver=row.to_agent_id,
        permissions=tuple(chain_permissions(row)),
        depth=row.depth,
        max_depth=row.max_depth,
        expires_at=row.expires_at,
        parent_id=row.parent_chain_id,
        active=row.status == "active",
    )


def described(line: Line) -> list[dict[str, JsonValue]] | None:
    """Return a line as an audit row tells it, the first giver first; None where nothing was delegated."""
    return [{"id": link.id, "fromAgent": link.giver, "toAgent": link.receiver} for link in line] or None


def grants(permissions: Sequence[records.Permission], wildcard: Wildcard) -> list[Grant]:
    """Compile an agent's own permissions; a stored pattern that is malformed grants nothing."""
    found = []
    for row in permissions:
        try:
            found.append(Grant(permission_value(row), wildcard, row.agent_id))
        except InvalidInput:
            continue
    return found
