"""The decision itself: default deny, all matching grants tried, any whose constraints pass allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from kavach_core.policy.constraints import Call, failing
from kavach_core.policy.delegation import Line
from kavach_core.policy.permissions import Grant

Code = Literal[
    "no_permission",
    "constraint_unsupported",
    "ip_not_allowed",
    "outside_time_window",
    "argument_not_allowed",
    "rate_limited",
    "approval_denied",
    "approval_required",
    "agent_expired",
    "agent_revoked",
    "unknown_agent",
    "audit_unavailable",
]

REASONS: Final[dict[Code, str]] = {
    "no_permission": "no permission of the agent covers this action on this resource",
    "constraint_unsupported": "the permission has a constraint that cannot be evaluated here",
    "ip_not_allowed": "the permission does not allow calls from this address",
    "outside_time_window": "the permission does not allow calls at this time of day",
    "argument_not_allowed": "the permission does not allow these arguments",
    "rate_limited": "the permission allows no more calls in this hour",
    "approval_denied": "a person has denied this call",
    "approval_required": "a person must approve this call first",
    "agent_expired": "the agent has expired",
    "agent_revoked": "the agent is revoked",
    "unknown_agent": "no agent has this id or token",
    "audit_unavailable": "the decision could not be recorded",
}
"""The text for people beside each stable code."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided; `code` is None exactly when the call is allowed.

    `line` are the chains by which the agent held the permission that decided, empty where it was its own or none did.
    """

    code: Code | None
    line: Line = ()

    @property
    def allowed(self) -> bool:
        """Tell whether the call is allowed."""
        return self.code is None

    @property
    def reason(self) -> str | None:
        """Return the text for people, None where the call is allowed."""
        return None if self.code is None else REASONS[self.code]


NEARNESS: Final[tuple[Code, ...]] = (
    "no_permission",
    "constraint_unsupported",
    "ip_not_allowed",
    "outside_time_window",
    "argument_not_allowed",
    "rate_limited",
    "approval_denied",
    "approval_required",
)
"""What can keep an active agent from a call, the failure nearest to an allow last."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What pure rules say: the grants that remain, and the failure nearest to an allow among the others."""

    grants: tuple[Grant, ...]
    nearest: Verdict


def weigh(grants: Iterable[Grant], call: Call) -> Weighed:
    """Hold a call of an active agent against all grants, but for approvals and counts.

    The order of grants does not matter. Those that remain come in the order in which they are best tried: one that asks
    for nothing costs nothing, and a person is asked last.
    """
    nearest = Verdict("no_permission")
    open_to: list[Grant] = []
    for grant in grants:
        if not grant.covers(call.action, call.resource):
            continue
        failures: list[Code] = [
            failure for condition in grant.conditions if (failure := failing(condition.constraints, call)) is not None
        ]
        if failures:
            # All that fails is in the way: what is furthest from an allow has to be met first.
            first: Code = min(failures, key=NEARNESS.index)
            nearest = nearer(nearest, Verdict(first, grant.line))
        else:
            open_to.append(grant)
    open_to.sort(key=lambda grant: (grant.needs_approval, [(c.agent_id, c.key) for c in grant.counters]))
    return Weighed(tuple(open_to), nearest)


def nearer(one: Verdict, other: Verdict) -> Verdict:
    """Return the denial of two that is nearer to an allow; of two alike the one by the shorter line."""

    def place(verdict: Verdict) -> tuple[int, int, list[str]]:
        near = -1 if verdict.code is None else NEARNESS.index(verdict.code)
        return -near, len(verdict.line), [link.id for link in verdict.line]

    return min(one, other, key=place)
