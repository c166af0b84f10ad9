"""The decision itself: default deny, all matching grants tried, any whose constraints pass allows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kavach_core.policy.constraints import Call, failing
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
class Refusal:
    """What kept one grant from allowing a call; `route` are the agents that the grant came by."""

    code: Code
    route: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided; `code` is None exactly when the call is allowed.

    `constraints` names what fired: each constraint that kept a covering grant from the call, or that asked a person.
    `route` are the agents upstream of the grant that allowed, or that came nearest to it.
    """

    code: Code | None
    constraints: tuple[str, ...] = ()
    route: tuple[str, ...] = ()

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

CONSTRAINTS: Final[dict[Code, str]] = {
    "ip_not_allowed": "ip_allowlist",
    "outside_time_window": "time_window",
    "argument_not_allowed": "allowed_arg_patterns",
    "rate_limited": "max_calls_per_hour",
    "approval_denied": "require_approval",
    "approval_required": "require_approval",
}
"""The constraint that fires with each code."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What pure rules say: the grants that remain, and what kept the others."""

    grants: tuple[Grant, ...]
    refusals: tuple[Refusal, ...]


def weigh(grants: Iterable[Grant], call: Call) -> Weighed:
    """Hold a call of an active agent against all grants, but for approvals and counts.

    The order of grants does not matter. Those that remain come in the order in which they are best tried: one that asks
    for nothing costs nothing, and a person is asked last.
    """
    refusals: list[Refusal] = []
    open_to: list[Grant] = []
    for grant in grants:
        if not grant.covers(call.action, call.resource):
            continue
        for condition in grant.conditions:
            if (failure := failing(condition.constraints, call)) is not None:
                refusals.append(Refusal(failure, grant.route))
                break
        else:
            open_to.append(grant)
    open_to.sort(key=lambda grant: (grant.needs_approval, [(c.agent_id, c.key) for c in grant.counters]))
    return Weighed(tuple(open_to), tuple(refusals))


def allow(grant: Grant, refusals: Iterable[Refusal]) -> Verdict:
    """Return that a grant allows; `refusals` are what fired on the way there."""
    return Verdict(None, _fired(refusals), grant.route)


def deny(refusals: Sequence[Refusal]) -> Verdict:
    """Return the denial whose code is that of the refusal nearest to an allow; without any there is no permission."""
    nearest = max(refusals, key=lambda one: (NEARNESS.index(one.code), one.route), default=Refusal("no_permission"))
    return Verdict(nearest.code, _fired(refusals), nearest.route)


def _fired(refusals: Iterable[Refusal]) -> tuple[str, ...]:
    return tuple(sorted({CONSTRAINTS[one.code] for one in refusals if one.code in CONSTRAINTS}))
