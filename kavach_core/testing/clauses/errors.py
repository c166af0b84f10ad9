"""Errors: each is of the contract's tree, says whose it is, keeps every value to itself, and leaves the storage usable.

Values may be secrets, and messages go to logs: what no message may hold is written here into every column.
"""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from kavach_core.errors import ConflictError, InvalidInput, KavachError, StorageError
from kavach_core.storage import AsyncStorage
from kavach_core.testing.clauses.base import Clauses, assert_conflict, values_of
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.methods import INSERTS, METHODS, RENAMED, UPDATES, UPSERTS, WRITERS, Method, write
from kavach_core.testing.samples import T0, Values, fresh, sample
from kavach_schema.model import LONG_TEXT, Column, Table
from kavach_schema.tables.agents import AGENTS, PERMISSIONS, RATE_LIMITS

NUMBER: Final = 9_753_186_420_135_792_468_097_531
"""An integer that no column holds, and that no message may show."""

_LETTERS: Final = "ghjkmnpqrtvwxyz"

_GIVEN: Final[dict[str, Any]] = {"datetime": T0, "int": 1, "int | None": 1}
"""What fills the parameters that are not text."""


def _parameters(method: Method) -> list[inspect.Parameter]:
    found = inspect.signature(getattr(AsyncStorage, method.name)).parameters.values()
    return [p for p in found if p.name != "self" and p.kind is not inspect.Parameter.VAR_KEYWORD]


each_writer = each_area_of(WRITERS)
each_update = each_area_of(UPDATES)
each_full_update = each_area_of(m for m in UPDATES if m.name not in RENAMED.values())
each_method = each_area_of(METHODS.values())
each_asking = each_area_of(m for m in METHODS.values() if any("str" in p.annotation for p in _parameters(m)))
each_unique = pytest.mark.parametrize(
    ("method", "columns"),
    [
        pytest.param(m, columns, id=f"{m}-{'-'.join(columns)}")
        for m in INSERTS
        for columns in ((m.table.key,), *m.table.uniques)
    ],
)
each_unique_update = pytest.mark.parametrize(
    ("method", "columns"),
    [
        pytest.param(m, columns, id=f"{m}-{'-'.join(columns)}")
        for m in UPDATES
        for columns in m.table.uniques
        if set(columns) & {column.name for column in m.changeable}
    ],
)
each_upsert = each_area_of(m for m in UPSERTS if m.table.key not in m.operation.by)


