"""Agent cards as values, and as the JSON that other agents read.

The shape is that of AgentCard in version 1.0 of the Agent2Agent protocol, section 4.4 of its specification
(https://a2a-protocol.org/latest/specification/). No field has room for a secret, and what is not a field is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, JsonValue, StringConstraints, TypeAdapter, ValidationError

from kavach_core.errors import InvalidInput
from kavach_core.policy.constraints import Value
from kavach_core.policy.permissions import explain
from kavach_schema import records
from kavach_schema.model import UNSET
from kavach_schema.tables.lengths import URL

A2A_VERSION: Final = "1.0"
"""The version of the protocol that each interface of a public card names."""

_MODES: Final = ("text/plain",)
"""What a card says that an agent takes and gives where its capabilities do not."""


def public_url(text: str) -> str:
    """Return a URL that may be shown to anyone; raises `ValueError` for one with credentials, query or fragment."""
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError("must be a URL such as https://agent.example.com/a2a") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or not text.isascii() or not text.isprintable():
        raise ValueError("must be a URL such as https://agent.example.com/a2a")
    if "@" in parts.netloc or "?" in text or "#" in text:
        raise ValueError("must have no user, password, query or fragment: they may be secrets")
    return text


_Text: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=255)]
_Long: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
_Url: TypeAlias = Annotated[str, StringConstraints(max_length=URL), AfterValidator(public_url)]


class Capability(Value):
    """What an agent can do, as a skill of A2A; `id` is its name, `tags` its id, where they are left out.

    `input_modes` and `output_modes` are media types.
    """

    name: _Text
    id: _Text | None = None
    description: _Long | None = None
    tags: list[_Text] = []
    examples: list[_Long] = []
    input_modes: list[_Text] = []
    output_modes: list[_Text] = []

    @property
    def known_as(self) -> frozenset[str]:
        """Return the words by which the capability is found."""
        return frozenset((self.name, self.id or self.name, *self.tags))

    def skill(self) -> dict[str, JsonValue]:
        """Return the capability as A2A's AgentSkill."""
        id = self.id or self.name
        skill: dict[str, JsonValue] = {
            "id": id,
            "name": self.name,
            "description": self.description or self.name,
            "tags": list(self.tags) or [id],
        }
        more = {"examples": self.examples, "inputModes": self.input_modes, "outputModes": self.output_modes}
        return {**skill, **{name: list(values) for name, values in more.items() if values}}


class BearerAuth(Value):
    """A token in the header `Authorization`, such as that of a Kavach agent (RFC 6750)."""

    type: Literal["bearer"]

    def scheme(self) -> dict[str, JsonValue]:
        """Return A2A's SecurityScheme."""
        return {"httpAuthSecurityScheme": {"scheme": "Bearer"}}


class ApiKeyAuth(Value):
    """A key in a header, cookie or parameter of this name."""

    type: Literal["api_key"]
    name: _Text
    location: Literal["header", "query", "cookie"] = "header"

    def scheme(self) -> dict[str, JsonValue]:
        """Return A2A's SecurityScheme."""
        return {"apiKeySecurityScheme": {"location": self.location, "name": self.name}}


class OAuth2Auth(Value):
    """OAuth 2.0: the authorization code flow with PKCE where `authorization_url` is given, else client credentials.

    `scopes` are names and what they mean; callers need them all.
    """

    type: Literal["oauth2"]
    token_url: _Url
    authorization_url: _Url | None = None
    scopes: dict[_Text, str] = {}

    def scheme(self) -> dict[str, JsonValue]:
        """Return A2A's SecurityScheme."""
        flow: dict[str, JsonValue] = {"tokenUrl": self.token_url, "scopes": dict(self.scopes)}
        if self.authorization_url is None:
            return {"oauth2SecurityScheme": {"flows": {"clientCredentials": flow}}}
        code = {**flow, "authorizationUrl": self.authorization_url, "pkceRequired": True}
        return {"oauth2SecurityScheme": {"flows": {"authorizationCode": code}}}


class OpenIdAuth(Value):
    """OpenID Connect, by the URL of the provider's metadata."""

    type: Literal["openid"]
    url: _Url

    def scheme(self) -> dict[str, JsonValue]:
        """Return A2A's SecurityScheme."""
        return {"openIdConnectSecurityScheme": {"openIdConnectUrl": self.url}}


