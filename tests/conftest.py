"""Shared fixtures."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest_plugins = ["database_fixture", "colours"]

MEMORY = Path("/dev/shm")
ROOM = 1 << 30

if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))  # a commit of SQLite need not reach a disk

if find_spec("hypothesis"):
    from hypothesis import settings

    settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
    settings.load_profile("untimed")


@pytest.fixture
def certificates_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let httpx2 read the system's certificates no more."""
    import httpcore2

    from kavach_core.certificates import trusted_certificates

    trusted_certificates()
    monkeypatch.delattr(httpcore2, "default_ssl_context")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector: it would look through hundreds of thousands of tests, which all stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 20, 50)  # a tenth of the default's collections: tests leave little that needs them
        gc.enable()