class RefusalClauses(Clauses):
    """`InvalidInput`, from every method, with values that are secret."""

    @each_writer
    async def test_a_refused_row_is_kept_secret(self, method: Method) -> None:
        """Whatever a column refuses, the error MUST be `InvalidInput` and name no value of the row."""
        table, needle = method.table, _needle()
        row = _secret(table, needle)
        for column in table.columns:
            for wrong in _wrong(column, needle):
                await self._refused_discreetly(method(self.storage, **{**row, column.name: wrong}), needle)
        await self._refused_discreetly(method(self.storage, **row, no_such_column=needle), needle)
        for column in table.columns:
            if not column.optional:
                rest = {name: value for name, value in row.items() if name != column.name}
                await self._refused_discreetly(method(self.storage, **rest), needle)
        await self.assert_missing(table, row)
        await write(self.storage, table, row)
        await self.assert_stored(table, row)

    @each_update
    async def test_a_refused_change_is_kept_secret(self, method: Method) -> None:
        """Whatever a column refuses, the error MUST be `InvalidInput`, name no value, and leave the row as it was."""
        table, needle = method.table, _needle()
        before = _secret(table, needle)
        await write(self.storage, table, before)
        for column in method.changeable:
            for wrong in _wrong(column, needle):
                await self._refused_discreetly(method.by_key(self.storage, before, **{column.name: wrong}), needle)
        for name in method.operation.expect:
            for wrong in _wrong(table.by_name[name], needle):
                if wrong is not None:
                    guards = {f"expected_{name}": wrong}
                    changes = {column.name: before[column.name] for column in method.changeable}
                    await self._refused_discreetly(method.by_key(self.storage, before, **guards, **changes), needle)
        await self.assert_stored(table, before)
        same = {column.name: before[column.name] for column in method.changeable}
        assert values_of(await method.by_key(self.storage, before, **same)) == before

    @each_full_update
    async def test_an_unknown_change_is_kept_secret(self, method: Method) -> None:
        """The value of an unknown field MUST NOT be named, nor those of the fields beside it."""
        needle = _needle()
        before = _secret(method.table, needle)
        await write(self.storage, method.table, before)
        same = {column.name: before[column.name] for column in method.changeable}
        await self._refused_discreetly(method.by_key(self.storage, before, **same, no_such_column=needle), needle)
        await self.assert_stored(method.table, before)

    async def test_refused_rows_are_kept_secret(self) -> None:
        """`create_permissions` MUST refuse one bad row as `create_permission` does."""
        needle = _needle()
        row = _secret(PERMISSIONS, needle)
        for column in PERMISSIONS.columns:
            for wrong in _wrong(column, needle):
                rows: Any = [row, {**_secret(PERMISSIONS, needle), column.name: wrong}]
                await self._refused_discreetly(self.storage.create_permissions(rows), needle)
        await self.assert_missing(PERMISSIONS, row)

    async def test_a_refused_increment_is_kept_secret(self) -> None:
        """`increment_rate_limit` MUST refuse what `upsert_rate_limit` refuses, and name no value."""
        needle = _needle()
        window = _secret(RATE_LIMITS, needle)
        add: Any = self.storage.increment_rate_limit
        for column in RATE_LIMITS.columns:
            for wrong in _wrong(column, needle):
                await self._refused_discreetly(add(**{**window, column.name: wrong}), needle)
        for wrong in (needle, NUMBER):
            await self._refused_discreetly(add(**window, limit=wrong), needle)
        await self._refused_discreetly(add(**window, no_such_column=needle), needle)
        await self.assert_missing(RATE_LIMITS, window)

    @each_asking
    async def test_a_refused_question_is_kept_secret(self, method: Method) -> None:
        """Text that no database can hold MUST be refused wherever a method takes text, and not be named."""
        needle = _needle()
        texts = [p.name for p in _parameters(method) if "str" in p.annotation]
        for name in texts:
            for wrong in (f"{needle}\0", f"{needle}\ud800"):
                await self._refused_discreetly(_asked(method, self.storage, needle, {name: wrong}), needle)

    async def test_a_refused_filter_is_kept_secret(self) -> None:
        """Filters MUST be checked as columns are, an unknown one be refused, and neither name a value."""
        needle = _needle()
        storage: Any = self.storage
        for wrong in ({"agent_id": f"{needle}\0"}, {"actions": [needle, f"{needle}\ud800"]}, {"since": needle}):
            await self._refused_discreetly(storage.query_audit_logs(**wrong), needle)
            await self._refused_discreetly(storage.count_audit_logs(**wrong), needle)
            await self._refused_discreetly(_all(storage.stream_audit_logs(**wrong)), needle)
        await self._refused_discreetly(storage.list_agents(status=f"{needle}\0"), needle)
        await self._refused_discreetly(storage.count_agents(owner_id=NUMBER), needle)

    async def test_an_unknown_filter_is_refused(self) -> None:
        """A misspelled filter MUST be refused: without it the answer would be about too much."""
        needle = _needle()
        storage: Any = self.storage
        for ask in (storage.query_audit_logs, storage.count_audit_logs, storage.list_agents, storage.count_agents):
            error = await _error(ask(no_such_filter=needle))
            assert isinstance(error, InvalidInput | TypeError)
            _assert_discreet(error, needle)

    @each_method
    async def test_arguments_in_the_wrong_place_are_refused(self, method: Method) -> None:
        """More arguments by position than documented MUST raise `TypeError`, as in any Python function."""
        needle = _needle()
        parameters = _parameters(method)
        in_place = [p for p in parameters if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        arguments = [*_given(parameters, needle, {}).values(), needle, needle]
        for number in range(min(1, len(in_place)) + 1, len(arguments) + 1):
            error = await _error(_called(method, self.storage, *arguments[:number]))
            assert isinstance(error, TypeError)
            _assert_discreet(error, needle)

    async def test_a_refusal_leaves_a_transaction_usable(self) -> None:
        """After `InvalidInput` inside a transaction, what was and what will be written in it MUST be committed."""
        self.require(transactions=True)
        before, after = sample(AGENTS), sample(AGENTS)
        async with self.storage.transaction() as transaction:
            await write(transaction, AGENTS, before)
            for wrong in _wrong(AGENTS.by_name["name"], _needle()):
                with pytest.raises(InvalidInput):
                    await write(transaction, AGENTS, sample(AGENTS, name=wrong))
            await write(transaction, AGENTS, after)
        for row in (before, after):
            await self.assert_stored(AGENTS, row)

    async def _refused_discreetly(self, call: Awaitable[object], needle: str) -> None:
        error = await _error(call)
        assert type(error) is InvalidInput, f"{type(error).__name__} instead of InvalidInput"
        _assert_discreet(error, needle)


class ConflictClauses(Clauses):
    """`ConflictError`, from every method, with values that are secret."""

    @each_unique
    async def test_a_conflict_is_kept_secret(self, method: Method, columns: tuple[str, ...]) -> None:
        """A conflict MUST name table and columns and no value, and be raised from the driver's error."""
        table, needle = method.table, _needle()
        stored = _secret(table, needle)
        await write(self.storage, table, stored)
        again = {**_secret(table, needle), **{name: stored[name] for name in columns}}
        await self._conflicts_discreetly(method(self.storage, **again), needle, table, columns)
        await self.assert_stored(table, stored)
        await self._still_writes(table)

    @each_unique_update
    async def test_a_conflict_of_a_change_is_kept_secret(self, method: Method, columns: tuple[str, ...]) -> None:
        """The same holds for an update to a value that another row has."""
        table, needle = method.table, _needle()
        holder, other = _secret(table, needle), _secret(table, needle)
        for row in (holder, other):
            await write(self.storage, table, row)
        changes = {name: holder[name] for name in columns if name not in method.operation.by}
        await self._conflicts_discreetly(method.by_key(self.storage, other, **changes), needle, table, columns)
        for row in (holder, other):
            await self.assert_stored(table, row)
        await self._still_writes(table)

    @each_upsert
    async def test_a_conflict_of_an_upsert_is_kept_secret(self, method: Method) -> None:
        """The same holds for an upsert of a new row with another row's key, whoever finds it out."""
        table, needle = method.table, _needle()
        stored = _secret(table, needle)
        await write(self.storage, table, stored)
        again = {**_secret(table, needle), table.key: stored[table.key]}
        await self._conflicts_discreetly(method(self.storage, **again), needle, table, (table.key,), reported=False)
        await self.assert_stored(table, stored)
        await self._still_writes(table)

    async def test_a_conflict_of_a_counter_is_kept_secret(self) -> None:
        """The first increment of a window under another window's key MUST conflict, and count in neither."""
        needle = _needle()
        stored = _secret(RATE_LIMITS, needle)
        await write(self.storage, RATE_LIMITS, stored)
        again: Any = {**_secret(RATE_LIMITS, needle), "id": stored["id"]}
        for limit in (None, 1_000_000):
            call = self.storage.increment_rate_limit(limit=limit, **again)
            await self._conflicts_discreetly(call, needle, RATE_LIMITS, ("id",), reported=False)
        await self.assert_stored(RATE_LIMITS, stored)
        assert await self.find(RATE_LIMITS, again) is None
        await self._still_writes(RATE_LIMITS)

    async def test_a_conflict_of_many_is_kept_secret(self) -> None:
        """A conflict of one of many rows, with a stored one or among them, MUST be told as that of a single one."""
        needle = _needle()
        stored = _secret(PERMISSIONS, needle)
        await write(self.storage, PERMISSIONS, stored)
        for taken in (stored, _secret(PERMISSIONS, needle)):
            rows: Any = [
                *([] if taken is stored else [taken]),
                _secret(PERMISSIONS, needle),
                {**_secret(PERMISSIONS, needle), "id": taken["id"]},
            ]
            await self._conflicts_discreetly(self.storage.create_permissions(rows), needle, PERMISSIONS, ("id",))
        await self._still_writes(PERMISSIONS)

    async def _conflicts_discreetly(
        self,
        call: Awaitable[object],
        needle: str,
        table: Table[Any],
        columns: tuple[str, ...],
        *,
        reported: bool = True,
    ) -> None:
        """Assert the conflict; `reported` says that the database reports it, and not the adapter by what it reads."""
        error = await _error(call)
        assert isinstance(error, ConflictError)
        assert_conflict(error, table, columns)
        assert table.name in str(error)
        assert all(column in str(error) for column in columns)
        _assert_discreet(error, needle)
        if self.opened.harness.has_driver and reported:
            assert isinstance(error.__cause__, Exception), "the driver's error is not the cause"
        assert not isinstance(error.__cause__, KavachError), "the cause is an error of ours, and not the driver's"

    async def _still_writes(self, table: Table[Any]) -> None:
        await self.assert_stored(table, await self.new(table))


async def _error(call: Awaitable[object]) -> Exception:
    """Return the error that a call raises; it MUST raise one."""
    try:
        await call
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def _given(parameters: list[inspect.Parameter], needle: str, values: Values) -> Values:
    """Return an argument of the right type for each parameter, but for those in `values`."""
    given: Values = {}
    for parameter in parameters:
        several = "Sequence" in parameter.annotation or "list" in parameter.annotation
        text = values.get(parameter.name, needle)
        if "str" in parameter.annotation:
            given[parameter.name] = [needle, text] if several else text
        else:
            given[parameter.name] = [] if several else _GIVEN.get(parameter.annotation)
    return given


async def _asked(method: Method, storage: AsyncStorage, needle: str, values: Values) -> None:
    """Call a method so that only `values` can be wrong."""
    named = [p for p in _parameters(method) if p.default is inspect.Parameter.empty or p.name in values]
    await _called(method, storage, **_given(named, needle, values))


async def _called(method: Method, storage: AsyncStorage, *arguments: object, **keywords: object) -> None:
    found = getattr(storage, method.name)(*arguments, **keywords)
    await (_all(found) if method.name.startswith("stream_") else found)


async def _all(stream: Any) -> list[object]:
    return [row async for row in stream]


def _needle() -> str:
    """Return text that no message may hold, nor any part of a message by chance."""
    return "".join(secrets.choice(_LETTERS) for _ in range(8))


def _secret(table: Table[Any], needle: str) -> Values:
    """Return the values of a new row with the needle in every text and every JSON value."""
    row = sample(table)
    for column in table.columns:
        value = f"{needle}{fresh()}"
        if column.kind == "text":
            row[column.name] = value[: column.length]
        elif column.kind == "json":
            item: Any = value if column.annotation == "list[str]" else {value: value}
            row[column.name] = [item] if column.annotation.startswith("list") else item
    return row


def _wrong(column: Column, needle: str) -> Iterator[Any]:
    """Yield values that a column refuses, each with the needle or the number in it."""
    if not column.nullable:
        yield None
    match column.kind:
        case "text":
            longest = column.length or LONG_TEXT
            yield from (f"{needle}\0", f"{needle}\ud800", (needle * (longest // 8 + 1))[: longest + 1])
            yield from ([needle], {needle: needle}, needle.encode(), NUMBER)
        case "json":
            deep: Any = needle
            for _ in range(40):
                deep = {needle: deep}
            for item in (
                f"{needle}\0",
                {f"{needle}\0": 1},
                {needle: {needle}},
                {needle: NUMBER},
                {NUMBER: needle},
                deep,
            ):
                yield [item] if column.annotation.startswith("list") else {needle: item}
            yield {needle}
        case "integer":
            yield from (needle, NUMBER, -NUMBER, [needle])
        case "boolean":
            yield from (needle, NUMBER, [needle])
        case "time":
            yield from (needle, NUMBER, [needle], datetime(1, 1, 1), datetime.now(UTC).date())


def _assert_discreet(error: BaseException, needle: str) -> None:
    """Assert that neither an error nor those of ours behind it hold a value, wherever somebody may print them."""
    assert isinstance(error, StorageError | TypeError)
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, KavachError | TypeError):
            shown = [str(found), repr(found), *map(repr, found.args), repr(vars(found))]
            for text in shown:
                assert needle not in text, f"a {type(found).__name__} holds a value"
                assert str(NUMBER) not in text.replace("_", ""), f"a {type(found).__name__} holds a number"
        hidden = found.__suppress_context__ or found.__cause__ is not None
        found = found.__cause__ if hidden else found.__context__
