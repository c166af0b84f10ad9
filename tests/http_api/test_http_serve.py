"""`kavach serve`: a process of its own, over real sockets."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from database_fixture import Database
from http_api.serving import serving
from http_api.support import READ, error_of
from kavach_core import create_kavach
from kavach_core.cli import main

ASK: Final = {"action": "read", "resource": "mcp:github:issues"}


def make_token(database: Database, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["token", "create", "--database", database.url, "--name", "tests", "--scope", "admin"]) == 0
    return capsys.readouterr().out.strip()


async def ask_until_it_dies(
    client: httpx2.AsyncClient, path: str, acknowledged: list[str], enough: asyncio.Event
) -> None:
    with suppress(httpx2.TransportError):
        while True:
            response = await client.post(path, json=ASK)
            assert response.status_code == 200
            acknowledged.append(response.json()["auditId"])
            if len(acknowledged) >= 100:
                enough.set()


@pytest.mark.not_in_memory
async def test_every_acknowledged_decision_survives_a_kill_and_a_restart(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = make_token(database, capsys)
    headers = {"Authorization": f"Bearer {token}"}
    acknowledged: list[str] = []
    with serving(database.url, tmp_path / "first.log") as server:
        async with httpx2.AsyncClient(base_url=server.url, headers=headers) as client:
            body: dict[str, Any] = {"ownerId": "ada", "name": "n", "type": "service", "permissions": [READ]}
            agent = (await client.post("/agents", json=body)).json()
            enough = asyncio.Event()
            path = f"/agents/{agent['id']}/authorize"
            askers = [asyncio.create_task(ask_until_it_dies(client, path, acknowledged, enough)) for _ in range(8)]
            await asyncio.wait_for(enough.wait(), 60)
            assert await asyncio.to_thread(server.stop, signal.SIGKILL) == -signal.SIGKILL
            await asyncio.gather(*askers)
    log = tmp_path / "second.log"
    with serving(database.url, log) as server:
        async with httpx2.AsyncClient(base_url=server.url, headers=headers) as client:
            assert (await client.get(f"{server.root}/ready")).json() == {"status": "ok"}
            assert (await client.get(f"{server.root}/health")).json() == {"status": "ok"}
            for nowhere in (f"{server.root}/agents", f"{server.root}/%0a", f"{server.url}/%0a", server.url):
                missing = await client.get(nowhere)
                assert (missing.status_code, error_of(missing)) == (404, "NOT_FOUND")
            assert (
                await client.post("/authorize", json=ASK, headers={"Authorization": f"Bearer {agent['token']}"})
            ).json()["allowed"]
            exported = await client.get("/audit/export", params={"format": "jsonl"})
        assert await asyncio.to_thread(server.stop) == 0
    recorded = {json.loads(line)["id"] for line in exported.text.splitlines()}
    assert len(acknowledged) >= 100
    assert set(acknowledged) <= recorded
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"/ready", "/authorize", "/audit/export"} <= {line.get("route") for line in lines}
    for secret in (token, agent["token"]):
        assert secret not in log.read_text()


def raw(url: str, request: bytes) -> bytes:
    """Return the first line of the answer to bytes that are sent as they are."""
    address = httpx2.URL(url)
    with socket.create_connection((address.host, address.port or 80), timeout=10) as connection:
        connection.sendall(request)
        return connection.recv(4096).partition(b"\r\n")[0]


@pytest.mark.one_database
@pytest.mark.not_in_memory
def test_limits_of_the_protocol_and_the_proxies_that_are_named(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = make_token(database, capsys)
    with serving(database.url, tmp_path / "log", "--trusted-proxy", "127.0.0.1", "--log", "text") as server:
        for size in (20_000, 1_000_000):
            large = b"GET /health HTTP/1.1\r\nHost: x\r\nX-Large: " + b"x" * size + b"\r\n\r\n"
            assert raw(server.root, large).split()[1] in (b"431", b"400")
        head = b"POST /api/kavach/agents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
        assert raw(server.root, head + token.encode() + b"\r\nContent-Length: 99999999\r\n\r\n").split()[1] == b"413"
        assert raw(server.root, head + b"\xff\r\nContent-Length: 0\r\n\r\n").split()[1] == b"401"
        there = httpx2.get(f"{server.root}/agents").json()
        assert there["error"]["message"] == "there is no such path; the API is under /api/kavach"
        with httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}) as client:
            made = client.post(
                "/agents", json={"ownerId": "a", "name": "n", "type": "service", "permissions": []}
            ).json()
            forwarded = {"X-Forwarded-For": "1.1.1.1, 203.0.113.9", "X-Request-Id": "req-7"}
            client.post(f"/agents/{made['id']}/authorize", json=ASK, headers=forwarded)
            assert client.get("/audit").json()["entries"][0]["ip"] == "203.0.113.9"
        assert server.stop(signal.SIGINT) in (0, 130)  # 0 where the shell of these tests has its jobs ignore it
    with create_kavach(database={"provider": "sqlite", "url": database.url}) as kavach:
        assert len(kavach.audit.query()) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--database", ":memory:", "--trusted-proxy", "nowhere"], "trusted proxies"),
        (["--database", "oracle://x"], "unknown database scheme"),
        (["--database", ":memory:", "--port", "99999"], "port"),
        (["--database", ":memory:", "--host", "203.0.113.7"], "choose others with --host and --port"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *options]) in (1, 2)
    error = capsys.readouterr().err
    assert error.startswith("error:")
    assert error.count("\n") == 1
    assert said in error
