"""What schemathesis makes of `/openapi.json`: no 5xx, and every answer is as described.

It runs in an environment of its own (`tox -e schemathesis`), against `kavach serve` over a socket.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import one_of

from http_api.serving import Served, serving
from kavach_core import create_kavach
from kavach_core.http._routing import Route
from kavach_core.http._table import TABLE

schemathesis = pytest.importorskip("schemathesis", reason="has an environment of its own: tox -e schemathesis")


GenerationMode = schemathesis.generation.GenerationMode

CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
    schemathesis.checks.negative_data_rejection,
]
"""Not that all is accepted which the schema allows: it cannot say which patterns RE2 knows, or what is in the past."""


SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yield a server with a token for everything, on a database with an agent."""
    folder = tmp_path_factory.mktemp("served")
    url = f"sqlite:///{folder / 'kavach.db'}"
    with create_kavach(database={"provider": "sqlite", "url": url}) as kavach:
        token = kavach.service_token.create(name="schemathesis", scopes=["admin"]).token
    with serving(url, Path(folder / "log")) as server:
        server.token = token
        yield server


@pytest.fixture(scope="module")
def described(served: Served) -> Any:
    return schemathesis.openapi.from_url(f"{served.url}/openapi.json")


@pytest.mark.parametrize("route", TABLE, ids=lambda route: route.name)
def test_every_answer_is_as_described(route: Route, described: Any, served: Served) -> None:
    operation = described[route.path][route.method]

    modes = [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if route.body or route.query else [])]

    @given(one_of([operation.as_strategy(mode) for mode in modes]))
    @settings(max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=SLOW)
    def check(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {served.token}"}, checks=CHECKS)

    check()
