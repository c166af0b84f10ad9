"""Routes of the server itself: whether it runs, and whether it can do its work."""

from __future__ import annotations

from typing import Final, Literal

from kavach_core.http._models import Answer
from kavach_core.http._routing import Call, Route


class Health(Answer):
    """The server answers."""

    status: Literal["ok"] = "ok"


async def health(_call: Call) -> Health:
    """Answer."""
    return Health()


async def ready(call: Call) -> Health:
    """Answer once the database did."""
    await call.kavach.storage.find_agent_by_id("-")
    return Health()


ROUTES: Final = (
    Route("GET", "/health", health, "Tell that the server answers", frozenset(), answer=Health),
    Route("GET", "/ready", ready, "Tell that the database answers too", frozenset(), answer=Health),
)
