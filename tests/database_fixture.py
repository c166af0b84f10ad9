"""The fixture `database`: a test that takes it runs once for each database chosen with `--database`.

Drivers are imported only when a server is needed, so that the tests also run where none is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from servers import Server

Provider = Literal["sqlite", "postgres", "mysql"]

PROVIDERS: dict[str, Provider] = {
    "sqlite-memory": "sqlite",
    "sqlite-file": "sqlite",
    "postgres": "postgres",
    "mariadb": "mysql",
    "mysql": "mysql",
}
DEFAULT = "sqlite-memory,sqlite-file,postgres,mariadb"


@dataclass(frozen=True)
class Database:
    """An empty database for one test."""

    name: str
    provider: Provider
    url: str


def driver_url(provider: Provider, url: str, driver: str) -> str:
    """Return the URL of a database as SQLAlchemy takes it, with its driver; that of SQLite in memory as it is."""
    _, _, rest = url.partition("://")
    if not rest:
        return url
    # PyMySQL prepares TLS for each connection, also where the server has none, and reads all certificates: 30 ms.
    options = "?ssl_disabled=true" if driver == "pymysql" else ""
    return f"{'postgresql' if provider == 'postgres' else provider}+{driver}://{rest}{options}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        action="append",
        metavar="NAME",
        help=f"run tests on these databases: {', '.join(PROVIDERS)} (repeatable, or a list with commas; "
        f"default: {DEFAULT})",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "database: runs on a database (set by the fixture, chosen with --database)")
    config.addinivalue_line("markers", "one_database: runs on SQLite only: no other would tell more")
    config.addinivalue_line("markers", "every_database: runs on all chosen databases, in a module marked one_database")
    config.addinivalue_line("markers", "empty_database: no tables, where the folder's databases have tables otherwise")
    config.addinivalue_line("markers", "not_in_memory: needs a database that several engines or processes can open")
    unknown = set(chosen(config)) - set(PROVIDERS)
    if unknown:
        raise pytest.UsageError(f"unknown --database {', '.join(sorted(unknown))}; known: {', '.join(PROVIDERS)}")


def chosen(config: pytest.Config) -> list[str]:
    """Return the names given with `--database`, each once."""
    given: list[str] = config.getoption("--database") or [DEFAULT]
    return list(dict.fromkeys(name.strip() for names in given for name in names.split(",")))


def names_for(metafunc: pytest.Metafunc) -> list[str]:
    """Return the chosen databases that a test runs on, by its markers."""
    names = chosen(metafunc.config)
    if metafunc.definition.get_closest_marker("not_in_memory"):
        names = [name for name in names if name != "sqlite-memory"]
    marker = metafunc.definition.get_closest_marker
    if marker("one_database") and not marker("every_database"):
        names = [name for name in names if PROVIDERS[name] == "sqlite"][:1]
    return names


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames and "opened" not in metafunc.fixturenames:
        names = [pytest.param(name, id=name, marks=pytest.mark.database) for name in names_for(metafunc)]
        metafunc.parametrize("database", names, indirect=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Start the servers in the process that starts the workers, for all of them."""
    from servers import ServerUnavailable
    from servers.start import NAMES, start

    stack = ExitStack()
    config.add_cleanup(stack.close)
    for name in chosen(config):
        if name in NAMES:
            try:
                stack.enter_context(start(name))
            except ServerUnavailable as error:
                raise pytest.UsageError(str(error)) from error


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Yield an empty database; drop all that the test left in it."""
    name: str = request.param
    provider = PROVIDERS[name]
    if name == "sqlite-memory":
        yield Database(name, provider, ":memory:")
    elif name == "sqlite-file":
        yield Database(name, provider, f"sqlite:///{tmp_path / 'kavach.db'}")
    else:
        from servers import empty_database

        server, url = request.getfixturevalue(f"_{name}_database")
        yield Database(name, provider, url)
        empty_database(server, url)


@pytest.fixture(scope="session")
def _postgres_database() -> Iterator[tuple[Server, str]]:
    yield from _database_of_this_worker("postgres")


@pytest.fixture(scope="session")
def _mariadb_database() -> Iterator[tuple[Server, str]]:
    yield from _database_of_this_worker("mariadb")


@pytest.fixture(scope="session")
def _mysql_database() -> Iterator[tuple[Server, str]]:
    yield from _database_of_this_worker("mysql")


def _database_of_this_worker(name: str) -> Iterator[tuple[Server, str]]:
    from servers import fresh_database
    from servers.start import start

    with start(name) as server, fresh_database(server) as url:
        yield server, url
