"""Capabilities: every flag is a claim, and each claim is tried, the modest ones too.

What is not offered MUST be refused with the documented error: callers ask the flags, and fall back on what they say.
"""

from __future__ import annotations

import dataclasses
from contextlib import AsyncExitStack
from typing import Any, Final

import pytest

from kavach_core.errors import BackendUnavailable, CapabilityError, NestedTransactionUnsupported
from kavach_core.storage import AsyncStorage, Capabilities
from kavach_core.testing.clauses.base import Clauses, values_of
from kavach_core.testing.levels import Level
from kavach_core.testing.methods import write
from kavach_core.testing.running import Beside
from kavach_core.testing.samples import Values, fresh, sample
from kavach_schema.tables.agents import AGENTS, PERMISSIONS, RATE_LIMITS

MOMENT: Final = 0.5
"""Seconds that a writer which need not wait would not take; one that is slower is believed to wait."""

LONG: Final = 20.0
"""Seconds after which a writer that need not wait is believed to wait after all."""


class CapabilityClauses(Clauses):
    """What the storage says of itself, and what it refuses."""

    async def test_capabilities_are_decisions(self) -> None:
        """Capabilities MUST be the contract's frozen record, with a boolean for every flag and no default."""
        found = self.capabilities
        assert type(found) is Capabilities
        for flag in dataclasses.fields(found):
            assert type(getattr(found, flag.name)) is bool, flag.name
            assert flag.default is dataclasses.MISSING
            assert flag.default_factory is dataclasses.MISSING
            assert flag.kw_only
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(found, flag.name, not getattr(found, flag.name))
        assert self.capabilities == found

    async def test_capabilities_do_not_contradict_each_other(self) -> None:
        """Savepoints and joined transactions MUST NOT be claimed by a storage without transactions."""
        if not self.capabilities.transactions:
            assert not self.capabilities.savepoints
            assert not self.capabilities.joins_host

    async def test_capabilities_are_the_same_in_a_transaction(self) -> None:
        """In a transaction and in a savepoint the storage MUST claim the same."""
        self.require(transactions=True)
        async with self.storage.transaction() as transaction:
            assert transaction.capabilities == self.capabilities
            if self.capabilities.savepoints:
                async with transaction.transaction() as savepoint:
                    assert savepoint.capabilities == self.capabilities

    async def test_claimed_transactions_are_whole(self) -> None:
        """transactions=True: what a block wrote, in several tables, MUST stay when it ends, and go when it fails."""
        self.require(transactions=True)
        lost, kept = _rows(), _rows()

        async def work(transaction: AsyncStorage) -> None:
            await _write(transaction, lost)

        await self.fail_after(self.storage, work)
        async with self.storage.transaction() as transaction:
            await _write(transaction, kept)
        for (table, gone), (_, stored) in zip(lost, kept, strict=True):
            await self.assert_missing(table, gone)
            await self.assert_stored(table, stored)

    async def test_without_transactions_a_transaction_is_refused(self) -> None:
        """transactions=False: `transaction()` MUST raise `CapabilityError`, before anything is written in it."""
        self.require(transactions=False)
        row = sample(AGENTS)
        with pytest.raises(CapabilityError):
            async with self.storage.transaction() as transaction:
                await write(transaction, AGENTS, row)
        await self.assert_missing(AGENTS, row)
        await self.assert_stored(AGENTS, await self.new(AGENTS))

    async def test_claimed_savepoints_fail_alone(self) -> None:
        """savepoints=True: an inner block that fails MUST take with it what was written in it, and nothing else."""
        self.require(transactions=True, savepoints=True)
        before, inside, after, inner = (sample(AGENTS) for _ in range(4))

        async def work(savepoint: AsyncStorage) -> None:
            await write(savepoint, AGENTS, inside)

        async with self.storage.transaction() as transaction:
            await write(transaction, AGENTS, before)
            await self.fail_after(transaction, work)
            async with transaction.transaction() as savepoint:
                await write(savepoint, AGENTS, inner)
            await write(transaction, AGENTS, after)
        await self.assert_missing(AGENTS, inside)
        for row in (before, inner, after):
            await self.assert_stored(AGENTS, row)

    async def test_claimed_savepoints_are_part_of_their_transaction(self) -> None:
        """savepoints=True: what an inner block wrote MUST go when the outer one fails."""
        self.require(transactions=True, savepoints=True)
        inner = sample(AGENTS)

        async def work(transaction: AsyncStorage) -> None:
            async with transaction.transaction() as savepoint:
                await write(savepoint, AGENTS, inner)

        await self.fail_after(self.storage, work)
        await self.assert_missing(AGENTS, inner)

    async def test_without_savepoints_an_inner_transaction_is_refused(self) -> None:
        """savepoints=False: an inner block MUST raise `NestedTransactionUnsupported`, and the outer one go on."""
        self.require(transactions=True, savepoints=False)
        before, inside, after = (sample(AGENTS) for _ in range(3))
        async with self.storage.transaction() as transaction:
            await write(transaction, AGENTS, before)
            with pytest.raises(NestedTransactionUnsupported):
                async with transaction.transaction() as savepoint:
                    await write(savepoint, AGENTS, inside)
            await write(transaction, AGENTS, after)
        await self.assert_missing(AGENTS, inside)
        for row in (before, after):
            await self.assert_stored(AGENTS, row)

    async def test_without_joining_any_handle_is_refused(self) -> None:
        """joins_host=False: `using()` MUST raise `CapabilityError` for whatever it is given."""
        self.require(joins_host=False)
        for handle in (object(), None, self.storage):
            with pytest.raises(CapabilityError):
                await _used(self.storage, handle)
        await self.assert_stored(AGENTS, await self.new(AGENTS))

    async def test_claimed_returning_is_one_statement(self) -> None:
        """returning=True: a change MUST come back with the statement that makes it; False is said of two or more."""
        agent = await self.new(AGENTS)
        changed = {"name": fresh(), "status": "revoked"}
        async with self.opened.statements() as sent:
            found = await self.storage.update_agent(agent["id"], **changed)  # type: ignore[arg-type]
            number = sent.count
        assert values_of(found) == {**agent, **changed}
        assert (number == 1) is self.capabilities.returning, f"{number} statements"


