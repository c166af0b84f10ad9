"""A decision in ordinary ORM code: the agent, its permissions, and an audit row, on the application's own models."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from time import perf_counter
from typing import Any

from sqlalchemy import Engine, Select, select
from sqlalchemy.orm import Session
from uuid_utils import uuid7

from bench.decisions.loops import Decide, covers
from bench.decisions.stored import CALL
from bench.models import AgentModel, AuditLogModel, PermissionModel


def orm_loop(host: Engine) -> Decide:
    """Return the decision with a session for each call."""

    def decide(token: str) -> bool:
        started = perf_counter()
        with Session(host) as session:
            agent = session.scalars(agent_by(token)).one_or_none()
            allowed = False
            if agent is not None and is_valid(agent):
                allowed = permits(session.scalars(permissions_of(agent)))
            session.add(audit_log(agent, allowed, started))
            session.commit()
        return allowed

    return decide


def agent_by(token: str) -> Select[AgentModel]:
    """Return the question for the agent with this token."""
    return select(AgentModel).where(AgentModel.token_hash == sha256(token.encode()).hexdigest())


def is_valid(agent: AgentModel) -> bool:
    """Say whether an agent is active and not expired."""
    return agent.status == "active" and (agent.expires_at is None or agent.expires_at > datetime.now(UTC))


def permissions_of(agent: AgentModel) -> Select[PermissionModel]:
    """Return the question for an agent's permissions."""
    return select(PermissionModel).where(PermissionModel.agent_id == agent.id).order_by(PermissionModel.created_at)


def permits(permissions: Iterable[PermissionModel]) -> bool:
    """Say whether one of these allows the call."""
    return any(covers(permission.resource, permission.actions) for permission in permissions)


def audit_log(agent: AgentModel | None, allowed: bool, started: float, call: dict[str, Any] = CALL) -> AuditLogModel:
    """Return the audit row of a decision."""
    microseconds = round((perf_counter() - started) * 1_000_000)
    return AuditLogModel(
        id=str(uuid7()),
        agent_id="" if agent is None else agent.id,
        user_id="" if agent is None else agent.owner_id,
        action=call["action"],
        resource=call["resource"],
        parameters=call.get("arguments"),
        result="allowed" if allowed else "denied",
        code=None if allowed else "no_permission",
        duration_ms=microseconds // 1000,
        duration_us=microseconds,
        ip=call["ip"],
        user_agent=call["user_agent"],
        timestamp=datetime.now(UTC),
    )
