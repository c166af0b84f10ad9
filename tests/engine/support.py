"""What tests of the engine share: a clock that stands still, and a host with an engine and tables of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from inspect import isawaitable
from typing import Any

import pytest

from colours import Lifted, Opened
from kavach_schema.tables import TABLES

START = datetime(2030, 1, 1, 12, tzinfo=UTC)
CANARY = "c4n4ry-5ecret"

READ_ISSUES = {"resource": "mcp:github:issues", "actions": ["read"]}
READ_GITHUB = {"resource": "mcp:github:*", "actions": ["read"]}


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Return the moment that was set."""
        return self.now

    def pass_time(self, **parts: float) -> None:
        """Move forward by a timedelta's arguments."""
        self.now += timedelta(**parts)

    def later(self, **parts: float) -> datetime:
        """Return a moment from now on by a timedelta's arguments."""
        return self.now + timedelta(**parts)


@dataclass
class Host:
    """An application with an engine on the test's database, which Kavach uses too."""

    opened: Opened
    engine: Any
    storage: Any
    clock: Clock = field(default_factory=Clock)

    async def kavach(self, **settings: Any) -> Any:
        """Open a Kavach on the host's engine with the fake clock."""
        return await self.opened.kavach(**{"storage": self.storage, "clock": self.clock, **settings})

    async def sql(self, statement: str, **values: object) -> list[Any]:
        """Run a statement that commits by itself, and return its rows."""
        from sqlalchemy import text

        query = text(statement)
        if self.opened.colour == "asyncio":
            async with self.engine.connect() as connection:
                found: Any = await connection.execute(query, values)
                return list(found.all()) if found.returns_rows else []
        with self.engine.connect() as connection:
            found = connection.execute(query, values)
            return list(found.all()) if found.returns_rows else []

    async def count(self) -> dict[str, int]:
        """Return how many rows each table has, empty ones left out."""
        parts = " UNION ALL ".join(f"SELECT '{table.name}', COUNT(*) FROM {table.name}" for table in TABLES)
        return {name: count for name, count in await self.sql(parts) if count}

    async def audit_rows(self) -> list[Any]:
        """Return all audit rows, oldest first."""
        rows = await self.storage.query_audit_logs(limit=1000)
        return list(reversed(rows))


async def open_host(opened: Opened) -> Host:
    """Return a host on the opened database; its tables are made."""
    import kavach_sqlalchemy

    make: Callable[[str, str], Any] = (
        kavach_sqlalchemy.create_async_engine if opened.colour == "asyncio" else kavach_sqlalchemy.create_engine
    )
    engine = make(opened.database.provider, opened.url)
    adapter: Any = kavach_sqlalchemy.create_sqlalchemy_adapter(engine)
    storage = adapter if opened.colour == "asyncio" else Lifted(adapter)
    await storage.prepare_schema()
    return Host(opened, engine, storage)


async def make_agent(kavach: Any, *permissions: object, **values: Any) -> Any:
    """Create an agent of the owner "ada" with permissions."""
    defaults = {"owner_id": "ada", "name": "an agent", "type": "autonomous"}
    return await kavach.agent.create(**{**defaults, "permissions": list(permissions), **values})


async def ask(kavach: Any, agent: Any, resource: str = "mcp:github:issues", action: str = "read") -> str | None:
    """Authorize by id, and return the code: None where the call is allowed."""
    result = await kavach.authorize(agent.id, action=action, resource=resource)
    assert result.allowed is (result.code is None)
    code: str | None = result.code
    return code


@contextmanager
def operations_of(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Yield the list of operations that the host's storage executes in this block: the kind and the table of each."""
    storage = getattr(host.storage, "value", host.storage)
    asked: list[str] = []

    def listening(execute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def note(operation: Any, values: Any) -> Any:
            asked.append(f"{type(operation).__name__} {operation.table.name}")
            return execute(operation, values)

        return note

    (methods,) = (kind for kind in type(storage).__mro__ if "__init__" in vars(kind) and kind is not object)
    begin: Any = vars(methods)["__init__"]

    def begin_listening(self: Any, backend: Any) -> None:
        begin(self, backend)
        self._execute = listening(self._execute)

    with monkeypatch.context() as patched:
        patched.setattr(methods, "__init__", begin_listening)
        patched.setattr(storage, "_execute", listening(storage._execute))
        yield asked


async def settle(value: Any) -> Any:
    """Return a value, or what an awaitable one comes to: SQLAlchemy's own objects are not lifted."""
    return await value if isawaitable(value) else value


@asynccontextmanager
async def open_session(host: Host) -> AsyncIterator[tuple[Any, Callable[..., Awaitable[Any]]]]:
    """Yield a session on a plain engine of the application's own, and a way to open a Kavach in its transaction."""
    import sqlalchemy.orm
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

    import kavach_sqlalchemy

    asyncio = host.opened.colour == "asyncio"
    engine: Any = (create_async_engine if asyncio else sqlalchemy.create_engine)(host.opened.url)
    session: Any = AsyncSession(engine) if asyncio else sqlalchemy.orm.Session(engine)

    async def join(**settings: Any) -> Any:
        return await host.kavach(storage=kavach_sqlalchemy.create_sqlalchemy_adapter(session), **settings)

    try:
        yield session, join
    finally:
        await settle(session.close())
        await settle(engine.dispose())


async def hand(kavach: Any, giver: Any, receiver: Any, *permissions: object, **values: Any) -> Any:
    """Delegate permissions from one agent to another, for an hour from the start of the fake clock."""
    defaults = {"expires_at": START + timedelta(hours=1)}
    given = {"from_agent": giver.id, "to_agent": receiver.id, "permissions": list(permissions)}
    return await kavach.delegate(**{**defaults, **given, **values})
