"""What is not joined where a host's ORM has no adapter, and what the application does about it."""

from __future__ import annotations

import subprocess
import sys
from uuid import uuid4

import pytest

from example_apps.application import Application, execute
from example_apps.failing_steps import AGENT, PERMISSION, PROJECT, PROJECT_AT_COMMIT, Fault, failing

pytestmark = pytest.mark.parametrize("application", ["django_like_host"], indirect=True)


def new_name() -> str:
    """Return a name that no owner and no project has."""
    return str(uuid4())


def agents(application: Application, owner: str) -> list[str]:
    """Return the stored states of an owner's agents."""
    with application.connect() as connection:
        query = f"SELECT status FROM kavach_agents WHERE owner_id = '{owner}' ORDER BY status"
        return [status for (status,) in execute(connection, query)]


def revoke_orphans(application: Application, minutes: int) -> str:
    """Run the application's command, and return what it says."""
    command = [sys.executable, "-m", "django", "revoke_orphans", "--minutes", str(minutes)]
    environment = {**application.environment, "DJANGO_SETTINGS_MODULE": "app.settings"}
    return subprocess.run(
        command, cwd=application.folder, env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_atomic_does_not_reach_kavach_whose_agent_stays(application: Application) -> None:
    owner, name = new_name(), new_name()
    kept = application.create(new_name()).json()
    with failing(application, PROJECT_AT_COMMIT):
        answer = application.http.post("/projects/in-atomic", json={"name": name, "owner": owner})
    assert answer.status_code == 500
    assert name not in application.projects()
    assert agents(application, owner) == ["active"]

    assert revoke_orphans(application, 10) == "revoked 0\n", "it may belong to a request that goes on"
    assert agents(application, owner) == ["active"]
    assert revoke_orphans(application, 0) != "revoked 0\n"
    assert agents(application, owner) == ["revoked"]
    assert application.write(kept["id"], kept["token"]).status_code == 204


def test_what_looks_right_works_while_nothing_fails(application: Application) -> None:
    owner, name = new_name(), new_name()
    answer = application.http.post("/projects/in-atomic", json={"name": name, "owner": owner})
    assert application.write(answer.json()["id"], answer.json()["token"]).status_code == 204


def test_an_agent_is_revoked_if_its_project_fails(application: Application) -> None:
    owner, name = new_name(), new_name()
    assert application.create(name).status_code == 201
    assert application.create(name, owner=owner).status_code == 409
    assert agents(application, owner) == ["revoked"]

    for fault in (PROJECT, PROJECT_AT_COMMIT):
        with failing(application, fault):
            assert application.create(new_name(), owner=owner).status_code == 500
    assert agents(application, owner) == ["revoked"] * 3
    assert owner not in {project["owner"] for project in application.projects().values()}


def test_what_kavach_refuses_leaves_nothing_behind(application: Application) -> None:
    owner = new_name()
    for _ in range(3):
        assert application.create(new_name(), owner=owner).status_code == 201
    before = application.rows()
    assert application.create(new_name(), owner=owner).status_code == 409
    assert application.create(new_name(), may=[]).status_code == 422
    assert application.rows() == before


@pytest.mark.parametrize("fault", [AGENT, PERMISSION], ids=["agent", "permission"])
def test_what_fails_at_kavachs_own_steps_leaves_nothing_behind(application: Application, fault: Fault) -> None:
    name = new_name()
    with failing(application, fault):
        before = application.rows()
        assert application.create(name).status_code == 500
        assert application.rows() == before
    assert application.create(name).status_code == 201
