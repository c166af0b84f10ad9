"""An endpoint of FastAPI with Kavach's dependency, beside the same one in ordinary SQLAlchemy code.

Requests go to the applications in this process, without a server or a socket, through the same transport. The ordinary
one authenticates the token, checks the agent's permissions and writes an audit row; it keeps no scores, so Kavach is
measured with and without them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from time import perf_counter
from typing import Annotated, Any, Final

import httpx2
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.checks import WrongResult
from bench.comparison import Comparison
from bench.decisions.compared import numbers
from bench.decisions.names import OPEN, ORDINARY, OURS, OURS_TRUSTING, REQUEST
from bench.decisions.on_orm import agent_by, audit_log, is_valid, permissions_of, permits
from bench.decisions.stored import CALL, UNTRUSTED, Stored, token_of
from bench.measure import Role, Sample, Subject, measure_async
from kavach_core import create_async_kavach
from kavach_core.integrations.fastapi import add_kavach, require
from kavach_sqlalchemy import create_async_engine, create_sqlalchemy_adapter

_PATH: Final = "/mcp/github/issues"
_ANSWER: Final[dict[str, Any]] = {"issues": []}


def beside_ordinary_code(stored: Stored, repeat: int) -> Comparison:
    """Measure requests to the endpoints, one at a time."""
    return stored.compared(REQUEST, asyncio.run(_measured(stored, repeat)), silent=1, colour="asyncio")


async def _measured(stored: Stored, repeat: int) -> list[Sample]:
    async with AsyncExitStack() as stack:
        host = stored.database.host_async_engine()
        stack.push_async_callback(host.dispose)
        engine = create_async_engine(stored.provider, stored.database.adapter_url(asyncio=True))
        stack.push_async_callback(engine.dispose)
        storage = create_sqlalchemy_adapter(engine)
        plain = await create_async_kavach(storage=storage, trust=UNTRUSTED)
        trusting = await create_async_kavach(storage=storage)
        applications: list[tuple[str, Role, FastAPI]] = [
            (OPEN, "other", _open()),
            (ORDINARY, "orm", _ordinary(async_sessionmaker(host, expire_on_commit=False))),
            (OURS, "adapter", _with_kavach(plain)),
            (OURS_TRUSTING, "adapter", _with_kavach(trusting)),
        ]
        subjects = []
        for name, role, application in applications:
            transport = httpx2.ASGITransport(application, client=(CALL["ip"], 443))
            client = await stack.enter_async_context(
                httpx2.AsyncClient(transport=transport, base_url="http://bench", headers={"User-Agent": "kavach-mcp"})
            )
            subjects.append(Subject(name, role, _requests(client, stored.size.agents), _check))
        return await measure_async(subjects, numbers(), repeat)


def _requests(client: httpx2.AsyncClient, agents: int) -> Callable[[int], Awaitable[Any]]:
    return lambda number: client.get(_PATH, headers={"Authorization": f"Bearer {token_of(number % agents)}"})


def _check(_: int, response: httpx2.Response) -> None:
    if response.status_code != 200 or response.json() != _ANSWER:
        raise WrongResult(f"a request was answered {response.status_code}: {response.text}")


async def _issues() -> dict[str, Any]:
    return _ANSWER


def _open() -> FastAPI:
    application = FastAPI()
    application.get(_PATH)(_issues)
    return application


def _with_kavach(kavach: Any) -> FastAPI:
    application = FastAPI()
    add_kavach(application, kavach)
    application.get(_PATH, dependencies=[Depends(require(CALL["resource"], CALL["action"]))])(_issues)
    return application


def _ordinary(sessions: async_sessionmaker[AsyncSession]) -> FastAPI:
    application = FastAPI()
    application.state.sessions = sessions
    application.get(_PATH, dependencies=[Depends(_authorized)])(_issues)
    return application


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session


async def _authorized(
    request: Request,
    session: Annotated[AsyncSession, Depends(_session)],
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> None:
    started = perf_counter()
    agent = (await session.scalars(agent_by(credentials.credentials))).one_or_none()
    allowed = False
    if agent is not None and is_valid(agent):
        allowed = permits(await session.scalars(permissions_of(agent)))
    call = {
        "action": CALL["action"],
        "resource": CALL["resource"],
        "ip": request.client.host if request.client else None,
        "user_agent": request.headers.get("user-agent"),
    }
    session.add(audit_log(agent, allowed, started, call))
    await session.commit()
    if agent is None:
        raise HTTPException(401, "the credential is not valid", {"WWW-Authenticate": "Bearer"})
    if not allowed:
        raise HTTPException(403, "the agent may not do this")
