"""A database with agents that may all read `RESOURCE`, which grows: all that decisions are measured on."""

from __future__ import annotations

from contextlib import ExitStack
from hashlib import sha256
from time import time
from typing import Any, Final

from bench.checks import WrongResult
from bench.comparison import Colour, Comparison, Size
from bench.data import EPOCH, Row
from bench.databases import Provider, temporary_database
from bench.measure import WARM_UP, Sample
from bench.raw import raw_driver
from bench.subjects import own_storage
from bench.trail import numbers, seed_trail
from kavach_core import Kavach, create_kavach

RESOURCE: Final = "mcp:github:issues"
CALL: Final[dict[str, Any]] = {
    "action": "read",
    "resource": RESOURCE,
    "arguments": {"repository": "kavach/kavach-core", "number": 7},
    "ip": "203.0.113.7",
    "user_agent": "kavach-mcp/0.1 (python-httpx)",
}
UNTRUSTED: Final = {"enabled": False}
PERMISSIONS: Final = 5
SMALL: Final = Size(100, 1_000)


def token_of(number: int) -> str:
    """Return the token of an agent."""
    return f"kv_bench_{number:09}"


def agent_id_of(number: int) -> str:
    """Return the id of an agent: the trail is about the first thousand of them."""
    return f"agent-{number}"


class Stored:
    """A database, the raw driver on it, and how many rows it has."""

    def __init__(self, provider: Provider, stack: ExitStack, size: Size = SMALL) -> None:
        """Make a database of this size, which is removed when the stack is closed."""
        self.provider: Provider = provider
        self.database = stack.enter_context(temporary_database(provider))
        self.storage = own_storage(self.database, stack)
        self.storage.prepare_schema()
        self.raw = stack.enter_context(raw_driver(self.database))
        self.size = Size(0, 0)
        self._started = int(time())
        self.grow(size)

    def grow(self, size: Size) -> None:
        """Add rows up to this size."""
        if size.agents > self.size.agents:
            self.add_agents(self.size.agents, size.agents)
        if size.audit_logs > self.size.audit_logs:
            seed_trail(self.raw, self.provider, self.size.audit_logs, size.audit_logs)
        self.size = size

    def add_agents(self, first: int, last: int, permissions: int = PERMISSIONS) -> None:
        """Add the agents from `first` up to `last`; of the permissions of each, the last one allows the call."""
        self.raw.seed(map(_agent_row, range(first, last)))
        text = "concat({}, {}, {})" if self.provider == "mysql" else "({} || {} || {})"
        other = text.format("'mcp:tool-'", "i", "':*'")
        selected = (
            text.format("a.id", "'/'", "i"),
            "a.id",
            f"CASE WHEN i = {permissions - 1} THEN 'mcp:github:*' ELSE {other} END",
            """'["read"]'::jsonb""" if self.provider == "postgres" else """'["read"]'""",
            f"{EPOCH} + i",
        )
        self.raw.run(
            "INSERT INTO kavach_permissions (id, agent_id, resource, actions, created_at)"
            f" SELECT {', '.join(selected)} FROM kavach_agents AS a CROSS JOIN {numbers(self.provider, 0, permissions)}"
            f" WHERE a.created_at >= {EPOCH + first} AND a.created_at < {EPOCH + last}"
        )
        self.raw.settle()

    def kavach(self, *, trust: bool) -> Kavach:
        """Return a Kavach on the database."""
        return create_kavach(storage=self.storage, trust={} if trust else UNTRUSTED)

    def compared(self, job: str, samples: list[Sample], *, silent: int = 0, colour: Colour = "sync") -> Comparison:
        """Return what was measured here, and remove the audit rows of it.

        All but `silent` ways MUST have written one for each call.
        """
        calls = WARM_UP + sum(map(len, samples[0].rounds))
        written = self.remove_new_rows()
        if written != calls * (len(samples) - silent):
            raise WrongResult(f"{job}: {written} audit rows for {calls} calls of {len(samples) - silent} ways")
        return Comparison(self.provider, self.database.server, self.size, job, colour, samples)

    def remove_new_rows(self) -> int:
        """Remove the audit rows that were written since the start, and return how many there were."""
        return self.raw.execute(f"DELETE FROM kavach_audit_logs WHERE timestamp >= {self._started}", ())


def _agent_row(number: int) -> Row:
    created = EPOCH + number
    token = sha256(token_of(number).encode()).hexdigest()
    name = f"github-reader-{number}"
    return (
        *(agent_id_of(number), "ada", None, name, "autonomous", "active", token, "kv_bench_00"),
        *(None, None, '{"team": "storage", "model": "claude"}', created, created),
    )
