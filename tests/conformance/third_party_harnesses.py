"""Harnesses as a third party might write them, good and bad: the tests of `kavach conformance` copy this module."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar, NoReturn

from conformance.memory import AsyncMemoryHarness, MemoryHarness
from kavach_core.errors import CapabilityError
from kavach_core.testing import Harness, Level, StorageSuite


class Good(MemoryHarness):
    level = Level.CORE


class GoodAsync(AsyncMemoryHarness):
    level = Level.CORE


class Finalizer:
    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)


class InterruptedInAFinalizer(Good):
    @contextmanager
    def open(self) -> Iterator[Any]:
        with super().open() as storage:
            Finalizer()
            yield storage


class WithoutTransactions(MemoryHarness):
    @contextmanager
    def open(self) -> Iterator[Any]:
        with super().open() as storage:
            less = replace(storage.capabilities, transactions=False, savepoints=False)
            yield Instead(storage, capabilities=less, transaction=refuse)


def refuse() -> NoReturn:
    raise CapabilityError("this storage has no transactions")


class Instead:
    """A storage with some attributes put in place of its own."""

    def __init__(self, storage: Any, **attributes: Any) -> None:
        vars(self).update(attributes, _storage=storage)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)


class Forgetful(MemoryHarness):
    """A storage that finds no user by address, and says much while it is opened."""

    level = Level.CORE

    @contextmanager
    def open(self) -> Iterator[Any]:
        print("NOISE")
        with super().open() as storage:
            yield Instead(storage, find_user_by_email=lambda email: None)


class Locked(MemoryHarness):
    @contextmanager
    def open(self) -> Iterator[Any]:
        raise OSError("the door is locked\nand so is the window")
        yield


class Stuck(MemoryHarness):
    @contextmanager
    def open(self) -> Iterator[Any]:
        with super().open() as storage:
            yield storage
        raise OSError("the door does not close")


class Excused(MemoryHarness):
    level = Level.CORE
    skips = {"test_a_missing_row_is_none": "it is late"}
    expected_failures = {"test_every_part_of_a_name_counts": "it does not"}

    @contextmanager
    def open(self) -> Iterator[Any]:
        with super().open() as storage:
            yield Instead(storage, find_trust_score=None, find_user_by_email=None)


class Misspelled(MemoryHarness):
    skips = {"test_no_such_clause": "no reason"}


class Colourless(MemoryHarness):
    colour: ClassVar[Any] = "red"


class Begun(Harness):
    colour = "sync"

    def open(self) -> Any: ...


class TestGood(StorageSuite):
    harness = Good
