"""What the documentation shows is true: its examples run, its commands exist, its links lead somewhere.

The conventions are in docs/development.md: the `python` blocks of a page run in order in one namespace and one event
loop, in an empty folder; one that begins with `# path/to/file.py` is an excerpt, and stands in that file instead; each
line of a `sh` block is a command that this module knows how to check.
"""

from __future__ import annotations

import ast
import asyncio
import gc
import logging
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import CO_COROUTINE
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from database_fixture import PROVIDERS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*/README.md"))
LINKING = [*PAGES, *EXAMPLES, ROOT / "CHANGELOG.md", ROOT / "tests" / "README.md"]

NEEDED = {"docs/integrations.md": ("fastapi", "flask")}
"""What a page needs besides: it runs where that is installed, in the environment `examples` of tox."""

ALONE = {"docs/observability.md"}
"""Pages that set what a process can set but once: each runs in a process of its own."""

LANGUAGES = {"sql", "python", "sh", "text"}
"""What a block may be; `text` is neither run nor checked, and `sql` is run by the test that its page names."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    source: str
    line: int
    """The number of its first line in the page."""

    @property
    def excerpt(self) -> tuple[str, str] | None:
        """Return the file that the block is taken from, and its text there; None for a block of the page's own."""
        found = re.match(r"# (\w+/[\w/]+\.py)\n", self.source)
        return (found[1], self.source[found.end() :]) if found else None


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order."""
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield Block(found[1], found[2], text.count("\n", 0, found.start()) + 2)


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Undo what the env.py of an Alembic folder does to a process: it switches off all loggers but its own."""
    root, handlers, level = logging.root, [*logging.root.handlers], logging.root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for logger in root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.disabled = False


