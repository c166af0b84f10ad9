"""The floor under asyncio: each driver alone, on one connection that stays open, in as few awaits as it takes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from bench.data import Row
from bench.databases import SESSION, Database, Provider
from bench.statements import statements


@dataclass(frozen=True, slots=True)
class AsyncRaw:
    """One connection and the calls that the benchmark makes on it."""

    driver: str
    find_agent: Callable[[str], Awaitable[Any]]
    insert_audit_log: Callable[[Row], Awaitable[object]]


def raw_async_driver(database: Database) -> AbstractAsyncContextManager[AsyncRaw]:
    """Open a connection of the provider's driver for asyncio."""
    return _OPEN[database.provider](database)


@asynccontextmanager
async def _aiosqlite(database: Database) -> AsyncIterator[AsyncRaw]:
    connect = import_module("aiosqlite").connect
    sql = statements("sqlite", "?")
    async with connect(database.path, isolation_level=None, timeout=30) as connection:
        for statement in SESSION["sqlite"]:
            await connection.execute_fetchall(statement)

        async def find_agent(token_hash: str) -> Any:
            # one hop to the connection's thread and back; execute() and fetchone() are two
            return (await connection.execute_fetchall(sql.find_agent, (token_hash,)))[0]

        yield AsyncRaw("aiosqlite", find_agent, lambda row: connection.execute_fetchall(sql.insert_audit_log, row))


@asynccontextmanager
async def _asyncpg(database: Database) -> AsyncIterator[AsyncRaw]:
    connection = await import_module("asyncpg").connect(database.url)
    sql = statements("postgres", "$")
    try:
        yield AsyncRaw(
            "asyncpg",
            lambda token_hash: connection.fetchrow(sql.find_agent, token_hash),
            lambda row: connection.execute(sql.insert_audit_log, *row),
        )
    finally:
        await connection.close()


@asynccontextmanager
async def _asyncmy(database: Database) -> AsyncIterator[AsyncRaw]:
    found_rows = import_module("asyncmy.constants.CLIENT").FOUND_ROWS  # as SQLAlchemy asks for
    connection = await import_module("asyncmy").connect(
        **database.address, charset="utf8mb4", autocommit=True, client_flag=found_rows
    )
    sql = statements("mysql", "%s")

    async def find_agent(token_hash: str) -> Any:
        cursor = connection.cursor()
        await cursor.execute(sql.find_agent, (token_hash,))
        return await cursor.fetchone()

    async def insert_audit_log(row: Row) -> None:
        await connection.cursor().execute(sql.insert_audit_log, row)

    for statement in SESSION["mysql"]:
        await connection.cursor().execute(statement)
    try:
        yield AsyncRaw("asyncmy", find_agent, insert_audit_log)
    finally:
        await connection.ensure_closed()


_OPEN: Final[dict[Provider, Callable[[Database], AbstractAsyncContextManager[AsyncRaw]]]] = {
    "sqlite": _aiosqlite,
    "postgres": _asyncpg,
    "mysql": _asyncmy,
}
