"""What makes a comparison honest: every subject is shown to have read, or durably written, the same row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.data import AGENT_COLUMNS, NewAuditLog, agent_record, agent_row, audit_record, token_hash
from bench.models import AgentModel
from kavach_schema.records import Agent


class WrongResult(Exception):
    """A subject did something else than the others."""


def check_agent_row(wanted: str, row: Any) -> None:
    """Check a driver's row."""
    check_agent(wanted, agent_record(row))


def check_agent_model(wanted: str, model: AgentModel) -> None:
    """Check an ORM's object."""
    attributes = {"metadata": "metadata_"}
    check_agent(
        wanted,
        Agent.from_row({name: getattr(model, attributes.get(name, name)) for name in AGENT_COLUMNS}),
    )


def check_agent(wanted: str, agent: Agent) -> None:
    """Check a record: all its values, and that it is the one that was asked for."""
    number = int(agent.id[:8], 16)
    if token_hash(number) != wanted or agent != agent_record(agent_row(number)):
        raise WrongResult(f"another agent than the one that was asked for: {agent!r}")


def audit_log_checks(find: Callable[[str], Any]) -> tuple[Callable[..., None], Callable[..., None]]:
    """Return the check of a call that only writes, and of one that also returns the record."""

    def check_written(new: NewAuditLog, _: object) -> None:
        if audit_record(find(new.stored[0])) != audit_record(new.stored):
            raise WrongResult("the stored audit row is not the one that was given")

    def check_returned(new: NewAuditLog, record: object) -> None:
        check_written(new, None)
        if record != audit_record(new.stored):
            raise WrongResult("the returned audit row is not the one that was given")

    return check_written, check_returned