@pytest.fixture(autouse=True)
def _modules_as_before(tmp_path: Path) -> Iterator[None]:
    """Forget the modules of a page: its folder goes with the test, and the next page has its own of the same name."""
    yield
    for name, module in [*sys.modules.items()]:
        if (getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def run_examples(page: str, text: str) -> None:
    """Run the Python blocks of a page one after the other; errors point to the page's own lines."""
    namespace: dict[str, Any] = {"__name__": page}
    with asyncio.Runner() as runner:
        for block in blocks(text):
            if block.language != "python" or block.excerpt:
                continue
            tree = ast.increment_lineno(ast.parse(block.source, page), block.line - 1)
            code = compile(tree, page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
            made = eval(code, namespace)
            if code.co_flags & CO_COROUTINE:
                runner.run(made)


def save_modules(text: str, folder: Path) -> None:
    """Write the Python blocks that begin with a comment such as `# name.py` into files of these names."""
    for block in blocks(text):
        if block.language == "python" and (found := re.match(r"# (\w+\.py)\n", block.source)):
            (folder / found[1]).write_text(block.source)


def generate_clients(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Generate the clients of a page that shows a schema.prisma: our models are merged into it, as the page says."""
    found = re.search(r"^// schema\.prisma\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    if found is None:
        return
    pytest.importorskip("prisma")
    import prisma_setup
    from kavach_schema.render.prisma import merge_models
    from kavach_schema.tables import TABLES

    for variable, value in prisma_setup.prepare().items():
        monkeypatch.setenv(variable, value)
    schema = merge_models(found[1], TABLES).text
    (folder / "app_db").symlink_to(prisma_setup.generate_client(schema, "sync"))
    (folder / "app_db_asyncio").symlink_to(prisma_setup.generate_client(schema, "asyncio"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
@pytest.mark.parametrize("page", PAGES, ids=named)
def test_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in NEEDED.get(named(page), ()):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    save_modules(page.read_text(), tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    generate_clients(page.read_text(), tmp_path, monkeypatch)
    if named(page) in ALONE:
        check_alone(page)
        return
    run_examples(named(page), page.read_text())
    gc.collect()  # examples leave closing to the reader: what they left open must go here, and not in another test


def check_alone(page: Path) -> None:
    """Run the Python blocks of a page as `run_examples` does, in a new process."""
    source = (
        "import sys; sys.path[:] = sys.argv[2:]\n"
        "from pathlib import Path; from docs.test_docs_examples import run_examples\n"
        "run_examples(sys.argv[1], Path(sys.argv[1]).read_text())"
    )
    done = subprocess.run(
        [sys.executable, "-c", source, page, *sys.path], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_excerpts_are_up_to_date(page: Path) -> None:
    for block in blocks(page.read_text()):
        if block.excerpt:
            check_excerpt(*block.excerpt)


def check_excerpt(path: str, text: str) -> None:
    """Fail unless these whole lines stand in a file of the repository, one after the other."""
    assert f"\n{text}" in f"\n{(ROOT / path).read_text()}", f"{path} does not have these lines (any more):\n{text}"


def test_a_stale_excerpt_fails() -> None:
    (block,) = blocks("```python\n# tests/docs/test_docs_examples.py\nROOT = None\n```\n")

    found = block.excerpt
    assert found
    assert found == ("tests/docs/test_docs_examples.py", "ROOT = None\n")
    with pytest.raises(AssertionError, match="does not have these lines"):
        check_excerpt(*found)


def test_every_page_but_development_has_an_example() -> None:
    bare = [named(page) for page in PAGES if "python" not in {block.language for block in blocks(page.read_text())}]

    assert bare == ["docs/development.md"]


@pytest.mark.parametrize("page", LINKING, ids=named)
def test_blocks_are_of_a_known_language(page: Path) -> None:
    assert {block.language for block in blocks(page.read_text())} <= LANGUAGES | {""}


@pytest.mark.parametrize("page", [*PAGES, *EXAMPLES], ids=named)
def test_commands_are_true(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_modules(page.read_text(), tmp_path)
    for block in blocks(page.read_text()):
        if block.language == "sh":
            for line in block.source.splitlines():
                check_command(shlex.split(line, comments=True), tmp_path)


def check_command(words: list[str], folder: Path) -> None:
    """Fail for a command that does not exist, or that nobody has taught this function.

    `folder` has the modules of the page.
    """
    match words:
        case []:
            pass
        case ["make", target, *settings]:
            makefile = (ROOT / "Makefile").read_text()
            targets = {name for rule in re.findall(r"^([\w -]+):", makefile, re.MULTILINE) for name in rule.split()}
            assert target in targets, f"no make target {target}"
            for setting in settings:
                assert f"$({setting.partition('=')[0]})" in makefile, f"the Makefile does not know {setting}"
        case ["pip", "install", requirement]:
            check_requirement(requirement)
        case ["kavach", *arguments]:
            check_kavach(arguments, folder)
        case ["pytest", *arguments]:
            check_pytest(arguments, folder)
        case _:
            raise AssertionError(f"no check for the command {shlex.join(words)}")


def check_requirement(requirement: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = re.fullmatch(r"([\w-]+)(?:\[([\w,]+)\])?", requirement)
    assert found is not None, requirement
    assert found[1] == project["name"]
    assert set((found[2] or "").split(",")) - {""} <= set(project["optional-dependencies"])


def check_kavach(arguments: list[str], folder: Path) -> None:
    """Run a command in the working folder; one for a server is only parsed."""
    from kavach_core.cli.commands import app, main

    if any("@" in argument for argument in arguments):
        app.parse_args(arguments, print_error=False, exit_on_error=False)
        return
    if arguments[0] != "conformance":
        assert main(arguments) == 0, "see what it printed"
        return
    if "-k" not in arguments:
        arguments = [*arguments, "-k", "test_json"]  # tests/conformance has whole runs
    kavach = Path(sys.executable).with_name("kavach")  # it runs pytest, which is for a process of its own
    done = subprocess.run([kavach, *arguments], capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


def check_pytest(arguments: list[str], folder: Path) -> None:
    """Check what is named; tests that the page itself shows are run."""
    for name, value in pairwise(arguments):
        if name == "--database":
            assert set(value.split(",")) <= set(PROVIDERS), value
    for argument in arguments:
        if argument.startswith("tests"):
            assert (ROOT / argument).exists(), f"no {argument}"
        elif (folder / argument).is_file():
            pytest_program = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
            done = subprocess.run(pytest_program, capture_output=True, text=True, check=False, cwd=folder)
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", LINKING, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = page.parent / path if path else page
        assert found.exists(), f"{target}: no such file"
        if anchor:
            there = functions if found.suffix == ".py" else anchors
            assert anchor in there(found.read_text()), f"{target}: no such {there.__name__.removesuffix('s')}"


def test_every_statement_about_transactions_names_its_tests() -> None:
    statements = re.findall(r"^- .*?(?=^\S|^$)", (ROOT / "docs/transactions.md").read_text(), re.MULTILINE | re.DOTALL)

    assert len(statements) > 40
    assert [each for each in statements if not re.search(r"\]\(\.\./[\w/]+\.py#test_\w+\)", each)] == []


def functions(source: str) -> set[str]:
    """Return the names of the functions and methods of a module."""
    return set(re.findall(r"^ *(?:async )?def (\w+)", source, re.MULTILINE))


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_linked_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()

    assert [named(page) for page in PAGES[1:] if f"]({named(page)})" not in readme] == []


def test_a_false_example_fails() -> None:
    with pytest.raises(AssertionError):
        run_examples("page", "# Page\n\n```python\nx = 1\n```\n\n```python\nassert x == 2\n```\n")


def test_an_error_names_the_line_of_the_page() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run_examples("page", "# Page\n\n```python\nimport asyncio\nawait asyncio.sleep(0)\n1 / 0\n```\n")

    assert caught.traceback[-1].lineno == 5, "counted from 0"