class JoiningCapabilityClauses(Clauses):
    """The claim to join the host's transaction."""

    level = Level.JOINED

    async def test_claimed_joins_are_the_hosts(self) -> None:
        """joins_host=True: a view MUST claim the same, and its rows commit and roll back with the host's."""
        for commit in (True, False):
            row, note = sample(AGENTS), fresh()
            async with self.host() as host:
                await host.insert(note)
                joined = self.storage.using(host.handle)
                assert joined.capabilities == self.capabilities
                await write(joined, AGENTS, row)
                assert await host.find(AGENTS, row["id"]) == row
                await (host.commit() if commit else host.rollback())
            if commit:
                await self.assert_stored(AGENTS, row)
            else:
                await self.assert_missing(AGENTS, row)


class ConcurrencyCapabilityClauses(Clauses):
    """The claim that transactions write at the same time, and what holds where they do not."""

    level = Level.CONCURRENT

    async def test_claimed_writers_write_at_the_same_time(self) -> None:
        """concurrent_writers=True: a transaction MUST write and commit while another one has written and is open."""
        self.require(transactions=True, concurrent_writers=True)
        mine, other = await self._two_agents()
        new = sample(AGENTS)
        async with self.storage.transaction() as transaction:
            await transaction.update_agent(mine["id"], name="mine")
            writing = self.beside(await self._other_writer(other, new))
            ended = await writing.ends_within(LONG)
            seen = await self.opened.find(AGENTS, new["id"]) if ended else None
        await writing.result()
        assert ended, "the second writer waited for the first"
        assert seen == new
        await self.assert_stored(AGENTS, {**mine, "name": "mine"})
        await self.assert_stored(AGENTS, {**other, "name": "other"})

    async def test_claimed_writers_are_open_together(self) -> None:
        """concurrent_writers=True: two transactions with writes MUST be open together, and each end as it will."""
        self.require(transactions=True, concurrent_writers=True)
        storages = [self.storage, await self.second()]
        rows = [sample(AGENTS) for _ in storages]
        async with AsyncExitStack() as stack:
            for storage, row in zip(storages, rows, strict=True):
                transaction = await stack.enter_async_context(storage.transaction())
                await write(transaction, AGENTS, row)
            for row in rows:
                assert await self.opened.find(AGENTS, row["id"]) is None, "committed before its end"
        for row in rows:
            await self.assert_stored(AGENTS, row)

    async def test_without_concurrent_writers_the_second_waits(self) -> None:
        """concurrent_writers=False: it MUST wait, or get `BackendUnavailable` that says that trying again may help."""
        self.require(transactions=True, concurrent_writers=False)
        mine, other = await self._two_agents()
        new = sample(AGENTS)
        async with self.storage.transaction() as transaction:
            await transaction.update_agent(mine["id"], name="mine")
            writing = self.beside(await self._other_writer(other, new))
            sent_away = await writing.ends_within(MOMENT)
            if sent_away:
                assert not await _succeeds(writing), "it wrote beside another one: concurrent_writers is True"
        if sent_away or not await _succeeds(writing):
            await (await self._other_writer(other, new))()
        await self.assert_stored(AGENTS, {**mine, "name": "mine"})
        await self.assert_stored(AGENTS, {**other, "name": "other"})
        await self.assert_stored(AGENTS, new)

    async def test_whatever_is_claimed_no_write_is_lost(self) -> None:
        """Whatever is claimed, a write beside an open transaction on the same row MUST NOT undo it or be undone."""
        self.require(transactions=True)
        window = await self.new(RATE_LIMITS, count=1)
        second = await self.second()

        async def add(storage: Any, count: int) -> Any:
            return await storage.increment_rate_limit(**{**window, "id": fresh(), "count": count})

        async def again() -> None:
            await add(second, 100)

        async with self.storage.transaction() as transaction:
            assert values_of(await add(transaction, 10))["count"] == 11
            writing = self.beside(again)
            sent_away = await writing.ends_within(MOMENT) and not await _succeeds(writing)
        if sent_away or not await _succeeds(writing):
            await again()
        await self.assert_stored(RATE_LIMITS, {**window, "count": 111})

    async def _two_agents(self) -> tuple[Values, Values]:
        await self.second()
        return await self.new(AGENTS), await self.new(AGENTS)

    async def _other_writer(self, other: Values, new: Values) -> Any:
        """Return work that changes one row and writes another in a transaction of the second storage."""
        second = await self.second()

        async def work() -> None:
            async with second.transaction() as transaction:
                await transaction.update_agent(other["id"], name="other")
                await write(transaction, AGENTS, new)

        return work


def _rows() -> list[tuple[Any, Values]]:
    return [(table, sample(table)) for table in (AGENTS, PERMISSIONS, RATE_LIMITS)]


async def _write(storage: AsyncStorage, rows: list[tuple[Any, Values]]) -> None:
    for table, row in rows:
        await write(storage, table, row)


async def _used(storage: AsyncStorage, handle: object) -> None:
    """Join a handle and write through it, for whoever notices later."""
    await storage.using(handle).create_agent(**sample(AGENTS))


async def _succeeds(writing: Beside[Any]) -> bool:
    """Tell whether a writer succeeded; it may only have been sent away for now."""
    try:
        await writing.result()
    except BackendUnavailable as error:
        if not error.retryable:
            raise AssertionError("waiting would help, and the error does not say so") from error
        return False
    return True
