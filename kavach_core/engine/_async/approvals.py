"""Approvals: a person's consent to one call of an agent, asked for, given and spent once.

A request is bound to an agent, an action, a resource and the arguments, by a digest of them which is part of its id.
For each such call at most one request is open: a row in the table of counters, locked by whoever looks, holds the
number of the latest one, 0 before the first.

Arguments come here without secrets: who answers does not see them, and calls that differ in them only are one call.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue
from uuid_utils import uuid7

from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine.approving import approval_status, approval_value, digest, refuse_answer, settled
from kavach_core.engine.callbacks import AsyncApprovalCallback
from kavach_core.engine.reading import Clock, agent_status, check, plain, storable
from kavach_core.engine.settings import ALWAYS, Rules
from kavach_core.engine.values import Approval
from kavach_core.errors import ApprovalError, BackendUnavailable, InactiveAgentError, InvalidInput, NotFoundError
from kavach_core.policy.constraints import Call
from kavach_core.storage import AsyncStorage
from kavach_schema import records
from kavach_schema.tables.agents import APPROVAL_REQUESTS

logger = logging.getLogger("kavach")

_PAGE: Final = 1000


class AsyncApprovals:
    """The requests for approval of a Kavach."""

    def __init__(
        self, storage: AsyncStorage, rules: Rules, clock: Clock, on_request: AsyncApprovalCallback | None
    ) -> None:
        """Use a storage under rules; `on_request` is called for each new request, after it is committed."""
        self._storage = storage
        self._rules = rules
        self._clock = clock
        self._on_request = on_request

    async def request(
        self, agent_id: str, *, action: str, resource: str, arguments: Mapping[str, JsonValue] | None = None
    ) -> Approval:
        """Ask for approval of a call before it is made, and return the request; an open one for the call is found.

        `authorize` does the same where it denies with `approval_required`. Raises `NotFoundError`,
        `InactiveAgentError` for a revoked or expired agent, and `InvalidInput`.
        """
        check(APPROVAL_REQUESTS, action=action, resource=resource)
        described = storable(arguments, self._rules.redact)
        now = self._clock()

        async def work(storage: AsyncStorage) -> tuple[records.ApprovalRequest, bool]:
            agent = await storage.find_agent_by_id(agent_id)
            if agent is None:
                raise NotFoundError("no agent has this id")
            if (status := agent_status(agent, now)) != "active":
                raise InactiveAgentError(f"the agent is {status}; only an active one can ask for approval")
            return await self.find_or_create(storage, agent, Call(action, resource, now, described))

        row, new = await run_async_transaction(self._storage, work)
        if new:
            await self.announce(row)
        return approval_value(row, now)

    async def get(self, request_id: str) -> Approval | None:
        """Return the request with this id, whatever its status, or None."""
        row = await self._storage.find_approval_request(request_id)
        return None if row is None else approval_value(row, self._clock())

    async def list_pending(
        self,
        agent_id: str | None = None,
        *,
        user_id: str | None = None,
        limit: int = 100,
        after: Approval | None = None,
    ) -> list[Approval]:
        """Return requests that wait for an answer by creation, oldest first, of an agent or of an owner's, or all.

        `after` is the last one of the page before.
        """
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _PAGE:
            raise InvalidInput(f"limit: must be an integer from 1 to {_PAGE}")
        now = self._clock()
        found: list[Approval] = []
        last = None if after is None else records.ApprovalRequest(**after.model_dump())
        while len(found) < limit:
            page = await self._storage.list_pending_approvals(agent_id, user_id=user_id, limit=_PAGE, after=last)
            found += [approval_value(row, now) for row in page if approval_status(row, now) == "pending"]
            if len(page) < _PAGE:
                break
            last = page[-1]
        return found[:limit]

    async def approve(self, request_id: str, *, by: str) -> Approval:
        """Consent to a call as the person `by`, and return the request: one such call is let through before it expires.

        The host MUST know who `by` is. Of several answers exactly one is given. Raises `NotFoundError`, and
        `ApprovalError` where the request is answered or expired, or where `by` is an agent.
        """
        return await self._answer(request_id, "approved", by)

    async def deny(self, request_id: str, *, by: str) -> Approval:
        """Refuse a call as the person `by`, and return the request: such calls are denied until it expires.

        As `approve` in all else.
        """
        return await self._answer(request_id, "denied", by)

    async def cleanup(self) -> int:
        """Store that requests whose time has come without an answer are expired, and return how many there were."""
        now = self._clock()
        marked = 0
        last = None
        while page := await self._storage.list_pending_approvals(limit=_PAGE, after=last):
            last = page[-1]
            for row in page:
                if approval_status(row, now) == "expired":
                    changed = await self._storage.update_approval_request(
                        row.id, expected_status="pending", status="expired"
                    )
                    marked += changed is not None
        return marked

    async def find_or_create(
        self, storage: AsyncStorage, agent: records.Agent, call: Call
    ) -> tuple[records.ApprovalRequest, bool]:
        """Return the request that stands for a call, and whether it is new; MUST run in a transaction."""
        bound = digest(agent.id, call.action, call.resource, call.arguments)
        if number := await self._number(storage, agent.id, bound, 0):
            row = await self._latest(storage, agent, f"{bound}-{number}")
            if row is not None and not settled(row, call.now):
                return row, False
        number = await self._number(storage, agent.id, bound, 1)
        created = await storage.create_approval_request(
            id=f"{bound}-{number}",
            agent_id=agent.id,
            user_id=agent.owner_id,
            action=call.action,
            resource=call.resource,
            arguments=plain(call.arguments, "arguments"),
            expires_at=call.now + self._rules.approval_lifetime,
            created_at=call.now,
        )
        return created, True

    async def use(self, storage: AsyncStorage, request: records.ApprovalRequest) -> bool:
        """Spend an approval, and tell whether it was there to be spent."""
        return await storage.update_approval_request(request.id, expected_status="approved", status="used") is not None

    async def give_back(self, storage: AsyncStorage, request: records.ApprovalRequest) -> None:
        """Undo `use` in the same transaction, for a call that is denied in the end."""
        await storage.update_approval_request(request.id, expected_status="used", status="approved")

    async def announce(self, request: records.ApprovalRequest) -> None:
        """Tell the host of a new request; where that fails the request stands all the same."""
        if self._on_request is None:
            return
        try:
            await self._on_request(approval_value(request, self._clock()))
        except Exception as error:
            # Its message may quote the arguments, which may be secret.
            logger.warning("approval: on_approval_request failed with %s; the request is stored", type(error).__name__)

    async def _answer(self, request_id: str, status: str, by: str) -> Approval:
        check(APPROVAL_REQUESTS, user_id=by)
        now = self._clock()

        async def work(storage: AsyncStorage) -> records.ApprovalRequest:
            row = await storage.find_approval_request(request_id)
            if row is None:
                raise NotFoundError("no approval request has this id")
            refuse_answer(row, by, now, owner_only=self._rules.approvals.owner_only)
            if await storage.find_agent_by_id(by) is not None:
                raise ApprovalError("an agent cannot answer; pass the id of a person")
            answered = await storage.update_approval_request(
                request_id, expected_status="pending", status=status, responded_at=now, responded_by=by
            )
            if answered is None:
                raise ApprovalError("the request was answered meanwhile")
            return answered

        return approval_value(await run_async_transaction(self._storage, work), now)

    async def _latest(
        self, storage: AsyncStorage, agent: records.Agent, request_id: str
    ) -> records.ApprovalRequest | None:
        """Return the latest request for a call, or None where a purge has removed it: its id is not used again.

        One that was made after the host's transaction began to read is found by writing what it says already.
        """
        row = await storage.find_approval_request(request_id)
        return row or await storage.update_approval_request(request_id, user_id=agent.owner_id)

    async def _number(self, storage: AsyncStorage, agent_id: str, bound: str, step: int) -> int:
        """Lock the number of the latest request for a call, add to it, and return it."""
        row = await storage.increment_rate_limit(
            id=str(uuid7()), agent_id=agent_id, resource=f"approval:{bound}", window_start=ALWAYS, count=step
        )
        if row is None:
            raise BackendUnavailable("the storage refused to count a request without a limit", retryable=False)
        return row.count
