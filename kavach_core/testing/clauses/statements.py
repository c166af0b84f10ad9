"""Statements: how many each method sends. Every one is a round trip to a server, so more than needed is a defect.

The numbers are data: the kind of the operation and the declared capabilities decide them. Where a harness counts no
statements these clauses are skipped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from kavach_core.errors import ConflictError, InvalidInput
from kavach_core.storage import AsyncStorage, Capabilities
from kavach_core.storage.operations import (
    Consume,
    Count,
    Delete,
    Find,
    Gather,
    Get,
    Increment,
    Insert,
    InsertMany,
    Operation,
    Update,
    Upsert,
)
from kavach_core.testing.clauses.base import Clauses
from kavach_core.testing.clauses.consuming import consume
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.methods import COUNTS, METHODS, OWNERS, PURGE_METHODS, STREAMS, WRITERS, Method, write
from kavach_core.testing.samples import LATER, T0, Values, another, fresh, long_ago, sample
from kavach_schema.tables import TABLES
from kavach_schema.tables.agents import AGENTS, EPHEMERAL_SESSIONS, PERMISSIONS

ALWAYS_ONE: Final = (Get, Find, Gather, Count, Insert, Delete)
"""What any database does in one statement."""

WITH_RETURNING: Final = (Update, Upsert, Increment, Consume)
"""What takes one statement where the database gives back what it changed, and a read beside it elsewhere.

