"""Decisions of the whole engine beside loops of raw statements, and how they grow: `python -m bench.decisions`.

The loop that asks the same reads the agent, its delegations, its permissions and its budgets, decides, and writes the
audit row: what the engine must do, without the engine. The shorter loop knows that nobody delegates and that nothing
is budgeted, as an application of its own might.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from hashlib import sha256
from statistics import median
from time import perf_counter, time
from typing import Any, Final

from cyclopts import App
from rich.console import Console
from rich.table import Table
from uuid_utils import uuid7

from bench.checks import WrongResult
from bench.data import agent_row
from bench.databases import PROVIDERS, Database, Provider, chosen_providers, temporary_database
from bench.measure import Sample, Subject, measure
from bench.raw import Raw, raw_driver
from bench.subjects import own_storage
from bench.trail import seed_trail
from kavach_core import create_async_kavach, create_kavach
from kavach_core.engine._async.group_commit import AsyncGroupCommit
from kavach_core.engine._sync.group_commit import GroupCommit
from kavach_sqlalchemy import create_async_engine, create_sqlalchemy_adapter

RESOURCE: Final = "mcp:github:issues"
ARGUMENTS: Final = {"repository": "kavach/kavach-core", "number": 7}
CALL: Final[dict[str, Any]] = {
    "action": "read",
    "resource": RESOURCE,
    "arguments": ARGUMENTS,
    "ip": "203.0.113.7",
    "user_agent": "kavach-mcp/0.1 (python-httpx)",
}
UNTRUSTED: Final = {"enabled": False}
TASKS: Final = 64
THREADS: Final = 16

_PERMISSIONS: Final = (
    "SELECT id, resource, actions, constraints FROM kavach_permissions WHERE agent_id = {} ORDER BY created_at, id"
)
_CHAINS: Final = (
    "SELECT id, from_agent_id, permissions, depth, max_depth, expires_at, parent_chain_id"
    " FROM kavach_delegation_chains WHERE to_agent_id = {} AND status = 'active' ORDER BY created_at, id"
)
_BUDGETS: Final = (
    "SELECT id, limits, action, status FROM kavach_budget_policies WHERE (agent_id IS NULL OR agent_id = {0})"
    " AND (user_id IS NULL OR user_id = {0}) AND (tenant_id IS NULL OR tenant_id = {0})"
)


def raw_decisions(raw: Raw, provider: Provider, *, complete: bool) -> Callable[[str], bool]:
    """Return the loop that decides by raw statements; `complete` asks all that the engine asks."""
    mark = "?" if provider == "sqlite" else "%s"
    permissions, chains, budgets = (text.format(mark) for text in (_PERMISSIONS, _CHAINS, _BUDGETS))

    def decide(token: str) -> bool:
        started, now = perf_counter(), int(time())
        agent = raw.find_agent(sha256(token.encode()).hexdigest())
        allowed = False
        if agent is not None and agent[5] == "active" and (agent[8] is None or agent[8] > now):
            if complete and (raw.fetch(chains, (agent[0],)) or raw.fetch(budgets, (agent[0], agent[1], ""))):
                raise WrongResult("the loop knows neither delegations nor budgets")
            allowed = any(_covers(row) for row in raw.fetch(permissions, (agent[0],)))
        microseconds = round((perf_counter() - started) * 1_000_000)
        raw.insert_audit_log(
            (
                *(str(uuid7()), "" if agent is None else agent[0], "" if agent is None else agent[1]),
                *("read", RESOURCE, json.dumps(ARGUMENTS), "allowed" if allowed else "denied"),
                *(None if allowed else "no_permission", None, None, None, microseconds // 1000, microseconds, None),
                *(CALL["ip"], CALL["user_agent"], now),
            )
        )
        return allowed

    return decide


def _covers(row: Sequence[Any]) -> bool:
    actions = json.loads(row[2]) if isinstance(row[2], str) else row[2]
    if not {"read", "*"} & set(actions):
        return False
    pattern, resource = row[1].split(":"), RESOURCE.split(":")
    return len(pattern) == len(resource) and all(p in ("*", s) for p, s in zip(pattern, resource, strict=True))


class Decisions:
    """A database with agents, and what was measured on it: pairs of a row's name and its figure."""

    def __init__(self, database: Database, stack: ExitStack, repeat: int) -> None:
        """Fill the database with an agent of 5 permissions, and one of 1,000."""
        self.database = database
        self.repeat = repeat
        self.raw = stack.enter_context(raw_driver(database))
        storage = own_storage(database, stack)
        self.plain = create_kavach(storage=storage, trust=UNTRUSTED)
        self.trusting = create_kavach(storage=storage)
        self.token = self._agent(5)
        self.many = self._agent(1_000)
        self.found: list[tuple[str, float]] = []

    def measure(self, agents: int, audit_logs: int) -> None:
        """Measure every row; the tables grow to so many rows in the end."""
        provider = self.database.provider
        same = raw_decisions(self.raw, provider, complete=True)
        short = raw_decisions(self.raw, provider, complete=False)
        beside = self._medians(
            {
                "raw": same,
                "again": same,
                "short": short,
                "plain": self._by(self.plain),
                "trusting": self._by(self.trusting),
            }
        )
        for name, one, other in (
            ("the raw loop, again / raw loop", "again", "raw"),
            ("trust off / raw loop", "plain", "raw"),
            ("trust off / raw loop of three statements", "plain", "short"),
            ("trust on / raw loop", "trusting", "raw"),
        ):
            self.found.append((name, beside[one] / beside[other]))
        few = self._by(self.plain)
        grown = self._medians({"few": few, "many": lambda _: few(self.many)})
        self.found.append(("1,000 permissions / 5", grown["many"] / grown["few"]))
        self.found.append((f"{TASKS} tasks, groups / one commit per call", asyncio.run(self._tasks())))
        self.found.append((f"{THREADS} threads, groups / one commit per call", self._threads()))
        before = self._medians({"raw": same, "ours": few})
        self.raw.seed(map(agent_row, range(agents)))
        seed_trail(self.raw, provider, 0, audit_logs)
        after = self._medians({"raw": same, "ours": few})
        self.found.append(
            (f"{audit_logs:,} audit rows and {agents:,} agents / few", after["ours"] / before["ours"]),
        )
        self.found.append(("  the raw loop likewise", after["raw"] / before["raw"]))

    def _agent(self, permissions: int) -> str:
        given = [{"resource": f"mcp:tool-{number}:*", "actions": ["read"]} for number in range(permissions - 1)]
        given.append({"resource": "mcp:github:*", "actions": ["read"]})
        return self.plain.agent.create(owner_id="ada", name="bench", type="autonomous", permissions=given).token

    def _by(self, kavach: Any) -> Callable[[str], bool]:
        def decide(token: str) -> bool:
            allowed: bool = kavach.authorize_by_token(token, **CALL).allowed
            return allowed

        return decide

    def _medians(self, ways: dict[str, Callable[[str], bool]]) -> dict[str, float]:
        def check(_: str, allowed: bool) -> None:
            if not allowed:
                raise WrongResult("a call was denied that is allowed")

        subjects = [Subject(name, "other", call, check) for name, call in ways.items()]
        samples: list[Sample] = measure(subjects, lambda size: [self.token] * size, self.repeat)
        return {sample.subject.name: sample.median for sample in samples}

    async def _tasks(self) -> float:
        """Return the throughput of groups over that of groups of one, in turns."""
        provider = self.database.provider
        engine = create_async_engine(provider, self.database.adapter_url(asyncio=True))
        kavach = await create_async_kavach(storage=create_sqlalchemy_adapter(engine), trust=UNTRUSTED)
        records = kavach._authorization._records
        groups: AsyncGroupCommit[Any] = records._group
        alone: AsyncGroupCommit[Any] = AsyncGroupCommit(records._write_group, most=1)
        rounds = max(1, self.repeat // TASKS)

        async def task() -> None:
            for _ in range(rounds):
                if not (await kavach.authorize_by_token(self.token, **CALL)).allowed:
                    raise WrongResult("a call was denied that is allowed")

        async def timed(group: AsyncGroupCommit[Any]) -> float:
            records._group = group
            started = perf_counter()
            await asyncio.gather(*(task() for _ in range(TASKS)))
            return perf_counter() - started

        await timed(groups)
        taken = [(await timed(alone), await timed(groups)) for _ in range(3)]
        await kavach.close()
        await engine.dispose()
        return median(one / grouped for one, grouped in taken)

    def _threads(self) -> float:
        records = self.plain._authorization._records
        groups: GroupCommit[Any] = records._group
        alone: GroupCommit[Any] = GroupCommit(records._write_group, most=1)
        rounds = max(1, self.repeat // THREADS)
        decide = self._by(self.plain)

        def timed(pool: ThreadPoolExecutor, group: GroupCommit[Any]) -> float:
            records._group = group
            started = perf_counter()
            if not all(pool.map(lambda _: all(decide(self.token) for _ in range(rounds)), range(THREADS))):
                raise WrongResult("a call was denied that is allowed")
            return perf_counter() - started

        with ThreadPoolExecutor(THREADS) as pool:
            timed(pool, groups)
            taken = [(timed(pool, alone), timed(pool, groups)) for _ in range(3)]
        records._group = groups
        return median(one / grouped for one, grouped in taken)


app = App(name="bench.decisions", help="Measure decisions beside loops of raw statements.")


@app.default
def main(
    *, database: str = ",".join(PROVIDERS), agents: int = 10_000, audit_logs: int = 100_000, repeat: int = 400
) -> int:
    """Measure decisions beside loops of raw statements, on databases that are removed at the end.

    Parameters
    ----------
    database
        Where to measure: some of sqlite, postgres and mysql, with commas.
    agents
        To how many agents the table grows.
    audit_logs
        To how many audit rows the table grows.
    repeat
        How often each way is called, in rounds.
    """
    figures: dict[str, dict[Provider, float]] = {}
    for provider in chosen_providers(database):
        with temporary_database(provider) as opened, ExitStack() as stack:
            decisions = Decisions(opened, stack, repeat)
            decisions.measure(agents, audit_logs)
            for name, figure in decisions.found:
                figures.setdefault(name, {})[provider] = figure
    table = Table(title="authorize_by_token(), ratios of medians", title_justify="left")
    table.add_column("")
    for provider in chosen_providers(database):
        table.add_column(provider, justify="right")
    for name, row in figures.items():
        table.add_row(name, *(f"{figure:.2f}" for figure in row.values()))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(app())
