"""What there is to know about a generated client without asking its engine.

Each generated package has classes of its own, and several may be in one process: clients are known by their face.
"""

from __future__ import annotations

import inspect
from collections.abc import Coroutine
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

from kavach_core.errors import ConfigurationError
from kavach_core.storage.capabilities import Capabilities
from kavach_core.storage.sql import ParamStyle, SqlDialect
from kavach_schema.render.ddl import Flavour, Naming


class SyncClient(Protocol):
    """A client that was generated with `interface = "sync"`, or what its `tx()` yields."""

    def is_transaction(self) -> bool:
        """Tell whether this is what `tx()` yields."""
        ...

    def disconnect(self) -> None:
        """End the engine."""
        ...


class AsyncClient(Protocol):
    """A client that was generated with `interface = "asyncio"`, or what its `tx()` yields."""

    def is_transaction(self) -> bool:
        """Tell whether this is what `tx()` yields."""
        ...

    def disconnect(self) -> Coroutine[Any, Any, None]:
        """End the engine."""
        ...


_FLAVOURS: Final[dict[str, Flavour]] = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
}
_PARAMSTYLES: Final[dict[Flavour, ParamStyle]] = {
    "sqlite": "qmark",
    "postgresql": "numeric_dollar",
    "mysql": "qmark",
    "mariadb": "qmark",
}

_mysql_flavours: WeakKeyDictionary[object, Flavour] = WeakKeyDictionary()
"""Whether the server behind an engine is a MySQL or a MariaDB."""


def require_client(client: object, naming: Naming) -> None:
    """Refuse what is no client, or one for a database that Kavach does not run on."""
    provider = getattr(client, "_active_provider", None)
    if provider is None or not hasattr(client, "query_raw"):
        raise ConfigurationError(
            f"create_prisma_adapter() takes a client of prisma-client-py or its tx, not {type(client).__name__}"
        )
    if provider not in _FLAVOURS:
        raise ConfigurationError(f"kavach runs on sqlite, postgresql and mysql, not on {provider}")
    if naming.schema and _FLAVOURS[provider] != "postgresql":
        raise ConfigurationError(f"{provider} has no schemas; leave out schema=..., and use prefix=...")


def require_transaction(handle: object, naming: Naming, *, asyncio: bool) -> None:
    """Refuse what is no transaction of a client of this colour."""
    require_client(handle, naming)
    if not is_transaction(handle):
        raise ConfigurationError("using() takes what client.tx() yields, not the client itself")
    if is_asyncio(handle) is not asyncio:
        raise ConfigurationError("the storage and the transaction must be both sync or both asyncio")


def is_asyncio(client: Any) -> bool:
    """Tell the colour of a client."""
    return inspect.iscoroutinefunction(client.query_raw)


def is_transaction(client: Any) -> bool:
    """Tell whether a client is what `tx()` yields."""
    return bool(client.is_transaction())


def known_flavour(client: Any) -> Flavour | None:
    """Return the kind of a client's database, or None for a server that must be asked for its version."""
    flavour = _FLAVOURS[client._active_provider]
    return _mysql_flavours.get(client._engine) if flavour == "mysql" else flavour


def learn_flavour(client: Any, version: str) -> Flavour:
    """Remember for an engine what `SELECT VERSION()` said, and return the kind."""
    flavour: Flavour = "mariadb" if "MariaDB" in version else "mysql"
    _mysql_flavours[client._engine] = flavour
    return flavour


def sql_dialect(flavour: Flavour, naming: Naming) -> SqlDialect:
    """Describe a database as Prisma's raw queries want it."""
    return SqlDialect(flavour, _PARAMSTYLES[flavour], naming)


def capabilities_of(client: Any) -> Capabilities:
    """Return what a storage on a client offers."""
    flavour = _FLAVOURS[client._active_provider]
    return Capabilities(
        transactions=True,
        savepoints=True,
        joins_host=True,
        concurrent_writers=flavour != "sqlite",
        returning=flavour != "mysql",
    )
