"""Group commit: who waits for whom, and who hears of a failure. What it writes to is a list: no database is needed."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest

from kavach_core.engine._async.group_commit import AsyncGroupCommit
from kavach_core.engine._sync.group_commit import GroupCommit
from kavach_core.errors import BackendUnavailable, StorageError


class Written:
    """A place to write to that can be held back and can fail."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.free = asyncio.Event()
        self.free.set()
        self.bad: set[int] = set()

    async def write(self, entries: Sequence[int]) -> None:
        await self.free.wait()
        if self.bad & set(entries):
            raise BackendUnavailable("the server is gone", retryable=True)
        self.groups.append(list(entries))


async def turns(number: int = 5) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_who_is_alone_waits_for_nobody() -> None:
    written = Written()
    group = AsyncGroupCommit(written.write)
    await group.commit(1)
    await group.commit(2)
    assert written.groups == [[1], [2]]


async def test_what_arrives_meanwhile_is_written_together() -> None:
    written = Written()
    written.free.clear()
    group = AsyncGroupCommit(written.write)
    calls = [asyncio.create_task(group.commit(number)) for number in range(6)]
    await turns()
    assert not any(call.done() for call in calls)
    late = [asyncio.create_task(group.commit(number)) for number in range(6, 9)]
    await turns()
    written.free.set()
    await asyncio.gather(*calls, *late)
    assert written.groups == [[0, 1, 2, 3, 4, 5], [6, 7, 8]]


async def test_with_several_turns_what_finds_one_free_waits_for_nobody() -> None:
    written = Written()
    written.free.clear()
    group = AsyncGroupCommit(written.write, turns=2)
    calls = []
    for number in range(5):
        calls.append(asyncio.create_task(group.commit(number)))
        await turns()
    written.free.set()
    await asyncio.gather(*calls)
    assert sorted(written.groups) == [[0], [1], [2, 3, 4]]


async def test_a_group_has_no_more_than_the_most() -> None:
    written = Written()
    written.free.clear()
    group = AsyncGroupCommit(written.write, most=4)
    calls = [asyncio.create_task(group.commit(number)) for number in range(10)]
    await turns()
    written.free.set()
    await asyncio.gather(*calls)
    assert [len(entries) for entries in written.groups] == [4, 4, 2]
    assert sorted(chain.from_iterable(written.groups)) == list(range(10))


async def test_a_failure_is_heard_by_exactly_its_callers() -> None:
    written = Written()
    written.free.clear()
    written.bad = {3}
    group = AsyncGroupCommit(written.write, most=2)
    calls = [asyncio.create_task(group.commit(number)) for number in range(6)]
    await turns()
    written.free.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(result, StorageError) for result in results] == [False, False, True, True, False, False]
    assert isinstance(results[2], StorageError)
    assert isinstance(results[2].__cause__, BackendUnavailable)
    assert str(results[2]).endswith("the server is gone")
    assert written.groups == [[0, 1], [4, 5]]
    await group.commit(9)
    assert written.groups[-1] == [9]


@pytest.mark.parametrize("cancelled", [0, 1])
async def test_a_cancelled_caller_takes_nobody_with_it(cancelled: int) -> None:
    written = Written()
    written.free.clear()
    group = AsyncGroupCommit(written.write)
    calls = [asyncio.create_task(group.commit(number)) for number in range(3)]
    await turns()
    calls[cancelled].cancel()
    await turns()
    written.free.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(result, asyncio.CancelledError) for result in results] == [n == cancelled for n in range(3)]
    assert written.groups == [[0, 1, 2]]


async def test_closing_waits_for_what_was_handed_over() -> None:
    written = Written()
    written.free.clear()
    group = AsyncGroupCommit(written.write, most=2)
    calls = [asyncio.create_task(group.commit(number)) for number in range(5)]
    await turns()
    for call in calls:
        call.cancel()
    closing = asyncio.create_task(group.close())
    await turns()
    assert not closing.done()
    written.free.set()
    await closing
    assert sorted(chain.from_iterable(written.groups)) == list(range(5))
    await asyncio.gather(*calls, return_exceptions=True)


def test_threads_are_grouped_and_each_waits_for_its_own_entry() -> None:
    groups: list[list[int]] = []
    begun, free = threading.Event(), threading.Event()

    def write(entries: Sequence[int]) -> None:
        begun.set()
        assert free.wait(10)
        groups.append(list(entries))

    group = GroupCommit(write)

    def commit(number: int) -> bool:
        group.commit(number)
        return any(number in entries for entries in groups)

    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(commit, 0)
        assert begun.wait(10)
        others = [threads.submit(commit, number) for number in range(1, 20)]
        while sum(len(waiting.entries) for waiting in group._groups) < 20:
            threading.Event().wait(0.001)
        free.set()
        assert first.result()
        assert all(other.result() for other in others)
    assert groups[0] == [0]
    assert [sorted(entries) for entries in groups[1:]] == [list(range(1, 20))]


def test_a_leader_that_a_signal_ends_leaves_nobody_waiting() -> None:
    groups: list[list[int]] = []
    begun, free = threading.Event(), threading.Event()

    def write(entries: Sequence[int]) -> None:
        begun.set()
        assert free.wait(10)
        groups.append(list(entries))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    group = GroupCommit(write)
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with ThreadPoolExecutor(2) as threads:
            first = threads.submit(group.commit, 0)
            assert begun.wait(10)
            signals = threading.Timer(0.05, signal.pthread_kill, (threading.get_ident(), signal.SIGUSR1))
            signals.start()
            with pytest.raises(KeyboardInterrupt):
                group.commit(1)
            signals.join()
            last = threads.submit(group.commit, 2)
            free.set()
            first.result(10)
            last.result(10)
    finally:
        free.set()
        signal.signal(signal.SIGUSR1, before)
    assert groups == [[0], [2]]
