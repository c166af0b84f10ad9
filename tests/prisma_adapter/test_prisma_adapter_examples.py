"""Every example of KavachOS's page about its Prisma adapter, in Python and on the host's own client."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from kavach_core.testing.lift import entered, finished
from kavach_prisma import create_prisma_adapter
from prisma_adapter.hosts import PrismaHost

pytestmark = [pytest.mark.not_in_memory, pytest.mark.asyncio(loop_scope="module")]


def new_id() -> str:
    return str(uuid4())


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def agent_values(**given: object) -> dict[str, Any]:
    return {
        "id": new_id(),
        "owner_id": "user-456",
        "name": "my-agent",
        "type": "autonomous",
        "token_hash": new_id(),
        "token_prefix": "kv_",
        "created_at": now(),
        "updated_at": now(),
        **given,
    }


async def new_agent(host: PrismaHost, **given: object) -> Any:
    return await finished(host.storage.create_agent(**agent_values(**given)))


def permission_values(agent_id: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "agent_id": agent_id,
        "resource": "mcp:github:*",
        "actions": ["read", "write"],
        "created_at": now(),
    }


async def test_agents(host: PrismaHost) -> None:
    owner = new_id()
    agent = await new_agent(host, owner_id=owner)
    assert await finished(host.storage.find_agent_by_id(agent.id)) == agent
    assert await finished(host.storage.find_agent_by_token_hash(agent.token_hash)) == agent
    assert await finished(host.storage.list_agents(owner_id=owner, status="active")) == [agent]
    revoked = await finished(host.storage.update_agent(agent.id, status="revoked"))
    assert revoked.status == "revoked"
    assert await finished(host.storage.list_agents(owner_id=owner, status="active")) == []


async def test_the_hosts_own_models_read_what_we_write(host: PrismaHost) -> None:
    agent = await new_agent(host)
    found = await finished(host.prisma.kavachagent.find_unique(where={"id": agent.id}))
    assert (found.tokenHash, found.ownerId, found.status) == (agent.token_hash, "user-456", "active")
    assert found.createdAt == int(agent.created_at.timestamp())


async def test_users(host: PrismaHost) -> None:
    email, customer = f"{new_id()}@example.com", new_id()
    values = {"id": new_id(), "email": email, "name": "Alice", "created_at": now(), "updated_at": now()}
    user = await finished(host.storage.create_user(**values))
    assert await finished(host.storage.find_user_by_email(email)) == user
    updated = await finished(host.storage.update_user(user.id, stripe_customer_id=customer))
    assert (updated.stripe_customer_id, updated.name) == (customer, "Alice")


async def test_sessions(host: PrismaHost) -> None:
    async def new_session(expires_at: datetime) -> Any:
        values = {"id": new_id(), "user_id": "user-456", "expires_at": expires_at, "created_at": now()}
        return await finished(host.storage.create_session(**values))

    session = await new_session(now() + timedelta(days=7))
    expired = await new_session(now() - timedelta(days=7))
    found = await finished(host.storage.find_session_by_id(session.id))
    assert found == session
    assert found.expires_at > now()
    assert await finished(host.storage.delete_expired_sessions(now=now())) == 1
    assert await finished(host.storage.find_session_by_id(expired.id)) is None
    assert await finished(host.storage.find_session_by_id(session.id)) == session


async def test_audit_logs(host: PrismaHost) -> None:
    agent_id, user_id = new_id(), new_id()

    async def log(result: str, age: timedelta) -> Any:
        return await finished(
            host.storage.create_audit_log(
                id=new_id(),
                agent_id=agent_id,
                user_id=user_id,
                action="execute",
                resource="mcp:github:create_issue",
                result=result,
                duration_ms=42,
                timestamp=now() - age,
            )
        )

    old = await log("denied", timedelta(days=2))
    recent = await log("allowed", timedelta(hours=1))
    day = now() - timedelta(days=1)
    assert await finished(host.storage.query_audit_logs(agent_id=agent_id, since=day, limit=50)) == [recent]
    denials = host.storage.query_audit_logs(user_id=user_id, result="denied", since=datetime(2025, 1, 1, tzinfo=UTC))
    assert await finished(denials) == [old]


async def test_permissions(host: PrismaHost) -> None:
    agent = await new_agent(host)
    permission = await finished(host.storage.create_permission(**permission_values(agent.id)))
    found = await finished(host.storage.find_permissions_by_agent_id(agent.id))
    assert found == [permission]
    assert found[0].actions == ("read", "write") or found[0].actions == ["read", "write"]
    assert await finished(host.storage.delete_permissions_by_agent_id(agent.id)) == 1
    assert await finished(host.storage.find_permissions_by_agent_id(agent.id)) == []


async def test_a_transaction_of_ours(host: PrismaHost) -> None:
    values = agent_values()
    async with entered(host.storage.transaction()) as tx:
        agent = await finished(tx.create_agent(**values))
        await finished(tx.create_permission(**permission_values(agent.id)))
    assert len(await finished(host.storage.find_permissions_by_agent_id(agent.id))) == 1


@pytest.mark.parametrize("commits", [True, False], ids=["committed", "rolled-back"])
async def test_the_hosts_transaction_with_the_hosts_own_model(host: PrismaHost, commits: bool) -> None:
    values = agent_values()

    async def work() -> None:
        async with host.tx() as tx:
            kavach: Any = create_prisma_adapter(tx)
            await finished(kavach.create_agent(**values))
            await finished(tx.subscription.create(data={"id": values["id"], "plan": "pro"}))
            if not commits:
                raise ZeroDivisionError

    if commits:
        await work()
    else:
        with pytest.raises(ZeroDivisionError):
            await work()
    agent = await finished(host.storage.find_agent_by_id(values["id"]))
    subscription = await finished(host.prisma.subscription.find_unique(where={"id": values["id"]}))
    assert (agent is not None, subscription is not None) == (commits, commits)


async def test_trust_scores(host: PrismaHost) -> None:
    agent = await new_agent(host)
    assert await finished(host.storage.find_trust_score(agent.id)) is None
    for score, level in ((60, "limited"), (85, "trusted")):
        await finished(
            host.storage.upsert_trust_score(
                agent_id=agent.id,
                score=score,
                level=level,
                factors={"successRate": 0.99, "age": 30},
                computed_at=now(),
            )
        )
    trust = await finished(host.storage.find_trust_score(agent.id))
    assert (trust.score, trust.level, trust.factors) == (85, "trusted", {"successRate": 0.99, "age": 30})


async def test_approval_requests(host: PrismaHost) -> None:
    agent = await new_agent(host)
    request = await finished(
        host.storage.create_approval_request(
            id=new_id(),
            agent_id=agent.id,
            user_id="user-456",
            action="execute",
            resource="mcp:deploy:production",
            created_at=now(),
            expires_at=now() + timedelta(hours=1),
        )
    )
    assert await finished(host.storage.list_pending_approvals(agent.id)) == [request]
    answer = {"status": "approved", "responded_at": now(), "responded_by": "user-456"}
    approved = await finished(host.storage.update_approval_request(request.id, **answer))
    assert approved.status == "approved"
    assert await finished(host.storage.list_pending_approvals(agent.id)) == []