A counter that may be new takes one more: which of the two it is tells the read.
"""

UNCALLED: Final = 10**9
"""A limit that no counter of a sampled row reaches."""

PAGE_OF_MANY: Final = 50
"""New rows in one call: an adapter may send them one by one, or all in one statement."""

each_method = each_area_of(METHODS.values())
each_plain = each_area_of(m for m in METHODS.values() if m.name not in OWNERS)
each_writer = each_area_of(WRITERS)


def most_statements(method: Method, capabilities: Capabilities) -> int:
    """Return how many statements one call of a method may take, without those that begin and end transactions."""
    if method.name in OWNERS:
        owner = OWNERS[method.name]
        return 1 + sum(column.belongs_to == owner for table in TABLES for column in table.columns)
    operation: Operation[Any] = method.operation
    if isinstance(operation, InsertMany):
        return PAGE_OF_MANY
    if isinstance(operation, ALWAYS_ONE):
        return 1
    assert isinstance(operation, WITH_RETURNING), "an operation of a new kind: say how many statements it takes"
    if capabilities.returning:
        return 1
    return 3 if isinstance(operation, Increment) and operation.create else 2


class StatementClauses(Clauses):
    """Numbers of statements."""

    @each_method
    async def test_a_call_sends_no_more_than_it_needs(self, method: Method) -> None:
        """A call MUST ask the database, as nothing may be remembered between calls, in as few statements as it can.

        Called again it sends no more: nothing is prepared, looked up or checked anew.
        """
        for _ in range(2):
            row = await self.new(method.table, **_granted(method))
            sent = await self._statements_of(lambda row=row: _call(method, self.storage, row))  # type: ignore[misc]
            assert 1 <= sent <= most_statements(method, self.capabilities), f"{sent} statements"

    @each_plain
    async def test_a_call_that_finds_nothing_sends_no_more(self, method: Method) -> None:
        """A call about a row that is not there MUST take no more statements than one about a row that is."""
        missing = sample(method.table, **_granted(method))
        sent = await self._statements_of(lambda: _call(method, self.storage, missing))
        # A counter that need not have a limit is looked at once more: 64 bits may be what kept it.
        again = method.name == "use_ephemeral_session"
        assert 1 <= sent <= most_statements(method, self.capabilities) + again, f"{sent} statements"

    @each_plain
    async def test_a_call_in_a_transaction_sends_no_more(self, method: Method) -> None:
        """In an open transaction a call MUST take as many statements as outside of one; savepoints do not count."""
        self.require(transactions=True)
        row = await self.new(method.table, **_granted(method))
        async with self.storage.transaction() as transaction:
            await transaction.find_agent_by_id(fresh())
            sent = await self._statements_of(lambda: _call(method, transaction, row))
        assert 1 <= sent <= most_statements(method, self.capabilities), f"{sent} statements"

    @each_writer
    async def test_a_refused_row_is_not_sent(self, method: Method) -> None:
        """What is `InvalidInput` MUST be found out before anything is sent, whichever column it is about."""
        row = sample(method.table)
        for column in method.table.columns:
            wrong: object = object()
            sent = await self._statements_until_refused(lambda: method(self.storage, **{**row, column.name: wrong}))  # noqa: B023
            assert sent == 0, f"{sent} statements for a row that {column.name} refuses"
        assert await self._statements_until_refused(lambda: method(self.storage, **row, no_such_column=1)) == 0
        assert await self._statements_until_refused(lambda: method(self.storage)) == 0

    async def test_a_refused_question_is_not_sent(self) -> None:
        """Text that no column holds, and pages that cannot be, MUST be refused before anything is sent."""
        storage: Any = self.storage
        for ask in (
            lambda: storage.find_agent_by_id("\0"),
            lambda: storage.update_agent("\0", name="x"),
            lambda: storage.update_agent(fresh(), name="\ud800"),
            lambda: storage.delete_agent_card("\0"),
            lambda: storage.list_agents(limit=-1),
            lambda: storage.query_audit_logs(actions=[]),
            lambda: storage.consume_magic_link(fresh(), now="now"),
            lambda: storage.delete_expired_sessions(1),
            lambda: storage.create_permissions([sample(PERMISSIONS), sample(PERMISSIONS, resource="\0")]),
        ):
            assert await self._statements_until_refused(ask) == 0

    async def test_nothing_to_write_is_not_sent(self) -> None:
        """No new rows, and the permissions of no agents, MUST be answered without a statement."""
        assert await self._statements_of(lambda: self.storage.create_permissions([])) == 0
        assert await self._statements_of(lambda: self.storage.find_permissions_by_agent_ids([])) == 0

    async def test_an_update_of_nothing_is_a_read(self) -> None:
        """An update that names no column MUST take one statement, with RETURNING and without."""
        row = await self.new(AGENTS)
        assert await self._statements_of(lambda: self.storage.update_agent(row["id"])) == 1
        assert (
            await self._statements_of(lambda: self.storage.update_agent(row["id"], expected_status=row["status"])) == 1
        )

    async def test_a_conflict_is_found_by_writing(self) -> None:
        """A taken key MUST be found out by the statement that writes: whoever asks first is too early."""
        row = await self.new(AGENTS)

        async def conflict() -> None:
            with pytest.raises(ConflictError):
                await write(self.storage, AGENTS, sample(AGENTS, id=row["id"]))

        assert await self._statements_of(conflict) == 1

    async def test_a_page_of_many_rows_is_one_statement(self) -> None:
        """Rows MUST NOT be read one by one, nor their number be asked for first."""
        owner = fresh()
        for _ in range(PAGE_OF_MANY):
            await self.new(AGENTS, owner_id=owner)
        found: list[object] = []

        async def read() -> None:
            found.extend(await self.storage.list_agents(owner_id=owner, limit=PAGE_OF_MANY, offset=0))

        assert await self._statements_of(read) == 1
        assert len(found) == PAGE_OF_MANY

    async def _statements_of(self, call: Callable[[], Awaitable[object]]) -> int:
        """Return how many statements a call sends."""
        async with self.opened.statements() as statements:
            await call()
            return statements.count

    async def _statements_until_refused(self, call: Callable[[], Awaitable[object]]) -> int:
        async def refused() -> None:
            with pytest.raises(InvalidInput):
                await call()

        return await self._statements_of(refused)


def _granted(method: Method) -> Values:
    """Return the values of a row with which a bounded counter still counts."""
    if method.table is EPHEMERAL_SESSIONS:
        return {"status": "active", "actions_used": 0, "max_actions": UNCALLED, "expires_at": LATER}
    return {}


async def _call(method: Method, storage: AsyncStorage, row: Values) -> object:
    """Call any method with the values of a row, so that it acts on the row if it is stored."""
    operation: Operation[Any] = method.operation
    match operation:
        case Insert():
            return await method(storage, **sample(method.table))
        case InsertMany():
            return await method(storage, [sample(method.table) for _ in range(PAGE_OF_MANY)])
        case Upsert():
            return await method(storage, **row)
        case Get():
            return await method.by_key(storage, row)
        case Gather():
            return await method.by_key(storage, row, resource="mcp:github:issues")
        case Update():
            changes = {column.name: another(column, row[column.name]) for column in method.changeable}
            guards = {f"expected_{name}": row[name] for name in operation.expect}
            return await method.by_key(storage, row, **changes, **guards)
        case Increment() if operation.create:
            key = {} if method.table.key in operation.by else {method.table.key: fresh()}
            return await method(storage, **{**row, **key, operation.column: 1}, limit=UNCALLED)
        case Increment():
            more = {"now": T0} if "now" in method.parameters else {"limit": UNCALLED}
            return await method.by_key(storage, row, **more)
        case Consume():
            return await consume(storage, method, row)
        case Delete():
            return await (method(storage, long_ago()) if method in PURGE_METHODS else method.deleting(storage, row))
        case Find() | Count():
            first, *others = operation.filters or (None,)
            named = [first, *(f for f in others if not f.optional)] if first else []
            given = {f.name: [row[f.column]] if f.comparison == "in" else row[f.column] for f in named if f}
            if method in STREAMS:
                return [found async for found in getattr(storage, method.name)(**given)]
            if "status" in given and method not in COUNTS:
                del given["status"]
            return await method(storage, **given)
    raise AssertionError(f"{method.name}: an operation of a new kind")
