"""Runs where the frameworks are installed: in .venv, and in the environment `examples` of tox."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if all(map(find_spec, ("fastapi", "flask", "httpx2", "sqlalchemy"))) else ["*.py"]
