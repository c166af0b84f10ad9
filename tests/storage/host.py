"""A host application on SQLAlchemy with a table of its own, in both colours."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from typing import Any

from sqlalchemy import Engine, String, create_engine, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from colours import Lifted, Opened
from kavach_sqlalchemy import create_sqlalchemy_adapter

HANDLES = ("connection", "session")


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "host_orders"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    note: Mapped[str | None] = mapped_column(String(255))


async def finished(result: Any) -> Any:
    """Return what a call of either colour returns in the end."""
    return await result if inspect.isawaitable(result) else result


def engine_of(opened: Opened, storage: Any) -> Any:
    """Return the engine that a storage opened by URL has for itself: a synchronous one in both colours."""
    backend = storage._backend if opened.colour == "sync" else storage._backend._backend
    return backend._engine


class Host:
    """A host's engine, its handles, and its orders."""

    def __init__(self, opened: Opened, **options: Any) -> None:
        self.asyncio = opened.colour == "asyncio"
        create = create_async_engine if self.asyncio else create_engine
        self.engine: Engine | AsyncEngine = create(opened.url, **options)

    @property
    def pool(self) -> Any:
        return self.engine.pool

    def adapter(self, handle: Any, **options: Any) -> Any:
        """Return our storage on a handle or the engine, with the asyncio face."""
        found = create_sqlalchemy_adapter(handle, **options)
        return found if self.asyncio else Lifted(found)

    @asynccontextmanager
    async def handle(self, kind: str, **options: Any) -> AsyncIterator[Any]:
        """Open a connection or a session of the host's."""
        if kind == "session":
            block: Any = (AsyncSession if self.asyncio else Session)(self.engine, **options)  # type: ignore[arg-type]
        else:
            block = self.engine.connect()
        async with _entered(block) as found:
            yield found

    async def order(self, handle: Any, order_id: str) -> None:
        """Write an order on a handle, at once."""
        await finished(handle.execute(text("INSERT INTO host_orders (id) VALUES (:id)"), {"id": order_id}))

    async def orders(self, handle: Any = None) -> list[str]:
        """Read the orders on a handle, or as somebody else sees them."""
        if handle is not None:
            return [*(await finished(handle.execute(select(Order.id).order_by(Order.id)))).scalars()]
        async with self.handle("connection") as other:
            return await self.orders(other)

    async def close(self) -> None:
        await finished(self.engine.dispose())


@asynccontextmanager
async def _entered(block: AbstractContextManager[Any] | AbstractAsyncContextManager[Any]) -> AsyncIterator[Any]:
    if isinstance(block, AbstractAsyncContextManager):
        async with block as found:
            yield found
    else:
        with block as found:
            yield found
