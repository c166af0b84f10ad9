"""Lists: their filters, their order, and the two ways to page through them."""

from __future__ import annotations

import random
from itertools import product
from typing import Any, Final

import pytest

from kavach_core.errors import InvalidInput
from kavach_core.storage.operations import Filter
from kavach_core.testing.clauses.base import Clauses
from kavach_core.testing.grouping import each_area_of
from kavach_core.testing.methods import COUNTS, KEYED_LISTS, LISTS, PAGED, STREAMS, Method
from kavach_core.testing.samples import Values, another, at, fresh, sample
from kavach_schema.tables.agents import (
    AGENTS,
    AUDIT_LOGS,
    BUDGET_POLICIES,
    COUNTERS,
    DELEGATION_CHAINS,
    PERMISSIONS,
)

ALL: Final = 1_000_000
"""A limit that no clause reaches."""

PAGE: Final = 1000
"""More rows than this are streamed in several pages."""

FIXED: Final[dict[str, Values]] = {"list_pending_approvals": {"status": "pending"}}
"""What a list looks for without being asked."""

each_list = each_area_of(LISTS)
each_keyed_list = each_area_of(KEYED_LISTS)
each_paged = each_area_of(PAGED)
each_filter = pytest.mark.parametrize(
    ("method", "chosen"),
    [
        pytest.param(m, f, id=f"{m}-{f.name}")
        for m in (*LISTS, *STREAMS, *COUNTS)
        for f in m.operation.filters
        if f.name in m.parameters
    ],
)
each_refusal = each_area_of(m for m in LISTS if "limit" in m.parameters)
each_limited = each_area_of(m for m in LISTS if "limit" in m.parameters)


NEEDED: Final = {"find_delegation_chains_by_agent": ("to_agent_id",)}
"""Filters without which a method refuses to list."""


