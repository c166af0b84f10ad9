"""What the documentation says of routes and scopes is what the table says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from kavach_core.http._errors import _ANSWERS
from kavach_core.http._routing import Route
from kavach_core.http._table import TABLE
from kavach_core.policy.scopes import SCOPES

DOCS: Final = Path(__file__).parents[2] / "docs"

CALLERS: Final = {"service": "service", "user": "person", "api_key": "API key", "agent": "agent"}


def line_of(route: Route) -> str:
    who = ", ".join(name for kind, name in CALLERS.items() if kind in route.callers) or "public"
    return f"| `{route.name}` | {who} | {f'`{route.scope}`' if route.scope else ''} | {route.summary} |"


def test_the_list_of_routes_is_the_table() -> None:
    listed = (DOCS / "http-api.md").read_text().partition("## Routes")[2]
    assert re.findall(r"^\| `.*$", listed, re.MULTILINE) == [line_of(route) for route in TABLE]


def test_every_scope_is_described() -> None:
    listed = (DOCS / "server.md").read_text().partition("| Scope |")[2].partition("\n\n")[0]
    assert re.findall(r"`([a-z]+(?::[a-z]+)?)`", re.sub(r"\|[^|]*\|$", "", listed, flags=re.MULTILINE)) == [*SCOPES]


def test_every_code_of_an_error_is_described() -> None:
    page = (DOCS / "http-api.md").read_text()
    for _, status, code in _ANSWERS:
        assert re.search(rf"^\| {status} .*`{code}`", page, re.MULTILINE), code
