"""Signed webhooks, tried again where the receiver does not answer: approvals, the audit trail, events."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from uuid_utils import uuid7

from kavach_core.certificates import trusted_certificates
from kavach_core.engine.callbacks import AsyncApprovalCallback, AsyncAuditSender
from kavach_core.engine.hooks import AsyncHooks, HookedCall
from kavach_core.engine.signing import read_secret, sign_webhook
from kavach_core.engine.values import Agent, Approval, AuthorizeResult
from kavach_core.errors import ConfigurationError, DeliveryError, MissingDependency
from kavach_schema.records import AuditLog

if TYPE_CHECKING:
    import httpx2

logger = logging.getLogger("kavach")


def create_async_approval_webhook(
    *, url: str, secret: str, tries: int = 3, timeout: float = 5.0, pause: float = 0.5
) -> AsyncApprovalCallback:
    """Return a callback for `on_approval_request` that posts each request to `url` as JSON, signed with `secret`.

    The body is `{"type": "approval.requested", "timestamp": ..., "data": {...}}`. Any answer of 2xx is success. All
    else is tried again, `tries` times in all, `timeout` seconds each, after a pause that doubles, from `pause` seconds
    on. What fails in the end is logged: the request stands, and `list_pending` has it. Redirects are not followed.

    Raises `ConfigurationError` for a malformed secret, and `MissingDependency` without httpx2.
    """
    webhook = AsyncWebhook(url, secret, tries, timeout, pause)

    async def send(request: Approval) -> None:
        if not await webhook.deliver("approval.requested", request.id, request.model_dump_json()):
            logger.warning("approval: the webhook failed %d times; the request is stored", tries)

    return send


def create_async_audit_webhook(
    *, url: str, secret: str, tries: int = 3, timeout: float = 5.0, pause: float = 0.5
) -> AsyncAuditSender:
    """Return what `audit.stream` sends rows with: it posts them to `url` as JSON, signed with `secret`.

    The body is `{"type": "audit.recorded", "timestamp": ..., "data": [...]}`; the same rows have the same `webhook-id`.
    As `create_async_approval_webhook` in all else, but what fails in the end is a `DeliveryError`.
    """
    webhook = AsyncWebhook(url, secret, tries, timeout, pause)

    async def send(rows: Sequence[AuditLog]) -> None:
        data = "[" + ",".join(row.model_dump_json() for row in rows) + "]"
        same = hashlib.sha256("\n".join(row.id for row in rows).encode()).hexdigest()
        if not await webhook.deliver("audit.recorded", same, data):
            raise DeliveryError(f"the webhook failed {tries} times; the rows are still to be delivered")

    return send


def create_async_event_webhook(
    *, url: str, secret: str, tries: int = 3, timeout: float = 5.0, pause: float = 0.5
) -> AsyncHooks:
    """Return hooks that post `agent.created`, `agent.revoked` and `violation` to `url` as JSON, signed with `secret`.

    Of an agent `data` is the agent without its token, of a violation `{"call": {...}, "result": {...}}`. As
    `create_async_approval_webhook` in all else: what fails in the end is logged, and is not sent again.
    """
    webhook = AsyncWebhook(url, secret, tries, timeout, pause)

    async def send(kind: str, data: str) -> None:
        if not await webhook.deliver(kind, str(uuid7()), data):
            raise DeliveryError(f"the webhook failed {tries} times")

    async def created(agent: Agent) -> None:
        await send("agent.created", agent.model_dump_json(exclude={"token"}))

    async def revoked(agent: Agent) -> None:
        await send("agent.revoked", agent.model_dump_json(exclude={"token"}))

    async def violated(call: HookedCall, result: AuthorizeResult) -> None:
        await send("violation", json.dumps({"call": asdict(call), "result": result.model_dump(mode="json")}))

    return {"agent_created": created, "agent_revoked": revoked, "violation": violated}


class AsyncWebhook:
    """Where webhooks go, and how often each is tried."""

    _failure: type[httpx2.HTTPError]

    def __init__(self, url: str, secret: str, tries: int, timeout: float, pause: float) -> None:
        """Check the settings; raises `ConfigurationError`, and `MissingDependency` without httpx2."""
        try:
            import httpx2
        except ImportError as error:
            raise MissingDependency("webhooks need httpx2; run: pip install 'kavach-core[webhooks]'") from error
        if not url.startswith(("https://", "http://")):
            raise ConfigurationError("the url of a webhook begins with https:// or http://")
        if tries < 1:
            raise ConfigurationError("a webhook is tried once at least; set tries to 1 or more")
        self._failure = httpx2.HTTPError
        self._certificates = trusted_certificates()
        self._url = url
        self._key = read_secret(secret)
        self._tries = tries
        self._timeout = timeout
        self._pause = pause

    async def deliver(self, kind: str, message_id: str, data: str) -> bool:
        """Send JSON until it is accepted, signed anew each time, and tell whether it was."""
        import httpx2

        async with httpx2.AsyncClient(
            verify=self._certificates, timeout=self._timeout, follow_redirects=False
        ) as client:
            for number in range(self._tries):
                if number:
                    await asyncio.sleep(self._pause * 2 ** (number - 1))
                now = datetime.now(UTC)
                body = f'{{"type":"{kind}","timestamp":"{now.isoformat()}","data":{data}}}'.encode()
                headers = {"content-type": "application/json", **sign_webhook(self._key, message_id, body, now)}
                try:
                    answer = await client.post(self._url, content=body, headers=headers)
                except self._failure as error:
                    logger.info("%s: the webhook failed with %s", kind, type(error).__name__)
                    continue
                if answer.is_success:
                    return True
        return False
