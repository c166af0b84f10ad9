"""Decisions by hand: loops of raw statements, as a program without Kavach would have them.

The loop of five asks what the engine must ask: the agent, the delegations to it, its permissions and the budgets that
hold for it; it decides, and writes the audit row. The loop of three knows that nobody delegates and that nothing is
budgeted, as an application of its own might. The loop that keeps a score also reads the agent's, folds the decision
into it and writes it back, in one transaction with the audit row. Each statement is on its own, prepared by the driver.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from hashlib import sha256
from time import perf_counter, time
from typing import Any, Final

from uuid_utils import uuid7

from bench.checks import WrongResult
from bench.data import Row
from bench.databases import Provider
from bench.decisions.stored import CALL, RESOURCE
from bench.raw import Raw

Decide = Callable[[str], bool]

_PERMISSIONS: Final = (
    "SELECT id, resource, actions, constraints FROM kavach_permissions WHERE agent_id = {} ORDER BY created_at, id"
)
_CHAINS: Final = (
    "SELECT id, from_agent_id, permissions, depth, max_depth, expires_at, parent_chain_id"
    " FROM kavach_delegation_chains WHERE to_agent_id = {} AND status = 'active' ORDER BY created_at, id"
)
_BUDGETS: Final = (
    "SELECT id, limits, action, status FROM kavach_budget_policies WHERE (agent_id IS NULL OR agent_id = {0})"
    " AND (user_id IS NULL OR user_id = {0}) AND (tenant_id IS NULL OR tenant_id = {0})"
)
_SCORE: Final = "SELECT factors, revision FROM kavach_trust_scores WHERE agent_id = {}"
_KEEP: Final = (
    "UPDATE kavach_trust_scores SET score = {0}, level = {0}, factors = {0}, computed_at = {0}, revision = revision + 1"
    " WHERE agent_id = {0} AND revision = {0}"
)
_FIRST: Final = (
    "INSERT INTO kavach_trust_scores (score, level, factors, computed_at, agent_id, revision)"
    " VALUES ({0}, {0}, {0}, {0}, {0}, {0})"
)
_HALF_LIFE: Final = 7 * 86_400
_LEVELS: Final = ("unverified", "low", "standard", "elevated", "high")


def loop_of_five(raw: Raw, provider: Provider) -> Decide:
    """Return the loop that asks all that the engine asks."""
    return _loop(raw, provider, _record_alone(raw), complete=True)


def loop_of_three(raw: Raw, provider: Provider) -> Decide:
    """Return the loop that asks for the agent and its permissions only."""
    return _loop(raw, provider, _record_alone(raw), complete=False)


def loop_with_score(raw: Raw, provider: Provider) -> Decide:
    """Return the loop of five that also keeps the agent's score."""
    mark = _mark(provider)
    find, keep, first = (text.format(mark) for text in (_SCORE, _KEEP, _FIRST))
    begin = "BEGIN IMMEDIATE" if provider == "sqlite" else "BEGIN"

    def record(row: Row, allowed: bool) -> None:
        now = row[-1]
        raw.run(begin)
        found = raw.fetch(find, (row[1],))
        score, factors = _folded(found[0][0] if found else None, allowed, now)
        values = (score, _LEVELS[min(4, score // 20)], factors, now, row[1])
        if raw.execute(keep if found else first, (*values, found[0][1] if found else 0)) != 1:
            raise WrongResult("somebody else wrote the score")
        raw.insert_audit_log(row)
        raw.run("COMMIT")

    return _loop(raw, provider, record, complete=True)


def _record_alone(raw: Raw) -> Callable[[Row, bool], object]:
    return lambda row, _: raw.insert_audit_log(row)


def _loop(raw: Raw, provider: Provider, record: Callable[[Row, bool], object], *, complete: bool) -> Decide:
    permissions, chains, budgets = (text.format(_mark(provider)) for text in (_PERMISSIONS, _CHAINS, _BUDGETS))

    def decide(token: str) -> bool:
        started, now = perf_counter(), int(time())
        agent = raw.find_agent(sha256(token.encode()).hexdigest())
        allowed = False
        if agent is not None and agent[5] == "active" and (agent[8] is None or agent[8] > now):
            if complete and (raw.fetch(chains, (agent[0],)) or raw.fetch(budgets, (agent[0], agent[1], ""))):
                raise WrongResult("the loop knows neither delegations nor budgets")
            allowed = any(covers(row[1], _read(row[2])) for row in raw.fetch(permissions, (agent[0],)))
        microseconds = round((perf_counter() - started) * 1_000_000)
        row = (
            *(str(uuid7()), "" if agent is None else agent[0], "" if agent is None else agent[1]),
            *(CALL["action"], RESOURCE, json.dumps(CALL["arguments"]), "allowed" if allowed else "denied"),
            *(None if allowed else "no_permission", None, None, None, microseconds // 1000, microseconds, None),
            *(CALL["ip"], CALL["user_agent"], now),
        )
        record(row, allowed)
        return allowed

    return decide


def covers(pattern: str, actions: Iterable[str]) -> bool:
    """Say whether a permission allows the call."""
    if not {CALL["action"], "*"} & set(actions):
        return False
    wanted, parts = RESOURCE.split(":"), pattern.split(":")
    return len(parts) == len(wanted) and all(part in ("*", one) for part, one in zip(parts, wanted, strict=True))


def _folded(stored: Any, allowed: bool, now: int) -> tuple[int, str]:
    """Return the score that follows from a decision, and the sums that it is kept in, which halve in a week."""
    sums = {"calls": 0.0, "denied": 0.0, "at": now} if stored is None else _read(stored)
    fade = 0.5 ** ((now - sums["at"]) / _HALF_LIFE)
    calls, denied = sums["calls"] * fade + 1, sums["denied"] * fade + (not allowed)
    score = round(79 * (1 - min(1.0, denied / (calls + 20) / 0.2)))
    return score, json.dumps({"calls": calls, "denied": denied, "at": now})


def _read(value: Any) -> Any:
    """Return a JSON value: psycopg has read it already."""
    return json.loads(value) if isinstance(value, str) else value


def _mark(provider: Provider) -> str:
    return "?" if provider == "sqlite" else "%s"
