"""Statements sent through a client or a transaction of it, with raw queries; errors translated.

Raw queries and not the client's model methods: see docs/prisma.md for what those cannot do, and what each costs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from typing import Any, TypeVar, cast

from kavach_core.errors import (
    BackendUnavailable,
    KavachError,
    StorageError,
    TransactionAborted,
    TransactionContextLost,
)
from kavach_core.storage.sql import Plan, Planner, Request, Rows, SqlDialect, Steps, planner_for
from kavach_prisma._async.own import AsyncOwnTransaction
from kavach_prisma._client import known_flavour, learn_flavour, sql_dialect
from kavach_prisma._colour import start_uncancelled
from kavach_prisma._errors import LIMIT_PASSED, translated
from kavach_prisma._requests import read, written
from kavach_prisma._transaction import Limits, State, savepoints
from kavach_schema.model import Table
from kavach_schema.render.ddl import Naming

T = TypeVar("T")


async def make_async_link(client: Any, naming: Naming) -> AsyncLink:
    """Return the link to a connected client, or to a transaction of it."""
    provisional = AsyncLink(client, planner_for(sql_dialect("mysql", naming)), State())
    with provisional.translating(None):
        flavour = known_flavour(client)
    if flavour is None:
        flavour = learn_flavour(client, await provisional.steps(_version()))
    return AsyncLink(client, planner_for(sql_dialect(flavour, naming)), State(client._tx_id))


class AsyncLink:
    """A client, on which each statement commits by itself, or a transaction of it."""

    def __init__(self, client: Any, planner: Planner, state: State) -> None:
        """Send statements through a client; `state` is that of the transaction, if it is one."""
        self.client = client
        self.planner = planner
        self.dialect: SqlDialect = planner.dialect
        self.state = state
        self.sent = 0
        """How many requests were sent."""

    async def run(self, plan: Plan, table: Table[object]) -> Any:
        """Run a plan's steps; what they do is undone only by the transaction around them."""
        return await self.steps(plan.steps, table)

    async def run_inside(self, plan: Plan, table: Table[object]) -> Any:
        """Run a plan in an open transaction, so that the transaction stays usable when the plan fails."""
        self.state.refuse_aborted()
        if plan.may_conflict and (plan.atomic or self.dialect.aborts_on_error):
            async with self.savepoint():
                return await self.run(plan, table)
        return await self.run(plan, table)

    async def steps(self, steps: Steps[T], table: Table[object] | None = None) -> T:
        """Drive steps through this client."""
        with self.translating(table):
            try:
                request = next(steps)
                while True:
                    request = steps.send(await self._send(request))
            except StopIteration as stop:
                return cast("T", stop.value)

    async def _send(self, request: Request) -> Rows:
        self.sent += 1
        return read(await self.client._engine.query(written(request), tx_id=self.client._tx_id))

    @contextmanager
    def translating(self, table: Table[object] | None) -> Iterator[None]:
        """Raise the contract's errors for Prisma's, and note what they mean for the transaction."""
        try:
            yield
        except KavachError:
            raise
        except Exception as error:
            found = translated(error, self.dialect, table)
            if found is None:
                raise
            if isinstance(found, TransactionAborted):
                self.state.note_aborted(aborted=True)
            self.state.spoiled |= self.dialect.aborts_on_error
            raise found from error

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Enclose work that can fail alone in an open transaction; Prisma has none of its own."""
        name = f"kavach_{next(savepoints)}"
        self.state.refuse_aborted()
        await self.say(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException as error:
            # A cancelled block too: whoever catches that outside, as asyncio.timeout() does, may go on and commit.
            # A deadlock on MySQL, or Prisma's time limit, has rolled everything back: the savepoint is gone with it.
            known = not isinstance(error, Exception) or isinstance(error, TransactionAborted)
            with suppress(StorageError) if known else nullcontext():
                await self.say(f"ROLLBACK TO SAVEPOINT {name}")
                await self.say(f"RELEASE SAVEPOINT {name}")
                self.state.note_aborted(aborted=False)
                self.state.spoiled = False
            raise
        await self.say(f"RELEASE SAVEPOINT {name}")

    @asynccontextmanager
    async def transaction(self, limits: Limits) -> AsyncIterator[AsyncLink]:
        """Open a transaction of our own; this link MUST NOT be one already: `tx.tx()` is another, unrelated one."""
        manager = AsyncOwnTransaction(self.client, limits.request(self.dialect.flavour))
        with self.translating(None):
            client = await start_uncancelled(manager)
        link = AsyncLink(client, self.planner, State(client._tx_id))
        try:
            yield link
            link.state.refuse_aborted()
            link.state.refuse_spoiled()
            await _commit(link, manager)
        except BaseException as error:
            await _roll_back(link, manager, error)
            raise

    async def say(self, sql: str) -> None:
        """Send a statement without parameters."""
        await self.steps(_one(sql))


async def _commit(link: AsyncLink, manager: AsyncOwnTransaction) -> None:
    try:
        with link.translating(None):
            await manager.commit()
    except TransactionContextLost as error:
        raise TransactionAborted(LIMIT_PASSED) from error.__cause__


async def _roll_back(link: AsyncLink, manager: AsyncOwnTransaction, error: BaseException) -> None:
    """Roll back, unless the transaction is over already: after its time limit, or a commit that failed."""
    try:
        with link.translating(None):
            await manager.rollback()
    except TransactionContextLost:
        pass
    except StorageError:
        if isinstance(error, Exception) and not isinstance(error, StorageError):
            raise BackendUnavailable(
                "the connection broke before the transaction was rolled back; the database does so",
                retryable=True,
            ) from error


def _one(sql: str) -> Steps[None]:
    yield Request(sql)


def _version() -> Steps[str]:
    reply = yield Request("SELECT VERSION()")
    return str(reply.rows[0][0])
