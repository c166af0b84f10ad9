"""What create_kavach() is given: settings that are refused, and databases that do not answer."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from colours import Opened
from kavach_core import (
    BackendUnavailable,
    ConfigurationError,
    MissingDependency,
    SchemaMismatch,
    create_async_kavach,
    create_kavach,
)

MEMORY = {"provider": "sqlite", "url": ":memory:"}
PASSWORD = "c4n4ry-5ecret"

UNREACHABLE = [
    ("sync", "postgres", "postgresql+psycopg", "psycopg"),
    ("asyncio", "postgres", "postgresql+psycopg", "psycopg"),
    ("asyncio", "postgres", "postgresql+asyncpg", "asyncpg"),
    ("sync", "mysql", "mysql+mysqldb", "MySQLdb"),
    ("sync", "mysql", "mysql+pymysql", "pymysql"),
    ("asyncio", "mysql", "mysql+asyncmy", "asyncmy"),
]


@pytest.fixture(params=["sync", "asyncio"])
def colour(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


async def create(colour: str, **settings: Any) -> Any:
    if colour == "asyncio":
        return await create_async_kavach(**settings)
    return create_kavach(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"database": {"provider": "oracle", "url": "x"}},
            "unknown provider 'oracle'; use one of mysql, postgres",
        ),
        ({"database": {"url": ":memory:"}}, "database.provider: field required"),
        ({"database": {"provider": "sqlite"}}, "database.url: field required"),
        ({"database": {}}, "database.provider: field required"),
        ({"database": {**MEMORY, "pool": 5}}, "database.pool: unknown setting"),
        (
            {"database": {**MEMORY, "skip_migrations": "no"}},
            "database.skip_migrations: input should be a valid",
        ),
        ({"database": {**MEMORY, "prefix": "a-b"}}, "'a-b' is no table prefix"),
        ({"database": {**MEMORY, "schema": "app"}}, "sqlite has no schemas"),
        ({"database": "sqlite"}, "database: expected a mapping of settings, got str"),
        ({"database": {"provider": "postgres", "url": "mysql://root@localhost/x"}}, "a url for postgres begins with"),
        ({"database": {"provider": "postgres", "url": "nonsense"}}, "malformed url for postgres"),
        ({"database": MEMORY, "agents": {"max_per_users": 1}}, "agents.max_per_users: unknown setting"),
        (
            {"database": MEMORY, "agents": {"max_per_user": "10"}},
            "agents.max_per_user: input should be a valid",
        ),
        (
            {"database": MEMORY, "agents": {"max_per_user": True}},
            "agents.max_per_user: input should be a valid",
        ),
        ({"database": MEMORY, "agents": {"max_per_user": -1}}, "agents.max_per_user: input should be greater"),
        ({"database": MEMORY, "agents": {"audit_all": 1}}, "agents.audit_all: input should be a valid"),
        ({"database": MEMORY, "agents": {"token_expiry": 24}}, "agents.token_expiry: input should be a valid"),
        ({"database": MEMORY, "agents": {"token_expiry": "24"}}, "malformed duration '24'"),
        ({"database": MEMORY, "agents": [1]}, "agents: expected a mapping of settings, got list"),
        ({"database": MEMORY, "wildcard": "deep"}, "unknown wildcard 'deep'"),
        ({}, "pass either database="),
    ],
)
async def test_a_setting_that_cannot_work_is_named(colour: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await create(colour, **settings)
    assert message in str(caught.value)


async def test_a_database_and_a_storage_together_are_refused(opened: Opened) -> None:
    storage = await opened.storage()
    with pytest.raises(ConfigurationError, match=r"^pass either database=\{\.\.\.\} or storage=\.\.\.$"):
        await create(opened.colour, database=opened.settings, storage=getattr(storage, "value", storage))


async def test_a_malformed_url_is_not_repeated(colour: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await create(colour, database={"provider": "mysql", "url": f"mysql://root:{PASSWORD}@host:port/x"})
    assert PASSWORD not in str(caught.value) + repr(caught.value.__cause__)


async def test_settings_that_are_left_out_have_documented_defaults() -> None:
    from kavach_core.engine.settings import AgentSettings, DatabaseSettings

    assert AgentSettings() == AgentSettings(enabled=True, max_per_user=None, audit_all=True, token_expiry=None)
    assert DatabaseSettings(provider="sqlite", url=":memory:").skip_migrations is False


async def test_a_url_is_in_no_repr_of_the_settings() -> None:
    from kavach_core.engine.settings import DatabaseSettings

    assert PASSWORD not in repr(DatabaseSettings(provider="postgres", url=f"postgresql://me:{PASSWORD}@host/x"))


@pytest.mark.one_database
async def test_agents_that_are_not_enabled_cannot_be_created(opened: Opened) -> None:
    kavach = await opened.kavach(agents={"enabled": False})
    with pytest.raises(ConfigurationError, match="agents are disabled"):
        await kavach.agent.create(owner_id="ada", name="an agent", type="service", permissions=[])


@pytest.mark.empty_database
async def test_tables_that_are_missing_are_named_where_the_host_makes_them(opened: Opened) -> None:
    with pytest.raises(SchemaMismatch, match="kavach_"):
        await opened.kavach(database={**opened.settings, "skip_migrations": True})


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Yield a port on which nobody listens: it is bound, so that nobody begins to."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize(("colour", "provider", "scheme", "module"), UNREACHABLE)
async def test_a_server_that_does_not_answer_is_unavailable_at_once(
    colour: str, provider: str, scheme: str, module: str, closed_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip(module)
    caplog.set_level(logging.DEBUG)
    started = monotonic()
    with pytest.raises(BackendUnavailable) as caught:
        await create(
            colour,
            database={"provider": provider, "url": f"{scheme}://me:{PASSWORD}@127.0.0.1:{closed_port}/kavach"},
        )
    assert monotonic() - started < 5
    assert caught.value.retryable
    assert caught.value.__cause__ is not None
    assert PASSWORD not in str(caught.value) + str(caught.value.__cause__) + caplog.text


async def test_a_file_in_a_folder_that_is_missing_is_unavailable(colour: str, tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable):
        await create(colour, database={"provider": "sqlite", "url": str(tmp_path / "missing" / "kavach.db")})
    # aiosqlite leaves its thread to stop by itself; it must not outlive the event loop.
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 5)


@pytest.mark.parametrize(
    ("colour", "provider", "modules", "extra"),
    [
        ("sync", "postgres", ["psycopg"], "postgres"),
        ("asyncio", "postgres", ["psycopg", "asyncpg"], "postgres"),
        ("sync", "mysql", ["MySQLdb", "pymysql"], "mysql"),
        ("asyncio", "mysql", ["asyncmy", "aiomysql"], "mysql"),
        ("asyncio", "sqlite", ["aiosqlite"], "sqlalchemy"),
    ],
)
async def test_a_missing_driver_names_the_extra_that_brings_it(
    colour: str, provider: str, modules: list[str], extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kavach_sqlalchemy._urls.find_spec", lambda name: None if name in modules else find_spec(name))
    scheme = {"postgres": "postgresql"}.get(provider, provider)
    with pytest.raises(MissingDependency, match=rf"pip install 'kavach-core\[{extra}\]'"):
        await create(colour, database={"provider": provider, "url": f"{scheme}://me@host/x"})


async def test_without_sqlalchemy_the_extra_is_named(colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kavach_sqlalchemy", None)
    with pytest.raises(MissingDependency, match=r"pip install 'kavach-core\[sqlalchemy\]', or pass storage="):
        await create(colour, database=MEMORY)
