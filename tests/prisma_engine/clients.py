"""Generated clients for the tests of the engine: a host's schema, its tables, and one face for both interfaces."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from inspect import isawaitable
from types import ModuleType
from typing import Any, Literal

import prisma_setup
from database_fixture import Database, Provider
from kavach_schema.render.prisma import Provider as PrismaProvider

PRISMA_PROVIDERS: dict[Provider, PrismaProvider] = {"sqlite": "sqlite", "postgres": "postgresql", "mysql": "mysql"}

SCHEMA = """datasource db {{
  provider = "{provider}"
  url      = env("PRISMA_TEST_URL")
}}

model Item {{
  id      String    @id{text}
  email   String?   @unique{text}
  note    String?{long}
  n       Int       @default(0)
  big     BigInt?
  ratio   Float?
  price   Decimal?{decimal}
  active  Boolean   @default(false)
  at      DateTime?
  raw     Bytes?
  data    {json}?
  ownerId String?{text}
  owner   Owner?    @relation(fields: [ownerId], references: [id], onDelete: Cascade)
}}

model Owner {{
  id    String @id{text}
  name  String @default(""){text}
  rank  Int    @default(0)
  items Item[]

  @@unique([name, rank])
}}
"""

TABLES: dict[Provider, tuple[str, ...]] = {
    "sqlite": (
        "CREATE TABLE \"Owner\" (id TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT '', rank INTEGER NOT NULL DEFAULT 0)",
        'CREATE TABLE "Item" (id TEXT PRIMARY KEY, email TEXT, note TEXT, n INTEGER NOT NULL DEFAULT 0, big BIGINT,'
        " ratio REAL, price DECIMAL, active BOOLEAN NOT NULL DEFAULT 0, at DATETIME, raw BLOB, data TEXT,"
        ' "ownerId" TEXT REFERENCES "Owner" ON DELETE CASCADE DEFERRABLE)',
        'CREATE UNIQUE INDEX "Item_email_key" ON "Item" (email)',
        'CREATE UNIQUE INDEX "Owner_name_rank_key" ON "Owner" (name, rank)',
    ),
    "postgres": (
        "CREATE TABLE \"Owner\" (id TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT '', rank INTEGER NOT NULL DEFAULT 0)",
        'CREATE TABLE "Item" (id TEXT PRIMARY KEY, email TEXT, note TEXT, n INTEGER NOT NULL DEFAULT 0, big BIGINT,'
        " ratio DOUBLE PRECISION, price DECIMAL(65, 30), active BOOLEAN NOT NULL DEFAULT FALSE, at TIMESTAMP(3),"
        ' raw BYTEA, data JSONB, "ownerId" TEXT REFERENCES "Owner" ON DELETE CASCADE DEFERRABLE)',
        'CREATE UNIQUE INDEX "Item_email_key" ON "Item" (email)',
        'CREATE UNIQUE INDEX "Owner_name_rank_key" ON "Owner" (name, rank)',
    ),
    "mysql": (
        "CREATE TABLE `Owner` (`id` VARCHAR(191) PRIMARY KEY, `name` VARCHAR(191) NOT NULL DEFAULT '',"
        " `rank` INTEGER NOT NULL DEFAULT 0) CHARSET utf8mb4 COLLATE utf8mb4_bin",
        "CREATE TABLE `Item` (`id` VARCHAR(191) PRIMARY KEY, `email` VARCHAR(191), `note` LONGTEXT,"
        " `n` INTEGER NOT NULL DEFAULT 0, `big` BIGINT, `ratio` DOUBLE, `price` DECIMAL(65, 30),"
        " `active` BOOLEAN NOT NULL DEFAULT FALSE, `at` DATETIME(3), `raw` LONGBLOB, `data` JSON,"
        " `ownerId` VARCHAR(191), FOREIGN KEY (`ownerId`) REFERENCES `Owner` (`id`) ON DELETE CASCADE)"
        " CHARSET utf8mb4 COLLATE utf8mb4_bin",
        "CREATE UNIQUE INDEX `Item_email_key` ON `Item` (`email`)",
        "CREATE UNIQUE INDEX `Owner_name_rank_key` ON `Owner` (`name`, `rank`)",
    ),
}


@dataclass(frozen=True)
class Client:
    """A connected client, the package that it was generated into, and its database."""

    prisma: Any
    package: ModuleType
    database: Database
    interface: prisma_setup.Interface

    @property
    def provider(self) -> Provider:
        return self.database.provider

    @property
    def errors(self) -> Any:
        return self.submodule("errors")

    @property
    def fields(self) -> Any:
        return self.submodule("fields")

    @property
    def engine_process(self) -> Any:
        return self.prisma._engine.process

    def submodule(self, name: str) -> Any:
        return importlib.import_module(f"{self.package.__name__}.{name}")

    def json(self, value: object) -> Any:
        return self.fields.Json(value)

    def quoted(self, name: str) -> str:
        return f"`{name}`" if self.provider == "mysql" else f'"{name}"'


def schema_for(provider: Provider) -> str:
    server = provider != "sqlite"
    return SCHEMA.format(
        provider=PRISMA_PROVIDERS[provider],
        json="Json" if server else "String",
        text=" @db.VarChar(191)" if provider == "mysql" else "",
        long=" @db.LongText" if provider == "mysql" else "",
        decimal=" @db.Decimal(65, 30)" if server else "",
    )


def package_for(provider: Provider, interface: prisma_setup.Interface, schema: str | None = None) -> ModuleType:
    """Import the package generated for a provider and an interface, generating it first where it is missing."""
    folder = prisma_setup.generate_client(schema or schema_for(provider), interface)
    sys.path.insert(0, str(folder.parent))
    try:
        return importlib.import_module(folder.name)
    finally:
        sys.path.remove(str(folder.parent))


def url_of(database: Database, **parameters: object) -> str:
    """Return the URL of a test's database as Prisma wants it."""
    url = f"file:{database.url.removeprefix('sqlite:///')}" if database.provider == "sqlite" else database.url
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return f"{url}?{query}" if query else url


