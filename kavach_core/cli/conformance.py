"""Run the conformance suite with pytest in this process, and show what it found out.

pytest reads none of the user's settings, loads none of the plugins that happen to be installed, and leaves no files
behind: what a harness reaches depends on the harness alone.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import pytest
from rich.progress import Progress, TaskID

from kavach_core.cli.ending import Misused
from kavach_core.cli.terminal import Terminal
from kavach_core.errors import ConfigurationError, KavachError

if TYPE_CHECKING:
    from kavach_core.testing.command import Recorder
    from kavach_core.testing.results import Result, Run

_MODULE: Final = "kavach_conformance_suites"
"""The name of the module that pytest collects."""

_ENVIRONMENT: Final = (
    "PYTEST_ADDOPTS",
    "PYTEST_PLUGINS",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD",
    "HYPOTHESIS_STORAGE_DIRECTORY",
)
"""What pytest and Hypothesis would read of the environment."""

_AT_MOST_EVERY: Final = 0.1
"""Seconds between two drawings of the bars."""

_HOW_TO: Final = "name a harness, such as package.module:MyHarness; `kavach conformance --help` says more"


def run(harnesses: Sequence[str], *, report: Path | None = None, select: str | None = None) -> bool:
    """Judge these harnesses, show the results, write the report, and tell whether all of them conform.

    Raises `Misused` where there is nothing to run.
    """
    if not harnesses:
        raise Misused(_HOW_TO)
    if report is not None and (report.is_dir() or not report.absolute().parent.is_dir()):
        raise Misused(f"the report cannot be written to {report}")
    terminal = Terminal()
    started = time.monotonic()
    results = _judge(harnesses, select, terminal)
    seconds = time.monotonic() - started

    from kavach_core.testing.report import totals, write_report
    from kavach_core.testing.results import plural

    for result in results:
        _show(result, terminal)
    if report is not None:
        try:
            write_report(report, results, seconds=seconds, selected=select)
        except OSError as error:
            raise KavachError(f"the report cannot be written to {report}: {error.strerror}") from error
    found = totals(results)
    terminal.last(f"{plural(found['clauses'], 'clause')}, {plural(found['runs'], 'run')}, {seconds:.1f} s")
    return all(result.conforms for result in results)


def _judge(harnesses: Sequence[str], select: str | None, terminal: Terminal) -> list[Result]:
    """Run pytest and return what it found out."""
    said = io.StringIO()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="kavach-")))
        module, settings = folder / f"{_MODULE}.py", folder / "pytest.ini"
        module.touch()
        settings.write_text("[pytest]\n")
        arguments = [str(module), "-c", str(settings), "--rootdir", str(folder), "--noconftest", "--tb=no"]
        arguments += ["--import-mode=importlib", "-p", "no:cacheprovider"]
        arguments += [] if select is None else [f"-k={select}"]
        stack.enter_context(_on_our_own(folder))
        watcher = _Watcher(stack.enter_context(terminal.progress()), terminal)
        stack.enter_context(watcher.interrupts())
        stack.enter_context(redirect_stdout(io.StringIO()))
        stack.enter_context(redirect_stderr(said))
        session = _Session(harnesses, module, watcher)
        status = pytest.main(arguments, plugins=[session])
    if session.error is not None:
        raise session.error
    match status:
        case pytest.ExitCode.USAGE_ERROR:
            raise Misused(said.getvalue().partition("\n")[0].removeprefix("ERROR: "))
        case pytest.ExitCode.NO_TESTS_COLLECTED:
            raise Misused(f"no clause matches -k {select!r}")
    if session.recorder is None:
        raise RuntimeError(said.getvalue())
    return session.recorder.results()


@contextmanager
def _on_our_own(folder: Path) -> Iterator[None]:
    """Find modules of the current folder, keep files of Hypothesis in `folder`, and hear nothing of the environment."""
    path, environment = sys.path.copy(), {name: os.environ.pop(name, None) for name in _ENVIRONMENT}
    sys.path.insert(0, str(Path.cwd()))
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder)
    try:
        yield
    finally:
        sys.path[:] = path
        for name, value in environment.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        sys.modules.pop(_MODULE, None)


class _Session:
    """A plugin that imports the suite and the harnesses when pytest can rewrite their assertions, and not before."""

    def __init__(self, harnesses: Sequence[str], module: Path, watcher: _Watcher) -> None:
        self.recorder: Recorder | None = None
        self.error: BaseException | None = None
        self._harnesses = harnesses
        self._module = module
        self._watcher = watcher

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int | None:
        """Say what is to be collected, and record it; or end here."""
        from kavach_core.testing.command import Recorder, harnesses_named, source_of

        try:
            found = harnesses_named(self._harnesses)
        except ConfigurationError as error:
            self.error = Misused(str(error))
            return pytest.ExitCode.USAGE_ERROR
        self._module.write_text(source_of(found), "utf-8")
        self.recorder = Recorder(found, self._watcher)
        config.pluginmanager.register(self.recorder)
        return None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep an error of the module that is collected."""
        if report.failed:
            self.error = RuntimeError(report.longreprtext)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Keep what stopped the suite."""
        self.error = KeyboardInterrupt() if self.error is None else self.error

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        """Keep an error that is none of a clause's, such as that of a pipe whose reader left."""
        self.error = excinfo.value
        return True


