"""The decision itself: default deny, all matching grants tried, any whose constraints pass allows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    "budget_throttled",
    "budget_exceeded",
    "tenant_suspended",
    "agent_expired",
    "agent_revoked",
    "unknown_agent",
    "ephemeral_expired",
    "ephemeral_revoked",
    "ephemeral_spent",
    "hook_denied",
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
    "budget_throttled": "a budget is used up until its day or month ends",
    "budget_exceeded": "a budget is used up",
    "tenant_suspended": "the tenant of the agent is suspended",
    "agent_expired": "the agent has expired",
    "agent_revoked": "the agent is revoked",
    "unknown_agent": "no agent has this id or token",
    "ephemeral_expired": "the ephemeral token has expired",
    "ephemeral_revoked": "the ephemeral token is revoked",
    "ephemeral_spent": "the ephemeral token has had all its actions",
    "hook_denied": "the application refused this call",
    "audit_unavailable": "the decision could not be recorded",
}
"""The text for people beside each stable code."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What kept one grant from allowing a call; `line` are the chains that the grant came by.

    Where several constraints fail, `code` is of the one that is furthest from an allow, and `others` are of the rest.
    """

    code: Code
    line: Line = ()
    others: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided; `code` is None exactly when the call is allowed.

    `constraints` names what fired: each constraint that kept a covering grant from the call, or that asked a person.
    `line` are the chains by which the agent held the grant that allowed, or that came nearest to it; empty where it was
    its own, or there was none. `said` is the text for people where a hook has given one.
    """

    code: Code | None
    constraints: tuple[str, ...] = ()
    line: Line = ()
    said: str | None = None

    @property
    def allowed(self) -> bool:
        """Tell whether the call is allowed."""
        return self.code is None

    @property
    def reason(self) -> str | None:
        """Return the text for people, None where the call is allowed."""
        return None if self.code is None else self.said or REASONS[self.code]


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
        failures: list[Code] = [
            code for condition in grant.conditions if (code := failing(condition.constraints, call)) is not None
        ]
        if failures:
            # All that fails is in the way: what is furthest from an allow has to be met first.
            failures.sort(key=NEARNESS.index)
            refusals.append(Refusal(failures[0], grant.line, tuple(failures[1:])))
        else:
            open_to.append(grant)
    if len(open_to) > 1:
        open_to.sort(key=lambda grant: (grant.needs_approval, [(c.agent_id, c.key) for c in grant.counters]))
    return Weighed(tuple(open_to), tuple(refusals))


def allow(grant: Grant, refusals: Sequence[Refusal]) -> Verdict:
    """Return that a grant allows; `refusals` are what fired on the way there."""
    return Verdict(None, _fired(refusals), grant.line)


def deny(refusals: Sequence[Refusal]) -> Verdict:
    """Return the denial by the refusal that is nearest to an allow, of two alike the one by the shorter line.

    Without any there is no permission.
    """

    def place(one: Refusal) -> tuple[int, int, list[str]]:
        return -NEARNESS.index(one.code), len(one.line), [link.id for link in one.line]

    nearest = min(refusals, key=place, default=Refusal("no_permission"))
    return Verdict(nearest.code, _fired(refusals), nearest.line)


def _fired(refusals: Sequence[Refusal]) -> tuple[str, ...]:
    if not refusals:
        return ()
    codes = {code for one in refusals for code in (one.code, *one.others)}
    return tuple(sorted({CONSTRAINTS[code] for code in codes if code in CONSTRAINTS}))
