"""The three tables as an application's own declarative models."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, String
from sqlalchemy.dialects.mysql import JSON as MYSQL_JSON
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kavach_schema.render.metadata import JsonText, UnixTime

_JSON = (
    JsonText()
    .with_variant(JSONB(none_as_null=True), "postgresql")
    .with_variant(MYSQL_JSON(none_as_null=True), "mysql", "mariadb")
)


class Base(DeclarativeBase):
    """The base of the models."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UnixTime, dict[str, Any]: _JSON, list[str]: _JSON}


class AgentModel(Base):
    """An agent."""

    __tablename__ = "kavach_agents"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    owner_id: Mapped[str] = mapped_column(String(255))
    tenant_id: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(255))
    type: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(255), unique=True)
    token_prefix: Mapped[str] = mapped_column(String(32))
    expires_at: Mapped[datetime | None]
    last_active_at: Mapped[datetime | None]
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PermissionModel(Base):
    """What an agent may do."""

    __tablename__ = "kavach_permissions"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    agent_id: Mapped[str] = mapped_column(String(255))
    resource: Mapped[str] = mapped_column(String(1024))
    actions: Mapped[list[str]]
    constraints: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


class AuditLogModel(Base):
    """An audit row."""

    __tablename__ = "kavach_audit_logs"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    agent_id: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[str] = mapped_column(String(255))
    action: Mapped[str] = mapped_column(String(255))
    resource: Mapped[str] = mapped_column(String(1024))
    parameters: Mapped[dict[str, Any] | None]
    result: Mapped[str] = mapped_column(String(32))
    code: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(String(1024))
    constraints: Mapped[list[str] | None]
    delegation_chain: Mapped[list[str] | None]
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    duration_us: Mapped[int | None] = mapped_column(BigInteger)
    tokens_cost: Mapped[int | None] = mapped_column(BigInteger)
    ip: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(String(1024))
    timestamp: Mapped[datetime]
