"""The views, and what to do where Kavach cannot join the transaction."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from pydantic import BaseModel, Field

from kavach_core import Agent

from .agents import agent_may, kavach
from .models import Project


class NewProject(BaseModel):
    """What a user asks for; `may` is what the project's agent will be allowed to do with its summary."""

    name: str = Field(min_length=1, max_length=100)
    owner: str = Field(min_length=1, max_length=100)
    may: list[str] = ["read", "write"]


class Summary(BaseModel):
    """What an agent says about its project."""

    text: str


@require_http_methods(["GET", "POST"])
def projects(request: HttpRequest) -> HttpResponse:
    """Return all projects, or create one."""
    if request.method == "POST":
        return create_project(request)
    found = Project.objects.order_by("name").values("id", "name", "owner", "summary")
    return JsonResponse(list(found), safe=False)


def create_project(request: HttpRequest) -> HttpResponse:
    """Create a project and its agent, in two transactions: whatever fails, no agent is left that anybody can use.

    The agent comes first, and is revoked if the project fails. If this process is killed in between, the agent stays,
    but nobody got its token, and `revoke_orphans` finds it.
    """
    new = NewProject.model_validate_json(request.body)
    project = Project(name=new.name, owner=new.owner)
    agent = create_agent(project, new.may)
    try:
        project.save(force_insert=True)
    except BaseException:
        kavach().agent.revoke(agent.id)
        raise
    return show(project, agent)


@require_POST
def create_in_atomic(request: HttpRequest) -> HttpResponse:
    """Do what looks right, and is not: `atomic()` does not reach Kavach, whose agent stays when Django rolls back."""
    new = NewProject.model_validate_json(request.body)
    with transaction.atomic():
        project = Project.objects.create(name=new.name, owner=new.owner)
        agent = create_agent(project, new.may)
    return show(project, agent)


@require_http_methods(["PUT"])
@agent_may("write", "project:{project_id}:summary")
def write_summary(request: HttpRequest, project_id: str) -> HttpResponse:
    """Let an agent describe the project."""
    project = Project.objects.get(id=project_id)
    project.summary = Summary.model_validate_json(request.body).text
    project.save()
    return HttpResponse(status=204)


@require_GET
def list_decisions(_: HttpRequest, project_id: str) -> HttpResponse:
    """Return what the project's agent asked for, newest first, and what was decided."""
    rows = kavach().audit.query(agent_id=Project.objects.get(id=project_id).agent_id)
    found = [{"action": row.action, "resource": row.resource, "result": row.result, "code": row.code} for row in rows]
    return JsonResponse(found, safe=False)


def create_agent(project: Project, may: list[str]) -> Agent:
    """Create the project's agent with its permission: both are committed when this returns."""
    permission = {"resource": f"project:{project.id}:summary", "actions": may}
    return kavach().agent.create(
        id=project.agent_id, owner_id=project.owner, name=project.name, type="service", permissions=[permission]
    )


def show(project: Project, agent: Agent) -> HttpResponse:
    """Return the new ids, and the token, which is shown this once: stored is its hash."""
    return JsonResponse({"id": project.id, "agent_id": agent.id, "token": agent.token}, status=201)
