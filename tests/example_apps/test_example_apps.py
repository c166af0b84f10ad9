"""The applications of `examples/`, end to end: requests over HTTP, and what is in the database afterwards."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from string import Template
from uuid import uuid4

import httpx
import pytest

from example_apps.application import Application, execute, wait_for_address
from example_apps.failing_steps import STEPS, failing
from run_example import FOLDER, NAMES

JOINED = ["fastapi_sqlalchemy", "flask_peewee", "fastapi_prisma"]

every = pytest.mark.parametrize("application", NAMES, indirect=True)
joined = pytest.mark.parametrize("application", JOINED, indirect=True)


def new_name() -> str:
    """Return a name that no project has."""
    return f"project {uuid4()}"


@every
def test_one_request_makes_a_project_an_agent_and_its_permission(application: Application) -> None:
    name = new_name()
    answer = application.create(name)
    assert answer.status_code == 201
    made = answer.json()
    with application.connect() as connection:
        found = execute(
            connection,
            "SELECT p.name, a.id, a.owner_id, a.status, g.resource FROM projects p"
            " JOIN kavach_agents a ON a.id = p.agent_id JOIN kavach_permissions g ON g.agent_id = a.id"
            f" WHERE p.id = '{made['id']}'",
        )
    assert found == [(name, made["agent_id"], f"owner of {name}", "active", f"project:{made['id']}:summary")]


@every
def test_an_agent_may_what_it_was_permitted_and_nothing_else(application: Application) -> None:
    one, other = (application.create(new_name()).json() for _ in range(2))
    assert application.write(one["id"], one["token"]).status_code == 204
    denied = application.write(one["id"], other["token"], "Off course.")
    assert (denied.status_code, denied.json()["detail"]["code"]) == (403, "no_permission")
    unknown = application.write(one["id"], "kv_nobody", "Off course.")
    assert (unknown.status_code, unknown.json()["detail"]["code"]) == (403, "unknown_agent")
    assert application.http.put(f"/projects/{one['id']}/summary", json={"text": "Off course."}).status_code == 401
    assert {each["id"]: each["summary"] for each in application.projects().values()}[one["id"]] == "On course."


@every
def test_a_permission_is_for_its_actions_only(application: Application) -> None:
    reader = application.create(new_name(), may=["read"]).json()
    assert application.write(reader["id"], reader["token"]).status_code == 403


@every
def test_each_decision_is_on_record(application: Application) -> None:
    one, other = (application.create(new_name()).json() for _ in range(2))
    application.write(other["id"], one["token"])
    application.write(one["id"], one["token"])
    decisions = application.http.get(f"/projects/{one['id']}/decisions").json()
    assert [(each["resource"], each["result"], each["code"]) for each in decisions] == [
        (f"project:{one['id']}:summary", "allowed", None),
        (f"project:{other['id']}:summary", "denied", "no_permission"),
    ]


@every
def test_a_decision_stays_on_record_if_the_rest_of_the_request_fails(application: Application) -> None:
    made = application.create(new_name()).json()
    with application.connect() as connection:
        connection.execute(f"DELETE FROM projects WHERE id = '{made['id']}'")
        assert application.write(made["id"], made["token"]).status_code == 404
        query = f"SELECT result FROM kavach_audit_logs WHERE agent_id = '{made['agent_id']}'"
        assert execute(connection, query) == [("allowed",)]


@every
@pytest.mark.parametrize("body", ["", "[]", "{}", '{"name": 5, "owner": "ada"}'])
def test_what_makes_no_sense_is_refused(application: Application, body: str) -> None:
    answer = application.http.post("/projects", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


@every
def test_what_is_not_there_is_not_found(application: Application) -> None:
    assert application.http.get("/projects/none/decisions").status_code == 404


@joined
def test_a_request_that_is_refused_leaves_nothing_behind(application: Application) -> None:
    owner, names = new_name(), [new_name() for _ in range(3)]
    for name in names:
        assert application.create(name, owner=owner).status_code == 201
    before = application.rows()
    refusals = [
        (application.create(names[0]), 409, "a project has this name"),
        (application.create(new_name(), owner=owner), 409, "3 active agents"),
        (application.create(new_name(), may=[]), 422, "actions"),
    ]
    for answer, status, told in refusals:
        assert (answer.status_code, told in answer.json()["detail"]) == (status, True), answer.text
    assert application.rows() == before


@joined
@pytest.mark.parametrize("step", STEPS)
def test_a_failure_at_any_step_leaves_nothing_behind(application: Application, step: str) -> None:
    name = new_name()
    with failing(application, STEPS[step]):
        before = application.rows()
        assert application.create(name).status_code >= 400
        assert application.rows() == before
    assert application.create(name).status_code == 201, "the application goes on, and nothing is in the way"


@joined
def test_of_many_that_want_one_name_one_gets_it(application: Application) -> None:
    name = new_name()
    before = application.rows()
    with ThreadPoolExecutor(6) as threads:
        answers = [*threads.map(lambda _: application.create(name).status_code, range(6))]
    assert sorted(answers) == [201, 409, 409, 409, 409, 409]
    after = application.rows()
    more = {table: len(rows) - len(before[table]) for table, rows in after.items() if rows != before[table]}
    assert more == {"projects": 1, "kavach_agents": 1, "kavach_permissions": 1, "kavach_rate_limits": 1}


@every
def test_who_reads_does_not_wait_for_who_writes(application: Application) -> None:
    sent = threading.Event()
    name = new_name()

    def tell(event: str, _: object) -> None:
        if event == "http11.send_request_body.complete":
            sent.set()

    def write() -> int:
        new = {"name": name, "owner": name}
        return application.http.post("/projects", json=new, extensions={"trace": tell}).status_code

    with ThreadPoolExecutor(1) as thread:
        with writers_wait(application):
            writing = thread.submit(write)
            assert sent.wait(30)
            assert name not in application.projects()
            assert not writing.done()
        assert writing.result() == 201
    assert name in application.projects()


@contextmanager
def writers_wait(application: Application) -> Iterator[None]:
    """Hold what a writer of projects needs."""
    with application.connect() as connection:
        connection.execute("BEGIN" if application.on_postgres else "BEGIN IMMEDIATE")
        if application.on_postgres:
            connection.execute("LOCK TABLE projects IN EXCLUSIVE MODE")
        yield
        connection.execute("ROLLBACK")


@every
def test_the_session_in_the_readme_is_true(application: Application) -> None:
    readme = (FOLDER / application.name / "README.md").read_text()
    (session,) = re.findall(r"^```text\n(curl .*?)^```$", readme, re.MULTILINE | re.DOTALL)
    variables: dict[str, str] = {}
    said: dict[str, str] = {}
    for line in session.splitlines():
        command, _, comment = Template(line).substitute(variables).partition("  # ")
        if command.startswith("curl "):
            answer = curl(application, command)
            assert answer.status_code == int(comment), f"{line}\n{answer.text}"
            said = answer.json() if answer.request.url.path == "/projects" and "--json" in command else said
        else:
            name, _, value = command.strip().partition("=")
            found = re.fullmatch(r'"(\w+)" of the answer', comment)
            variables[name] = said[found[1]] if found else value.strip('"')
    assert application.http.get(f"/projects/{variables['ID']}/decisions").json()[0]["code"] == "no_permission"


def curl(application: Application, command: str) -> httpx.Response:
    """Send what a curl command would send."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="header")
    parser.add_argument("--json")
    given = parser.parse_args(shlex.split(command)[1:])
    headers = dict([given.header.split(": ", 1)] if given.header else [])
    if given.json is not None:
        headers["Content-Type"] = "application/json"
    return application.http.request(
        given.method or ("POST" if given.json else "GET"),
        given.url.removeprefix("localhost:8000"),
        content=given.json,
        headers=headers,
    )


