"""The views."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from peewee import DoesNotExist, IntegrityError
from werkzeug.exceptions import BadRequest

from kavach_core import InvalidInput, LimitExceeded

from .agents import kavach, require_agent
from .database import Project, database, new_id

app = Flask(__name__)
Answer = tuple[Any, int]


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
    name, owner, may = text("name"), text("owner"), request.get_json().get("may", ["read", "write"])
    with database.atomic("IMMEDIATE"):
        project = Project.create(name=name, owner=owner, agent_id=new_id())
        agent = kavach.agent.create(id=project.agent_id, owner_id=owner, name=name, type="service", permissions=[])
        permission = {"resource": f"project:{project.id}:summary", "actions": may}
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
    project.summary = text("text")
    project.save()
    return "", 204


@app.get("/projects/<project_id>/decisions")
def list_decisions(project_id: str) -> list[dict[str, str | None]]:
    """Return what the project's agent asked for, newest first, and what was decided."""
    rows = kavach.audit.query(agent_id=Project.get_by_id(project_id).agent_id)
    return [{"action": row.action, "resource": row.resource, "result": row.result, "code": row.code} for row in rows]


def text(field: str) -> str:
    """Return a text of the JSON that was sent."""
    value = request.get_json().get(field)
    if not isinstance(value, str) or not value:
        raise BadRequest(f"{field}: send a text")
    return value


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