class MutualTlsAuth(Value):
    """A certificate of the client."""

    type: Literal["mtls"]

    def scheme(self) -> dict[str, JsonValue]:
        """Return A2A's SecurityScheme."""
        return {"mtlsSecurityScheme": {}}


CardAuth: TypeAlias = Annotated[
    BearerAuth | ApiKeyAuth | OAuth2Auth | OpenIdAuth | MutualTlsAuth, Field(discriminator="type")
]
"""How callers authenticate with an agent."""


class _Fields(Value):
    """What is checked before it is written."""

    name: _Text = ""
    version: Annotated[str, StringConstraints(min_length=1, max_length=64)] = ""
    description: _Long | None = None
    endpoint: _Url | None = None
    protocols: Annotated[list[_Text], Field(min_length=1)] = []
    capabilities: list[Capability] = []
    auth: CardAuth | None = None


class AgentCard(_Fields):
    """What an agent tells other agents about itself. `metadata` is the host's, and in no public card."""

    id: str
    agent_id: str
    metadata: dict[str, JsonValue] | None
    created_at: datetime
    updated_at: datetime

    def public_json(self) -> dict[str, JsonValue]:
        """Return the card as A2A's AgentCard, for /.well-known/agent-card.json.

        Raises `InvalidInput` where there is no endpoint or no capability: a public card MUST have both.
        """
        if self.endpoint is None or not self.capabilities:
            raise InvalidInput("a public card needs an endpoint and at least one capability; set them with update")
        card: dict[str, JsonValue] = {
            "name": self.name,
            "description": self.description or self.name,
            "version": self.version,
            "supportedInterfaces": [
                {"url": self.endpoint, "protocolBinding": protocol, "protocolVersion": A2A_VERSION}
                for protocol in self.protocols
            ],
            "capabilities": {},
            "defaultInputModes": list(_MODES),
            "defaultOutputModes": list(_MODES),
            "skills": [capability.skill() for capability in self.capabilities],
        }
        if self.auth is None:
            return card
        scopes: list[JsonValue] = list(self.auth.scopes) if isinstance(self.auth, OAuth2Auth) else []
        return {
            **card,
            "securitySchemes": {self.auth.type: self.auth.scheme()},
            "securityRequirements": [{"schemes": {self.auth.type: {"list": scopes}}}],
        }


def checked_fields(given: Mapping[str, object]) -> dict[str, Any]:
    """Return the columns of these fields of a card, the unset ones left out.

    Raises `InvalidInput`, which names the field and not the value.
    """
    listed = {
        name: list(value) if isinstance(value, tuple) else value for name, value in given.items() if value is not UNSET
    }
    try:
        fields = _Fields.model_validate(listed)
    except ValidationError as error:
        raise InvalidInput(explain(error)) from None
    stored = fields.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if "auth" in stored:
        stored["auth_requirements"] = stored.pop("auth") or {}
    return stored


_AUTH: Final[TypeAdapter[CardAuth]] = TypeAdapter(CardAuth)


def card_value(row: records.AgentCard) -> AgentCard:
    """Return a stored card; of what was written by something else and is not understood, nothing is told."""
    return AgentCard.model_construct(
        id=row.id,
        agent_id=row.agent_id,
        name=row.name,
        version=row.version,
        description=row.description,
        endpoint=row.endpoint if row.endpoint is None or _is_public(row.endpoint) else None,
        protocols=[each for each in row.protocols if isinstance(each, str)],
        capabilities=_capabilities(row.capabilities),
        auth=_auth(row.auth_requirements),
        metadata=row.metadata,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _is_public(url: str) -> bool:
    try:
        public_url(url)
    except ValueError:
        return False
    return True


def _capabilities(stored: object) -> list[Capability]:
    found = []
    for value in stored if isinstance(stored, list) else []:
        try:
            found.append(Capability.model_validate(value))
        except ValidationError:
            # The original's say what they take and give as JSON Schema, which A2A has no place for.
            if isinstance(value, dict) and isinstance(name := value.get("name"), str) and 0 < len(name) < 256:
                found.append(Capability(name=name))
    return found


def _auth(stored: object) -> CardAuth | None:
    try:
        return _AUTH.validate_python(stored)
    except ValidationError:
        return None
