"""The one entry: a generated client, or a transaction of it, becomes a storage of the right colour."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, overload

from kavach_core.storage import AsyncStorage, Storage
from kavach_core.storage.sql import naming_of
from kavach_prisma._async.backend import AsyncClientBackend
from kavach_prisma._async.bound import AsyncBoundBackend
from kavach_prisma._client import AsyncClient, SyncClient, is_asyncio, is_transaction, require_client
from kavach_prisma._sync.backend import ClientBackend
from kavach_prisma._sync.bound import BoundBackend
from kavach_prisma._transaction import Limits
from kavach_schema.render.ddl import DEFAULT_PREFIX

MAX_WAIT: Final = timedelta(seconds=10)
TIMEOUT: Final = timedelta(seconds=30)


@overload
def create_prisma_adapter(
    client: AsyncClient,
    *,
    skip_migrations: bool = False,
    prefix: str = DEFAULT_PREFIX,
    schema: str | None = None,
    max_wait: timedelta = MAX_WAIT,
    timeout: timedelta = TIMEOUT,
) -> AsyncStorage: ...


@overload
def create_prisma_adapter(
    client: SyncClient,
    *,
    skip_migrations: bool = False,
    prefix: str = DEFAULT_PREFIX,
    schema: str | None = None,
    max_wait: timedelta = MAX_WAIT,
    timeout: timedelta = TIMEOUT,
) -> Storage: ...


def create_prisma_adapter(
    client: SyncClient | AsyncClient,
    *,
    skip_migrations: bool = False,
    prefix: str = DEFAULT_PREFIX,
    schema: str | None = None,
    max_wait: timedelta = MAX_WAIT,
    timeout: timedelta = TIMEOUT,
) -> Storage | AsyncStorage:
    """Return the storage on a generated client, or inside the transaction that `client.tx()` yields.

    The client MUST be connected before the first operation, and is never disconnected here. On a client each operation
    is a transaction of its own, and missing tables are created before the first one; with `skip_migrations` they are
    only checked. On a transaction the host decides: nothing is committed or rolled back here, and the tables MUST
    exist. `prefix` replaces `kavach_` in table names; `schema` is a PostgreSQL schema.

    `max_wait` and `timeout` are what Prisma allows a transaction that this storage begins: to get a connection, and
    from its beginning to its end. A host's own transaction has the limits that the host gave it.

    Raises `ConfigurationError` for any other object, a bad prefix, or a database that Kavach does not run on.
    """
    naming = naming_of(prefix, schema)
    require_client(client, naming)
    if is_transaction(client):
        if is_asyncio(client):
            return AsyncStorage(AsyncBoundBackend.joined(client, naming))
        return Storage(BoundBackend.joined(client, naming))
    limits = Limits(max_wait, timeout)
    if is_asyncio(client):
        return AsyncStorage(AsyncClientBackend(client, naming, limits, skip_migrations=skip_migrations))
    return Storage(ClientBackend(client, naming, limits, skip_migrations=skip_migrations))
