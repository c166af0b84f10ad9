"""What type checkers make of the public API: checked by mypy and pyright, and never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import assert_type

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from kavach_core import (
    Agent,
    AgentCard,
    Approval,
    AsyncKavach,
    AsyncStorage,
    AuthorizeResult,
    Capability,
    Constraints,
    Delegation,
    EphemeralSession,
    HookedCall,
    Kavach,
    Permission,
    Storage,
    TimeWindow,
    create_async_kavach,
    create_kavach,
)
from kavach_schema import records
from kavach_sqlalchemy import (
    create_async_engine,
    create_engine,
    create_sqlalchemy_adapter,
    open_async_storage,
    open_storage,
)

MEMORY = {"provider": "sqlite", "url": ":memory:"}
READ = {"resource": "mcp:github:*", "actions": ["read"]}


def check_kavach(moment: datetime) -> None:
    assert_type(create_kavach(database=MEMORY), Kavach)
    assert_type(create_kavach(database={"provider": "sqlite", "url": ":memory:", "skip_migrations": True}), Kavach)
    with create_kavach(database=MEMORY, agents={"max_per_user": 10, "audit_all": True}) as kavach:
        assert_type(kavach, Kavach)
        assert_type(kavach.storage, Storage)
        agent = kavach.agent.create(owner_id="a", name="n", type="service", permissions=[READ])
        assert_type(agent, Agent)
        assert_type(agent.token, str)
        assert_type(kavach.agent.get("a"), Agent | None)
        assert_type(kavach.agent.list(), list[Agent])
        assert_type(kavach.agent.update("a", expires_at=None, metadata={"a": 1}), Agent)
        assert_type(kavach.agent.rotate("a"), Agent)
        assert_type(kavach.agent.revoke("a"), Agent)
        assert_type(kavach.authorize("a", action="read", resource="b", arguments={"c": [1, "d"]}), AuthorizeResult)
        assert_type(kavach.authorize_by_token("t", action="read", resource="b"), AuthorizeResult)
        chain = kavach.delegate(from_agent="a", to_agent="b", permissions=[READ], expires_at=moment)
        assert_type(chain, Delegation)
        assert_type(kavach.delegation.get_effective_permissions("a"), list[Permission])
        assert_type(kavach.delegation.list_chains("a"), list[Delegation])
        assert_type(kavach.delegation.revoke("a"), Delegation)
        assert_type(kavach.approval.request("a", action="read", resource="b"), Approval)
        assert_type(kavach.approval.approve("a", by="b"), Approval)
        assert_type(kavach.approval.list_pending("a"), list[Approval])
        assert_type(kavach.approval.get("a"), Approval | None)
        assert_type(kavach.audit.query(result="denied"), list[records.AuditLog])
        assert_type(kavach.audit.export(format="csv"), str)
        assert_type(kavach.audit.place_hold(reason="r", by="b", user_id="u"), records.AuditHold)
        assert_type(kavach.audit.list_holds(), list[records.AuditHold])
        assert_type(kavach.ephemeral.create("a", expires_in="1m", max_actions=1), EphemeralSession)
        assert_type(kavach.ephemeral.list("a"), list[EphemeralSession])
        card = kavach.card.create(
            "a", name="n", capabilities=[{"name": "c"}, Capability(name="d")], auth={"type": "mtls"}
        )
        assert_type(card, AgentCard)
        assert_type(kavach.card.find("c"), list[AgentCard])


async def check_async_kavach(moment: datetime) -> None:
    async with await create_async_kavach(database=MEMORY) as kavach:
        assert_type(kavach, AsyncKavach)
        assert_type(kavach.storage, AsyncStorage)
        assert_type(await kavach.agent.create(owner_id="a", name="n", type="service", permissions=[READ]), Agent)
        assert_type(await kavach.agent.get("a"), Agent | None)
        assert_type(await kavach.agent.list(), list[Agent])
        assert_type(await kavach.authorize("a", action="read", resource="b"), AuthorizeResult)
        assert_type(await kavach.authorize_by_token("t", action="read", resource="b"), AuthorizeResult)
        chain = await kavach.delegate(from_agent="a", to_agent="b", permissions=[READ], expires_at=moment)
        assert_type(chain, Delegation)
        assert_type(await kavach.delegation.get_effective_permissions("a"), list[Permission])
        assert_type(await kavach.audit.query(), list[records.AuditLog])
        assert_type(await kavach.audit.export(), str)


def refuse(call: HookedCall) -> str | None:
    assert_type(call.agent_id, str | None)
    return None


async def refuse_later(call: HookedCall) -> str | None:
    return refuse(call)


async def check_hooks() -> None:
    create_kavach(database=MEMORY, hooks={"before_authorize": refuse, "agent_created": print})
    await create_async_kavach(database=MEMORY, hooks={"before_authorize": refuse_later})
    create_kavach(database=MEMORY, hooks={"before": refuse})  # type: ignore[arg-type]
    create_kavach(database=MEMORY, hooks={"before_authorize": refuse_later})  # type: ignore[arg-type]


def check_permissions() -> None:
    window = TimeWindow(start="09:00", end="18:00")
    assert_type(Constraints(require_approval=True), Constraints)
    assert_type(Constraints(time_window=window).max_calls_per_hour, int | None)
    given = Permission(resource="a", actions=["read"], constraints=Constraints(max_calls_per_hour=5))
    with create_kavach(database=MEMORY) as kavach:
        kavach.agent.create(owner_id="a", name="n", type="service", permissions=[given])
        kavach.agent.create(owner_id="a", name="n", type="service", permissions=[given, READ])


def check_storage(storage: Storage) -> None:
    assert_type(storage.find_agent_by_id("a"), records.Agent | None)
    assert_type(storage.find_agent_by_token_hash("a"), records.Agent | None)
    assert_type(storage.list_agents(), list[records.Agent])
    assert_type(storage.count_agents(), int)
    assert_type(storage.delete_agent("a"), bool)
    assert_type(storage.stream_audit_logs(), Iterator[records.AuditLog])
    with storage.transaction() as transaction:
        assert_type(transaction, Storage)
        with transaction.transaction() as savepoint:
            assert_type(savepoint, Storage)


async def check_async_storage(storage: AsyncStorage) -> None:
    assert_type(await storage.find_agent_by_id("a"), records.Agent | None)
    assert_type(await storage.list_agents(), list[records.Agent])
    assert_type(await storage.count_agents(), int)
    assert_type(await storage.delete_agent("a"), bool)
    assert_type(storage.stream_audit_logs(), AsyncIterator[records.AuditLog])
    async with storage.transaction() as transaction:
        assert_type(transaction, AsyncStorage)


def check_adapter(engine: Engine, connection: Connection, session: Session) -> None:
    assert_type(create_sqlalchemy_adapter(engine), Storage)
    assert_type(create_sqlalchemy_adapter(connection), Storage)
    assert_type(create_sqlalchemy_adapter(session, prefix="app_"), Storage)
    assert_type(create_kavach(storage=create_sqlalchemy_adapter(engine)), Kavach)
    assert_type(create_engine("sqlite", ":memory:"), Engine)
    assert_type(open_storage("sqlite", ":memory:"), Storage)


async def check_async_adapter(engine: AsyncEngine, connection: AsyncConnection, session: AsyncSession) -> None:
    assert_type(create_sqlalchemy_adapter(engine), AsyncStorage)
    assert_type(create_sqlalchemy_adapter(connection), AsyncStorage)
    assert_type(create_sqlalchemy_adapter(session, skip_migrations=True), AsyncStorage)
    assert_type(await create_async_kavach(storage=create_sqlalchemy_adapter(engine)), AsyncKavach)
    assert_type(create_async_engine("sqlite", ":memory:"), AsyncEngine)
    assert_type(open_async_storage("sqlite", ":memory:"), AsyncStorage)


def check_that_colours_do_not_mix(engine: Engine, async_engine: AsyncEngine) -> None:
    """Each line MUST be an error, or its `ignore` is one (`warn_unused_ignores`, `reportUnnecessaryTypeIgnore`)."""
    create_kavach(storage=create_sqlalchemy_adapter(async_engine))  # type: ignore[arg-type]
    create_sqlalchemy_adapter("sqlite://")  # type: ignore[call-overload]
    create_kavach(database=MEMORY).agent.create("a", "n", "service", [])  # type: ignore[call-arg]
    create_kavach(database=MEMORY).audit.query(result="maybe")  # type: ignore[arg-type]
    create_kavach(database=MEMORY).audit.export(format="xml")  # type: ignore[arg-type]
