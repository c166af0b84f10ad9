"""Budgets: what agents may use in a day or a month, charged in the transaction of each decision.

What is used is counted in rows of a policy, a limit and a window, so nothing is reset: a new window is a new row. Rows
are written in one order for all, the policies' ids and then their limits, and stay locked until the transaction ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import JsonValue
from uuid_utils import uuid7

from kavach_core.engine._async.agents import revoke_async_agent
from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine.budgeting import (
    BudgetLimitsLike,
    action_of,
    check_value,
    limits_of,
    places_in,
    places_of,
    policy_place,
    policy_value,
    stored_limits,
)
from kavach_core.engine.reading import Clock, check, plain
from kavach_core.engine.values import BudgetCheck, BudgetPolicy, CostEvent
from kavach_core.errors import InvalidInput, NotFoundError
from kavach_core.policy.budgets import METRICS, PERIODS, Charge, Metric, Place, demands_of, judge, subject_of
from kavach_core.storage import AsyncStorage
from kavach_core.storage.values import MAX_INTEGER
from kavach_schema import records
from kavach_schema.inputs import BudgetPolicyChanges
from kavach_schema.model import UNSET, Unset
from kavach_schema.tables.agents import BUDGET_POLICIES, COST_EVENTS

_PAGE: Final = 1000
_SUBJECTS: Final = 500
"""Subjects that one statement names."""


async def charge_async_call(
    storage: AsyncStorage, agent: records.Agent, tokens_cost: int | None, now: datetime
) -> Charge:
    """Charge a call to all budgets of its agent, or to none where one of them refuses; revoke the agent if one says so.

    MUST run in the transaction of the decision.
    """
    demands = demands_of(tokens_cost)
    added: list[Place] = []
    passed: list[Place] = []
    for place in places_of(await _policies_of(storage, agent), now):
        demand = demands[place.metric]
        warns = place.action == "warn"
        row = await _add(storage, place, demand.added, MAX_INTEGER if warns else place.ceiling(demand))
        if row is not None:
            added.append(place)
        if row is None or not place.fits(row.count - demand.added, demand):
            passed.append(place)
    charge = judge(passed)
    if charge.code is not None:
        for place in added:
            if demands[place.metric].added:
                await _add(storage, place, -demands[place.metric].added)
    if charge.revokes:
        await revoke_async_agent(storage, agent.id, now)
    return charge


class AsyncBudgets:
    """The budgets of a Kavach."""

    def __init__(self, storage: AsyncStorage, clock: Clock) -> None:
        """Use a storage."""
        self._storage = storage
        self._clock = clock

    async def create(
        self,
        *,
        limits: BudgetLimitsLike,
        action: str = "warn",
        agent_id: str | None = None,
        user_id: str | None = None,
        tenant_id: str | None = None,
        id: str | None = None,
    ) -> BudgetPolicy:
        """Limit what agents use from now on, and return the policy.

        It holds for agents that are `agent_id`, belong to the owner `user_id` and to the tenant `tenant_id`, as far as
        these are named; together, all of them count on it. `action` is "warn", "throttle", "block" or "revoke".

        Raises `InvalidInput`, `NotFoundError` where there is no such agent, and `ConflictError` where `id` is taken.
        """
        read, action = limits_of(limits), action_of(action)
        if "" in (id, agent_id, user_id, tenant_id):
            raise InvalidInput("id, agent_id, user_id and tenant_id must not be empty; leave out what is not meant")
        policy_id = str(uuid7()) if id is None else id
        check(BUDGET_POLICIES, id=policy_id, agent_id=agent_id, user_id=user_id, tenant_id=tenant_id)
        now = self._clock()

        async def work(storage: AsyncStorage) -> records.BudgetPolicy:
            if agent_id is not None and await storage.find_agent_by_id(agent_id) is None:
                raise NotFoundError("no agent has this id")
            return await storage.create_budget_policy(
                id=policy_id,
                agent_id=agent_id,
                user_id=user_id,
                tenant_id=tenant_id,
                limits=stored_limits(read),
                current_usage={},
                action=action,
                created_at=now,
            )

        return policy_value(await run_async_transaction(self._storage, work), {}, now)

    async def get(self, policy_id: str) -> BudgetPolicy | None:
        """Return the policy with this id and what was used of it until now, or None."""
        row = await self._storage.find_budget_policy(policy_id)
        return None if row is None else (await _shown(self._storage, [row], self._clock()))[0]

    async def list(
        self,
        *,
        agent_id: str | None = None,
        user_id: str | None = None,
        tenant_id: str | None = None,
        limit: int = 100,
        after: BudgetPolicy | None = None,
    ) -> list[BudgetPolicy]:
        """Return policies by creation, oldest first, at most `limit` of them (1 to 1000), with what was used until now.

        Those that name this agent, owner or tenant; one that is None does not apply. For the next page pass the last
        policy as `after`. Raises `InvalidInput`.
        """
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _PAGE:
            raise InvalidInput(f"limit: must be an integer from 1 to {_PAGE}; pass the last policy as after")
        rows = await self._storage.list_budget_policies(
            agent_id=agent_id, user_id=user_id, tenant_id=tenant_id, limit=limit, after=policy_place(after)
        )
        return await _shown(self._storage, rows, self._clock())

    async def update(
        self,
        policy_id: str,
        *,
        limits: BudgetLimitsLike | Unset = UNSET,
        action: str | Unset = UNSET,
        status: str | Unset = UNSET,
    ) -> BudgetPolicy:
        """Change what is given, and return the policy; limits are replaced as a whole.

        A limit that is new counts from now on. `status` is "active" or "disabled": a disabled policy counts nothing and
        refuses nothing.

        Raises `NotFoundError` and `InvalidInput`.
        """
        changes: BudgetPolicyChanges = {}
        if limits is not UNSET:
            changes["limits"] = stored_limits(limits_of(limits))
        if action is not UNSET:
            changes["action"] = action_of(action)
        if status is not UNSET:
            if status not in ("active", "disabled"):
                raise InvalidInput("status: use active or disabled")
            changes["status"] = status
        row = await self._storage.update_budget_policy(policy_id, **changes)
        if row is None:
            raise _missing()
        return (await _shown(self._storage, [row], self._clock()))[0]

    async def reset(self, policy_id: str) -> BudgetPolicy:
        """Forget what was used of a policy until now, and return it. Raises `NotFoundError`."""

        async def work(storage: AsyncStorage) -> records.BudgetPolicy:
            row = await storage.update_budget_policy(policy_id, current_usage={})
            if row is None:
                raise _missing()
            await _forget(storage, policy_id)
            return row

        return policy_value(await run_async_transaction(self._storage, work), {}, self._clock())

    async def delete(self, policy_id: str) -> None:
        """Delete a policy. Raises `NotFoundError`."""

        async def work(storage: AsyncStorage) -> None:
            if not await storage.delete_budget_policy(policy_id):
                raise _missing()
            await _forget(storage, policy_id)

        await run_async_transaction(self._storage, work)

    async def check(self, agent_id: str, *, tokens_cost: int | None = None) -> BudgetCheck:
        """Return what the budgets would say of a call of an agent now; nothing is counted.

        Raises `NotFoundError` and `InvalidInput`.
        """
        _refuse_negative(tokens_cost=tokens_cost)
        agent = await _find_agent(self._storage, agent_id)
        demands = demands_of(tokens_cost)
        counting = places_of(await _policies_of(self._storage, agent), self._clock())
        counts = await _counts(self._storage, counting)
        return check_value(
            place
            for place in counting
            if not place.fits(counts.get((place.subject, place.start), 0), demands[place.metric])
        )

    async def record_usage(
        self,
        agent_id: str,
        *,
        tool: str,
        input_tokens: int = 0,
        output_tokens: int = 0,
        cost_micros: int = 0,
        currency: str = "USD",
        metadata: Mapping[str, JsonValue] | None = None,
        delegation_chain_id: str | None = None,
    ) -> CostEvent:
        """Record what a call has cost after the fact, add it to the budgets of the agent, and return the record.

        `cost_micros` is in millionths of the currency, of which budgets know one only. Nothing is refused here: a
        budget that is spent by it refuses the next call. Tokens that `authorize` was told of MUST NOT be told again.

        Raises `NotFoundError` and `InvalidInput`.
        """
        _refuse_negative(input_tokens=input_tokens, output_tokens=output_tokens, cost_micros=cost_micros)
        check(COST_EVENTS, agent_id=agent_id, tool=tool, currency=currency, delegation_chain_id=delegation_chain_id)
        described = plain(metadata, "metadata")
        used: dict[Metric, int] = {"calls": 0, "tokens_cost": input_tokens + output_tokens, "cost_micros": cost_micros}
        now = self._clock()

        async def work(storage: AsyncStorage) -> records.CostEvent:
            agent = await _find_agent(storage, agent_id)
            for place in places_of(await _policies_of(storage, agent), now):
                if used[place.metric]:
                    await _add(storage, place, used[place.metric])
            return await storage.create_cost_event(
                id=str(uuid7()),
                agent_id=agent_id,
                tool=tool,
                input_tokens=input_tokens,
                output_tokens=output_tokens,
                cost_micros=cost_micros,
                currency=currency,
                metadata=described,
                delegation_chain_id=delegation_chain_id,
                recorded_at=now,
            )

        return CostEvent(**dict(await run_async_transaction(self._storage, work)))


async def _shown(storage: AsyncStorage, rows: Sequence[records.BudgetPolicy], now: datetime) -> list[BudgetPolicy]:
    counts = await _counts(storage, [place for row in rows for place in places_in(row, now)])
    return [policy_value(row, counts, now) for row in rows]


async def _policies_of(storage: AsyncStorage, agent: records.Agent) -> list[records.BudgetPolicy]:
    return await storage.find_budget_policies_for(
        agent_id=agent.id, user_id=agent.owner_id, tenant_id=agent.tenant_id or ""
    )


async def _add(storage: AsyncStorage, place: Place, amount: int, limit: int | None = None) -> records.Counter | None:
    return await storage.increment_counter(
        id=str(uuid7()), subject=place.subject, window_start=place.start, count=amount, limit=limit
    )


async def _counts(storage: AsyncStorage, counting: Sequence[Place]) -> dict[tuple[str, datetime], int]:
    """Return what is counted in these places, by subject and window."""
    found: dict[tuple[str, datetime], int] = {}
    since = min((place.start for place in counting), default=None)
    for first in range(0, len(counting), _SUBJECTS):
        subjects = [place.subject for place in counting[first : first + _SUBJECTS]]
        for row in await storage.find_counters_by_subjects(subjects, since=since):
            found[row.subject, row.window_start] = row.count
    return found


async def _forget(storage: AsyncStorage, policy_id: str) -> None:
    for metric in METRICS:
        for period in PERIODS:
            await storage.delete_counters(subject_of(policy_id, metric, period))


async def _find_agent(storage: AsyncStorage, agent_id: str) -> records.Agent:
    agent = await storage.find_agent_by_id(agent_id)
    if agent is None:
        raise NotFoundError("no agent has this id")
    return agent


def _refuse_negative(**amounts: int | None) -> None:
    for name, amount in amounts.items():
        if amount is not None and (isinstance(amount, bool) or not isinstance(amount, int) or amount < 0):
            raise InvalidInput(f"{name}: must be an integer of 0 or more")


def _missing() -> NotFoundError:
    return NotFoundError("no budget policy has this id")
