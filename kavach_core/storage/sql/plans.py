"""The steps of one call: which statements to send, and what their rows mean, without sending them.

A plan is a generator that yields a request and receives its rows, so that sync and asyncio adapters of every ORM share
the whole meaning of the contract, and own nothing but the sending. psycopg 3 and httpcore are built the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, cast

from kavach_core.storage.values import Primitive

T = TypeVar("T")


@dataclass(slots=True)  # a frozen one takes three times as long to make
class Request:
    """Ask for a statement to be sent."""

    sql: str
    parameters: Sequence[Primitive] = ()
    returns: bool | None = None
    """Whether rows come back; None where only the driver can tell."""


@dataclass(slots=True)
class Rows:
    """Hold what a statement gave back; `count` is the number of rows it affected, as the driver tells it."""

    rows: Sequence[Sequence[Any]]
    count: int


Steps: TypeAlias = Generator[Request, Rows, T]
Finish: TypeAlias = Callable[[Rows], T]


@dataclass(slots=True)
class Plan:
    """Hold what one call sends, and what must enclose it.

    Most calls are one statement, `request`, whose rows `finish` turns into the result; where it is None they are
    several. `steps` are the same for either.
    """

    request: Request | None
    finish: Finish[Any]
    several: Steps[Any] | None = None
    atomic: bool = False
    """Several statements: they MUST run in one transaction."""
    may_conflict: bool = False
    """A taken key is possible: in an open transaction that an error would spoil, a savepoint MUST enclose the steps."""
    yielding: Request | None = None
    """The same as `request`, but where a key is taken it affects no row, and spoils nothing.

    In an open transaction it may be tried before the savepoint, which costs two statements more. Only at READ COMMITTED
    it yields to all rows: at other levels to those that the transaction can see, and fails on the others.
    """

    @property
    def steps(self) -> Steps[Any]:
        """Return the steps, which run once."""
        return self.several or self._only()

    def _only(self) -> Steps[Any]:
        return self.finish((yield cast("Request", self.request)))


def several(steps: Steps[Any], *, atomic: bool = False, may_conflict: bool = False) -> Plan:
    """Return the plan of several statements."""
    return Plan(None, _unused, steps, atomic, may_conflict)


def _unused(_: Rows) -> None:
    raise AssertionError("the steps have the result")


def drive(steps: Steps[T], send: Callable[[Request], Rows]) -> T:
    """Run a plan's steps to their result."""
    try:
        request = next(steps)
        while True:
            request = steps.send(send(request))
    except StopIteration as stop:
        return cast("T", stop.value)


def run(plan: Plan, send: Callable[[Request], Rows]) -> Any:
    """Run a plan to its result; a single statement needs no generator, which costs more than a dictionary's look-up."""
    if plan.request is not None:
        return plan.finish(send(plan.request))
    return drive(plan.steps, send)
