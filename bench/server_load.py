"""`kavach serve` under load: python -m bench.server_load --database URL --seconds 30 --connections 64

Asks for decisions over so many connections at once, and then reads the audit trail from the database: each decision
that was answered must have its row. Ends with status 1 where one has none, or where any answer was no decision.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import cyclopts
import httpx2

from http_api.serving import serving
from kavach_core import create_kavach
from kavach_core.cli.target import provider_of

ASK = {"action": "read", "resource": "mcp:github:issues"}


async def ask(
    client: httpx2.AsyncClient, path: str, until: float, answered: dict[str, float], failed: list[str]
) -> None:
    """Ask one call after the other; note the audit row of each with the seconds that it took."""
    while time.perf_counter() < until:
        started = time.perf_counter()
        try:
            response = await client.post(path, json=ASK)
            body = response.json()
            if response.status_code != 200 or not body["allowed"]:
                failed.append(f"{response.status_code} {body}")
                continue
            answered[body["auditId"]] = time.perf_counter() - started
        except httpx2.HTTPError as error:
            failed.append(type(error).__name__)


async def drive(
    url: str, token: str, agents: list[str], connections: int, seconds: float
) -> tuple[dict[str, float], list[str]]:
    """Return what was answered and what failed."""
    answered: dict[str, float] = {}
    failed: list[str] = []
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=30) as client:
        until = time.perf_counter() + seconds
        paths = [f"/agents/{agents[number % len(agents)]}/authorize" for number in range(connections)]
        await asyncio.gather(*(ask(client, path, until, answered, failed) for path in paths))
    return answered, failed


def main(*, database: str = "", seconds: float = 30.0, connections: int = 64, agents: int = 16) -> int:
    """Load a server on a database, a new SQLite file where none is named."""
    with tempfile.TemporaryDirectory() as folder:
        url = database or str(Path(folder) / "load.db")
        with create_kavach(database={"provider": provider_of(url), "url": url}) as kavach:
            token = kavach.service_token.create(name="load", scopes=["admin"])
            made = [
                kavach.agent.create(
                    owner_id="load",
                    name="load",
                    type="service",
                    permissions=[{"resource": "mcp:**", "actions": ["read"]}],
                ).id
                for _ in range(agents)
            ]
            with serving(url, Path(folder) / "server.log") as server:
                answered, failed = asyncio.run(drive(server.url, token.token, made, connections, seconds))
                server.stop()
            kavach.service_token.revoke(token.id)
            recorded = {row.id for row in kavach.storage.stream_audit_logs(user_id="load")}
    lost = set(answered) - recorded
    times = sorted(answered.values())
    print(f"{len(answered)} decisions in {seconds:g} s over {connections} connections: {len(answered) / seconds:.0f}/s")
    if times:
        print(
            f"median {statistics.median(times) * 1000:.0f} ms, 99% within {times[int(len(times) * 0.99)] * 1000:.0f} ms"
        )
    print(f"{len(failed)} errors, {len(lost)} decisions without their audit row")
    for text in failed[:5]:
        print(f"  {text}")
    return 1 if failed or lost or not answered else 0


if __name__ == "__main__":
    sys.exit(cyclopts.run(main))
