"""A signed webhook for each new request for approval, tried again where the receiver does not answer."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kavach_core.engine.callbacks import AsyncApprovalCallback
from kavach_core.engine.signing import read_secret, sign_webhook
from kavach_core.engine.values import Approval
from kavach_core.errors import ConfigurationError, MissingDependency

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger("kavach")


def create_async_approval_webhook(
    *, url: str, secret: str, tries: int = 3, timeout: float = 5.0, pause: float = 0.5
) -> AsyncApprovalCallback:
    """Return a callback for `on_approval_request` that posts each request to `url` as JSON, signed with `secret`.

    The body is `{"type": "approval.requested", "timestamp": ..., "data": {...}}`. Any answer of 2xx is success. All
    else is tried again, `tries` times in all, `timeout` seconds each, after a pause that doubles, from `pause` seconds
    on. What fails in the end is logged: the request stands, and `list_pending` has it. Redirects are not followed.

    Raises `ConfigurationError` for a malformed secret, and `MissingDependency` without httpx.
    """
    try:
        import httpx
    except ImportError as error:
        raise MissingDependency("webhooks need httpx; run: pip install 'kavach-core[webhooks]'") from error
    if not url.startswith(("https://", "http://")):
        raise ConfigurationError("the url of a webhook begins with https:// or http://")
    if tries < 1:
        raise ConfigurationError("a webhook is tried once at least; set tries to 1 or more")
    key = read_secret(secret)

    async def send(request: Approval) -> None:
        async with httpx.AsyncClient(timeout=timeout, follow_redirects=False) as client:
            for number in range(tries):
                if number:
                    await asyncio.sleep(pause * 2 ** (number - 1))
                if await _post(client, url, key, request):
                    return
        logger.warning("approval: the webhook failed %d times; the request is stored", tries)

    return send


async def _post(client: httpx.AsyncClient, url: str, key: bytes, request: Approval) -> bool:
    """Send one webhook, signed anew, and tell whether it was accepted."""
    import httpx

    now = datetime.now(UTC)
    data = request.model_dump_json()
    body = f'{{"type":"approval.requested","timestamp":"{now.isoformat()}","data":{data}}}'.encode()
    headers = {"content-type": "application/json", **sign_webhook(key, request.id, body, now)}
    try:
        answer = await client.post(url, content=body, headers=headers)
    except httpx.HTTPError as error:
        logger.info("approval: the webhook failed with %s", type(error).__name__)
        return False
    return answer.is_success
