"""A backend inside a transaction of ours that is open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import NoReturn, TypeVar, cast

from kavach_core.errors import TransactionContextLost, TransactionError
from kavach_core.storage.capabilities import Capabilities
from kavach_core.storage.operations import Operation, table_of
from kavach_sqlalchemy._link import Link, Turn

T = TypeVar("T")


class BoundBackend:
    """Run operations in a transaction of ours that is open."""

    in_transaction = True

    def __init__(self, link: Link, capabilities: Capabilities, turn: Turn) -> None:
        """Use the connection of an open transaction, one operation at a time."""
        self._link: Link | None = link
        self._turn = turn
        self._savepoint_is_open = False
        self.capabilities = capabilities

    def execute(self, operation: Operation[T], values: Mapping[str, object]) -> T:
        """Execute one operation; a conflict leaves the transaction usable."""
        link = self._open()
        plan = link.planner.plan(operation, values)
        with self._turn:
            return cast("T", link.run_inside(plan, table_of(operation)))

    @contextmanager
    def transaction(self) -> Iterator[BoundBackend]:
        """Open a savepoint."""
        link = self._open()
        with ExitStack() as stack:
            with self._turn:
                self._savepoint_is_open = True
                stack.callback(self._savepoint_left)
                stack.enter_context(link.savepoint())
            bound = BoundBackend(link, self.capabilities, self._turn)
            stack.callback(bound.end)
            yield bound

    def using(self, handle: object) -> NoReturn:
        """Refuse: these operations have a transaction."""
        raise TransactionError("this storage is bound to a transaction; call using() on the storage that it came from")

    def prepare_schema(self) -> None:
        """Do nothing: the engine's backend did it."""

    def end(self) -> None:
        """Refuse everything from now on."""
        self._link = None

    def close(self) -> None:
        """Do nothing: the transaction's block closes it."""

    def _savepoint_left(self) -> None:
        self._savepoint_is_open = False

    def _open(self) -> Link:
        if self._link is None:
            raise TransactionContextLost(
                "this transaction has ended; use the storage that it came from, or open a new one"
            )
        if self._savepoint_is_open:
            # It would be undone with the savepoint; and savepoints of several tasks would undo each other.
            raise TransactionError("a savepoint of this transaction is open; use the storage that is bound to it")
        return self._link
