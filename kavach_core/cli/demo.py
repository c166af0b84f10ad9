"""The documentation's full working example, told step by step.

It may run on a database that is in use: its rows belong to an owner with an id of its own, and only those are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from itertools import islice
from typing import Final
from uuid import uuid4

from kavach_core import (
    Agent,
    AuthorizeResult,
    Delegation,
    DelegationError,
    Kavach,
    Permission,
    create_kavach,
)
from kavach_core.cli.target import place, provider_of
from kavach_core.cli.terminal import Terminal
from kavach_schema.records import AuditLog

_AGENTS: Final = {"enabled": True, "max_per_user": 10, "audit_all": True, "token_expiry": "24h"}

_EXPORTED: Final = 3
"""Lines of the export that are shown."""


def run(database: str) -> None:
    """Run the demo on a database: a path of SQLite, ":memory:", or a URL.

    Raises `KavachError` where the database cannot be used.
    """
    provider = provider_of(database)
    started = datetime.now(UTC)
    with create_kavach(database={"provider": provider, "url": database}, agents=_AGENTS) as kavach:
        terminal = Terminal()
        terminal.title(f"Kavach {version('kavach-core')} on {place(provider, database)}")
        story = _Story(kavach, terminal, f"demo-{uuid4()}")
        agent = story.create()
        story.decide(agent)
        story.rotate(agent)
        story.delegate(agent)
        story.show_trail(started)
        story.show_export()
        story.close()


@dataclass
class _Story:
    """The steps, and what they leave behind."""

    kavach: Kavach
    terminal: Terminal
    owner: str
    agents: list[Agent] = field(default_factory=list)
    delegations: list[Delegation] = field(default_factory=list)
    recorded: list[str] = field(default_factory=list)

    def create(self) -> Agent:
        """Create the agent of the example."""
        self.terminal.step("An agent gets an identity and permissions", "kavach.agent.create")
        agent = self._new_agent(
            "github-reader",
            "autonomous",
            [
                {"resource": "mcp:github:*", "actions": ["read"]},
                {"resource": "mcp:github:issues", "actions": ["read", "comment"]},
            ],
        )
        self.terminal.line("token", _beginning(agent), "the whole of it is shown this once: only its hash is stored")
        return agent

    def decide(self, agent: Agent) -> None:
        """Ask for what is permitted and for what is not, by id and by token."""
        self.terminal.step("It asks before it acts: what is not permitted is denied", "kavach.authorize")
        self._ask("by id", agent, "read", "mcp:github:repos")
        self._ask("by id", agent, "write", "mcp:github:repos")
        self._ask_with_token("by token", agent, "read", "mcp:github:issues")

    def rotate(self, agent: Agent) -> None:
        """Replace the token."""
        self.terminal.step("Its token is replaced: the old one is dead at once", "kavach.agent.rotate")
        rotated = self.kavach.agent.rotate(agent.id)
        self.terminal.line("token", _beginning(rotated))
        self._ask_with_token("old token", agent, "read", "mcp:github:issues")
        self._ask_with_token("new token", rotated, "read", "mcp:github:issues")

    def delegate(self, agent: Agent) -> None:
        """Hand one permission to a sub-agent, and try to hand on more than is held."""
        self.terminal.step("It hands a part of its permissions to a sub-agent", "kavach.delegate")
        sub = self._new_agent("sub-reader", "delegated", [])
        self._ask("before", sub, "read", "mcp:github:issues")
        try:
            self._hand_on(agent, sub, "delete")
        except DelegationError as error:
            self.terminal.line("refused", "delegating delete on mcp:github:issues", str(error))
        chain = self._hand_on(agent, sub, "read")
        self.terminal.line("delegated", _permission(chain.permissions[0]), "for one hour, at most two hops deep")
        effective = self.kavach.delegation.get_effective_permissions(sub.id)
        self.terminal.line("effective", "; ".join(map(_permission, effective)))
        self._ask("after", sub, "read", "mcp:github:issues")

    def show_trail(self, started: datetime) -> None:
        """Show this run's audit rows: those of the unknown token too, which name no owner."""
        self.terminal.step("Every decision left one row in the audit trail", "kavach.audit.query")
        names = {agent.id: agent.name for agent in self.agents}
        rows = self.kavach.storage.stream_audit_logs(since=started)
        self.terminal.table(
            ("time", "agent", "action", "resource", "result", "code"),
            [_cells(row, names) for row in rows if row.id in self.recorded],
        )

    def show_export(self) -> None:
        """Show how the export begins."""
        self.terminal.step("The trail leaves as CSV or JSON", "kavach.audit.export")
        text = self.kavach.audit.export(format="csv", user_id=self.owner)
        self.terminal.excerpt(islice(text.splitlines(), _EXPORTED))

    def close(self) -> None:
        """Say what is in the database now."""
        permissions = sum(len(agent.permissions) for agent in self.agents)
        self.terminal.step("What this run wrote", f"owner_id={self.owner}")
        self.terminal.line(
            "rows",
            f"{len(self.agents)} agents, {permissions} permissions, {len(self.delegations)} delegation, "
            f"{len(self.recorded)} audit rows, 1 counter of the owner's agents",
            "and the Kavach tables that were missing; the agents expire in 24 hours",
        )

    def _new_agent(self, name: str, kind: str, permissions: Iterable[Mapping[str, object]]) -> Agent:
        agent = self.kavach.agent.create(owner_id=self.owner, name=name, type=kind, permissions=permissions)
        self.agents.append(agent)
        self.terminal.line("created", f"{agent.name}, {agent.type}", agent.id)
        for permission in agent.permissions:
            self.terminal.line("may", _permission(permission))
        return agent

    def _hand_on(self, giver: Agent, receiver: Agent, action: str) -> Delegation:
        chain = self.kavach.delegate(
            from_agent=giver.id,
            to_agent=receiver.id,
            permissions=[{"resource": "mcp:github:issues", "actions": [action]}],
            expires_at=datetime.now(UTC) + timedelta(hours=1),
            max_depth=2,
        )
        self.delegations.append(chain)
        return chain

    def _ask(self, how: str, agent: Agent, action: str, resource: str) -> None:
        self._tell(self.kavach.authorize(agent.id, action=action, resource=resource), how, action, resource)

    def _ask_with_token(self, how: str, agent: Agent, action: str, resource: str) -> None:
        result = self.kavach.authorize_by_token(agent.token, action=action, resource=resource)
        self._tell(result, how, action, resource)

    def _tell(self, result: AuthorizeResult, how: str, action: str, resource: str) -> None:
        if result.audit_id is not None:
            self.recorded.append(result.audit_id)
        label = "allowed" if result.allowed else "denied"
        why = "" if result.allowed else f"{result.code}: {result.reason}"
        self.terminal.line(label, f"{action} on {resource}, {how}", why)


def _beginning(agent: Agent) -> str:
    return f"{agent.token_prefix}..."


def _permission(permission: Permission) -> str:
    return f"{', '.join(permission.actions)} on {permission.resource}"


def _cells(row: AuditLog, names: Mapping[str, str]) -> Sequence[str]:
    return (
        f"{row.timestamp:%H:%M:%S}",
        names.get(row.agent_id, "(unknown)"),
        row.action,
        row.resource,
        row.result,
        row.code or "",
    )
