"""Agents, decisions, approvals and delegations as an operator types them, on a database and on a server."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cli.test_cli_demo import KAVACH, Typed, environment, error_of, typed
from database_fixture import Database

pytest.importorskip("uvicorn")

from http_api.serving import Served
from served import serve

__all__ = ["typed"]

DEPLOY = '{"resource": "deploy:*", "actions": ["execute"], "constraints": {"requireApproval": true}}'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Served]]:
    """Yield the URL of a database, and a server on it."""
    folder = tmp_path_factory.mktemp("cli")
    url = f"sqlite:///{folder / 'kavach.db'}"
    with serve(Database("sqlite-file", "sqlite", url), folder) as server:
        yield url, server


@pytest.fixture(params=["database", "server"])
def place(request: pytest.FixtureRequest, served: tuple[str, Served], monkeypatch: pytest.MonkeyPatch) -> str:
    """Let commands work on a database or on a server; return which."""
    url, server = served
    if request.param == "database":
        monkeypatch.setenv("KAVACH_DATABASE", url)
    else:
        monkeypatch.setenv("KAVACH_SERVER", server.url)
        monkeypatch.setenv("KAVACH_TOKEN", server.token)
    return str(request.param)


@pytest.fixture
def told(typed: Typed, place: str) -> Any:
    """Return what runs a command with --json and returns what it printed."""

    def run(*arguments: str, status: int = 0) -> Any:
        done = typed(*arguments, "--json")
        assert (done.returncode, done.stderr) == (status, "")
        return json.loads(done.stdout)

    return run


def create(told: Any, owner: str, *permissions: str) -> Any:
    return told("agent", "create", "reader", "--owner", owner, *(word for p in permissions for word in ("-p", p)))


def test_an_agent_is_created_changed_and_revoked(told: Any, typed: Typed, place: str) -> None:
    owner = f"ada-{place}"
    described = ("--type", "service", "--metadata", '{"team": "x"}', "--expires-at", "2099-01-01")
    agent = told(
        "agent", "create", "reader", "--owner", owner, "-p", "mcp:github:*=read,write", "-p", DEPLOY, *described
    )
    assert agent["token"].startswith("kv_")
    assert (agent["type"], agent["metadata"]) == ("service", {"team": "x"})
    assert agent["expiresAt"].startswith("2099-01-01T00:00:00")
    assert agent["permissions"] == [{"resource": "mcp:github:*", "actions": ["read", "write"]}, json.loads(DEPLOY)]
    assert [each["id"] for each in told("agent", "list", "--owner", owner, "--status", "active")] == [agent["id"]]
    assert told("agent", "list", "--owner", owner, "--type", "delegated") == []
    changed = told("agent", "update", agent["id"], "--name", "writer", "-p", "mcp:gitlab:*=read")
    assert (changed["name"], len(changed["permissions"]), changed["token"]) == ("writer", 1, "")
    assert told("agent", "rotate", agent["id"])["token"] not in ("", agent["token"])
    assert typed("agent", "revoke", agent["id"]).returncode == 0
    assert told("agent", "get", agent["id"])["status"] == "revoked"


def test_people_see_a_token_in_one_piece_and_lists_as_tables(typed: Typed, place: str) -> None:
    shown = typed("agent", "create", "reader", "--owner", f"eve-{place[0]}", "-p", "mcp:*=read").stdout
    fields = dict(line.split(maxsplit=1) for line in shown.splitlines())
    assert fields["token"].startswith("kv_")
    assert fields["may"] == "mcp:*=read"
    header, _, row = typed("agent", "list", "--owner", f"eve-{place[0]}").stdout.splitlines()
    assert header.split() == ["id", "name", "owner", "type", "status"]
    assert row.split()[:2] == [fields["id"], "reader"]
    shown = typed("authorize", fields["id"], "write", "mcp:x").stdout
    assert "denied " in shown
    assert "no_permission" in shown


def test_a_decision_is_the_exit_status(told: Any, typed: Typed, place: str) -> None:
    agent = create(told, f"bob-{place}", "mcp:github:*=read")["id"]
    allowed = told("authorize", agent, "read", "mcp:github:repos", "--arguments", '{"page": 1}')
    assert allowed["allowed"]
    denied = told("authorize", agent, "write", "mcp:github:repos", status=3)
    assert (denied["allowed"], denied["code"]) == (False, "no_permission")
    rows = told("audit", "query", "--agent", agent)
    assert [(row["id"], row["parameters"]) for row in rows] == [
        (denied["auditId"], {}),
        (allowed["auditId"], {"page": 1}),
    ]
    assert error_of(typed("authorize", "nobody", "read", "mcp:x"), 1) == "error: no agent has this id\n"


def test_an_approval_lets_one_call_through(told: Any, typed: Typed, place: str) -> None:
    agent = create(told, f"ida-{place}", DEPLOY)["id"]
    asked = told("authorize", agent, "execute", "deploy:production", status=3)["approvalId"]
    assert [each["id"] for each in told("approvals", "list", "--agent", agent)] == [asked]
    assert asked in typed("approvals", "list", "--agent", agent).stdout
    assert error_of(typed("approvals", "approve", asked), 1).startswith("error: by: ")
    assert told("approvals", "approve", asked, "--by", "ida")["status"] == "approved"
    assert told("authorize", agent, "execute", "deploy:production")["allowed"]
    again = told("authorize", agent, "execute", "deploy:production", status=3)["approvalId"]
    assert told("approvals", "deny", again, "--by", "ida")["respondedBy"] == "ida"
    assert told("approvals", "list", "--agent", agent) == []


def test_permissions_are_handed_on_and_taken_back(told: Any, typed: Typed, place: str) -> None:
    giver = create(told, f"joe-{place}", "mcp:github:*=read")["id"]
    taker = create(told, f"joe-{place}")["id"]
    ends = ("--expires-at", "2090-01-01")
    made = told("delegation", "create", giver, taker, "-p", "mcp:github:repos=read", *ends, "--max-depth", "1")
    assert (made["fromAgent"], made["toAgent"], made["depth"]) == (giver, taker, 1)
    assert [each["id"] for each in told("delegation", "list", taker)] == [made["id"]]
    assert told("authorize", taker, "read", "mcp:github:repos")["allowed"]
    assert typed("delegation", "revoke", made["id"]).returncode == 0
    assert told("delegation", "list", giver) == []
    assert "not" in error_of(typed("delegation", "create", giver, taker, "-p", "x:*=read", *ends), 1)


def test_the_audit_trail_is_shown_and_exported(told: Any, typed: Typed, place: str, tmp_path: Path) -> None:
    agent = create(told, f"kim-{place}", "mcp:*=read")["id"]
    for resource in ("mcp:1", "mcp:2", "mcp:3"):
        told("authorize", agent, "read", resource)
    lines = typed("audit", "tail", "-n", "2", "--agent", agent).stdout.splitlines()
    assert [line.split()[4] for line in lines] == ["mcp:2", "mcp:3"]
    target = tmp_path / "out"
    said = typed("audit", "export", "--agent", agent, "--format", "jsonl", "-o", str(target)).stdout
    assert "wrote" in said
    assert [json.loads(line)["resource"] for line in target.read_text().splitlines()] == ["mcp:1", "mcp:2", "mcp:3"]


@pytest.mark.parametrize("place", ["server"], indirect=True)
def test_a_tail_follows_until_it_is_stopped(told: Any, place: str) -> None:
    agent = create(told, f"lou-{place}", "mcp:*=read")["id"]
    told("authorize", agent, "read", "mcp:before")
    command = [KAVACH, "audit", "tail", "--follow", "--agent", agent, "--json"]
    # The shell around these tests may let its jobs ignore Ctrl-C, which children inherit.
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(), preexec_fn=heard) as process:
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["resource"] == "mcp:before"
            told("authorize", agent, "read", "mcp:after")
            assert json.loads(process.stdout.readline())["resource"] == "mcp:after"
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 130
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["agent", "get", "nobody"], 1, "no agent has this id"),
        (["agent", "rotate", "nobody"], 1, "no agent has this id"),
        (["agent", "create", "", "--owner", "ada"], 1, "name"),
        (["agent", "create", "x", "--owner", "ada", "-p", "mcp:*"], 2, "--permission: write RESOURCE=ACTION"),
        (["agent", "create", "x", "--owner", "ada", "-p", '{"actions": []}'], 2, "--permission: write"),
        (["agent", "create", "x", "--owner", "ada", "-p", "a::b=read"], 1, "resource"),
        (["agent", "create", "x", "--owner", "ada", "--metadata", "[]"], 2, "--metadata: write a JSON object"),
        (["agent", "create", "x", "--owner", "ada", "--expires-at", "soon"], 1, "--expires-at: write a moment"),
        (["agent", "create", "x"], 2, "--owner"),
        (["agent", "list", "--status", "gone"], 2, "gone"),
        (["authorize", "x", "read", "mcp:x", "--arguments", "{"], 2, "--arguments: write a JSON object"),
        (["approvals", "approve", "nothing", "--by", "ada"], 1, "no approval request has this id"),
        (["delegation", "revoke", "nothing"], 1, "no delegation has this id"),
        (["agent", "list", "--database", "x", "--server", "y"], 2, "either --database or --server"),
        (["agent", "list", "--database", "missing.db"], 1, "there is no file missing.db"),
        (["agent", "list", "--server", "example.com"], 1, "base_url: must begin with https://"),
        (["agent", "list", "--server", "http://127.0.0.1:1/api"], 1, "cannot reach http://127.0.0.1:1"),
        (["agent", "list", "--server", "URL", "--token-file", "missing"], 1, "cannot read missing"),
    ],
)
def test_what_fails_is_one_line_and_a_status(
    typed: Typed, place: str, served: tuple[str, Served], arguments: list[str], status: int, message: str
) -> None:
    words = [served[1].url if word == "URL" else word for word in arguments]
    line = error_of(typed(*words), status)
    assert message in line
    assert served[1].token not in line


def test_a_command_needs_to_know_where_to_work(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, served: tuple[str, Served]
) -> None:
    for name in ("KAVACH_DATABASE", "KAVACH_SERVER", "KAVACH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert "set KAVACH_DATABASE or KAVACH_SERVER" in error_of(typed("agent", "list"), 2)
    assert "send a credential" in error_of(typed("agent", "list", "--server", served[1].url), 1)
    assert "on a database only" in error_of(typed("audit", "verify", "--server", served[1].url), 2)


def test_a_token_is_read_from_a_file(typed: Typed, served: tuple[str, Served], tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{served[1].token}\n")
    done = typed("agent", "list", "--server", served[1].url, "--token-file", str(tmp_path / "token"), "--limit", "1")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_what_completes_commands(typed: Typed, shell: str) -> None:
    done = typed("completion", shell)
    assert done.returncode == 0
    assert "approvals" in done.stdout
