"""Engines by URL: what is refused, which driver is taken, and the settings of their connections."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from colours import Opened
from kavach_core.errors import ConfigurationError, MissingDependency
from kavach_schema.tables.agents import AGENTS
from kavach_sqlalchemy import create_async_engine, create_engine, open_storage
from storage.host import engine_of
from storage.samples import row

CANARY = "canary-5f3a"

SYNC = {"sqlite": "pysqlite", "postgres": "psycopg", "mysql": "pymysql"}

BOTH = pytest.mark.parametrize("create", [create_engine, create_async_engine])


@BOTH
def test_an_unknown_provider_is_refused_with_the_known_ones(create: Any) -> None:
    with pytest.raises(ConfigurationError, match="unknown provider 'oracle'; use one of mysql, postgres, sqlite"):
        create("oracle", "oracle://u@h/d")


MALFORMED = [
    ("postgres", f"postgresql://u:{CANARY}@host:port/d"),
    ("postgres", f"u:{CANARY}@host/d"),
    ("postgres", ""),
    ("mysql", f"mysql//u:{CANARY}@host"),
    ("mysql", f"://{CANARY}@"),
]


@BOTH
@pytest.mark.parametrize(("provider", "url"), MALFORMED)
def test_a_malformed_url_is_refused_without_its_password(create: Any, provider: str, url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        create(provider, url)
    assert CANARY not in f"{caught.value!r} {caught.value}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@BOTH
@pytest.mark.parametrize(
    ("provider", "url"),
    [
        ("postgres", f"mysql://u:{CANARY}@h/d"),
        ("mysql", f"postgresql://u:{CANARY}@h/d"),
        ("sqlite", f"postgresql://u:{CANARY}@h/d"),
        ("mysql", "sqlite:///x.db"),
    ],
)
def test_a_url_of_another_database_is_refused(create: Any, provider: str, url: str) -> None:
    with pytest.raises(ConfigurationError, match=f"a url for {provider} begins with") as caught:
        create(provider, url)
    assert CANARY not in str(caught.value)


WRONG_COLOUR = [
    (create_engine, "postgres", "postgresql+asyncpg://h/d", "synchronous"),
    (create_engine, "sqlite", "sqlite+aiosqlite:///x.db", "synchronous"),
    (create_engine, "mysql", "mysql+asyncmy://h/d", "synchronous"),
    (create_async_engine, "mysql", "mysql+pymysql://h/d", "asyncio"),
    (create_async_engine, "sqlite", "sqlite+pysqlite:///x.db", "asyncio"),
    (create_engine, "postgres", "postgresql+pg8000://h/d", "synchronous"),
]


@pytest.mark.parametrize(("create", "provider", "url", "colour"), WRONG_COLOUR)
def test_a_driver_of_the_other_colour_is_refused(create: Any, provider: str, url: str, colour: str) -> None:
    with pytest.raises(ConfigurationError, match=f"is not for {colour} use; use one of"):
        create(provider, url)


@BOTH
@pytest.mark.parametrize(
    ("provider", "url", "extra"),
    [
        ("sqlite", ":memory:", "sqlalchemy"),
        ("postgres", "postgres://h/d", "postgres"),
        ("mysql", "mysql://h/d", "mysql"),
    ],
)
def test_a_missing_driver_is_named_by_its_extra(
    monkeypatch: pytest.MonkeyPatch, create: Any, provider: str, url: str, extra: str
) -> None:
    monkeypatch.setattr("kavach_sqlalchemy._urls.find_spec", lambda _: None)
    with pytest.raises(MissingDependency, match=rf"pip install 'kavach-core\[{extra}\]'"):
        create(provider, url)


def test_the_next_driver_is_taken_where_the_preferred_one_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    if not find_spec("pymysql"):
        pytest.skip("needs the extra mysql")
    monkeypatch.setattr("kavach_sqlalchemy._urls.find_spec", lambda name: name == "pymysql")
    assert create_engine("mysql", "mysql://u@h/d").driver == "pymysql"


@pytest.mark.skipif(not find_spec("psycopg"), reason="needs the extra postgres")
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgres_is_taken(scheme: str) -> None:
    assert create_engine("postgres", f"{scheme}://u@h/d").url.drivername == "postgresql+psycopg"


def test_a_password_does_not_show_in_the_engine() -> None:
    if not find_spec("pymysql"):
        pytest.skip("needs the extra mysql")
    assert CANARY not in repr(create_engine("mysql", f"mysql+pymysql://u:{CANARY}@h/d"))


def test_nothing_is_connected_when_an_engine_is_created(tmp_path: Path) -> None:
    create_engine("sqlite", f"sqlite:///{tmp_path / 'x.db'}")
    assert not (tmp_path / "x.db").exists()


@pytest.mark.parametrize("spelling", ["{}", "sqlite:///{}", "sqlite+pysqlite:///{}"])
def test_the_file_that_is_named_is_written(tmp_path: Path, spelling: str) -> None:
    """ST4: the original never writes it."""
    path = tmp_path / "kavach data.db"
    storage = open_storage("sqlite", spelling.format(path))
    storage.create_agent(**row(AGENTS))
    storage.close()
    assert path.stat().st_size > 0


@pytest.mark.parametrize("name", ["a%20b.db", "100%.db", "a?b=c.db", "a#b.db", "é😀.db", "a+b&c.db"])
def test_a_plain_path_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    storage = open_storage("sqlite", str(tmp_path / name))
    storage.create_agent(**row(AGENTS))
    storage.close()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("url", [":memory:", "sqlite://", "sqlite:///:memory:", "sqlite:///"])
def test_databases_in_memory_are_isolated_from_each_other(url: str) -> None:
    first, second = open_storage("sqlite", url), open_storage("sqlite", url)
    agent = first.create_agent(**row(AGENTS))
    assert first.find_agent_by_id(agent.id) == agent
    assert second.list_agents() == []
    first.close()
    second.close()


def test_a_database_in_memory_is_gone_after_closing() -> None:
    storage = open_storage("sqlite", ":memory:")
    storage.create_agent(**row(AGENTS))
    storage.close()
    second = open_storage("sqlite", ":memory:")
    assert second.list_agents() == []
    second.close()


SETTINGS: dict[str, dict[str, object]] = {
    "sqlite-memory": {"PRAGMA foreign_keys": 1, "PRAGMA synchronous": 2},
    "sqlite-file": {"PRAGMA foreign_keys": 1, "PRAGMA synchronous": 2, "PRAGMA journal_mode": "wal"},
    "postgres": {"SHOW transaction_isolation": "read committed", "SHOW client_encoding": "UTF8"},
    "mariadb": {"SELECT @@tx_isolation": "READ-COMMITTED", "SELECT @@character_set_connection": "utf8mb4"},
    "mysql": {"SELECT @@transaction_isolation": "READ-COMMITTED", "SELECT @@character_set_connection": "utf8mb4"},
}
"""What the connections of an engine by URL are set to: durable, strict, and the same everywhere."""


async def test_connections_have_the_settings_that_kavach_wants(opened: Opened, storage: Any) -> None:
    wanted = SETTINGS[opened.database.name]
    assert {sql: await asked(opened, storage, sql) for sql in wanted} == wanted
    if opened.database.provider == "mysql":
        assert "STRICT_ALL_TABLES" in await asked(opened, storage, "SELECT @@sql_mode")


async def asked(opened: Opened, storage: Any, sql: str) -> Any:
    """Ask on a connection of the storage's own pool."""
    from sqlalchemy.util import greenlet_spawn

    engine = engine_of(opened, storage)

    def ask() -> Any:
        with engine.connect() as connection:
            return connection.execute(text(sql)).scalar_one()

    return ask() if opened.colour == "sync" else await greenlet_spawn(ask)
