"""The rows that are read and written: shaped as in production, and known in advance by their number.

A row is computed from its number, so that any look-up has a known answer and nothing is kept in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from typing import Any, Final

import uuid_utils

from kavach_schema.records import Agent, AuditLog
from kavach_schema.tables.agents import AGENTS, AUDIT_LOGS

AGENT_COLUMNS: Final = tuple(AGENTS.by_name)
AUDIT_COLUMNS: Final = tuple(AUDIT_LOGS.by_name)

Row = tuple[Any, ...]

EPOCH: Final = 1_770_000_000


def token_hash(number: int) -> str:
    """Return the token hash of an agent: the hashes of neighbours are far apart, as real ones are."""
    return sha256(f"agent {number}".encode()).hexdigest()


def agent_rows(count: int) -> Iterator[Row]:
    """Yield the stored rows of the agents 0 to `count` - 1."""
    return map(agent_row, range(count))


def agent_row(number: int) -> Row:
    """Return the stored row of an agent, columns in declared order."""
    created = EPOCH + number
    metadata = {"team": f"team-{number % 97}", "model": "claude", "tags": ["github", "read-only"], "build": number}
    return (
        f"{number:08x}-0000-7000-8000-{number:012x}",
        f"user-{number % 1009}",
        None,
        f"github-reader-{number}",
        "autonomous",
        "active",
        token_hash(number),
        "kv_3f9a",
        created + 86_400,
        created + 60,
        json.dumps(metadata),
        created,
        created + 60,
    )


def agent_record(row: Sequence[Any]) -> Agent:
    """Build an agent by hand, as a fast program without a storage would."""
    return Agent.from_row(
        {
            "id": row[0],
            "owner_id": row[1],
            "tenant_id": row[2],
            "name": row[3],
            "type": row[4],
            "status": row[5],
            "token_hash": row[6],
            "token_prefix": row[7],
            "expires_at": None if row[8] is None else datetime.fromtimestamp(row[8], UTC),
            "last_active_at": None if row[9] is None else datetime.fromtimestamp(row[9], UTC),
            "metadata": None if row[10] is None else json.loads(row[10]),
            "created_at": datetime.fromtimestamp(row[11], UTC),
            "updated_at": datetime.fromtimestamp(row[12], UTC),
        }
    )


@dataclass(frozen=True, slots=True)
class NewAuditLog:
    """An audit row to write: as Python values, and as the driver stores them."""

    values: Mapping[str, Any]
    stored: Row


def new_audit_log(number: int, agents: int) -> NewAuditLog:
    """Return an audit row that nobody wrote yet, about one of the agents."""
    agent = number % agents
    values = {
        "id": str(uuid_utils.uuid7()),
        "agent_id": agent_row(agent)[0],
        "user_id": f"user-{agent % 1009}",
        "action": "read",
        "resource": "mcp:github:issues",
        "parameters": {"repository": "kavach/kavach-core", "number": number, "labels": ["bug", "storage"]},
        "result": "allowed",
        "code": None,
        "reason": None,
        "constraints": None,
        "delegation_chain": None,
        "duration_ms": number % 50,
        "duration_us": number % 50_000,
        "tokens_cost": None,
        "ip": "203.0.113.7",
        "user_agent": "kavach-mcp/0.1 (python-httpx)",
        "timestamp": datetime.fromtimestamp(EPOCH + number, UTC),
    }
    return NewAuditLog(values, encoded_audit_log(values))


def encoded_audit_log(values: Mapping[str, Any]) -> Row:
    """Encode an audit row by hand."""
    parameters = values["parameters"]
    return (
        values["id"],
        values["agent_id"],
        values["user_id"],
        values["action"],
        values["resource"],
        None if parameters is None else json.dumps(parameters),
        values["result"],
        values["code"],
        values["reason"],
        values["constraints"],
        values["delegation_chain"],
        values["duration_ms"],
        values["duration_us"],
        values["tokens_cost"],
        values["ip"],
        values["user_agent"],
        int(values["timestamp"].timestamp()),
    )


def audit_record(row: Sequence[Any]) -> AuditLog:
    """Build the record of a stored audit row by hand."""
    values = dict(zip(AUDIT_COLUMNS, row, strict=True))
    for name in ("parameters", "constraints", "delegation_chain"):
        values[name] = None if values[name] is None else json.loads(values[name])
    values["timestamp"] = datetime.fromtimestamp(values["timestamp"], UTC)
    return AuditLog.from_row(values)


def chosen_hashes(random: Random, agents: int, count: int) -> list[str]:
    """Return the token hashes of agents picked at random."""
    return [token_hash(random.randrange(agents)) for _ in range(count)]
