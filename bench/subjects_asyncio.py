"""The same ways under asyncio, one call at a time: raw driver, adapter and ordinary ORM code."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from bench.checks import audit_log_checks, check_agent, check_agent_model, check_agent_row
from bench.data import NewAuditLog, agent_record, audit_record, encoded_audit_log
from bench.measure import Subject
from bench.models import AgentModel, AuditLogModel
from bench.raw import Raw
from bench.raw_asyncio import AsyncRaw
from kavach_core.storage import AsyncStorage
from kavach_schema.records import Agent, AuditLog


def async_finders(raw: AsyncRaw, storage: AsyncStorage, host: AsyncEngine) -> list[Subject]:
    """Return the ways to find an agent by its token's hash."""

    async def raw_record(token_hash: str) -> Agent:
        return agent_record(await raw.find_agent(token_hash))

    async def orm(token_hash: str) -> AgentModel:
        async with AsyncSession(host, expire_on_commit=False) as session:
            found = await session.scalars(select(AgentModel).where(AgentModel.token_hash == token_hash))
            return found.one()

    return [
        Subject(f"raw {raw.driver}", "raw", raw.find_agent, check_agent_row),
        Subject(f"raw {raw.driver}, again", "control", raw.find_agent, check_agent_row),
        Subject(f"raw {raw.driver} + record", "record", raw_record, check_agent),
        Subject("adapter, own connection", "adapter", storage.find_agent_by_token_hash, check_agent),
        Subject("ORM, AsyncSession per call", "orm", orm, check_agent_model),
    ]


def async_writers(raw: AsyncRaw, storage: AsyncStorage, host: AsyncEngine, checking: Raw) -> list[Subject]:
    """Return the ways to write an audit row durably; `checking` reads what they wrote."""
    written, returned = audit_log_checks(checking.find_audit_log)

    async def raw_record(new: NewAuditLog) -> AuditLog:
        row = encoded_audit_log(new.values)
        await raw.insert_audit_log(row)
        return audit_record(row)

    async def orm(new: NewAuditLog) -> None:
        async with AsyncSession(host, expire_on_commit=False) as session:
            session.add(AuditLogModel(**new.values))
            await session.commit()

    return [
        Subject(f"raw {raw.driver}", "raw", lambda new: raw.insert_audit_log(new.stored), written),
        Subject(f"raw {raw.driver}, again", "control", lambda new: raw.insert_audit_log(new.stored), written),
        Subject(f"raw {raw.driver} + record", "record", raw_record, returned),
        Subject("adapter, own connection", "adapter", lambda new: storage.create_audit_log(**new.values), returned),
        Subject("ORM, AsyncSession per call, add and commit", "orm", orm, written),
    ]
