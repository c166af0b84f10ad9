"""The documented methods against the contract, without a database: a backend that only writes down what it is asked."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from kavach_core.storage import AsyncStorage, Storage
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
from kavach_schema.model import Table
from kavach_schema.tables import TABLES
from storage.samples import T0, operations

DOCUMENTED = """
find_user_by_id find_user_by_email create_user update_user delete_user find_agent_by_id find_agent_by_token_hash
list_agents create_agent update_agent delete_agent find_permissions_by_agent_id create_permission
delete_permissions_by_agent_id delete_permission find_delegation_chain find_delegation_chains_by_agent
create_delegation_chain update_delegation_chain create_audit_log query_audit_logs find_session_by_id create_session
delete_session delete_expired_sessions find_rate_limit upsert_rate_limit find_oauth_client_by_id create_oauth_client
update_oauth_client find_oauth_access_token find_oauth_refresh_token create_oauth_access_token
revoke_oauth_access_token find_oauth_authorization_code create_oauth_authorization_code
delete_oauth_authorization_code find_mcp_server_by_endpoint list_mcp_servers create_mcp_server find_api_key_by_hash
list_api_keys_by_user create_api_key update_api_key_last_used delete_api_key find_org_by_id find_org_by_slug
create_org delete_org find_org_member list_org_members create_org_member delete_org_member find_org_invitation
create_org_invitation update_org_invitation find_jwt_refresh_token create_jwt_refresh_token
mark_jwt_refresh_token_used find_trust_score upsert_trust_score find_approval_request list_pending_approvals
create_approval_request update_approval_request transaction
"""

NOT_OPERATIONS = {"transaction", "prepare_schema", "close", "capabilities", "in_transaction", "using"}

METHODS = sorted(name for name in dir(Storage) if not name.startswith("_") and name not in NOT_OPERATIONS)

_RESULTS: dict[type[Operation[Any]], Any] = {Find: [], InsertMany: [], Count: 0, Delete: 0}

Asked = list[tuple[Operation[Any], Mapping[str, object]]]


class Recorder:
    """A backend that finds nothing and keeps what it was asked."""

    in_transaction = False

    def __init__(self) -> None:
        self.asked: Asked = []

    def execute(self, operation: Operation[Any], values: Mapping[str, object]) -> Any:
        self.asked.append((operation, dict(values)))
        return _RESULTS.get(type(operation))

    @contextmanager
    def transaction(self) -> Iterator[Recorder]:
        yield self


class AsyncRecorder(Recorder):
    """The same for asyncio."""

    async def execute(self, operation: Operation[Any], values: Mapping[str, object]) -> Any:
        return Recorder.execute(self, operation, values)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncRecorder]:  # type: ignore[override]
        yield self


def arguments(method: Callable[..., Any]) -> dict[str, Any]:
    """Return a value for each parameter of a documented method."""
    found: dict[str, Any] = {}
    for parameter in inspect.signature(method).parameters.values():
        if parameter.name == "self" or parameter.kind is parameter.VAR_KEYWORD:
            continue
        annotation = str(parameter.annotation)
        if annotation.startswith("Sequence"):
            found[parameter.name] = ["x"]
        elif annotation.startswith("datetime"):
            found[parameter.name] = T0
        elif annotation.startswith("int"):
            found[parameter.name] = 1
        elif annotation.startswith("str"):
            found[parameter.name] = parameter.name
    return found


def asked_by(name: str) -> Asked:
    backend: Any = Recorder()
    method = getattr(Storage(backend), name)
    result = method(**arguments(method))
    if inspect.isgenerator(result):
        list(result)
    asked: Asked = backend.asked
    return asked


async def asked_by_async(name: str) -> Asked:
    backend: Any = AsyncRecorder()
    method = getattr(AsyncStorage(backend), name)
    result = method(**arguments(method))
    if inspect.isasyncgen(result):
        async for _ in result:
            pass
    else:
        await result
    asked: Asked = backend.asked
    return asked


def understood(operation: Any) -> set[str]:
    """Return the names of values that an operation has a use for."""
    columns = set(operation.table.by_name)
    match operation:
        case Get():
            return set(operation.by)
        case Gather():
            return set(operation.by) | {f.name for along in operation.along for f in along.asked}
        case Find():
            return {f.name for f in operation.filters} | {"limit", "offset", "after"}
        case Count():
            return {f.name for f in operation.filters}
        case Delete():
            return {f.name for f in operation.filters} | {"limit"}
        case Update():
            return columns | {f"expected_{name}" for name in operation.expect}
        case Increment():
            return columns | {f.name for f in operation.alive} | {"limit"}
        case Consume():
            return set(operation.by) | {f.name for f in operation.alive}
        case InsertMany():
            return {"rows"}
        case Insert() | Upsert():
            return columns
    raise AssertionError(f"no test knows {operation}")


def required(operation: Any) -> set[str]:
    """Return the names of values without which an operation is refused or means another row."""
    match operation:
        case Find() | Count() | Delete():
            return {f.name for f in operation.filters if not f.optional}
        case Get() | Gather() | Update():
            return set(operation.by)
        case Increment() if operation.create:
            return set()
        case Consume() | Increment():
            return set(operation.by) | {f.name for f in operation.alive}
    return set()


def test_every_documented_method_exists() -> None:
    assert [name for name in DOCUMENTED.split() if not hasattr(AsyncStorage, name)] == []


def test_both_colours_have_the_same_methods_with_the_same_parameters() -> None:
    def face(storage: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(getattr(storage, name)).parameters)
            for name in dir(storage)
            if not name.startswith("_") and callable(getattr(storage, name))
        }

    assert face(Storage) == face(AsyncStorage)


def test_a_method_passes_exactly_the_values_that_its_operation_understands() -> None:
    for name in METHODS:
        for operation, values in asked_by(name):
            assert set(values) <= understood(operation), name
            assert required(operation) <= set(values), name


async def test_a_method_asks_the_same_in_both_colours() -> None:
    for name in METHODS:
        assert await asked_by_async(name) == asked_by(name), name


@pytest.mark.parametrize(
    "name", [name for name in METHODS if name not in ("delete_agent", "delete_user", "delete_org")]
)
def test_a_method_is_one_operation(name: str) -> None:
    assert len(asked_by(name)) == 1, name


@pytest.mark.parametrize(
    ("method", "owner"),
    [("delete_agent", "kavach_agents"), ("delete_user", "kavach_users"), ("delete_org", "kavach_organizations")],
)
def test_deleting_an_owner_deletes_from_every_table_that_belongs_to_it(method: str, owner: str) -> None:
    deleted = [
        (operation.table.name, operation.filters[0].column)
        for operation, _ in asked_by(method)
        if isinstance(operation, Delete)
    ]
    belonging = [(t.name, c.name) for t in TABLES for c in t.columns if c.belongs_to == owner]
    assert sorted(deleted) == sorted([*belonging, (owner, "id")])
    assert deleted[-1] == (owner, "id")


def test_every_operation_of_the_contract_is_used_by_a_method() -> None:
    used = {operation for name in METHODS for operation, _ in asked_by(name)}
    assert [name for name, operation in operations() if operation not in used] == []


def test_every_table_can_be_written_and_read() -> None:
    def tables(*kinds: type) -> set[Table[Any]]:
        return {operation.table for _, operation in operations(*kinds)}

    assert tables(Insert, Upsert) == set(TABLES)
    assert tables(Get, Find) == set(TABLES)


def test_every_find_ends_in_the_key_so_that_its_order_is_total() -> None:
    """ST8: rows of one second have an order."""
    assert [name for name, find in operations(Find) if find.order[-1] != find.table.key] == []


LISTINGS = [name for name in METHODS if name.startswith(("list_", "query_")) and name != "list_org_roles"]


def test_every_listing_has_a_limit_by_default() -> None:
    for name in LISTINGS:
        assert inspect.signature(getattr(Storage, name)).parameters["limit"].default == 100, name