class _Watcher:
    """Show how far the suite is: bars on a terminal, a line for each area elsewhere."""

    def __init__(self, progress: Progress | None, terminal: Terminal) -> None:
        self._progress = progress
        self._terminal = terminal
        self._task = TaskID(0)
        self._began = False
        self._harness, self._area = "", ""
        self._failed = 0
        self._drawn = 0.0
        self._interrupted = False

    def begin(self, harness: str, runs: int) -> None:
        """Begin a bar."""
        self._harness, self._area, self._failed = harness, "", 0
        if not self._began:
            self._began = True
            self._terminal.title(f"Kavach {version('kavach-core')}, conformance suite")
        if self._progress is None:
            self._terminal.line("runs", f"{runs} on {harness}")
        else:
            self._task = self._progress.add_task(harness, total=runs)
            self._progress.refresh()

    def ran(self, run: Run) -> None:
        """Move the bar."""
        if self._interrupted:
            raise KeyboardInterrupt
        self._failed += run.outcome == "failed"
        if self._progress is None:
            if run.area != self._area:
                self._area = run.area
                self._terminal.line("", f"{run.area} ...")
            return
        failed = f" [red]{self._failed} failed" if self._failed else ""
        self._progress.update(self._task, advance=1, description=f"{self._harness}{failed}")
        if time.monotonic() > self._drawn + _AT_MOST_EVERY or self._progress.finished:
            self._progress.refresh()
            self._drawn = time.monotonic()

    @contextmanager
    def interrupts(self) -> Iterator[None]:
        """Remember interrupts: Python drops one that comes while a finalizer runs, and the suite would go on."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _interrupt(self, number: int, frame: object) -> None:
        self._interrupted = True
        raise KeyboardInterrupt


def _show(result: Result, terminal: Terminal) -> None:
    terminal.step(result.harness, f"{result.colour}, wants {result.wanted}")
    if result.capabilities is not None:
        flags = [f"{name}={flag}" for name, flag in result.capabilities.items()]
        terminal.line("storage", ", ".join(flags))
    if result.runs:
        _show_areas(result, terminal)
    for outcome in ("failed", "expected"):
        for clause, runs in _grouped((run for run in result.runs if run.outcome == outcome), "clause"):
            terminal.line(outcome, f"{clause}{_parameters(runs)}", runs[0].reason or "")
    for reason, runs in _grouped((run for run in result.runs if run.skip), "reason"):
        clauses = [clause for clause, _ in _grouped(runs, "clause")]
        terminal.line("skipped", f"{reason} ({len(runs)})", ", ".join(clauses))
    _show_level(result, terminal)


def _show_areas(result: Result, terminal: Terminal) -> None:
    outcomes = ["passed", "failed", "skipped"]
    if any(run.outcome == "expected" for run in result.runs):
        outcomes.append("expected")
    rows = []
    for area, runs in (*_grouped(result.runs, "area"), ("all", list(result.runs))):
        counts = [f"{sum(run.outcome == name for run in runs):{len(name)}}" for name in outcomes]
        level = ", ".join({run.level: None for run in runs}) if area != "all" else ""
        rows.append((area, level, *counts, f"{sum(run.seconds for run in runs):7.1f}"))
    terminal.table(("area", "level", *outcomes, "seconds"), rows)


def _show_level(result: Result, terminal: Terminal) -> None:
    if result.error is not None:
        terminal.line("error", result.error)
    if result.partial:
        terminal.line("level", "not judged, because -k left clauses out")
    if result.reached is not None:
        terminal.line("reached", result.reached)
    if result.missed is not None:
        obstacles = () if result.error is not None else result.obstacles(result.missed)
        terminal.line("missed", result.missed, "; ".join(obstacles))
    for hint in _hints(result):
        terminal.line("hint", hint)


def _hints(result: Result) -> Iterator[str]:
    """Say what to do next about what went wrong, to somebody who runs the suite for the first time."""
    if result.error is not None:
        if not result.runs:
            yield "open() must yield a storage whose tables exist: call its prepare_schema() there"
        return
    failed = next((run.clause for run in result.runs if run.outcome == "failed"), None)
    if failed is not None:
        name = result.harness.rpartition(":")[2].rpartition(".")[2]
        yield (
            f"to see all of a failure, write into a test file: class Test{name}(StorageSuite): harness = {name}; "
            f"and run: pytest -k {failed}"
        )
    elif result.reached is not None and result.missed is not None:
        yield f"a storage that needs no more than this says so in its harness: level = Level.{result.reached.name}"


def _grouped(runs: Iterable[Run], by: str) -> list[tuple[str, list[Run]]]:
    """Group runs by one of their attributes, in the order in which its values come first."""
    groups: defaultdict[str, list[Run]] = defaultdict(list)
    for run in runs:
        groups[getattr(run, by)].append(run)
    return [*groups.items()]


def _parameters(runs: Sequence[Run]) -> str:
    """Say with which parameters a clause ended like this; of many only the first."""
    named = [run.parameters for run in runs if run.parameters is not None]
    more = f" and {len(named) - 1} more" if len(named) > 1 else ""
    return f"[{named[0]}]{more}" if named else ""
