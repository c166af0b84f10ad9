"""Lifecycle hooks as values: what a host may have called, and what it is told."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypedDict, TypeVar

from pydantic import JsonValue

from kavach_core.engine.values import Agent, AuthorizeResult
from kavach_core.errors import ConfigurationError

logger = logging.getLogger("kavach")


@dataclass(frozen=True, slots=True)
class HookedCall:
    """A call of `authorize` as hooks see it, whichever way it came.

    Where no agent was found, `agent_id` is the id that was asked for, or None where it was a token, and `owner_id` is
    None. `arguments` are without secrets, as they are recorded, and a copy.
    """

    agent_id: str | None
    owner_id: str | None
    action: str
    resource: str
    arguments: Mapping[str, JsonValue] | None = field(repr=False)
    ip: str | None
    user_agent: str | None


class Hooks(TypedDict, total=False):
    """What a host may have called; each is optional.

    `before_authorize` returns None, or why the call is refused. What the others return is ignored.
    """

    before_authorize: Callable[[HookedCall], str | None]
    after_authorize: Callable[[HookedCall, AuthorizeResult], object]
    violation: Callable[[HookedCall, AuthorizeResult], object]
    agent_created: Callable[[Agent], object]
    agent_revoked: Callable[[Agent], object]


class AsyncHooks(TypedDict, total=False):
    """The same, under asyncio."""

    before_authorize: Callable[[HookedCall], Awaitable[str | None]]
    after_authorize: Callable[[HookedCall, AuthorizeResult], Awaitable[object]]
    violation: Callable[[HookedCall, AuthorizeResult], Awaitable[object]]
    agent_created: Callable[[Agent], Awaitable[object]]
    agent_revoked: Callable[[Agent], Awaitable[object]]


_NAMES: Final = Hooks.__optional_keys__

H = TypeVar("H", Hooks, AsyncHooks)


def read_hooks(given: H) -> H:
    """Return a copy of the hooks; raises `ConfigurationError` for an unknown name and for what cannot be called."""
    if not isinstance(given, dict):
        raise ConfigurationError(f"hooks: expected a dictionary of callables, got {type(given).__name__}")
    for name, hook in given.items():
        if name not in _NAMES:
            raise ConfigurationError(f"hooks.{name}: unknown hook; use one of {', '.join(sorted(_NAMES))}")
        if not callable(hook):
            raise ConfigurationError(f"hooks.{name}: pass a callable")
    return given.copy()


@contextmanager
def logged(name: str) -> Iterator[None]:
    """Log that the hook of this name failed, and go on."""
    try:
        yield
    except Exception as error:
        # Its message may quote what the agent passed, which may be secret.
        logger.warning("hooks: %s failed with %s; what it was told stands", name, type(error).__name__)
