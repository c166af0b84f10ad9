"""A synchronous object with the face of its asyncio twin, so that one source of clauses serves both colours.

The lifted methods are coroutines that never wait: one `send(None)` runs what is written over them to its end.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class Lifted:
    """Stand for a synchronous object: methods become coroutines, `transaction()` and `stream_...()` asynchronous.

    What a lifted object yields as a storage, in a transaction or joined to a host, is lifted too.
    """

    def __init__(self, value: Any) -> None:
        """Lift `value`, which stays reachable under this name."""
        self.value = value

    def __getattr__(self, name: str) -> Any:
        """Return the attribute of the same name, lifted."""
        found = getattr(self.value, name)
        if name == "transaction":
            return lambda: _lift_block(found())
        if name == "using":
            return lambda handle: Lifted(found(handle))
        if name.startswith("stream_"):
            return lambda **filters: _lift_iterator(found(**filters))
        if callable(found):

            async def call(*arguments: Any, **keywords: Any) -> Any:
                return found(*arguments, **keywords)

            return call
        return Lifted(found) if type(found).__module__.startswith("kavach_core.engine._sync") else found

    async def __aenter__(self) -> Lifted:
        """Enter the object's own block."""
        self.value.__enter__()
        return self

    async def __aexit__(self, *error: Any) -> Any:
        """Leave the object's own block."""
        return self.value.__exit__(*error)


@asynccontextmanager
async def _lift_block(block: AbstractContextManager[Any]) -> AsyncIterator[Any]:
    with block as value:
        yield Lifted(value)


async def _lift_iterator(iterator: Iterator[Any]) -> AsyncIterator[Any]:
    for item in iterator:
        yield item


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine over lifted objects to its end, and return its result; it MUST never wait."""
    __tracebackhide__ = True
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise AssertionError("a coroutine over synchronous objects waited")


async def finished(result: Any) -> Any:
    """Return what a call of either colour returns in the end."""
    return await result if inspect.isawaitable(result) else result


@asynccontextmanager
async def entered(block: AbstractContextManager[T] | AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """Enter a block of either colour."""
    if isinstance(block, AbstractAsyncContextManager):
        async with block as value:
            yield value
    else:
        with block as value:
            yield value
