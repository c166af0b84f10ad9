"""The application's own: its client, generated into `app.db` by `prisma generate`."""

from __future__ import annotations

from uuid import uuid4

from .db import Prisma  # pyright: ignore[reportMissingImports]

client = Prisma()


def new_id() -> str:
    """Return an id, for a project or an agent."""
    return str(uuid4())
