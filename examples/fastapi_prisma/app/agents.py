"""All that Kavach adds: agents in the application's own database and transactions, and a guard for routes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from kavach_core import AsyncKavach, create_async_kavach
from kavach_prisma import create_prisma_adapter

from .database import client
from .db import Prisma  # pyright: ignore[reportMissingImports]

storage = create_prisma_adapter(client, skip_migrations=True)  # app.migrate makes the tables


async def open_kavach(tx: Prisma | None = None) -> AsyncKavach:
    """Return a Kavach whose rows are committed or rolled back with those of `tx`; without it, each call by itself."""
    where = storage if tx is None else storage.using(tx)
    return await create_async_kavach(storage=where, agents={"max_per_user": 3, "token_expiry": "90d"})


def agent_may(action: str, resource: str) -> Any:
    """Guard a route: the token of the request must belong to an agent that may do this.

    Placeholders in `resource` are parameters of the path. The decision is not part of the route's transaction, so it
    is on record whatever becomes of the request.
    """

    async def decide(request: Request, bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> None:
        kavach = await open_kavach()
        decision = await kavach.authorize_by_token(
            bearer.credentials, action=action, resource=resource.format(**request.path_params)
        )
        if not decision.allowed:
            raise HTTPException(403, {"code": decision.code, "reason": decision.reason})

    return Depends(decide)
