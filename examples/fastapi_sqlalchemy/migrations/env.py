"""How Alembic reaches the database: over the engine of the application, and with Kavach's tables beside its own."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection

from app.database import Base, engine
from kavach_sqlalchemy import metadata


def migrate(connection: Connection) -> None:
    """Run the revisions, all or none."""
    context.configure(connection=connection, target_metadata=[Base.metadata, metadata()])
    with context.begin_transaction():
        context.run_migrations()


async def connect() -> None:
    """Run them on a connection of its own."""
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(connect())
