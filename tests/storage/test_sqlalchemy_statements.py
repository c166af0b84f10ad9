"""How many statements each method sends: one, wherever the database can do it in one."""

from __future__ import annotations

from typing import Any

import pytest

from colours import Opened
from kavach_core.storage.operations import (
    Consume,
    Count,
    Delete,
    Find,
    Get,
    Increment,
    Insert,
    InsertMany,
    Update,
    Upsert,
)
from kavach_schema.tables.agents import PERMISSIONS
from kavach_sqlalchemy import create_engine, create_sqlalchemy_adapter
from storage.samples import at, execute, operations, row

SYNC = {"sqlite": "pysqlite", "postgres": "psycopg", "mysql": "pymysql"}


class Counting:
    """A cursor that writes down what is sent on it, and is the driver's otherwise."""

    def __init__(self, cursor: Any, sent: list[str]) -> None:
        self._cursor = cursor
        self._sent = sent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, sql: str, *parameters: Any) -> Any:
        self._sent.append(sql)
        return self._cursor.execute(sql, *parameters)

    def executemany(self, sql: str, *parameters: Any) -> Any:
        self._sent.append(sql)
        return self._cursor.executemany(sql, *parameters)


@pytest.fixture
def counted(database: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a synchronous storage and the list of all that it sends."""
    from sqlalchemy.pool.base import _ConnectionFairy

    sent: list[str] = []
    original = _ConnectionFairy.cursor
    monkeypatch.setattr(_ConnectionFairy, "cursor", lambda fairy, *a, **k: Counting(original(fairy, *a, **k), sent))
    engine = create_engine(database.provider, Opened(database, "sync", SYNC[database.provider], []).url)
    storage = create_sqlalchemy_adapter(engine)
    storage.prepare_schema()
    sent.clear()
    yield storage, sent
    engine.dispose()


def values_for(operation: Any, stored: dict[str, Any]) -> dict[str, Any]:
    """Return the values with which an operation meets a stored row."""
    match operation:
        case Insert() | Upsert():
            return row(operation.table)
        case InsertMany():
            return {"rows": [row(operation.table)]}
        case Get():
            return {name: stored[name] for name in operation.by}
        case Update():
            changed = next(name for name in reversed(stored) if name not in operation.by)
            guards = {f"expected_{name}": stored[name] for name in operation.expect}
            return {**{name: stored[name] for name in operation.by}, changed: row(operation.table)[changed], **guards}
        case Find() | Count() | Delete():
            return {f.name: [stored[f.column]] if f.comparison == "in" else stored[f.column] for f in operation.filters}
        case Increment():
            if operation.create:
                return {**row(operation.table), "limit": 10**9}
            alive = {f.name: at(-1) if f.comparison == ">" else stored[f.column] for f in operation.alive}
            return {**{name: stored[name] for name in operation.by}, operation.column: 1, **alive}
        case Consume():
            alive = {f.name: at(-1) if f.comparison == ">" else stored[f.column] for f in operation.alive}
            return {**{name: stored[name] for name in operation.by}, **alive}
    raise AssertionError(operation)


def several(operation: Any, flavour: str) -> bool:
    """Tell whether an operation needs more than one statement: MySQL and MariaDB do not give back what they change."""
    if flavour.startswith(("sqlite", "postgres")):
        return False
    taken = isinstance(operation, Consume) and not operation.mark
    return isinstance(operation, Update | Upsert | Increment | Consume) and not (taken and flavour == "mariadb")


async def test_every_operation_is_one_statement_where_the_database_can_do_it_in_one(
    counted: Any, database: Any
) -> None:
    storage, sent = counted
    for name, operation in operations():
        bound = getattr(operation, "bound", None)
        stored = row(operation.table, **{bound: None} if bound else {})
        await execute(storage, Insert(operation.table), stored)
        values = values_for(operation, stored)
        sent.clear()
        await execute(storage, operation, values)
        if several(operation, database.name):
            new_counter = isinstance(operation, Increment) and operation.create
            assert 2 <= len(sent) <= 4 + new_counter, (name, sent)
        else:
            assert len(sent) == 1, (name, sent)


async def test_inside_a_transaction_a_read_is_one_statement(counted: Any) -> None:
    storage, sent = counted
    with storage.transaction() as transaction:
        sent.clear()
        transaction.find_agent_by_id("x")
        transaction.list_agents()
    assert len([sql for sql in sent if sql.startswith("SELECT")]) == 2
    assert len(sent) <= 3


async def test_many_permissions_are_one_statement_in_a_transaction(counted: Any) -> None:
    storage, sent = counted
    storage.create_permissions([row(PERMISSIONS) for _ in range(10)])
    assert [sql.split()[0] for sql in sent] == ["BEGIN", "INSERT", "COMMIT"]


async def test_a_refused_call_sends_nothing(counted: Any) -> None:
    from kavach_core.errors import InvalidInput

    storage, sent = counted
    for values in ({}, row(PERMISSIONS, resource="\0"), row(PERMISSIONS, actions=None)):
        with pytest.raises(InvalidInput):
            storage.create_permission(**values)
    assert sent == []


async def test_the_second_storage_of_a_host_prepares_nothing_anew(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kavach_core.storage.sql import render

    engine = create_engine(database.provider, Opened(database, "sync", SYNC[database.provider], []).url)
    create_sqlalchemy_adapter(engine).list_agents(owner_id="a", limit=3)
    monkeypatch.setattr(render, "find", lambda *_: pytest.fail("rendered again"))
    create_sqlalchemy_adapter(engine).list_agents(owner_id="b", limit=4)
    engine.dispose()


async def test_a_write_that_may_conflict_has_a_savepoint_where_an_error_would_spoil_the_transaction(
    counted: Any, database: Any
) -> None:
    storage, sent = counted
    with storage.transaction() as transaction:
        sent.clear()
        transaction.create_permission(**row(PERMISSIONS))
        transaction.find_agent_by_id("x")
    enclosed = ["SAVEPOINT", "INSERT", "RELEASE"] if database.provider == "postgres" else ["INSERT"]
    assert [sql.split()[0] for sql in sent[:-1]] == [*enclosed, "SELECT"]