class ListClauses(Clauses):
    """Lists and streams."""

    @each_list
    async def test_a_list_is_in_total_order(self, method: Method) -> None:
        """Rows MUST come in the documented order, and rows of one second by id, however they were written."""
        rows = await self._rows(method, 6)
        found = await self._mine(method, rows)
        order = method.operation.order
        expected = sorted(rows, key=lambda row: tuple(row[name] for name in order), reverse=method.operation.descending)
        assert found == expected

    @each_list
    async def test_a_list_of_nothing_is_empty(self, method: Method) -> None:
        """Where nothing matches, the list MUST be empty, and nothing raised."""
        if required := _arguments(method, sample(method.table)):
            found = await method(self.storage, **required)
            assert [row for row in found if not method.is_everybodys(row)] == []

    @each_filter
    async def test_a_filter_selects(self, method: Method, chosen: Filter) -> None:
        """Each filter MUST select the rows that match it exactly, with and without the others."""
        table = method.table
        match = sample(table, **FIXED.get(method.name, {}))
        match[method.table.key] = fresh("match-")
        await _write(self, method, match)
        columns = [chosen.column, *([chosen.either] if chosen.either else [])]
        other = {**sample(table), **{f.column: match[f.column] for f in method.operation.filters}}
        other |= {name: another(table.by_name[name], match[name]) for name in columns}
        if chosen.comparison in ("<", "<="):
            other[chosen.column] = at(500_000)
        elif chosen.comparison in (">", ">="):
            other[chosen.column] = at(-500_000)
        await _write(self, method, other)
        alone = {
            **_arguments(method, match, only=chosen),
            **{name: match[name] for name in NEEDED.get(method.name, ())},
        }
        for arguments in (alone, _arguments(method, match)):
            ids = await self._ids(method, arguments)
            if isinstance(ids, int):
                assert ids >= 1
                assert await method(self.storage, **_arguments(method, match)) == 1
            else:
                assert match["id"] in ids, "a row that matches is missing"
                assert other["id"] not in ids, "a row that does not match was returned"

    @each_limited
    async def test_a_limit_cuts_the_list(self, method: Method) -> None:
        """`limit` MUST return the first rows of the order, and 0 of it none."""
        rows = await self._rows(method, 4)
        everything = await method(self.storage, **_arguments(method, rows[0]), limit=ALL)
        for limit in (0, 1, 3, len(everything), len(everything) + 1):
            found = await method(self.storage, **_arguments(method, rows[0]), limit=limit)
            assert found == everything[:limit]

    @each_paged
    async def test_an_offset_skips_rows(self, method: Method) -> None:
        """`offset` MUST skip that many rows of the order; beyond the end the list is empty."""
        rows = await self._rows(method, 4)
        everything = await method(self.storage, **_arguments(method, rows[0]), limit=ALL)
        for offset in (0, 1, 3, len(everything), len(everything) + 5):
            found = await method(self.storage, **_arguments(method, rows[0]), limit=2, offset=offset)
            assert found == everything[offset : offset + 2]

    @each_paged
    async def test_pages_after_a_row_are_one_big_list(self, method: Method) -> None:
        """Reading on with `after` MUST give each row once, also where a page ends inside of one second."""
        rows = await self._rows(method, 7)
        arguments = _arguments(method, rows[0])
        everything = await method(self.storage, **arguments, limit=ALL)
        own = {row["id"] for row in rows}
        start = next(i for i, record in enumerate(everything) if record.id in own)
        paged, last = everything[:start], everything[start - 1] if start else None
        while page := await method(self.storage, **arguments, limit=2, after=last):
            assert len(page) <= 2
            paged += page
            last = page[-1]
            assert len(paged) <= len(everything), "a page repeats rows of one before"
            if not own - {record.id for record in paged}:
                break
        assert paged == everything[: len(paged)]
        assert own <= {record.id for record in paged}, "pages leave rows out"

    @each_paged
    async def test_a_row_that_is_gone_may_end_a_page(self, method: Method) -> None:
        """`after` MUST take any record of the table: the row that ended the last page may have been deleted since."""
        rows = await self._rows(method, 3)
        everything = await method(self.storage, **_arguments(method, rows[0]), limit=ALL)
        first = next(i for i, record in enumerate(everything) if record.id in {row["id"] for row in rows})
        last = everything[first].id
        gone = everything[first].replace(id=last[:-1] if method.operation.descending else f"{last}-")
        found = await method(self.storage, **_arguments(method, rows[0]), limit=ALL, after=gone)
        assert found == everything[first + 1 :]

    @each_refusal
    async def test_a_page_that_cannot_be_is_refused(self, method: Method) -> None:
        """A limit or an offset below 0, or of another type, MUST raise `InvalidInput`."""
        arguments = _arguments(method, sample(method.table))
        for wrong in (-1, 1.5, "3", True, 2**63):
            with pytest.raises(InvalidInput):
                await method(self.storage, **arguments, limit=wrong)
            if "offset" in method.parameters:
                with pytest.raises(InvalidInput):
                    await method(self.storage, **arguments, limit=5, offset=wrong)

    async def test_a_list_is_limited_unless_asked(self) -> None:
        """`list_agents` MUST return 100 rows at most where no limit is given."""
        owner = fresh()

        async def work(storage: Any) -> None:
            for _ in range(101):
                await storage.create_agent(**sample(AGENTS, owner_id=owner))

        await _at_once(self, work)
        assert len(await self.storage.list_agents(owner_id=owner)) == 100
        assert len(await self.storage.list_agents(owner_id=owner, limit=200)) == 101

    async def test_since_is_included_and_until_is_not(self) -> None:
        """A span of time MUST include its first second and exclude its last, in all methods on audit rows."""
        agent = fresh()
        rows = [sample(AUDIT_LOGS, agent_id=agent, timestamp=at(number)) for number in range(5)]
        for row in rows:
            await self.storage.create_audit_log(**row)
        span: Any = {"agent_id": agent, "since": at(1), "until": at(3)}
        expected = [rows[1]["id"], rows[2]["id"]]
        assert [row.id for row in await self.storage.query_audit_logs(**span)] == expected[::-1]
        assert [row.id async for row in self.storage.stream_audit_logs(**span)] == expected
        assert await self.storage.count_audit_logs(**span) == 2
        assert await self.storage.query_audit_logs(agent_id=agent, since=at(3), until=at(3)) == []

    async def test_a_choice_of_values_matches_any_of_them(self) -> None:
        """`actions` and `agent_ids` MUST match each value in them, of any number, named twice or unknown."""
        agents = [fresh() for _ in range(5)]
        for agent in agents:
            await self.new(AUDIT_LOGS, agent_id=agents[0], action=agent)
            await self.new(PERMISSIONS, agent_id=agent)
        for number in range(1, 6):
            chosen = [*agents[:number], agents[0], fresh()]
            found = await self.storage.query_audit_logs(agent_id=agents[0], actions=chosen)
            assert {row.action for row in found} == set(agents[:number])
            assert await self.storage.count_audit_logs(agent_id=agents[0], actions=chosen) == number
            permissions = await self.storage.find_permissions_by_agent_ids(chosen)
            assert sorted(row.agent_id for row in permissions) == sorted(agents[:number])

    @each_keyed_list
    async def test_rows_are_found_by_their_keys(self, method: Method) -> None:
        """Of the keys that are named, any number, each stored row MUST come once and in the documented order."""
        first = method.operation.order[0]
        rows = [await self.new(method.table, **{first: at(number % 3)}) for number in range(5)]
        await self.new(method.table)
        keys = [row[method.table.key] for row in rows]
        expected = sorted(rows, key=lambda row: tuple(row[name] for name in method.operation.order))
        assert [dict(found) for found in await method(self.storage, [*keys, keys[0], fresh()])] == expected
        assert [dict(found) for found in await method(self.storage, keys[:1])] == rows[:1]
        assert await method(self.storage, [fresh()]) == []
        assert await method(self.storage, []) == []

    async def test_an_empty_choice_is_not_everything(self) -> None:
        """An empty `actions` MUST be refused rather than match all, and of no agents there are no permissions."""
        with pytest.raises(InvalidInput):
            await self.storage.query_audit_logs(actions=[])
        with pytest.raises(InvalidInput):
            await self.storage.count_audit_logs(actions=[])
        assert await self.storage.find_permissions_by_agent_ids([]) == []
        assert await self.storage.find_delegation_chains_by_parents([]) == []

    async def test_delegations_are_found_from_either_end(self) -> None:
        """`agent_id` MUST match both ends of a chain; without any agent the question is refused."""
        one, two = fresh(), fresh()
        there = await self.new(DELEGATION_CHAINS, from_agent_id=one, to_agent_id=two, created_at=at(1))
        back = await self.new(DELEGATION_CHAINS, from_agent_id=two, to_agent_id=one, created_at=at(2))
        own = await self.new(DELEGATION_CHAINS, from_agent_id=one, to_agent_id=one, created_at=at(3))
        await self.new(DELEGATION_CHAINS, from_agent_id=fresh(), to_agent_id=fresh())
        find = self.storage.find_delegation_chains_by_agent
        assert [row.id for row in await find(one)] == [there["id"], back["id"], own["id"]]
        assert [row.id for row in await find(two)] == [there["id"], back["id"]]
        assert [row.id for row in await find(one, status=back["status"])] == [back["id"]]
        assert [row.id for row in await find(from_agent_id=two, to_agent_id=one)] == [back["id"]]
        with pytest.raises(InvalidInput):
            await find()

    async def test_budgets_are_found_for_whom_they_hold(self) -> None:
        """A column of a policy that names nobody MUST match everybody, and one that names somebody nobody else."""
        me = {"agent_id": fresh(), "user_id": fresh(), "tenant_id": fresh()}
        mine = []
        for number, named in enumerate(product((True, False), repeat=3)):
            values = {name: me[name] if chosen else None for name, chosen in zip(me, named, strict=True)}
            row = await self.new(BUDGET_POLICIES, **values, created_at=at(number))
            mine.append(row["id"])
            for name in [name for name in me if values[name] is not None]:
                await self.new(BUDGET_POLICIES, **{**values, name: fresh()}, created_at=at(number))
        find = self.storage.find_budget_policies_for
        known = {row.id for row in await find(agent_id=fresh(), user_id=fresh(), tenant_id="")}
        assert mine[-1] in known, "a policy that names nobody is missing"
        assert known.isdisjoint(mine[:-1])
        found = [row.id for row in await find(**me)]
        await self.storage.delete_budget_policy(mine[-1])  # it would be found by every other clause
        assert [id for id in found if id in mine] == mine
        assert set(found) - set(mine) <= known

    async def test_counters_of_several_subjects_are_found(self) -> None:
        """`subjects` MUST match each value in them, from `since` on, and none of them nothing."""
        one, two = fresh(), fresh()
        rows = [await self.new(COUNTERS, subject=s, window_start=at(n)) for n, s in enumerate((one, two, one, fresh()))]
        find = self.storage.find_counters_by_subjects
        assert [dict(row) for row in await find([one, two, fresh()])] == rows[:3]
        assert [dict(row) for row in await find([one, two], since=at(1))] == rows[1:3]
        assert await find([]) == []

    async def test_a_stream_yields_what_a_query_returns(self) -> None:
        """A stream MUST yield every row of the query, oldest first, across the pages in which it reads them."""
        agent = fresh()
        seconds = [number // 7 for number in range(PAGE + 5)]
        rows: Any = [sample(AUDIT_LOGS, agent_id=agent, timestamp=at(second)) for second in seconds]
        await self.storage.create_audit_logs(random.Random(7).sample(rows, len(rows)))
        queried = await self.storage.query_audit_logs(agent_id=agent, limit=ALL)
        streamed = [row async for row in self.storage.stream_audit_logs(agent_id=agent)]
        assert len(streamed) == len(seconds)
        assert streamed == queried[::-1]

    async def test_a_stream_may_be_left_early(self) -> None:
        """Leaving a stream before its end MUST leave nothing open."""
        agent = fresh()
        for number in range(3):
            await self.new(AUDIT_LOGS, agent_id=agent, timestamp=at(number))
        stream = self.storage.stream_audit_logs(agent_id=agent)
        async for row in stream:
            assert row.timestamp == at(0)
            break
        await stream.aclose()  # type: ignore[attr-defined]

    async def _rows(self, method: Method, number: int) -> list[Values]:
        """Write rows that the method finds together, most in one second where they may share one, in no order."""
        table = method.table
        shared = sample(table, **FIXED.get(method.name, {}))
        same = {f.column: shared[f.column] for f in method.operation.filters if table.by_name[f.column].kind != "time"}
        clock = method.operation.order[0]
        shares = not any({*columns} <= {*same, clock} for columns in table.uniques)
        rows = []
        for index in range(number):
            moment = {clock: at(1 if shares and index % 3 else index)} if table.by_name[clock].kind == "time" else {}
            rows.append(sample(table, **same, **moment))
        for row in random.Random(number).sample(rows, number):
            await _write(self, method, row)
        return rows

    async def _mine(self, method: Method, rows: list[Values]) -> list[Values]:
        limit = {"limit": ALL} if "limit" in method.parameters else {}
        found = await method(self.storage, **_arguments(method, rows[0]), **limit)
        own = {row["id"] for row in rows}
        return [dict(record) for record in found if record.id in own]

    async def _ids(self, method: Method, arguments: dict[str, Any]) -> set[str] | int:
        if method in COUNTS:
            number: int = await method(self.storage, **arguments)
            return number
        if method in STREAMS:
            return {row.id async for row in getattr(self.storage, method.name)(**arguments)}
        limit = {"limit": ALL} if "limit" in method.parameters else {}
        return {row.id for row in await method(self.storage, **arguments, **limit)}


async def _write(clauses: Clauses, method: Method, values: Values) -> None:
    await clauses.new(method.table, **values)


async def _at_once(clauses: Clauses, work: Any) -> None:
    """Write many rows in one transaction, which is faster, where the storage has transactions."""
    if clauses.capabilities.transactions:
        async with clauses.storage.transaction() as transaction:
            await work(transaction)
    else:
        await work(clauses.storage)


def _arguments(method: Method, row: Values, only: Filter | None = None) -> dict[str, Any]:
    """Return filters that the row matches: all of them, or one and those without which the method cannot be called."""
    found: dict[str, Any] = {}
    for f in method.operation.filters:
        if f.name not in method.parameters or (only and f.optional and f is not only):
            continue
        value = row[f.column]
        if f.comparison == "in":
            found[f.name] = [value]
        elif f.comparison in ("<", "<="):
            found[f.name] = value + (at(100) - at(0))
        else:
            found[f.name] = value
    if only is None and method.name == "find_delegation_chains_by_agent":
        # Its filters overlap; a clause of its own combines them.
        found.pop("agent_id", None)
    return found