@pytest.mark.parametrize("name", NAMES)
def test_kavach_and_one_extra_are_all_that_an_application_asks_for(name: str) -> None:
    project = tomllib.loads((FOLDER / name / "pyproject.toml").read_text())["project"]
    (kavach,) = (each for each in project["dependencies"] if each.startswith("kavach-core"))
    assert re.fullmatch(r"kavach-core\[\w+\]", kavach)


@pytest.mark.parametrize("name", NAMES)
def test_the_one_command_of_the_readme_runs_it(name: str) -> None:
    readme = (FOLDER / name / "README.md").read_text()
    (command,) = re.findall(r"^```sh\nmake (.*)\n```$", readme, re.MULTILINE)
    dry = ["make", "--dry-run", "--always-make", "--directory", FOLDER.parent, command]
    told = subprocess.run(dry, capture_output=True, text=True, check=True).stdout
    assert f"tools/run_example.py {name}" in told


def test_the_command_serves_until_it_is_stopped_and_leaves_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(FOLDER.parent / "tools" / "run_example.py"), "flask_peewee", "--port", "0"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        address = wait_for_address(process, [])
        assert httpx.get(f"{address}/projects").json() == []
        assert [*tmp_path.iterdir()] != []
        process.terminate()
        process.communicate()
    assert (process.returncode, [*tmp_path.iterdir()]) == (0, [])
