"""The ways to find an agent and to write an audit row: raw driver, adapter and ordinary ORM code."""

from __future__ import annotations

from contextlib import ExitStack

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from bench.checks import audit_log_checks, check_agent, check_agent_model, check_agent_row
from bench.data import NewAuditLog, agent_record, audit_record, encoded_audit_log
from bench.databases import Database
from bench.measure import Subject
from bench.models import AgentModel, AuditLogModel
from bench.raw import Raw
from kavach_core.storage import Storage
from kavach_schema.records import Agent, AuditLog
from kavach_sqlalchemy import create_engine, create_sqlalchemy_adapter


def own_storage(database: Database, stack: ExitStack) -> Storage:
    """Open a storage with an engine of its own."""
    engine = create_engine(database.provider, database.adapter_url())
    stack.callback(engine.dispose)
    return create_sqlalchemy_adapter(engine)


def finders(raw: Raw, storage: Storage, host: Engine, stack: ExitStack) -> list[Subject]:
    """Return the ways to find an agent by its token's hash.

    The joined ones stand in a transaction that the host began before, as in the middle of a request.
    """
    session = stack.enter_context(Session(host))
    connection = stack.enter_context(host.connect())
    in_session = storage.using(session)
    in_connection = storage.using(connection)
    by_hash = raw.find_agent

    def raw_record(token_hash: str) -> Agent:
        return agent_record(by_hash(token_hash))

    def joined_per_call(token_hash: str) -> Agent | None:
        return storage.using(session).find_agent_by_token_hash(token_hash)

    def orm(token_hash: str) -> AgentModel:
        with Session(host) as session:
            return session.scalars(select(AgentModel).where(AgentModel.token_hash == token_hash)).one()

    return [
        Subject(f"raw {raw.driver}", "raw", by_hash, check_agent_row),
        Subject(f"raw {raw.driver}, again", "control", by_hash, check_agent_row),
        Subject(f"raw {raw.driver} + record", "record", raw_record, check_agent),
        Subject("adapter, own connection", "adapter", storage.find_agent_by_token_hash, check_agent),
        Subject("adapter, joined Session", "adapter", in_session.find_agent_by_token_hash, check_agent),
        Subject("adapter, joined Session, using() per call", "adapter", joined_per_call, check_agent),
        Subject("adapter, joined Connection", "adapter", in_connection.find_agent_by_token_hash, check_agent),
        Subject("ORM, Session per call", "orm", orm, check_agent_model),
    ]


def writers(raw: Raw, storage: Storage, host: Engine, stack: ExitStack) -> list[Subject]:
    """Return the ways to write an audit row durably; the joined ones and the ORM commit as their host would."""
    session = stack.enter_context(Session(host))
    connection = stack.enter_context(host.connect())
    written, returned = audit_log_checks(raw.find_audit_log)

    def raw_record(new: NewAuditLog) -> AuditLog:
        row = encoded_audit_log(new.values)
        raw.insert_audit_log(row)
        return audit_record(row)

    def joined_session(new: NewAuditLog) -> AuditLog:
        record = storage.using(session).create_audit_log(**new.values)
        session.commit()
        return record

    def joined_connection(new: NewAuditLog) -> AuditLog:
        record = storage.using(connection).create_audit_log(**new.values)
        connection.commit()
        return record

    def orm(new: NewAuditLog) -> None:
        with Session(host) as session:
            session.add(AuditLogModel(**new.values))
            session.commit()

    return [
        Subject(f"raw {raw.driver}", "raw", lambda new: raw.insert_audit_log(new.stored), written),
        Subject(f"raw {raw.driver}, again", "control", lambda new: raw.insert_audit_log(new.stored), written),
        Subject(f"raw {raw.driver} + record", "record", raw_record, returned),
        Subject(
            f"raw {raw.driver}, BEGIN and COMMIT",
            "transaction",
            lambda new: raw.insert_in_transaction(new.stored),
            written,
        ),
        Subject("adapter, own connection", "adapter", lambda new: storage.create_audit_log(**new.values), returned),
        Subject("adapter, joined Session, commit", "adapter", joined_session, returned),
        Subject("adapter, joined Connection, commit", "adapter", joined_connection, returned),
        Subject("ORM, Session per call, add and commit", "orm", orm, written),
    ]
