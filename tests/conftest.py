"""Shared fixtures."""

from __future__ import annotations

from importlib.util import find_spec

pytest_plugins = ["database_fixture", "colours"]

if find_spec("hypothesis"):
    from hypothesis import settings

    settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
    settings.load_profile("untimed")
