"""The part of `kavach conformance` that knows the suite: it finds harnesses by name, and records what pytest runs.

pytest MUST be running when this module is imported, for its import hook shows both sides of a failed assertion.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, field
from functools import reduce
from importlib import import_module
from inspect import isabstract
from types import ModuleType
from typing import Any, Final, Protocol

import pytest

from kavach_core.errors import ConfigurationError
from kavach_core.testing.harness import Harness
from kavach_core.testing.levels import Level
from kavach_core.testing.results import Outcome, Result, Run
from kavach_core.testing.suite import StorageSuite

_LONGEST: Final = 300
"""Characters of a reason: where a failed assertion shows a value, that may be a long one."""


class Watcher(Protocol):
    """Who wants to know how far the suite is."""

    def begin(self, harness: str, runs: int) -> None:
        """Learn that a harness comes next, and how many runs it has."""
        ...

    def ran(self, run: Run) -> None:
        """Learn how one run ended."""
        ...


@dataclass(frozen=True)
class Named:
    """A harness, and how to import it."""

    module: str
    name: str
    harness: type[Harness]

    def __str__(self) -> str:
        """Return what names it on a command line."""
        return f"{self.module}:{self.name}"


def harnesses_named(targets: Sequence[str]) -> list[Named]:
    """Return the harnesses that `package.module:Class` or `package.module` name, each once.

    A module stands for the harnesses that are defined in it, but for those whose names begin with an underscore and
    those that leave methods to subclasses.

    Raises `ConfigurationError` for what cannot be imported or is no harness.
    """
    found: dict[type[Harness], Named] = {}
    for target in targets:
        for named in _named(target):
            found.setdefault(named.harness, named)
    return [*found.values()]


def _named(target: str) -> list[Named]:
    name, colon, path = target.partition(":")
    if not all(part.isidentifier() for part in name.split(".")) or (colon and not path):
        raise ConfigurationError(f"{target!r} names no harness; write package.module:Class, or package.module for all")
    module = _imported(name)
    if colon:
        return [Named(name, path, _harness(module, path))]
    classes = [c for c in vars(module).values() if isinstance(c, type) and issubclass(c, Harness)]
    own = [c for c in classes if c.__module__ == name and not c.__name__.startswith("_") and not isabstract(c)]
    if not own:
        raise ConfigurationError(f"the module {name} defines no Harness")
    return [Named(name, c.__name__, _harness(module, c.__name__)) for c in own]


def _imported(name: str) -> ModuleType:
    try:
        return import_module(name)
    except (Exception, SystemExit, pytest.skip.Exception) as error:
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            raise ConfigurationError(
                f"there is no module {error.name}; modules are looked for in the current folder and where Python is"
            ) from error
        what = f"{type(error).__name__}: {_first_line(str(error))}".removesuffix(": ")
        raise ConfigurationError(f"the module {name} cannot be imported: {what}") from error


def _harness(module: ModuleType, path: str) -> type[Harness]:
    """Return a class of the module that can be judged; refuse now what would fail a thousand times later."""
    named = f"{module.__name__}:{path}"
    try:
        found: Any = reduce(getattr, path.split("."), module)
    except AttributeError:
        raise ConfigurationError(f"the module {module.__name__} has no {path}") from None
    if not (isinstance(found, type) and issubclass(found, Harness)):
        hint = "; name its harness" if isinstance(found, type) and issubclass(found, StorageSuite) else ""
        raise ConfigurationError(f"{named} is no subclass of kavach_core.testing.Harness{hint}")
    if isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise ConfigurationError(f"{named} is not complete: write {missing}")
    if getattr(found, "colour", None) not in ("sync", "asyncio"):
        raise ConfigurationError(f'{named} says nothing of its colour: write colour = "sync" or colour = "asyncio"')
    if found.level not in list(Level):
        raise ConfigurationError(f"{named} wants an unknown level; known are {', '.join(Level)}")
    try:
        type("Suite", (StorageSuite,), {"harness": found})
    except TypeError as error:
        raise ConfigurationError(str(error)) from error
    return found


def source_of(harnesses: Sequence[Named]) -> str:
    """Return the module that pytest collects: what a user of the suite would write, for each harness."""
    lines = [
        "from importlib import import_module",
        "from operator import attrgetter",
        "from kavach_core.testing import StorageSuite",
    ]
    for number, named in enumerate(harnesses):
        same = any(other.harness.__name__ == named.harness.__name__ for other in harnesses[:number])
        lines += [
            f"class Test{named.harness.__name__}{number if same else ''}(StorageSuite):",
            f"    harness = attrgetter({named.name!r})(import_module({named.module!r}))",
        ]
    return "\n".join(lines) + "\n"


@dataclass
class _Record:
    """What is known of one harness while it runs."""

    named: Named
    capabilities: dict[str, bool] | None = None
    runs: list[Run] = field(default_factory=list)
    error: str | None = None


class Recorder:
    """A plugin of pytest that records how each clause ends on each harness."""

    def __init__(self, harnesses: Sequence[Named], watcher: Watcher) -> None:
        """Record these harnesses, in the order in which they run."""
        self._records = {named.harness: _Record(named) for named in harnesses}
        self._watcher = watcher
        self._planned: dict[type[Harness], int] = {}
        self._partial = False
        self._current: type[Harness] | None = None
        self._seconds = 0.0
        self._outcome: tuple[Outcome, str | None] | None = None

    def results(self) -> list[Result]:
        """Return what was found out."""
        return [
            Result(
                harness=str(record.named),
                colour=record.named.harness.colour,
                wanted=Level(record.named.harness.level),
                capabilities=record.capabilities,
                runs=tuple(record.runs),
                partial=self._partial,
                error=record.error,
            )
            for record in self._records.values()
        ]

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Notice that -k leaves clauses out."""
        self._partial = self._partial or bool(items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count what will run."""
        for item in session.items:
            harness = _harness_of(item)
            self._planned[harness] = self._planned.get(harness, 0) + 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Announce a harness."""
        harness = _harness_of(item)
        if harness is not self._current:
            self._current = harness
            self._watcher.begin(str(self._records[harness].named), self._planned[harness])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Run nothing on a harness that did not open."""
        if self._records[_harness_of(item)].error is not None:
            pytest.skip("the harness did not open")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Keep what the storage declares while it is open."""
        record = self._records[_harness_of(item)]
        if record.capabilities is None:
            record.capabilities = asdict(_suite_of(item).opened.storage.capabilities)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Record a run when the last of its three phases is over."""
        report = yield
        record = self._records[_harness_of(item)]
        if record.error is not None:
            return report
        if report.when == "setup":
            self._seconds, self._outcome = 0.0, None
        self._seconds += report.duration
        if report.when == "setup" and report.failed:
            record.error = f"the harness did not open: {_reason(call)}"
        elif report.when == "call" or report.skipped:
            self._outcome = _outcome(report, call)
        elif report.when == "teardown":
            if report.failed:
                record.error = f"the harness did not close: {_reason(call)}"
            if self._outcome is not None:
                self._keep(item, record, *self._outcome)
        return report

    def _keep(self, item: pytest.Item, record: _Record, outcome: Outcome, reason: str | None) -> None:
        assert isinstance(item, pytest.Function)
        run = Run(
            clause=item.originalname,
            parameters=item.callspec.id if hasattr(item, "callspec") else None,
            area=_area(item.function),
            level=Level(item.function.level),
            outcome=outcome,
            seconds=self._seconds,
            reason=reason,
        )
        record.runs.append(run)
        self._watcher.ran(run)


def _suite_of(item: pytest.Item) -> type[StorageSuite]:
    assert isinstance(item, pytest.Function)
    suite: type[StorageSuite] | None = item.cls
    assert suite is not None
    return suite


def _harness_of(item: pytest.Item) -> type[Harness]:
    return _suite_of(item).harness


def _area(function: Any) -> str:
    """Return what a clause is about in words: the name of its class, without what all of them have."""
    owner = function.clause.__qualname__.rpartition(".")[0]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", owner.removesuffix("Clauses")).lower()


def _outcome(report: pytest.TestReport, call: pytest.CallInfo[Any]) -> tuple[Outcome, str | None]:
    if hasattr(report, "wasxfail"):
        return Outcome.EXPECTED, _first_line(report.wasxfail)
    if report.skipped:
        assert call.excinfo is not None
        return Outcome.SKIPPED, _first_line(getattr(call.excinfo.value, "msg", ""))
    if report.failed and call.excinfo is None:
        return Outcome.FAILED, "it passes: take it out of the harness's expected_failures"
    return (Outcome.FAILED, _reason(call)) if report.failed else (Outcome.PASSED, None)


def _reason(call: pytest.CallInfo[Any]) -> str:
    assert call.excinfo is not None
    return _first_line(call.excinfo.exconly().removeprefix("AssertionError: "))


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
