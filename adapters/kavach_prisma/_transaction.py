"""What all views of one transaction share."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Final

from kavach_core.errors import TransactionAborted, TransactionError
from kavach_schema.render.ddl import Flavour

savepoints = count(1)

_aborted: Final[deque[str]] = deque(maxlen=1000)
"""The latest transactions that were rolled back under their hosts: Prisma's clients cannot be referred to weakly."""

_CREATION: Final = timedelta(minutes=3)
"""Time enough to wait for another process that creates tables, and to do it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What Prisma allows a transaction: to get a connection, and from its beginning to its end."""

    max_wait: timedelta
    timeout: timedelta

    def for_creating_tables(self) -> Limits:
        """Return the same with time to create tables: MySQL's lock would outlive a transaction at its limit."""
        return replace(self, timeout=max(self.timeout, _CREATION))

    def request(self, flavour: Flavour) -> str:
        """Return the body of the request that begins a transaction.

        At the level of MySQL itself, REPEATABLE READ, raising a counter locks its neighbours too: transactions that
        raise different ones would wait for each other.
        """
        settings: dict[str, object] = {
            "max_wait": int(self.max_wait.total_seconds() * 1000),
            "timeout": int(self.timeout.total_seconds() * 1000),
        }
        if flavour in ("mysql", "mariadb"):
            settings["isolation_level"] = "ReadCommitted"
        return json.dumps(settings)


class State:
    """How an open transaction fares, and whose turn it is in it."""

    def __init__(self, transaction_id: str | None = None) -> None:
        """Start free; what is known of a transaction by this ID is true of all its views."""
        self._id = transaction_id
        self.spoiled = False
        """An error on PostgreSQL: all that is left is to roll back, and a commit would do so without a word."""
        self._taken = False

    @property
    def aborted(self) -> bool:
        """Tell whether the database, or Prisma's time limit, rolled the transaction back."""
        return self._id in _aborted

    def note_aborted(self, *, aborted: bool) -> None:
        """Note that it was rolled back, or that a savepoint saved it."""
        if self._id is not None and aborted is not self.aborted:
            (_aborted.append if aborted else _aborted.remove)(self._id)

    def __enter__(self) -> None:
        """Take the turn; raises `TransactionError` while another thread or task has it."""
        if self._taken:
            raise TransactionError(
                "another thread or task is using this transaction; give each one a transaction of its own"
            )
        self._taken = True

    def __exit__(self, *error: object) -> None:
        """Give the turn back."""
        self._taken = False

    def refuse_aborted(self) -> None:
        """Refuse to go on after a deadlock: on MySQL each further statement would commit by itself."""
        if self.aborted:
            raise TransactionAborted("the database rolled this transaction back; leave its block, and run it again")

    def refuse_spoiled(self) -> None:
        """Refuse to commit what PostgreSQL would roll back."""
        if self.spoiled:
            raise TransactionError("an earlier error spoiled this transaction; roll it back and begin a new one")
