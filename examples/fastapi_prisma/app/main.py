"""The routes; /docs lets you try them in a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from kavach_core import InvalidInput, LimitExceeded

from .agents import agent_may, open_kavach
from .database import client, new_id
from .db.errors import UniqueViolationError  # pyright: ignore[reportMissingImports]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Connect, refuse to start on tables that Kavach cannot use, and disconnect at the end."""
    async with client:
        await open_kavach()
        yield


app = FastAPI(title="Projects", lifespan=lifespan)


class NewProject(BaseModel):
    """What a user asks for; `may` is what the project's agent will be allowed to do with its summary."""

    name: str = Field(min_length=1, max_length=100)
    owner: str = Field(min_length=1, max_length=100)
    may: list[str] = ["read", "write"]


class Summary(BaseModel):
    """What an agent says about its project."""

    text: str


@app.post("/projects", status_code=201)
async def create_project(new: NewProject) -> dict[str, str]:
    """Create a project, its agent and the agent's permission: all three, or nothing."""
    async with client.tx(max_wait=timedelta(seconds=10)) as tx:
        project = await tx.project.create({"name": new.name, "owner": new.owner, "agentId": new_id()})
        kavach = await open_kavach(tx)
        agent = await kavach.agent.create(
            id=project.agentId, owner_id=new.owner, name=new.name, type="service", permissions=[]
        )
        permission = {"resource": f"project:{project.id}:summary", "actions": new.may}
        await kavach.agent.update(agent.id, permissions=[permission])
    return {"id": project.id, "agent_id": agent.id, "token": agent.token}  # shown this once: stored is its hash


@app.get("/projects")
async def list_projects() -> list[dict[str, str]]:
    """Return all projects."""
    found = await client.project.find_many(order={"name": "asc"})
    return [{"id": each.id, "name": each.name, "owner": each.owner, "summary": each.summary} for each in found]


@app.put(
    "/projects/{project_id}/summary", status_code=204, dependencies=[agent_may("write", "project:{project_id}:summary")]
)
async def write_summary(project_id: str, summary: Summary) -> None:
    """Let an agent describe the project."""
    if await client.project.update({"summary": summary.text}, {"id": project_id}) is None:
        raise HTTPException(404, "no project has this id")


@app.get("/projects/{project_id}/decisions")
async def list_decisions(project_id: str) -> list[dict[str, str | None]]:
    """Return what the project's agent asked for, newest first, and what was decided."""
    project = await client.project.find_unique({"id": project_id})
    if project is None:
        raise HTTPException(404, "no project has this id")
    rows = await client.kavachauditlog.find_many(where={"agentId": project.agentId}, order={"id": "desc"}, take=100)
    return [{"action": row.action, "resource": row.resource, "result": row.result, "code": row.code} for row in rows]


def answer(status: int, detail: str | None = None) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return a handler that tells the client what an error means; Kavach's own messages hold no secret."""

    async def handler(_: Request, error: Exception) -> Response:
        return JSONResponse({"detail": detail or str(error)}, status)

    return handler


app.add_exception_handler(UniqueViolationError, answer(409, "a project has this name already"))
app.add_exception_handler(LimitExceeded, answer(409))
app.add_exception_handler(InvalidInput, answer(422))
