"""Write every generated file, or check with `--check` that each is up to date.

Generated are the records and inputs of the data model, its DDL and schema.prisma, and the sync twins of all `_async`
folders. They are committed, so that readers, type checkers and the wheel need no build step.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SCHEMA = ROOT / "schema"
PACKAGES = ("kavach_core", "adapters")

RENAMED = {
    "contextlib.AbstractAsyncContextManager": "contextlib.AbstractContextManager",
    "collections.abc.Awaitable": "kavach_core.engine.colour.Plain",
    "kavach_core.storage.colour.current_task": "kavach_core.storage.colour.current_thread",
    "kavach_core.storage.AsyncBackend": "kavach_core.storage.Backend",
    "kavach_core.storage.AsyncStorage": "kavach_core.storage.Storage",
    "kavach_core.engine.callbacks.AsyncApprovalCallback": "kavach_core.engine.callbacks.ApprovalCallback",
    "kavach_core.engine.callbacks.AsyncAuditSender": "kavach_core.engine.callbacks.AuditSender",
    "kavach_core.engine.passwords.run_off_loop": "kavach_core.engine.passwords.run_here",
    "kavach_core.engine.hooks.AsyncHooks": "kavach_core.engine.hooks.Hooks",
    "kavach_core.engine.colour.run_uncancelled": "kavach_core.engine.colour.run",
    "asyncio.Event": "threading.Event",
    "asyncio.Semaphore": "threading.Semaphore",
    "httpx2.AsyncClient": "httpx2.Client",
    "KavachClient": "KavachSyncClient",
    "kavach_core.client.opening.open_async_http": "kavach_core.client.opening.open_http",
    "kavach_prisma._colour.start_uncancelled": "kavach_prisma._colour.start",
    "kavach_core.engine.opening.open_async_storage": "kavach_core.engine.opening.open_storage",
}
"""Names that change with the colour and are not defined in an `_async` folder."""


def main(arguments: list[str]) -> int:
    """Generate or check; return the exit status."""
    check = arguments == ["--check"]
    if arguments and not check:
        print("usage: generate.py [--check]", file=sys.stderr)
        return 2
    stale = [path for path, source in sources() if refresh(path, source, check)]
    twins = make_twins(check)
    for path in stale:
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
    if check and (stale or twins.returncode):
        print(twins.stdout + twins.stderr + "run `make generate` and commit the result")
        return 1
    if twins.returncode > 1:
        print(twins.stdout + twins.stderr)
        return twins.returncode
    return 0


def sources() -> Iterator[tuple[Path, str]]:
    """Yield each file that the model renders to, with its text."""
    sys.path.insert(0, str(SCHEMA))
    from kavach_schema.render.ddl import FLAVOURS, render_ddl
    from kavach_schema.render.prisma import PROVIDERS, render_prisma
    from kavach_schema.render.python import render_inputs, render_records
    from kavach_schema.tables import TABLES

    package = SCHEMA / "kavach_schema"
    yield package / "records.py", formatted(render_records(TABLES))
    yield package / "inputs.py", formatted(render_inputs(TABLES))
    for flavour in FLAVOURS:
        yield SCHEMA / "generated" / f"{flavour}.sql", render_ddl(TABLES, flavour)
    for provider in PROVIDERS:
        yield SCHEMA / "generated" / f"schema.{provider}.prisma", render_prisma(TABLES, provider)


def make_twins(check: bool) -> subprocess.CompletedProcess[str]:
    """Run unasyncd on every `_async` folder: AsyncX becomes X, make_async_x make_x, and their modules' `_sync`.

    unasyncd wants each name listed; the list follows from the sources, so it is made here and not kept. Names that do
    not change with the colour must not be imported from an `_async` module: unasyncd leaves such an import as it is.
    """
    folders = [path for package in PACKAGES for path in (ROOT / package).rglob("_async")]
    names = dict(RENAMED)
    for path in (path for folder in folders for path in folder.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removeprefix("adapters.")
        for name in re.findall(r"^(?:class|async def|def) (Async\w+|\w+_async_\w+)", path.read_text(), re.MULTILINE):
            twin = name.removeprefix("Async").replace("_async_", "_")
            names[name] = twin
            names[f"{module}.{name}"] = f"{module.replace('._async', '._sync')}.{twin}"
    lines = [
        "[tool.unasyncd]",
        "transform_docstrings = true\nadd_editors_note = true\ninfer_type_checking_imports = false",
        "cache = false\nruff_fix = true\nruff_format = true",
        "[tool.unasyncd.files]",
        *(f"'{f.relative_to(ROOT)}' = '{f.relative_to(ROOT).with_name('_sync')}'" for f in folders),
        "[tool.unasyncd.add_replacements]",
        *(f"'{name}' = '{twin}'" for name, twin in names.items()),
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write("\n".join(lines))
        config.flush()
        return run("unasyncd", "--check" if check else "--write", "--config", config.name)


def refresh(path: Path, source: str, check: bool) -> bool:
    """Tell whether a file differs from `source`, and write it unless only checking."""
    if path.exists() and path.read_text() == source:
        return False
    if not check:
        path.write_text(source)
    return True


def formatted(source: str) -> str:
    """Return Python source as ruff would write it."""
    fixed = run("ruff", "check", "--select", "I", "--fix", "--stdin-filename", "x.py", "-", source=source)
    return run("ruff", "format", "--stdin-filename", "x.py", "-", source=fixed.stdout).stdout


def run(*command: str, source: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a tool of this interpreter's environment in the project's folder."""
    tool = Path(sys.executable).parent / command[0]
    return subprocess.run([tool, *command[1:]], input=source, capture_output=True, text=True, cwd=ROOT, check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
