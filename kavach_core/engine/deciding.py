"""What a decision is made of: the call that is asked about, the facts it rests on, and what was decided.

Facts are read first, without a transaction. Where they decide alone, only the record is left to be written; where
something must be counted or used up, the rest is decided in the transaction that writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import JsonValue
from uuid_utils import uuid7

from kavach_core.engine.hooks import HookedCall
from kavach_core.engine.reading import check, described, storable
from kavach_core.engine.trusting import Observation
from kavach_core.errors import InvalidInput
from kavach_core.policy.budgets import NOTHING, Charge, Place
from kavach_core.policy.constraints import Call
from kavach_core.policy.decisions import Verdict, Weighed, allow, deny
from kavach_core.policy.permissions import Counter, Grant
from kavach_core.policy.redaction import Redaction
from kavach_schema.inputs import AuditLogInput
from kavach_schema.records import Agent, ApprovalRequest
from kavach_schema.tables.agents import AUDIT_LOGS

_NOTHING: Final = Weighed((), ())


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, and what the audit row says of the one who asks; `stored` are the arguments without secrets.

    `named` is the id that an unknown agent gave. `ephemeral` is the hash of the ephemeral token that is presented.
    """

    named: str
    ephemeral: str | None
    action: str
    resource: str
    arguments: Mapping[str, JsonValue] | None
    ip: str | None
    user_agent: str | None
    tokens_cost: int | None
    stored: dict[str, JsonValue] | None

    @classmethod
    def read(
        cls,
        *,
        redact: Redaction,
        named: str,
        ephemeral: str | None,
        action: str,
        resource: str,
        arguments: Mapping[str, JsonValue] | None,
        ip: str | None,
        user_agent: str | None,
        tokens_cost: int | None,
    ) -> Asked:
        """Return what is asked; raises `InvalidInput` for what an audit row cannot hold."""
        check(AUDIT_LOGS, action=action, resource=resource, ip=ip, user_agent=user_agent, tokens_cost=tokens_cost)
        if tokens_cost is not None and tokens_cost < 0:
            raise InvalidInput("tokens_cost: must be 0 or more")
        stored = storable(arguments, redact)
        return cls(named, ephemeral, action, resource, arguments, ip, user_agent, tokens_cost, stored)

    def at(self, now: datetime) -> Call:
        """Return the call that policies are asked about."""
        return Call(self.action, self.resource, now, self.arguments, self.ip)

    def hooked(self, agent: Agent | None) -> HookedCall:
        """Return what hooks are told of a call of this agent, None for an unknown one."""
        return HookedCall(
            agent_id=agent.id if agent else self.named or None,
            owner_id=agent.owner_id if agent else None,
            action=self.action,
            resource=self.resource,
            arguments=deepcopy(self.stored),
            ip=self.ip,
            user_agent=self.user_agent,
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a call before anything is counted.

    `refused` denies it whatever the permissions are: then nothing else was weighed. `ephemeral` is the token that has
    an action used up first. `grants` are what the agent received, and those of its own that may match the resource;
    `weighed` is what pure rules say of them, `places` are where budgets count.
    """

    agent: Agent | None
    refused: Verdict | None = None
    ephemeral: str | None = None
    grants: Sequence[Grant] = ()
    weighed: Weighed = _NOTHING
    places: Sequence[Place] = ()

    @property
    def alone(self) -> Decision | None:
        """Return what follows from the facts alone; None where something must be counted or used up."""
        if self.ephemeral is not None:
            return None
        if self.refused is not None:
            return Decision(self.refused, weighed=False)
        if not self.weighed.grants:
            return Decision(deny(self.weighed.refusals))
        first = self.weighed.grants[0]
        if first.needs_approval or first.counters or self.places:
            return None
        return Decision(allow(first, self.weighed.refusals))


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and the request for approval, the counts and the charge it rests on.

    `weighed` is False where the permissions had no say: such a decision tells nothing of the agent.
    """

    verdict: Verdict
    request: ApprovalRequest | None = None
    new_request: bool = False
    counted: Sequence[Counter] = ()
    charge: Charge = NOTHING
    weighed: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """What is left of a decision: its audit row, None where none is kept, and what it says of its agent."""

    row: AuditLogInput | None
    observed: Observation | None


def audit_row(asked: Asked, agent: Agent | None, verdict: Verdict, now: datetime, seconds: float) -> AuditLogInput:
    """Return the audit row of a decision that took some seconds."""
    duration_us = round(seconds * 1_000_000)
    return {
        "id": str(uuid7()),
        "agent_id": asked.named if agent is None else agent.id,
        "user_id": "" if agent is None else agent.owner_id,
        "action": asked.action,
        "resource": asked.resource,
        "parameters": asked.stored,
        "result": "allowed" if verdict.allowed else "denied",
        "code": verdict.code,
        "reason": verdict.reason,
        "constraints": list(verdict.constraints) or None,
        "delegation_chain": described(verdict.line),
        "duration_ms": round(duration_us / 1000),
        "duration_us": duration_us,
        "tokens_cost": asked.tokens_cost,
        "ip": asked.ip,
        "user_agent": asked.user_agent,
        "timestamp": now,
    }
