"""The views."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from peewee import DoesNotExist, IntegrityError
from pydantic import BaseModel, Field, ValidationError

from kavach_core import InvalidInput, LimitExceeded

from .agents import kavach, require_agent
from .database import Project, database, new_id

app = Flask(__name__)
Answer = tuple[Any, int]


class NewProject(BaseModel):
    """What a user asks for; `may` is what the project's agent will be allowed to do with its summary."""

    name: str = Field(min_length=1, max_length=100)
    owner: str = Field(min_length=1, max_length=100)
    may: list[str] = ["read", "write"]


class Summary(BaseModel):
    """What an agent says about its project."""

    text: str


@app.before_request
def connect() -> None:
    """Open this request's connection: each request runs in a thread, and connections belong to threads."""
    database.connect()


@app.teardown_request
def disconnect(_: BaseException | None) -> None:
    """Close it; a transaction that is still open is rolled back."""
    database.close()


@app.post("/projects")
def create_project() -> Answer:
    """Create a project, its agent and the agent's permission: all three, or nothing."""
    new = NewProject.model_validate_json(request.data)
    with database.atomic("IMMEDIATE"):
        project = Project.create(name=new.name, owner=new.owner, agent_id=new_id())
        agent = kavach.agent.create(
            id=project.agent_id, owner_id=new.owner, name=new.name, type="service", permissions=[]
        )
        permission = {"resource": f"project:{project.id}:summary", "actions": new.may}
        kavach.agent.update(agent.id, permissions=[permission])
    return {"id": project.id, "agent_id": agent.id, "token": agent.token}, 201  # shown this once: stored is its hash


@app.get("/projects")
def list_projects() -> list[dict[str, str]]:
    """Return all projects."""
    found = Project.select().order_by(Project.name)
    return [{"id": each.id, "name": each.name, "owner": each.owner, "summary": each.summary} for each in found]


@app.put("/projects/<project_id>/summary")
def write_summary(project_id: str) -> Answer:
    """Let an agent describe the project."""
    require_agent("write", f"project:{project_id}:summary")
    project = Project.get_by_id(project_id)
    project.summary = Summary.model_validate_json(request.data).text
    project.save()
    return "", 204


@app.get("/projects/<project_id>/decisions")
def list_decisions(project_id: str) -> list[dict[str, str | None]]:
    """Return what the project's agent asked for, newest first, and what was decided."""
    rows = kavach.audit.query(agent_id=Project.get_by_id(project_id).agent_id)
    return [{"action": row.action, "resource": row.resource, "result": row.result, "code": row.code} for row in rows]


@app.errorhandler(IntegrityError)
def taken(_: IntegrityError) -> Answer:
    """Tell the client that the name is not free."""
    return {"detail": "a project has this name already"}, 409


@app.errorhandler(DoesNotExist)
def missing(_: DoesNotExist) -> Answer:
    """Tell the client that there is nothing to see."""
    return {"detail": "no project has this id"}, 404


@app.errorhandler(LimitExceeded)
def too_many(error: LimitExceeded) -> Answer:
    """Tell the client what Kavach said; its messages hold no secret."""
    return {"detail": str(error)}, 409


@app.errorhandler(InvalidInput)
def invalid(error: InvalidInput) -> Answer:
    """Tell the client what Kavach said."""
    return {"detail": str(error)}, 422


@app.errorhandler(ValidationError)
def malformed(error: ValidationError) -> Answer:
    """Tell the client what is wrong with what it sent."""
    return {"detail": error.errors(include_url=False, include_context=False, include_input=False)}, 422
