"""How clauses are run: to their end at once over a lifted storage, or in the event loop of an asyncio storage.

asyncio objects belong to one event loop, so a harness keeps one for all its clauses. What must run at the same time
does so in threads or in tasks, as an application would have it.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures import wait as wait_for_futures
from threading import Barrier
from typing import Any, Generic, TypeVar

from kavach_core.testing.harness import Colour
from kavach_core.testing.lift import finish

T = TypeVar("T")

Work = Callable[[], Coroutine[Any, Any, T]]
"""Makes the coroutine of some work; it is made where it runs."""

PATIENCE = 60.0
"""Seconds after which work that runs beside a clause counts as stuck."""


class Beside(ABC, Generic[T]):
    """Work that was started and runs at the same time."""

    @abstractmethod
    async def ends_within(self, seconds: float) -> bool:
        """Wait that long at most, and tell whether the work has ended."""

    @abstractmethod
    async def result(self) -> T:
        """Wait for the end and return the result, or raise the error."""


class Runner(ABC):
    """Run clauses of one colour."""

    @abstractmethod
    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and return its result."""

    @abstractmethod
    async def together(self, work: Callable[[int], Coroutine[Any, Any, T]], times: int) -> list[T | BaseException]:
        """Run `work(0)`, `work(1)`, ... at the same time; return results and errors in that order."""

    @abstractmethod
    def beside(self, work: Work[T]) -> Beside[T]:
        """Start some work that runs while the clause goes on."""

    @abstractmethod
    async def pause(self) -> None:
        """Let others run."""

    @abstractmethod
    def close(self) -> None:
        """Release what running took."""


class ThreadRunner(Runner):
    """Run clauses over lifted objects; several at once in threads."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end: it never waits."""
        __tracebackhide__ = True
        return finish(coroutine)

    async def together(self, work: Callable[[int], Coroutine[Any, Any, T]], times: int) -> list[T | BaseException]:
        """Run in threads that start together."""
        start = Barrier(times)

        def one(number: int) -> T:
            start.wait(PATIENCE)
            return finish(work(number))

        with ThreadPoolExecutor(times) as threads:
            calls = [threads.submit(one, number) for number in range(times)]
            return [call.exception() or call.result() for call in calls]

    def beside(self, work: Work[T]) -> Beside[T]:
        """Start a thread."""
        threads = ThreadPoolExecutor(1)
        future = threads.submit(lambda: finish(work()))
        threads.shutdown(wait=False)
        return _Thread(future)

    async def pause(self) -> None:
        """Do nothing: threads need no pause."""

    def close(self) -> None:
        """Do nothing: threads end by themselves."""


class _Thread(Beside[T]):
    def __init__(self, future: Future[T]) -> None:
        self._future = future

    async def ends_within(self, seconds: float) -> bool:
        return not wait_for_futures([self._future], seconds).not_done

    async def result(self) -> T:
        try:
            return self._future.result(PATIENCE)
        except FutureTimeout:
            if self._future.done():
                raise
            raise AssertionError(f"a thread is stuck for {PATIENCE} seconds") from None


class LoopRunner(Runner):
    """Run clauses in one event loop; several at once in tasks.

    One task serves all: storages that keep state in the task, as ORMs do, are opened, used and closed in the same one.
    """

    def __init__(self) -> None:
        """Make the loop."""
        self._loop = asyncio.new_event_loop()
        self._calls: asyncio.Queue[tuple[Coroutine[Any, Any, Any], asyncio.Future[Any]] | None] = asyncio.Queue()
        self._server = self._loop.create_task(self._serve())
        self._beside: set[asyncio.Future[Any]] = set()

    async def _serve(self) -> None:
        while (call := await self._calls.get()) is not None:
            coroutine, reply = call
            try:
                outcome = True, await coroutine
            except BaseException as error:
                outcome = False, error
            await self._end_those_beside()
            reply.set_result(outcome)

    async def _end_those_beside(self) -> None:
        """Cancel what a clause started and, because it failed, did not wait for."""
        left, self._beside = self._beside, set()
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the task that serves all."""
        __tracebackhide__ = True
        reply: asyncio.Future[tuple[bool, Any]] = self._loop.create_future()
        self._calls.put_nowait((coroutine, reply))
        succeeded, result = self._loop.run_until_complete(reply)
        if succeeded:
            value: T = result
            return value
        raise result

    async def together(self, work: Callable[[int], Coroutine[Any, Any, T]], times: int) -> list[T | BaseException]:
        """Run in tasks."""

        async def one(number: int) -> T:
            await asyncio.sleep(0)
            return await work(number)

        return await asyncio.gather(*(one(number) for number in range(times)), return_exceptions=True)

    def beside(self, work: Work[T]) -> Beside[T]:
        """Start a task."""
        task = asyncio.ensure_future(work())
        self._beside.add(task)
        return _Task(task)

    async def pause(self) -> None:
        """Give the loop a turn."""
        await asyncio.sleep(0)

    def close(self) -> None:
        """End the task that serves, and the loop."""
        self._calls.put_nowait(None)
        self._loop.run_until_complete(self._server)
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


class _Task(Beside[T]):
    def __init__(self, task: asyncio.Future[T]) -> None:
        self._task = task

    async def ends_within(self, seconds: float) -> bool:
        done, _ = await asyncio.wait({self._task}, timeout=seconds)
        return bool(done)

    async def result(self) -> T:
        async with asyncio.timeout(PATIENCE):
            return await self._task


def runner_for(colour: Colour) -> Runner:
    """Return what runs clauses over storages of this colour."""
    return LoopRunner() if colour == "asyncio" else ThreadRunner()
