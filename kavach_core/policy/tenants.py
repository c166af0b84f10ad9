"""Tenants as values: their settings, and how they are spelled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from kavach_core.errors import InvalidInput
from kavach_core.policy.constraints import Value

_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class TenantSettings(Value):
    """What the agents of a tenant are limited to; None is no limit, an empty list of types allows none.

    `max_agents` bounds the active agents, `max_delegation_depth` the hops of a delegation. Source: the documentation,
    "Multi-tenant isolation".
    """

    max_agents: Annotated[int | None, Field(ge=0)] = None
    max_delegation_depth: Annotated[int | None, Field(ge=0)] = None
    allowed_agent_types: list[Literal["autonomous", "delegated", "service"]] | None = None


TenantSettingsLike: TypeAlias = TenantSettings | Mapping[str, object]
"""Settings, or a mapping with their fields."""


def read_settings(stored: Mapping[str, JsonValue] | None) -> TenantSettings | None:
    """Return stored settings, None where they cannot be understood; what is no setting of ours is passed over."""
    names = {name for field in TenantSettings.model_fields for name in (field, to_camel(field))}
    try:
        return TenantSettings.model_validate({k: v for k, v in (stored or {}).items() if k in names})
    except ValidationError:
        return None


def check_settings(given: TenantSettingsLike) -> TenantSettings:
    """Return checked settings; raises `InvalidInput`."""
    try:
        set_ = given.model_dump(exclude_unset=True) if isinstance(given, TenantSettings) else dict(given)
        return TenantSettings.model_validate(set_)
    except (ValidationError, TypeError, ValueError):
        names = ", ".join(TenantSettings.model_fields)
        raise InvalidInput(f"settings: expected a mapping with any of {names}; limits are 0 or more") from None


def merge_settings(stored: Mapping[str, JsonValue] | None, given: TenantSettings) -> dict[str, JsonValue]:
    """Return settings to be stored: what is given replaces what is stored, and None removes it."""
    changed = given.model_dump(mode="json", exclude_unset=True)
    kept = {k: v for k, v in (stored or {}).items() if all(k not in (name, to_camel(name)) for name in changed)}
    return kept | {to_camel(name): value for name, value in changed.items() if value is not None}


def check_slug(slug: str) -> str:
    """Return a slug: lowercase letters, digits and single hyphens between them; raises `InvalidInput`."""
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
        raise InvalidInput("slug: use lowercase letters, digits and single hyphens, such as acme-corp")
    return slug
