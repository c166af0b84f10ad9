"""A database that KavachOS 0.2.1 made and filled: it is upgraded in place, and its agents go on."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing, redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from colours import Opened
from kavach_core.cli import main
from kavach_core.errors import SchemaMismatch, StorageError
from kavach_schema.tables import TABLES

pytestmark = [
    pytest.mark.one_database,
    pytest.mark.not_in_memory,
    pytest.mark.adapters("sqlalchemy", "peewee", "prisma"),
]

FIXTURES = Path(__file__).parents[1] / "fixtures"
SAMPLE: dict[str, Any] = json.loads((FIXTURES / "kavachos-0.2.1-sample.json").read_text())
AGENTS = SAMPLE["agents"]
OUR_TABLES = {
    f"kavach_{name}"
    for name in ("audit_holds", "audit_seals", "audit_streams", "counters", "passwords", "service_tokens")
}
WRITTEN = datetime(2026, 11, 21, 2, 40, 26, tzinfo=UTC)


@pytest.fixture
def path(opened: Opened) -> Path:
    """Return the path of the original's database, which `opened` opens."""
    found = Path(opened.database.url.removeprefix("sqlite:///"))
    found.write_bytes(gzip.decompress((FIXTURES / "kavachos-0.2.1-sample.db.gz").read_bytes()))
    return found


@pytest.fixture
def upgraded(path: Path) -> Path:
    """Return the path of the original's database after its upgrade."""
    with redirect_stdout(StringIO()):
        assert main(["schema", "upgrade", str(path)]) == 0
    return path


def code_of_unknown(opened: Opened) -> str:
    """Return the code for a caller that nobody knows: Prisma's engine enforces the original's foreign keys."""
    return "audit_unavailable" if opened.adapter == "prisma" else "unknown_agent"


def rows_of(path: Path) -> dict[str, list[dict[str, object]]]:
    """Return all rows of all tables."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: [dict(row) for row in connection.execute(f"SELECT * FROM {name} ORDER BY rowid")] for name in names
        }


def test_check_names_what_is_missing_and_changes_nothing(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = path.read_bytes()
    assert main(["schema", "check", str(path)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert "broken   column kavach_audit_logs.code is missing" in told
    assert "broken   unique index kavach_agents_token_hash_key (token_hash) is missing" in told
    assert any(line.startswith("note     column kavach_agents.owner_id references kavach_users") for line in told)
    assert told[-1] == "17 broken, 73 lacking; kavach schema upgrade adds 90 of them"
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("skip_migrations", [False, True])
async def test_does_not_open_before_the_upgrade(opened: Opened, path: Path, skip_migrations: bool) -> None:
    with pytest.raises(SchemaMismatch, match="kavach schema upgrade"):
        await opened.storage(skip_migrations=skip_migrations)
    assert len(rows_of(path)) == SAMPLE["tables"]


def test_the_upgrade_adds_columns_and_indexes_and_touches_no_row(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rows_of(path)
    assert main(["schema", "upgrade", str(path)]) == 0
    after = rows_of(path)
    assert main(["schema", "upgrade", str(path)]) == 0
    assert "\nnothing was missing\n" in "\n" + capsys.readouterr().out
    assert set(after) - set(before) == OUR_TABLES
    for name, rows in before.items():
        assert [{column: row[column] for column in old} for old, row in zip(rows, after[name], strict=True)] == rows
    added = {column for name, rows in after.items() for row in rows for column in set(row) - set(before[name][0])}
    assert added == {"code", "constraints", "delegation_chain", "duration_us", "parent_chain_id"}


async def test_every_table_is_read(opened: Opened, upgraded: Path) -> None:
    storage = await opened.storage(skip_migrations=True)
    agent = await storage.find_agent_by_id(AGENTS["reader"]["id"])
    assert (agent.name, agent.metadata, agent.created_at) == (
        "github-reader",
        {"team": "core", "tags": ["a", "b"]},
        WRITTEN,
    )
    user = await storage.find_user_by_id("user-1")
    assert (user.email, user.banned) == ("alice@example.com", False)
    server = await storage.find_mcp_server_by_endpoint("https://mcp.example.com/github")
    assert (server.tools, server.auth_required) == (["repos", "issues"], True)
    score = await storage.find_trust_score(agent.id)
    assert (score.score, score.factors["totalCalls"]) == (35, 12)
    request = await storage.find_approval_request("apr_01ba6bbb-f494-4f4c-9863-dafefdb01ec6")
    assert (request.arguments, request.status) == ({"v": "1.2.3"}, "pending")
    assert len(TABLES) < SAMPLE["tables"]


async def test_agents_permissions_delegations_and_audit_rows_are_read(opened: Opened, upgraded: Path) -> None:
    kavach = await opened.kavach()
    agents = await kavach.agent.list()
    assert {(a.id, a.owner_id, a.name, a.type) for a in agents} == {
        (a["id"], a["ownerId"], a["name"], a["type"]) for a in AGENTS.values()
    }
    reader = await kavach.agent.get(AGENTS["reader"]["id"])
    constraints = {p.resource: p.constraints for p in reader.permissions}
    assert constraints["mcp:github:*"] is None
    assert (
        constraints["mcp:deploy:production"].require_approval,
        constraints["mcp:deploy:production"].max_calls_per_hour,
    ) == (True, 5)
    (chain,) = await kavach.delegation.list_chains(reader.id)
    assert (chain.id, chain.to_agent, chain.depth) == (SAMPLE["chain"], AGENTS["sub"]["id"], 1)
    rows = await kavach.audit.query(limit=1000)
    counts = {entry["result"]: entry["n"] for entry in SAMPLE["audit"]}
    assert {result: sum(row.result == result for row in rows) for result in counts} == counts
    assert {row.code for row in rows} == {None}


@pytest.mark.parametrize(
    ("name", "action", "resource", "code"),
    [
        ("reader", "read", "mcp:github:repos", None),
        ("reader", "comment", "mcp:github:issues", None),
        ("reader", "write", "mcp:github:repos", "no_permission"),
        ("sub", "read", "mcp:github:issues", None),
        ("sub", "comment", "mcp:github:issues", "no_permission"),
        ("revoked", "read", "mcp:github:repos", "agent_revoked"),
    ],
)
async def test_agents_are_authorized(
    opened: Opened, upgraded: Path, name: str, action: str, resource: str, code: str | None
) -> None:
    kavach = await opened.kavach()
    by_id = await kavach.authorize(AGENTS[name]["id"], action=action, resource=resource)
    by_token = await kavach.authorize_by_token(AGENTS[name]["token"], action=action, resource=resource)
    assert (by_id.allowed, by_id.code) == (by_token.allowed, by_token.code) == (code is None, code)
    newest = await kavach.audit.query(limit=2)
    assert [row.id for row in newest] == [by_token.audit_id, by_id.audit_id]


async def test_unknown_callers_are_recorded_despite_foreign_keys(opened: Opened, upgraded: Path) -> None:
    """P19: the original's tables would refuse the row."""
    kavach = await opened.kavach()
    result = await kavach.authorize_by_token("kv_nobody", action="read", resource="mcp:github:repos")
    assert result.code == code_of_unknown(opened)
    if opened.adapter == "prisma":
        return
    (row,) = await kavach.audit.query(limit=1)
    assert (row.id, row.agent_id) == (result.audit_id, "")


