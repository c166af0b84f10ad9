"""Permissions, moments and JSON that were typed on a command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from kavach_core.cli.ending import Misused
from kavach_core.client.types import Permission
from kavach_core.errors import ConfigurationError

_HOW: Final = "write RESOURCE=ACTION,ACTION or a JSON object with resource, actions and constraints"


def read_permissions(texts: Sequence[str]) -> list[Permission]:
    """Return the permissions that are typed as RESOURCE=ACTION,ACTION or as JSON objects; raises `Misused`."""
    return [_permission(text) for text in texts]


def read_object(text: str | None, name: str) -> dict[str, Any] | None:
    """Return the JSON object that is typed for an option; raises `Misused`."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Misused(f'{name}: write a JSON object such as {{"key": "value"}}')
    return value


def read_moment(text: str, name: str) -> datetime:
    """Return the moment that is typed for an option, in UTC where it has no offset; raises `ConfigurationError`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{name}: write a moment such as 2030-01-31 or 2030-01-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def written_moment(text: str | None, name: str) -> str | None:
    """Return the moment that is typed for an option as it is sent; raises `ConfigurationError`."""
    return None if text is None else read_moment(text, name).isoformat()


def _permission(text: str) -> Permission:
    if text.startswith("{"):
        try:
            return Permission.from_dict(read_object(text, "--permission") or {})
        except ValidationError:
            raise Misused(f"--permission: {_HOW}") from None
    resource, _, actions = text.rpartition("=")
    if not resource or not actions:
        raise Misused(f"--permission: {_HOW}")
    return Permission(resource, actions.split(","))


def written(permission: Permission) -> str:
    """Return a permission as it is typed; constraints are only said to be there."""
    return f"{permission.resource}={','.join(permission.actions)}{' (constrained)' if permission.constraints else ''}"
