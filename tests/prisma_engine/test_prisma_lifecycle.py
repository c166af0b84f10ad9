"""The engine as a process: how it starts and ends, and what it does when what it talks to goes away."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import prisma_setup
from database_fixture import Database
from prisma_engine.clients import (
    Client,
    alive,
    children,
    connected,
    new_client,
    package_for,
    schema_for,
    url_of,
    with_tables,
)
from proxy import Proxy
from storage.restart import end_connections

pytestmark = pytest.mark.not_in_memory

HOST = Path(__file__).with_name("host.py")
PATIENCE = 30

UNREACHABLE = {
    "sqlite": "file:/nowhere/at/all.db",
    "postgres": "postgresql://someone:hunter2@127.0.0.1:{port}/none?connect_timeout=2",
    "mysql": "mysql://someone:hunter2@127.0.0.1:{port}/none?connect_timeout=2",
}


def wait_until(condition: Callable[[], bool]) -> bool:
    """Wait for what must come true; return whether it did."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def engine() -> str:
    return os.environ["PRISMA_QUERY_ENGINE_BINARY"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def start_engine(schema: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [engine(), "-p", str(free_port()), "--enable-metrics", "--enable-raw-queries"],
        env=os.environ | {"PRISMA_DML_PATH": str(schema)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def tables(database: Database) -> Iterator[Client]:
    """Yield a client on tables with one row."""
    with with_tables(database) as client:
        client.prisma.item.create(data={"id": "whole"})
        yield client


def rows(client: Client) -> list[tuple[str, int]]:
    return [(row.id, row.n) for row in client.prisma.item.find_many(order={"id": "asc"})]


def write_again(client: Client) -> None:
    """Write to the row that a transaction had locked."""
    client.prisma.item.update(where={"id": "whole"}, data={"n": 7})
    assert rows(client) == [("whole", 7)]


def test_version_is_the_one_that_prisma_client_py_wants() -> None:
    said = subprocess.run([engine(), "--version"], capture_output=True, text=True, check=True).stdout
    assert said == "query-engine 393aa359c9ad4a4bb28630fb5613f9c281cde053\n"
    package = package_for("sqlite", "sync")
    wanted = sys.modules[package.__name__ + "._config"].config.expected_engine_version
    assert said.split()[1] == wanted


@pytest.mark.one_database
def test_where_the_host_has_an_engine_it_is_used(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, told = tmp_path / "query-engine", tmp_path / "told"
    own.write_text(f'#!/bin/sh\necho "$@" >> {told}\nexec {prisma_setup.FOLDER}/query-engine "$@"\n')
    own.chmod(0o755)
    monkeypatch.setenv("PRISMA_QUERY_ENGINE_BINARY", str(own))
    assert prisma_setup.prepare()["PRISMA_QUERY_ENGINE_BINARY"] == str(own)
    with connected(database) as client:
        assert client.prisma.query_raw("SELECT 1 AS one") == [{"one": 1}]
    assert "--enable-raw-queries" in told.read_text()


def test_the_webassembly_engine_is_built_from_that_version() -> None:
    script = (
        "const {createRequire} = require('module'); const r = createRequire(process.argv[1] + '/');"
        "const fs = require('fs'), path = require('path');"
        "const dir = path.join(path.dirname(r.resolve('@prisma/client/package.json')), 'runtime');"
        "(async () => { for (const p of ['sqlite', 'postgresql', 'mysql']) {"
        " const b = require(path.join(dir, `query_engine_bg.${p}.js`));"
        " const w = await WebAssembly.instantiate(fs.readFileSync(path.join(dir, `query_engine_bg.${p}.wasm`)),"
        " {'./query_engine_bg.js': b}); b.__wbg_set_wasm(w.instance.exports); console.log(b.getBuildTimeInfo().commit)"
        " } })()"
    )
    done = subprocess.run(
        [os.environ["PRISMA_ENGINE_NODE"], "-e", script, str(prisma_setup.FOLDER)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == {"393aa359c9ad4a4bb28630fb5613f9c281cde053"}


def test_an_unreachable_database_ends_the_start_and_shows_no_password(database: Database, tmp_path: Path) -> None:
    schema = tmp_path / "schema.prisma"
    schema.write_text(schema_for(database.provider))
    process = start_engine(schema, PRISMA_TEST_URL=UNREACHABLE[database.provider].format(port=free_port()))
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "hunter2" not in told
    if database.provider != "sqlite":
        assert "P1001" in told


def test_wrong_credentials_and_missing_databases_are_named(database: Database, tmp_path: Path) -> None:
    if database.provider == "sqlite":
        pytest.skip("SQLite has neither")
    schema = tmp_path / "schema.prisma"
    schema.write_text(schema_for(database.provider))
    missing = urlsplit(database.url)._replace(path="/kavach_test_none").geturl()
    process = start_engine(schema, PRISMA_TEST_URL=missing)
    _, told = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "P1003" in told) == (1, True), told


def test_a_schema_without_its_url_ends_the_start(tmp_path: Path) -> None:
    schema = tmp_path / "schema.prisma"
    schema.write_text(schema_for("sqlite").replace("PRISMA_TEST_URL", "PRISMA_TEST_UNSET"))
    process = start_engine(schema)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "PRISMA_TEST_UNSET" in told


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it(tmp_path: Path, sign: signal.Signals) -> None:
    schema = tmp_path / "schema.prisma"
    schema.write_text(schema_for("sqlite"))
    process = start_engine(schema, PRISMA_TEST_URL="file:./relative.db")
    assert wait_until(lambda: (tmp_path / "relative.db").exists() or process.poll() is not None)
    process.send_signal(sign)
    out, told = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, told) == (0, "", "")


def test_disconnecting_leaves_no_process(database: Database) -> None:
    before = set(children())
    with connected(database) as client:
        pid = client.engine_process.pid
        assert set(children()) - before == {pid}
        assert children(pid) == []
    assert not alive(pid)
    client.prisma.connect()
    client.prisma.query_raw("SELECT 1 AS one")
    client.prisma.disconnect()
    assert set(children()) == before


def test_a_killed_host_leaves_nothing_half_written_and_no_process(database: Database, tables: Client) -> None:
    package = package_for(database.provider, "sync")
    assert package.__file__ is not None
    folder = Path(package.__file__).parent
    host = subprocess.Popen(
        [sys.executable, str(HOST), str(folder.parent), folder.name, url_of(database)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert host.stdout is not None
    with host.stdout as said:
        pid = int(said.readline())
        assert alive(pid)
        host.kill()
        host.wait()
    assert wait_until(lambda: not alive(pid))
    write_again(tables)


def test_a_killed_engine_leaves_nothing_half_written(database: Database, tables: Client) -> None:
    client = new_client(database)
    client.prisma.connect()
    tx = client.prisma.tx().start()
    tx.item.create(data={"id": "half"})
    tx.item.update(where={"id": "whole"}, data={"n": 1})
    client.engine_process.kill()
    client.engine_process.wait()
    httpx = pytest.importorskip("httpx")
    with pytest.raises(httpx.TransportError):
        tx.item.count()
    with pytest.raises(httpx.TransportError):
        client.prisma.item.count()
    write_again(tables)
    client.prisma.disconnect()
    client.prisma.connect()
    try:
        assert rows(client) == [("whole", 7)]
    finally:
        client.prisma.disconnect()


@pytest.fixture
def proxied(database: Database, tables: Client) -> Iterator[tuple[Proxy, Client]]:
    """Yield a proxy before the server and a client that goes through it."""
    if database.provider == "sqlite":
        pytest.skip("SQLite has no server")
    parts = urlsplit(database.url)
    assert parts.hostname is not None
    with Proxy(parts.hostname, parts.port or (3306 if database.provider == "mysql" else 5432)) as proxy:
        user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        url = parts._replace(netloc=f"{user}127.0.0.1:{proxy.port}").geturl()
        with connected(database, url=f"{url}?connect_timeout=2&pool_timeout=2") as client:
            yield proxy, client


def code_of(error: BaseException) -> object:
    return getattr(error, "code", None)


def test_a_server_goes_away_and_comes_back(proxied: tuple[Proxy, Client]) -> None:
    proxy, client = proxied
    pid = client.engine_process.pid
    assert rows(client) == [("whole", 0)]
    proxy.go_away()
    codes = set()
    for _ in range(6):
        with pytest.raises(client.errors.DataError) as caught:
            client.prisma.item.count()
        codes.add(code_of(caught.value))
    assert codes <= {"P1001", "P1017"}
    assert "P1001" in codes
    with pytest.raises(client.submodule("engine.errors").EngineRequestError) as refused:
        client.prisma.tx().start()
    assert "P1001" in str(refused.value)
    proxy.come_back()
    assert wait_until(lambda: not raises(lambda: client.prisma.item.count()))
    with client.prisma.tx() as tx:
        tx.item.create(data={"id": "again"})
    assert rows(client) == [("again", 0), ("whole", 0)]
    assert client.engine_process.pid == pid


def raises(call: Callable[[], object]) -> bool:
    try:
        call()
    except Exception:
        return True
    return False


def test_a_connection_dropped_inside_a_transaction(proxied: tuple[Proxy, Client], tables: Client) -> None:
    proxy, client = proxied
    for _ in range(8):  # more than the pool has connections
        tx = client.prisma.tx().start()
        tx.item.create(data={"id": "half"})
        proxy.cut()
        with pytest.raises(client.errors.DataError) as caught:
            tx.item.count()
        assert code_of(caught.value) == "P1017"
        assert raises(partial(client.prisma._engine.commit_transaction, tx._tx_id))
    assert wait_until(lambda: not raises(lambda: client.prisma.item.count()))
    with client.prisma.tx() as tx:
        tx.item.create(data={"id": "again"})
    write_again_with(tables, "again")


def write_again_with(client: Client, name: str) -> None:
    assert rows(client) == [(name, 0), ("whole", 0)]


def test_a_refused_statement_leaves_its_connection_open(database: Database, tables: Client) -> None:
    if database.provider == "sqlite":
        pytest.skip("SQLite has no server")
    which = {"postgres": "SELECT pg_backend_pid() AS id", "mysql": "SELECT CONNECTION_ID() AS id"}[database.provider]
    with connected(database, connection_limit=1) as client:
        before = client.prisma.query_raw(which)
        for _ in range(3):
            with pytest.raises(client.errors.UniqueViolationError):
                client.prisma.item.create(data={"id": "whole"})
        assert client.prisma.query_raw(which) == before


def test_a_connection_that_the_server_ends(database: Database, tables: Client) -> None:
    if database.provider == "sqlite":
        pytest.skip("SQLite has no server")
    with connected(database) as client:
        tx = client.prisma.tx().start()
        tx.item.create(data={"id": "half"})
        end_connections(database)
        with pytest.raises(client.errors.DataError) as caught:
            tx.item.count()
        assert code_of(caught.value) == "P1017"
        write_again(client)


def test_a_connection_that_the_server_ends_in_a_statement_is_lent_no_more(database: Database, tables: Client) -> None:
    if database.provider == "sqlite":
        pytest.skip("SQLite has no server")
    sleep, begun = {
        "postgres": (
            "SELECT pg_sleep(20)::text",
            "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'",
        ),
        "mysql": ("SELECT SLEEP(20)", "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'"),
    }[database.provider]
    with connected(database, connection_limit=1) as client, ThreadPoolExecutor(2) as threads:
        sleeping = threads.submit(client.prisma.query_raw, sleep)
        assert wait_until(lambda: tables.prisma.query_raw(begun) != [])
        waiting = threads.submit(rows, client)
        time.sleep(0.3)  # nobody else sees that it waits for the connection
        end_connections(database)
        with pytest.raises(client.errors.DataError) as caught:
            sleeping.result()
        assert code_of(caught.value) == "P1017"
        assert waiting.result() == [("whole", 0)]


def test_sqlite_waits_for_another_process_and_then_gives_up(database: Database, tables: Client) -> None:
    if database.provider != "sqlite":
        pytest.skip("servers lock rows")
    other = sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None)
    with contextlib.closing(other), connected(database, socket_timeout=1) as client:
        other.execute("BEGIN IMMEDIATE")
        other.execute("""INSERT INTO "Item" (id) VALUES ('other')""")
        with pytest.raises(client.errors.DataError) as caught:
            client.prisma.item.create(data={"id": "mine"})
        assert code_of(caught.value) == "P1008"
        assert rows(client) == [("whole", 0)]
        other.execute("COMMIT")
        client.prisma.item.create(data={"id": "mine"})
        assert [name for name, _ in rows(client)] == ["mine", "other", "whole"]


def test_queries_are_logged_on_request(database: Database, capfd: pytest.CaptureFixture[str]) -> None:
    package = package_for(database.provider, "sync")
    client = package.Prisma(datasource={"url": url_of(database)}, log_queries=True)
    client.connect()
    try:
        client.query_raw("SELECT 42 AS logged")
    finally:
        client.disconnect()
    assert re.search(r"SELECT 42 AS logged", capfd.readouterr().out)


def test_a_full_pool_is_named(database: Database, tables: Client) -> None:
    if database.provider == "sqlite":
        pytest.skip("SQLite has no pool to wait for")
    with connected(database, connection_limit=1, pool_timeout=1) as client:
        held = client.prisma.tx()
        held.start()
        with pytest.raises(client.errors.DataError) as caught:
            client.prisma.item.count()
        assert code_of(caught.value) == "P2024"
        held.rollback()
        assert rows(client) == [("whole", 0)]


def test_the_url_names_a_schema_of_postgresql_and_options(database: Database, tables: Client) -> None:
    if database.provider != "postgres":
        pytest.skip("only PostgreSQL has schemas")
    tables.prisma.execute_raw('CREATE SCHEMA "Other Place"')
    with with_tables(database, schema="Other%20Place", options="-c%20work_mem%3D5MB") as client:
        assert rows(client) == []
        assert client.prisma.query_raw("SHOW work_mem") == [{"work_mem": "5MB"}]
        assert client.prisma.query_raw("SHOW TimeZone") == [{"TimeZone": "UTC"}]
    assert rows(tables) == [("whole", 0)]