async def test_owners_need_no_row_among_the_users(opened: Opened, upgraded: Path) -> None:
    """ST5."""
    kavach = await opened.kavach()
    if opened.adapter == "prisma":
        with pytest.raises(StorageError):
            await kavach.agent.create(owner_id="newcomer", name="a", type="service", permissions=[])
        return
    agent = await kavach.agent.create(owner_id="newcomer", name="a", type="service", permissions=[])
    assert (await kavach.agent.get(agent.id)).owner_id == "newcomer"


async def test_agents_are_changed_rotated_revoked_and_deleted(opened: Opened, upgraded: Path) -> None:
    kavach = await opened.kavach()
    service, reader = AGENTS["service"]["id"], AGENTS["reader"]["id"]
    await kavach.agent.update(service, permissions=[{"resource": "db:users:*", "actions": ["read"]}])
    rotated = await kavach.agent.rotate(service)
    assert (await kavach.authorize_by_token(rotated.token, action="read", resource="db:users:1")).allowed
    old = await kavach.authorize_by_token(AGENTS["service"]["token"], action="read", resource="db:users:1")
    assert old.code == code_of_unknown(opened)
    await kavach.delegation.revoke(SAMPLE["chain"])
    assert not (await kavach.authorize(AGENTS["sub"]["id"], action="read", resource="mcp:github:issues")).allowed
    await kavach.agent.revoke(reader)
    assert (await kavach.authorize(reader, action="read", resource="mcp:github:repos")).code == "agent_revoked"
    storage = await opened.storage()
    if opened.adapter == "prisma":
        with pytest.raises(StorageError):  # the original's audit rows refer to the agent
            await storage.delete_agent(reader)
        return
    assert await storage.delete_agent(reader)
    assert await storage.find_permissions_by_agent_id(reader) == []
    assert await kavach.audit.query(agent_id=reader) != []
