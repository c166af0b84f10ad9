"""The routes; /docs lets you try them in a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, NoResultFound

from kavach_core import InvalidInput, LimitExceeded

from .agents import agent_may, open_kavach
from .database import Project, engine, new_id, sessions


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Refuse to start on tables that Kavach cannot use, and disconnect at the end."""
    await open_kavach()
    yield
    await engine.dispose()


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
    project = Project(id=new_id(), name=new.name, owner=new.owner, agent_id=new_id(), summary="")
    async with sessions.begin() as session:
        session.add(project)
        await session.flush()
        kavach = await open_kavach(session)
        agent = await kavach.agent.create(
            id=project.agent_id, owner_id=new.owner, name=new.name, type="service", permissions=[]
        )
        permission = {"resource": f"project:{project.id}:summary", "actions": new.may}
        await kavach.agent.update(agent.id, permissions=[permission])
    return {"id": project.id, "agent_id": agent.id, "token": agent.token}  # shown this once: stored is its hash


@app.get("/projects")
async def list_projects() -> list[dict[str, str]]:
    """Return all projects."""
    async with sessions() as session:
        found = await session.scalars(select(Project).order_by(Project.name))
        return [{"id": each.id, "name": each.name, "owner": each.owner, "summary": each.summary} for each in found]


@app.put(
    "/projects/{project_id}/summary", status_code=204, dependencies=[agent_may("write", "project:{project_id}:summary")]
)
async def write_summary(project_id: str, summary: Summary) -> None:
    """Let an agent describe the project."""
    async with sessions.begin() as session:
        project = await session.get_one(Project, project_id)
        project.summary = summary.text


@app.get("/projects/{project_id}/decisions")
async def list_decisions(project_id: str) -> list[dict[str, str | None]]:
    """Return what the project's agent asked for, newest first, and what was decided."""
    async with sessions() as session:
        project = await session.get_one(Project, project_id)
    kavach = await open_kavach()
    rows = await kavach.audit.query(agent_id=project.agent_id)
    return [{"action": row.action, "resource": row.resource, "result": row.result, "code": row.code} for row in rows]


def answer(status: int, detail: str | None = None) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return a handler that tells the client what an error means; Kavach's own messages hold no secret."""

    async def handler(_: Request, error: Exception) -> Response:
        return JSONResponse({"detail": detail or str(error)}, status)

    return handler


app.add_exception_handler(IntegrityError, answer(409, "a project has this name already"))
app.add_exception_handler(NoResultFound, answer(404, "no project has this id"))
app.add_exception_handler(LimitExceeded, answer(409))
app.add_exception_handler(InvalidInput, answer(422))
