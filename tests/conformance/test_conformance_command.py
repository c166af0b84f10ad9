"""`kavach conformance` as a user meets it: its output, its exit status, and its report."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("hypothesis")

from kavach_core.cli import main
from kavach_core.testing.levels import Level

pytestmark = pytest.mark.timeout(400)  # whole runs of the suite, on machines that do other things besides

ROOT = Path(__file__).parents[2]
KAVACH = Path(sys.executable).with_name("kavach")

ONE_CLAUSE = "test_a_row_is_found_by_what_names_it"
STRICT = "it passes: take it out of the harness's expected_failures"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with harnesses, and with settings of pytest and a conftest that would end any run."""
    made = tmp_path_factory.mktemp("third-party")
    shutil.copy(Path(__file__).with_name("third_party_harnesses.py"), made / "harnesses.py")
    (made / "two.py").write_text(
        "from harnesses import Good, GoodAsync as Imported\n\n\nclass First(Good): ...\n\n\n"
        "class Second(Imported): ...\n\n\nclass _Hidden(Good): ...\n"
    )
    (made / "none.py").write_text("from harnesses import Good\n")
    (made / "failing.py").write_text("import no_such_library\n")
    (made / "skipping.py").write_text("import pytest\n\npytest.importorskip('no_such_library')\n")
    (made / "conftest.py").write_text("raise RuntimeError\n")
    (made / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    return made


Judged = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def judged(folder: Path) -> Judged:
    """Return what runs `kavach conformance` in a process of its own, in the folder with the harnesses."""

    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        paths = os.pathsep.join(str(ROOT / name) for name in ("tests", "tools"))
        return subprocess.run(
            [KAVACH, "conformance", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": paths, **env},
            timeout=300,
        )

    return run


def report_in(path: Path) -> Any:
    return json.loads(path.read_text())


def error_of(done: subprocess.CompletedProcess[str], status: int) -> str:
    """Return the one line of an error; fail where there is more, or another exit status."""
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert re.fullmatch(r"error: .+\n", done.stderr), done.stderr
    return done.stderr


def flat(output: str) -> str:
    """Return output in one line, for texts that may be wrapped."""
    return " ".join(output.split())


@pytest.fixture(scope="module")
def whole(judged: Judged, folder: Path) -> tuple[subprocess.CompletedProcess[str], Any]:
    """Run all clauses on a harness that is good, one without transactions and a broken one: output and report."""
    report = folder / "whole.json"
    done = judged("harnesses:Good", "harnesses:WithoutTransactions", "harnesses:Forgetful", "--report", str(report))
    return done, report_in(report)


def test_a_good_harness_reaches_its_level(whole: tuple[subprocess.CompletedProcess[str], Any]) -> None:
    good = whole[1]["harnesses"][0]

    assert good["harness"] == "harnesses:Good"
    assert (good["wanted"], good["missed"], good["conforms"], good["error"]) == ("core", None, True, None)
    assert Level(good["reached"]).rank >= Level.CORE.rank


def test_without_transactions_the_level_is_core(whole: tuple[subprocess.CompletedProcess[str], Any]) -> None:
    lacking = whole[1]["harnesses"][1]

    assert (lacking["wanted"], lacking["missed"], lacking["conforms"]) == ("transactional", "transactional", False)
    assert "the storage declares transactions=False" in lacking["obstacles"]
    assert "missed transactional" in flat(whole[0].stdout)
    assert (whole[0].returncode, whole[0].stderr) == (1, "")


def test_the_last_line_counts(whole: tuple[subprocess.CompletedProcess[str], Any]) -> None:
    done, report = whole
    last = done.stdout.splitlines()[-1]

    assert re.fullmatch(rf"{report['clauses']} clauses, {report['runs']} runs, \d+\.\d s", last)


def test_the_table_has_each_area(whole: tuple[subprocess.CompletedProcess[str], Any]) -> None:
    done, report = whole
    for harness in report["harnesses"]:
        for area in {run["area"] for run in harness["runs"]}:
            assert re.search(
                rf"^ +{area} +(core|transactional|joined|concurrent)\b( +\d+){{3}} +\d+\.\d", done.stdout, re.M
            )
        assert harness["harness"] in done.stdout


def test_the_report_is_complete(whole: tuple[subprocess.CompletedProcess[str], Any]) -> None:
    report = whole[1]
    runs = [run for harness in report["harnesses"] for run in harness["runs"]]

    assert report["selected"] is None
    assert report["conforms"] is False
    assert report["runs"] == len(runs)
    assert report["clauses"] == len({run["name"] for run in runs})
    assert report["seconds"] > 0
    for harness in report["harnesses"]:
        assert harness["colour"] == "sync"
        assert harness["capabilities"]["joins_host"] is False
        assert harness["counts"]["failed"] == sum(run["outcome"] == "failed" for run in harness["runs"])
        assert sum(harness["counts"].values()) == len(harness["runs"])
    found = {(run["name"], run["parameters"]): run for run in report["harnesses"][0]["runs"]}
    run = found[ONE_CLAUSE, "identity"]
    assert run.pop("seconds") >= 0
    assert run == {
        "name": ONE_CLAUSE,
        "parameters": "identity",
        "area": "find",
        "level": "core",
        "outcome": "passed",
        "skip": None,
        "reason": None,
    }
    assert ("test_no_json_is_not_an_empty_object", None) in found


def test_a_broken_storage_reaches_no_level(whole: tuple[subprocess.CompletedProcess[str], Any]) -> None:
    done, report = whole
    broken = report["harnesses"][2]

    assert (broken["reached"], broken["missed"], broken["conforms"]) == (None, "core", False)
    assert re.search(r"missed core \d+ clauses failed hint ", flat(done.stdout))
    assert "NOISE" not in done.stdout


def test_a_broken_storage_is_named_by_its_clauses(whole: tuple[subprocess.CompletedProcess[str], Any]) -> None:
    done, report = whole
    failed = [run for run in report["harnesses"][2]["runs"] if run["outcome"] == "failed"]

    assert (ONE_CLAUSE, "identity") in {(run["name"], run["parameters"]) for run in failed}
    for run in failed:
        assert f"failed {run['name']}" in flat(done.stdout)


def test_a_failed_assertion_shows_what_it_compared(whole: tuple[subprocess.CompletedProcess[str], Any]) -> None:
    runs = whole[1]["harnesses"][2]["runs"]

    assert "find_user_by_email: assert None is not None" in {run["reason"] for run in runs}


def test_a_part_of_the_clauses_proves_no_level(judged: Judged, folder: Path) -> None:
    report = folder / "part.json"
    done = judged("harnesses:GoodAsync", "-k", f"{ONE_CLAUSE} and core", "--report", str(report))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "not judged" in done.stdout
    found = report_in(report)
    assert (found["selected"], found["clauses"], found["conforms"]) == (f"{ONE_CLAUSE} and core", 1, True)
    assert (found["harnesses"][0]["reached"], found["harnesses"][0]["missed"]) == (None, None)


def test_a_harness_that_does_not_open_is_one_error(judged: Judged, folder: Path) -> None:
    report = folder / "locked.json"
    done = judged("harnesses:Locked", "harnesses:Good", "-k", ONE_CLAUSE, "--report", str(report))

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.count("the harness did not open: OSError: the door is locked") == 1
    locked, good = report_in(report)["harnesses"]
    assert (locked["runs"], locked["capabilities"], locked["conforms"]) == ([], None, False)
    assert locked["error"].endswith("the door is locked")
    assert good["conforms"] is True


def test_a_harness_that_does_not_close_proves_nothing(judged: Judged, folder: Path) -> None:
    report = folder / "stuck.json"
    done = judged("harnesses:Stuck", "-k", ONE_CLAUSE, "--report", str(report))

    assert done.returncode == 1
    assert "the harness did not close: OSError: the door does not close" in done.stdout
    assert report_in(report)["harnesses"][0]["conforms"] is False


def test_skips_and_expected_failures_have_their_reasons(judged: Judged, folder: Path) -> None:
    report = folder / "excused.json"
    chosen = "test_a_missing_row_is_none or test_every_part_of_a_name_counts"
    done = judged("harnesses:Excused", "-k", chosen, "--report", str(report))

    found = {(r["name"], r["outcome"], r["skip"], r["reason"]) for r in report_in(report)["harnesses"][0]["runs"]}
    assert found == {
        ("test_a_missing_row_is_none", "skipped", "harness", "harness: it is late"),
        ("test_every_part_of_a_name_counts", "expected", None, "it does not"),
        ("test_every_part_of_a_name_counts", "failed", None, STRICT),
    }
    assert done.returncode == 1
    for text in ("skipped harness: it is late (", "expected test_every_part_of_a_name_counts[", STRICT):
        assert text in flat(done.stdout)


def test_a_module_stands_for_the_harnesses_that_it_defines(judged: Judged, folder: Path) -> None:
    report = folder / "module.json"
    done = judged("two", "two:Second", "-k", ONE_CLAUSE, "--report", str(report))

    assert done.returncode == 0, done.stdout + done.stderr
    assert [harness["harness"] for harness in report_in(report)["harnesses"]] == ["two:First", "two:Second"]


def test_the_users_pytest_is_neither_heard_nor_touched(judged: Judged, folder: Path) -> None:
    before = {path.name for path in folder.iterdir()}
    settings = {"PYTEST_ADDOPTS": "--no-such-option", "PYTEST_PLUGINS": "no_such"}
    done = judged("harnesses:Good", "-k", f"{ONE_CLAUSE} or test_any_sequence", **settings)

    assert done.returncode == 0, done.stderr
    assert {path.name for path in folder.iterdir()} - before <= {"__pycache__"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "package.module:MyHarness"),
        (["no_such_module:Harness"], "no module no_such_module"),
        (["no_such.module"], "no module no_such"),
        (["no module"], "package.module:Class"),
        ([":Harness"], "package.module:Class"),
        (["harnesses:"], "package.module:Class"),
        (["harnesses:Nobody"], "has no Nobody"),
        (["harnesses:Instead"], "no subclass of kavach_core.testing.Harness"),
        (["harnesses:TestGood"], "name its harness"),
        (["harnesses:Begun"], "write observer"),
        (["harnesses:Colourless"], "colour"),
        (["harnesses:Misspelled"], "test_no_such_clause"),
        (["none"], "defines no Harness"),
        (["failing:Harness"], "cannot be imported: ModuleNotFoundError"),
        (["skipping:Harness"], "cannot be imported: Skipped"),
        (["harnesses:Good", "-k", "("], "-k"),
        (["harnesses:Good", "-k", "no_such_clause"], "no clause matches"),
        (["harnesses:Good", "--report", "no/such/folder/report.json"], "report"),
        (["harnesses:Good", "--nope"], "--nope"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_status_2(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(folder)
    path, environment = sys.path.copy(), dict(os.environ)
    status = main(["conformance", *arguments])

    assert said in error_of(subprocess.CompletedProcess(arguments, status, *capsys.readouterr()), 2)
    assert sys.path == path
    assert environment.items() - os.environ.items() <= {("PYTEST_CURRENT_TEST", environment["PYTEST_CURRENT_TEST"])}


def test_misuse_is_status_and_line_of_the_process_too(judged: Judged) -> None:
    assert "no_such_module" in error_of(judged("no_such_module:Harness"), 2)


def test_a_missing_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['pytest'] = None; from kavach_core.cli import main; "
        "sys.exit(main(['conformance', 'anything:Harness']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert "pip install 'kavach-core[testing]'" in error_of(done, 1)


def test_help_imports_no_pytest() -> None:
    program = (
        "import sys; from kavach_core.cli import main; "
        "main(['conformance', '--help']); sys.exit('pytest' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    for text in ("--report", "-k", "package.module"):
        assert text in done.stdout


@pytest.mark.parametrize("lines", [0, 1, 3])
def test_a_reader_that_leaves_is_no_error(folder: Path, lines: int) -> None:
    env: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    command = [str(KAVACH), "conformance", "harnesses:Good", "-k", ONE_CLAUSE]
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        for _ in range(lines):
            assert child.stdout.readline()
        child.stdout.close()

        assert child.stderr.read() == b""
        assert child.wait() == 1


def test_a_terminal_shows_a_bar_that_disappears(folder: Path) -> None:
    ours, theirs = pty.openpty()
    env: Mapping[str, str] = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "tests"),
        "TERM": "xterm-256color",
        "COLUMNS": "100",
    }
    command = [str(KAVACH), "conformance", "harnesses:Good", "-k", ONE_CLAUSE]
    child = subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    written = b""
    while True:
        try:
            written += os.read(ours, 4096)
        except OSError:  # Linux says that the other end is closed by EIO
            break
    os.close(ours)

    assert child.wait(timeout=60) == 0
    plain = re.sub(r"\x1b\[[\d;?]*\w", "", written.decode())
    assert re.search(r"harnesses:Good [━╸╺]+ (\d+)/\1 ", plain), plain
    assert b"\x1b[?25h" in written, "the cursor is back"
    assert b"create ..." not in written


def test_an_interrupt_ends_it(folder: Path) -> None:
    env: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    child = subprocess.Popen(
        [KAVACH, "conformance", "harnesses:Good"],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    begun = [child.stdout.readline() for _ in range(3)]  # title, harness, first area
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)

    assert begun[0].startswith("Kavach ")
    assert (child.returncode, errors) == (130, "")


def test_an_interrupt_that_comes_in_a_finalizer_ends_it(judged: Judged) -> None:
    done = judged("harnesses:InterruptedInAFinalizer")

    assert (done.returncode, done.stderr) == (130, "")
