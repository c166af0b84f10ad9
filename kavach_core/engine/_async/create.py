"""Make a Kavach from settings, or around a storage that the host made."""

from __future__ import annotations

from collections.abc import Mapping

from kavach_core.engine._async.kavach import AsyncKavach
from kavach_core.engine.callbacks import AsyncApprovalCallback
from kavach_core.engine.hooks import AsyncHooks, read_hooks
from kavach_core.engine.opening import open_async_storage
from kavach_core.engine.reading import Clock, utc_now
from kavach_core.engine.settings import AgentSettings, ApprovalSettings, AuditSettings, DatabaseSettings, read_rules
from kavach_core.errors import ConfigurationError
from kavach_core.policy.resources import Wildcard
from kavach_core.storage import AsyncStorage


async def create_async_kavach(
    *,
    database: DatabaseSettings | Mapping[str, object] | None = None,
    storage: AsyncStorage | None = None,
    agents: AgentSettings | Mapping[str, object] | None = None,
    approvals: ApprovalSettings | Mapping[str, object] | None = None,
    audit: AuditSettings | Mapping[str, object] | None = None,
    on_approval_request: AsyncApprovalCallback | None = None,
    hooks: AsyncHooks | None = None,
    wildcard: Wildcard = "segment",
    clock: Clock = utc_now,
) -> AsyncKavach:
    """Return a Kavach on a database of its own settings, or on a storage that an adapter made.

    `database` is {"provider": "sqlite" | "postgres" | "mysql", "url": ..., "skip_migrations": False}: the SQLAlchemy
    adapter is loaded, missing tables are created, and `close` closes the connections. A `storage` stays the host's.
    `agents` are the settings of `AgentSettings`, `approvals` those of `ApprovalSettings`, `audit` those of
    `AuditSettings`. `on_approval_request` is called with each new request for approval once it is stored. `hooks`
    are called around decisions and agents; see `AsyncHooks`. `clock` returns the current moment as an aware datetime.

    Raises `ConfigurationError` (`MissingDependency` names the extra to install), `BackendUnavailable` and
    `SchemaMismatch`.
    """
    rules = read_rules(agents, wildcard, approvals, audit)
    listeners: AsyncHooks = {} if hooks is None else read_hooks(hooks)
    if (database is None) == (storage is None):
        raise ConfigurationError("pass either database={...} or storage=...")
    owned = storage is None
    if storage is None:
        storage = await open_async_storage(DatabaseSettings.read("database", database or {}))
    else:
        await storage.prepare_schema()
    return AsyncKavach(storage, rules, clock, on_approval_request, owned=owned, hooks=listeners)
