"""What others see of a transaction: nothing before its commit, all of it after, and never a part."""

from __future__ import annotations

from typing import Any

import pytest

from kavach_core.storage import AsyncStorage
from kavach_core.testing.changes import Change, Row, each_change
from kavach_core.testing.clauses.transacting import Transacting, new_row, put
from kavach_core.testing.methods import read
from kavach_core.testing.samples import fresh, sample
from kavach_schema.tables.agents import AGENTS, AUDIT_LOGS, PERMISSIONS, TRUST_SCORES

ROUNDS = 6
MANY = 60


class IsolationClauses(Transacting):
    """What others see, with connections of their own."""

    @each_change
    async def test_nobody_sees_what_is_not_committed(self, change: Change) -> None:
        """Before the commit others MUST see the rows as they were; after it, at once, as they are."""
        second = await self.second()
        rows = await change.prepare(self.storage)
        await self.assert_read(second, *rows)
        async with self.transaction() as transaction:
            after = await change.make(transaction, rows)
            await self.assert_read(transaction, *after)
            await self.assert_read(second, *rows)
            await self.assert_committed(*rows)
        await self.assert_read(second, *after)
        await self.assert_committed(*after)

    @each_change
    async def test_nobody_ever_sees_what_is_rolled_back(self, change: Change) -> None:
        """Neither before nor after the rollback MUST others see anything of it."""
        second = await self.second()
        rows = await change.prepare(self.storage)

        async def work(transaction: AsyncStorage) -> None:
            await change.make(transaction, rows)
            await self.assert_read(second, *rows)
            await self.assert_committed(*rows)

        await self.roll_back(work)
        await self.assert_read(second, *rows)
        await self.assert_committed(*rows)

    @each_change
    async def test_a_released_savepoint_is_not_committed(self, change: Change) -> None:
        """What a savepoint did that was left MUST be seen by others when its transaction commits, and not before."""
        self.require(transactions=True, savepoints=True)
        second = await self.second()
        rows = await change.prepare(self.storage)
        async with self.transaction() as outer:
            async with outer.transaction() as inner:
                after = await change.make(inner, rows)
            await self.assert_read(second, *rows)
            await self.assert_committed(*rows)
        await self.assert_read(second, *after)

    @each_change
    async def test_a_call_on_its_own_is_seen_at_once(self, change: Change) -> None:
        """When a call outside of transactions returns, others MUST see it, also those who read the rows before."""
        second = await self.second()
        rows = await change.prepare(self.storage)
        await self.assert_read(second, *rows)
        after = await change.make(self.storage, rows)
        await self.assert_read(second, *after)
        await self.assert_committed(*after)

    @each_change
    async def test_what_others_change_is_seen_at_once(self, change: Change) -> None:
        """A storage MUST read what another one committed, also where it read the rows before: nothing is cached."""
        second = await self.second()
        rows = await change.prepare(second)
        await self.assert_read(self.storage, *rows)
        after = await change.make(second, rows)
        await self.assert_read(self.storage, *after)

    async def test_no_way_of_reading_is_stale(self) -> None:
        """Finding, listing, counting and streaming MUST all see the last commit, again and again."""
        second = await self.second()
        agent = new_row().but(name="name 0")
        mine: dict[str, Any] = {"agent_id": agent.values["id"]}
        await put(self.storage, agent)
        for number in range(1, 6):
            assert await _seen(second, agent) == (f"name {number - 1}", number - 1)
            async with self.transaction() as transaction:
                await transaction.update_agent(agent.values["id"], name=f"name {number}")
                await put(transaction, Row(PERMISSIONS, sample(PERMISSIONS, **mine)))
                await put(transaction, Row(AUDIT_LOGS, sample(AUDIT_LOGS, **mine)))
            assert await _seen(second, agent) == (f"name {number}", number)
            assert await _seen(self.storage, agent) == (f"name {number}", number)

    async def test_readers_wait_for_nobody(self) -> None:
        """While a transaction that has written is open, others MUST be able to read, and to read other tables."""
        second = await self.second()
        row = new_row()
        async with self.transaction() as transaction:
            await put(transaction, row)
            for _ in range(3):
                await self.assert_read(second, row.gone)
            assert await second.find_permissions_by_agent_id(row.values["id"]) == []
            assert await second.count_agents(owner_id=row.values["owner_id"]) == 0

    async def test_many_new_rows_are_seen_wholly_or_not_at_all(self) -> None:
        """However many rows one call writes, others MUST see none of them or all."""
        second = await self.second()
        agent_ids = [fresh() for _ in range(ROUNDS)]

        async def write_all() -> None:
            for agent_id in agent_ids:
                rows: Any = [sample(PERMISSIONS, agent_id=agent_id) for _ in range(MANY)]
                await self.storage.create_permissions(rows)

        writing = self.beside(write_all)
        for agent_id in agent_ids:
            seen = [0]
            while seen[-1] == 0 and not await writing.ends_within(0):
                seen.append(len(await second.find_permissions_by_agent_id(agent_id)))
            seen.append(len(await second.find_permissions_by_agent_id(agent_id)))
            assert set(seen) <= {0, MANY}
        await writing.result()

    async def test_facts_are_as_of_one_moment(self) -> None:
        """Whoever gathers facts MUST NOT see the token of one moment beside the permissions or the score of another."""
        self.require(transactions=True)
        second = await self.second()
        agent = await self.new(AGENTS)
        mine = {"agent_id": agent["id"]}
        permission = await self.new(PERMISSIONS, **mine, resource="**", actions=["0"])
        await self.new(TRUST_SCORES, **mine, revision=0)

        async def rotate_all() -> None:
            old = permission
            for number in range(1, MANY + 1):
                new = sample(PERMISSIONS, **mine, resource="**", actions=[str(number)])

                async def rotate(transaction: Any, old: Any = old, new: Any = new, number: int = number) -> None:
                    await transaction.update_agent(agent["id"], name=str(number))
                    await self.opened.runner.pause()
                    await transaction.delete_permission(old["id"])
                    await transaction.create_permission(**new)
                    await self.opened.runner.pause()
                    await transaction.update_trust_score(agent["id"], revision=number)

                async with self.transaction() as transaction:
                    await rotate(transaction)
                old = new

        await second.update_agent(agent["id"], name="0")
        rotating = self.beside(rotate_all)
        ended = False
        while not ended:
            ended = await rotating.ends_within(0)
            facts = await second.find_agent_facts_by_token_hash(agent["token_hash"], resource="mcp")
            assert facts is not None
            assert facts.trust_score is not None
            seen = {facts.agent.name, str(facts.trust_score.revision), *(p.actions[0] for p in facts.permissions)}
            assert len(seen) == 1, "the facts are of several moments"
        await rotating.result()

    async def test_an_owner_goes_wholly_or_not_at_all(self) -> None:
        """Who no longer finds the rows of an owner MUST NOT find the owner either, and the other way round."""
        second = await self.second()
        agents = [Row(AGENTS, await self.new(AGENTS)) for _ in range(ROUNDS)]
        for agent in agents:
            rows: Any = [sample(PERMISSIONS, agent_id=agent.values["id"]) for _ in range(MANY)]
            await self.storage.create_permissions(rows)

        async def delete_all() -> None:
            for agent in agents:
                await self.storage.delete_agent(agent.values["id"])

        deleting = self.beside(delete_all)
        ended = False
        while not ended:
            ended = await deleting.ends_within(0)
            for agent in agents:
                # Each pair is read in an order in which a commit between the two cannot explain a difference.
                count = len(await second.find_permissions_by_agent_id(agent.values["id"]))
                found = await second.find_agent_by_id(agent.values["id"])
                assert count in (0, MANY)
                assert count == MANY or found is None
                if found is None:
                    assert await second.find_permissions_by_agent_id(agent.values["id"]) == []
        await deleting.result()
        await self.assert_rows(*(agent.gone for agent in agents))

    @pytest.mark.parametrize("fails", [False, True], ids=["committed", "rolled-back"])
    async def test_a_transaction_is_seen_wholly_or_not_at_all(self, fails: bool) -> None:
        """Whoever sees the row that was written last MUST see the first; a failed transaction shows neither."""
        self.require(transactions=True)
        second = await self.second()
        pairs = [(new_row(), new_row()) for _ in range(ROUNDS)]

        async def write_all() -> None:
            for first, last in pairs:

                async def work(transaction: Any, first: Row = first, last: Row = last) -> None:
                    await put(transaction, first)
                    await self.opened.runner.pause()
                    await put(transaction, last)

                if fails:
                    await self.roll_back(work)
                else:
                    async with self.transaction() as transaction:
                        await work(transaction)

        writing = self.beside(write_all)
        ended = False
        while not ended:
            ended = await writing.ends_within(0)
            for first, last in pairs:
                # The first is read before the last: where it is seen, both are committed.
                sees_first = await read(second, AGENTS, first.values) is not None
                sees_last = await read(second, AGENTS, last.values) is not None
                assert sees_last or not sees_first
                assert not (fails and (sees_first or sees_last))
        await writing.result()
        for first, last in pairs:
            await self.assert_rows(first.gone if fails else first, last.gone if fails else last)


async def _seen(storage: AsyncStorage, agent: Row) -> tuple[str | None, int]:
    """Read an agent and what belongs to it in several ways, which MUST agree; return its name and how many."""
    agent_id = agent.values["id"]
    found = await storage.find_agent_by_id(agent_id)
    (listed,) = await storage.list_agents(owner_id=agent.values["owner_id"])
    assert listed == found
    numbers = {
        len(await storage.find_permissions_by_agent_id(agent_id)),
        len([log async for log in storage.stream_audit_logs(agent_id=agent_id)]),
        len(await storage.query_audit_logs(agent_id=agent_id)),
        await storage.count_audit_logs(agent_id=agent_id),
    }
    assert len(numbers) == 1, "one way of reading is behind another"
    return found.name if found else None, numbers.pop()
