"""Purge: remove what has expired from every table, a batch at a time, so that no statement holds many rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from kavach_core.engine._async.holding import purge_async_unheld
from kavach_core.engine.settings import HOUR
from kavach_core.errors import InvalidInput
from kavach_core.storage import AsyncStorage

_MAX_BATCH: Final = 100_000

_LATE: Final = timedelta(seconds=2 * HOUR)
"""After which calls count for no limit, on the clock of a process that is an hour behind."""

_UNUSED: Final = ("pending", "approved", "expired")
"""What a request for approval is that let no call through and that nobody refused."""


async def purge_async_storage(storage: AsyncStorage, now: datetime, batch: int) -> dict[str, int]:
    """Delete what had expired at `now`, and return how many rows of each table there were.

    While a legal hold is in force, what says what agents were allowed stays.
    """
    if isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= _MAX_BATCH:
        raise InvalidInput(f"batch: must be an integer from 1 to {_MAX_BATCH}")
    removed = {}
    for table, purge in _purges(storage, now).items():
        removed[table] = 0
        while count := await purge(limit=batch):
            removed[table] += count
            if count < batch:
                break
    return removed


def _purges(storage: AsyncStorage, now: datetime) -> Mapping[str, Callable[..., Awaitable[int]]]:
    """Return the deletion of what has expired in each table, by the table's name."""
    return {
        "kavach_delegation_chains": partial(
            purge_async_unheld, storage, lambda s, limit: s.delete_expired_delegation_chains(now, limit=limit)
        ),
        "kavach_approval_requests": partial(
            purge_async_unheld,
            storage,
            lambda s, limit: s.delete_expired_approval_requests(now, statuses=_UNUSED, limit=limit),
        ),
        "kavach_rate_limits": partial(storage.delete_rate_limits_before, now - _LATE),
        "kavach_ephemeral_sessions": partial(
            purge_async_unheld, storage, lambda s, limit: s.delete_expired_ephemeral_sessions(now, limit=limit)
        ),
        "kavach_sessions": partial(storage.delete_expired_sessions, now),
        "kavach_api_keys": partial(storage.delete_expired_api_keys, now),
        "kavach_service_tokens": partial(storage.delete_expired_service_tokens, now),
        "kavach_magic_links": partial(storage.delete_expired_magic_links, now),
        "kavach_email_otps": partial(storage.delete_expired_email_otps, now),
        "kavach_phone_verifications": partial(storage.delete_expired_phone_verifications, now),
        "kavach_one_time_tokens": partial(storage.delete_expired_one_time_tokens, now),
        "kavach_passkey_challenges": partial(storage.delete_expired_passkey_challenges, now),
        "kavach_trusted_devices": partial(storage.delete_expired_trusted_devices, now),
        "kavach_jwt_refresh_tokens": partial(storage.delete_expired_jwt_refresh_tokens, now),
        "kavach_oauth_authorization_codes": partial(storage.delete_expired_oauth_authorization_codes, now),
        "kavach_oauth_access_tokens": partial(storage.delete_expired_oauth_access_tokens, now),
        "kavach_oidc_auth_codes": partial(storage.delete_expired_oidc_auth_codes, now),
        "kavach_oidc_refresh_tokens": partial(storage.delete_expired_oidc_refresh_tokens, now),
        "kavach_org_invitations": partial(storage.delete_expired_org_invitations, now),
    }