def new_client(
    database: Database,
    interface: prisma_setup.Interface = "sync",
    *,
    url: str | None = None,
    connect_timeout: float = 20,
    **parameters: object,
) -> Client:
    """Return a client that is not connected yet."""
    package = package_for(database.provider, interface)
    found = package.Prisma(
        datasource={"url": url or url_of(database, **parameters)}, connect_timeout=timedelta(seconds=connect_timeout)
    )
    return Client(found, package, database, interface)


@contextmanager
def connected(database: Database, **options: Any) -> Iterator[Client]:
    """Yield a synchronous client; its engine ends with the context."""
    client = new_client(database, **options)
    client.prisma.connect()
    try:
        yield client
    finally:
        client.prisma.disconnect()


@contextmanager
def with_tables(database: Database, **options: Any) -> Iterator[Client]:
    """Yield a synchronous client on a database with the tables of its schema."""
    with connected(database, **options) as client:
        for statement in TABLES[database.provider]:
            client.prisma.execute_raw(statement)
        yield client


async def done(value: Any) -> Any:
    """Return what a call of either interface returns in the end."""
    return await value if isawaitable(value) else value


@asynccontextmanager
async def transaction(client: Client, **milliseconds: int) -> AsyncIterator[Any]:
    """Open a transaction of either interface; yield the client inside it."""
    manager = client.prisma.tx(**{name: timedelta(milliseconds=value) for name, value in milliseconds.items()})
    if client.interface == "sync":
        with manager as tx:
            yield tx
    else:
        async with manager as tx:
            yield tx


def alive(process_id: int) -> bool:
    """Tell whether a process exists and has not ended yet."""
    try:
        with open(f"/proc/{process_id}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children(process_id: int | Literal["self"] = "self") -> list[int]:
    """List the processes that a process has started and that have not ended."""
    own = os.getpid() if process_id == "self" else process_id
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as file:
                state, parent = file.read().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == own and state != "Z":
            found.append(int(entry))
    return found
