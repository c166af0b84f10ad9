"""Bodies and queries as pydantic models: they check what comes in, and `/openapi.json` shows them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, PlainSerializer, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from kavach_core.policy.permissions import Permission as PermissionValue


class Body(BaseModel):
    """A body that is sent: JSON types as they are, no unknown fields."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=False,
    )


class Query(BaseModel):
    """A query that is sent: all of it is text."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_alias=True, validate_by_name=False
    )


class Answer(BaseModel):
    """A body that is answered, made from the engine's value of the same fields."""

    model_config = ConfigDict(
        frozen=True, from_attributes=True, alias_generator=to_camel, validate_by_alias=True, validate_by_name=True
    )

    @classmethod
    def of(cls, value: object) -> Self:
        """Return what is shown of a value."""
        return cls.model_validate(value)


def _moment(value: object) -> object:
    """Return a moment of ISO 8601; without an offset it is UTC."""
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(value if isinstance(value, str) else "")
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("moment", "write a moment such as 2030-01-31T12:00:00Z") from None


def _permission(value: PermissionValue) -> dict[str, JsonValue]:
    # One that was read from the storage may not be valid any more, and is shown as it is.
    return value.model_dump(mode="json", by_alias=True, exclude_none=True, warnings=False)


Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=datetime)]
Text = Annotated[str, StringConstraints(min_length=1)]
Permission = Annotated[PermissionValue, PlainSerializer(_permission)]
