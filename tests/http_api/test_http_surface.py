"""What `kavach_core.http` offers, and what it says where its libraries are missing."""

from __future__ import annotations

import subprocess
import sys
from types import FunctionType

import pytest

import kavach_core.http


def test_everything_public_is_documented() -> None:
    names = kavach_core.http.__all__
    assert list(names) == sorted(names)
    found = {name: getattr(kavach_core.http, name) for name in names}
    assert [name for name, value in found.items() if isinstance(value, type | FunctionType) and not value.__doc__] == []


HIDE = """
import sys
sys.modules[{name!r}] = None
from kavach_core.cli import main
sys.exit(main(["serve", "--database", ":memory:", "--port", "0"]))
"""


@pytest.mark.parametrize("name", ["starlette", "uvicorn"])
def test_a_missing_library_is_named_with_its_extra(name: str) -> None:
    command = [sys.executable, "-c", HIDE.format(name=name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "kavach-core[server]" in done.stderr


def test_the_core_does_not_import_the_server() -> None:
    source = "import sys, kavach_core; print([name for name in ('starlette', 'uvicorn') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
