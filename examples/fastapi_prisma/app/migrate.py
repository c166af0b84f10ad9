"""Run the migrations that the database has not seen: `python -m app.migrate`.

They lie as Prisma wants them, so `prisma migrate deploy` can do this instead, where its own schema engine is installed.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from .database import client

MIGRATIONS = Path(__file__).parent.parent / "migrations"


async def migrate() -> None:
    """Run them in the order of their names, all or none."""
    async with client, client.tx(timeout=timedelta(minutes=1)) as tx:
        await tx.execute_raw("SELECT pg_advisory_xact_lock(hashtext('migrations'))")
        await tx.execute_raw("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)")
        for file in sorted(MIGRATIONS.glob("*/migration.sql")):
            if await tx.execute_raw("INSERT INTO migrations VALUES ($1) ON CONFLICT DO NOTHING", file.parent.name):
                for statement in file.read_text().split(";\n"):
                    if statement.strip():
                        await tx.execute_raw(statement)


if __name__ == "__main__":
    asyncio.run(migrate())
