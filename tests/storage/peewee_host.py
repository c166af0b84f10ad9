"""A host application on Peewee with a table of its own, in both colours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from colours import Opened
from kavach_core.testing.lift import Lifted, finished
from kavach_peewee import create_peewee_adapter
from peewee_databases import closed, make_database


class PeeweeHost:
    """A host's database, its transactions, and its orders."""

    def __init__(self, opened: Opened, **options: Any) -> None:
        self.asyncio = opened.colour == "asyncio"
        self.opened_database = opened.database
        self.database = make_database(opened.database.provider, opened.database.url, opened.driver, **options)

    def adapter(self, handle: Any = None, **options: Any) -> Any:
        """Return our storage on the database, or on something else, with the asyncio face."""
        found = create_peewee_adapter(self.database if handle is None else handle, **options)
        return found if self.asyncio else Lifted(found)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Keep a connection open in this thread or task."""
        if self.asyncio:
            await self.database.aconnect()
            try:
                yield
            finally:
                await self.database.aclose()
        else:
            with self.database.connection_context():
                yield

    @asynccontextmanager
    async def atomic(self) -> AsyncIterator[Any]:
        """Open a transaction on a connection that stays open for it, or a savepoint inside one."""
        if self.database.in_transaction():
            async with self._block() as found:
                yield found
        else:
            async with self.connected(), self._block() as found:
                yield found

    @asynccontextmanager
    async def _block(self) -> AsyncIterator[Any]:
        if self.asyncio:
            async with self.database.atomic() as found:
                yield found
        else:
            with self.database.atomic() as found:
                yield found

    async def sql(self, sql: str) -> Any:
        """Run a statement where the host is now, and return its rows."""
        execute = self.database.aexecute_sql if self.asyncio else self.database.execute_sql
        cursor = await finished(execute(sql))
        return cursor.fetchall() if cursor.description else []

    async def order(self, order_id: str) -> None:
        """Write an order where the host is now."""
        await self.sql(f"INSERT INTO host_orders (id) VALUES ('{order_id}')")

    async def orders(self) -> list[str]:
        """Read the orders as somebody does who has no transaction open."""
        async with self.connected():
            return [order_id for (order_id,) in await self.sql("SELECT id FROM host_orders ORDER BY id")]

    async def close(self) -> None:
        await closed(self.database)
