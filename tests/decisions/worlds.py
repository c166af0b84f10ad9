"""Worlds of the decision table: read from the file, and made in a database through Kavach's own face."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.support import Clock

TABLE = Path(__file__).with_name("table.toml")

CLOCK = "2030-01-01T12:00:00Z"
_UNITS = {"h": "hours", "m": "minutes", "s": "seconds"}


@dataclass(frozen=True)
class Request:
    """One line of a world, and what it says."""

    line: str
    who: str
    action: str
    resource: str
    further: dict[str, Any]
    expected: str


@dataclass
class World:
    """A world of the table, and once it is made what its agents are called by."""

    number: int
    given: dict[str, Any]
    requests: list[Request]
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def about(self) -> str:
        text: str = self.given["about"]
        return text

    @property
    def settings(self) -> dict[str, Any]:
        found: dict[str, Any] = self.given.get("settings", {})
        return found

    @property
    def spent(self) -> int:
        """How many calls were made before those that are asked for."""
        return sum(given.get("times", 1) for given in self.given.get("spent", []))

    def id_of(self, name: str) -> str:
        """Return an id that no other world has, also for a name that is nobody's."""
        return f"{name}-{self.number}"

    def moment(self, text: str = "+0s") -> datetime:
        """Return a moment, such as "2030-07-01T08:00:00Z", or one since the clock, such as "-59m59s"."""
        if text[0] not in "+-":
            return datetime.fromisoformat(text).astimezone(UTC)
        parts = {_UNITS[unit]: int(number) for number, unit in re.findall(r"(\d+)([hms])", text)}
        since = timedelta(**parts)
        return datetime.fromisoformat(self.given.get("clock", CLOCK)) + (since if text[0] == "+" else -since)


def read_worlds() -> list[World]:
    """Return all worlds of the table; raises for a line or a key that means nothing."""
    found = [
        World(number, given, [_request(line) for line in given["requests"].strip().splitlines()])
        for number, given in enumerate(tomllib.loads(TABLE.read_text("utf-8"))["world"])
    ]
    known = {"about", "clock", "settings", "agents", "requests", *STEPS}
    assert all(world.given.keys() <= known for world in found)
    return found


def _request(line: str) -> Request:
    asked, _, expected = line.rpartition(" -> ")
    who, action, resource, further = _words(asked, 3)
    return Request(line, who, action, resource, further, expected.strip())


def _words(text: str, count: int) -> list[Any]:
    """Return so many words of a line, and the JSON behind them."""
    words = text.split(maxsplit=count)
    return [*words[:count], json.loads(words[count]) if len(words) > count else {}]


def _permission(text: str) -> dict[str, Any]:
    actions, resource, constraints = _words(text, 2)
    return {"resource": resource, "actions": actions.split(","), "constraints": constraints or None}


async def make(world: World, kavach: Any, storage: Any, clock: Any) -> None:
    """Make what a world says, at the moments that it names; its agents and delegations are a day old."""
    clock.now = world.moment("-24h")
    for name, given in world.given["agents"].items():
        await _create_agent(world, kavach, storage, name, dict(given))
    for name, step in STEPS.items():
        await step(world, kavach, storage, clock, world.given.get(name, []))
    for name, given in world.given["agents"].items():
        if "later" in given:
            await kavach.agent.update(world.id_of(name), permissions=[_permission(text) for text in given["later"]])
        if "status" in given:
            await storage.update_agent(world.id_of(name), status=given["status"])


async def _create_agent(world: World, kavach: Any, storage: Any, name: str, given: dict[str, Any]) -> None:
    id = world.id_of(name)
    permissions = [_permission(text) for text in given.pop("may", [])]
    stored = [_permission(text) for text in given.pop("stored", [])]
    expires = given.pop("expires", None)
    rotated = given.pop("rotated", False)
    for becomes in ("later", "status"):
        given.pop(becomes, None)
    values = {"owner_id": "ada", "name": name, "type": "autonomous", **given}
    if expires is not None:
        values["expires_at"] = world.moment(expires)
    agent = await kavach.agent.create(id=id, permissions=permissions, **values)
    world.tokens[name] = agent.token
    for number, permission in enumerate(stored):
        await storage.create_permission(id=f"{id}-{number}", agent_id=id, created_at=agent.created_at, **permission)
    if rotated:
        world.tokens[f"old:{name}"] = agent.token
        world.tokens[name] = (await kavach.agent.rotate(id)).token


async def _delegate(world: World, kavach: Any, storage: Any, clock: Any, delegations: list[dict[str, Any]]) -> None:
    revoked = []
    for number, given in enumerate(delegations):
        ends = {"from_agent": world.id_of(given["from"]), "to_agent": world.id_of(given["to"])}
        permissions = [_permission(text) for text in given["may"]]
        expires = world.moment(given.get("expires", "+48h"))
        if given.get("stored"):
            await storage.create_delegation_chain(
                id=f"chain-{world.number}-{number}",
                **{f"{end}_id": id for end, id in ends.items()},
                permissions=permissions,
                expires_at=expires,
                depth=given.get("depth", 1),
                max_depth=given.get("max_depth", 3),
                parent_chain_id=f"chain-{world.number}-{given['parent']}" if "parent" in given else None,
                status=given.get("status", "active"),
                created_at=clock.now,
            )
            continue
        depth = {"max_depth": given["max_depth"]} if "max_depth" in given else {}
        chain = await kavach.delegate(**ends, permissions=permissions, expires_at=expires, **depth)
        if given.get("revoked"):
            revoked.append(chain.id)
    for id in revoked:
        await kavach.delegation.revoke(id)


async def _spend(world: World, kavach: Any, storage: Any, clock: Any, spent: list[dict[str, Any]]) -> None:
    for given in spent:
        clock.now = world.moment(given.get("at", "+0s"))
        for _ in range(given.get("times", 1)):
            result = await ask(world, kavach, _request(f"{given['call']} -> allow"))
            assert result.allowed, f"{world.about}: a call that was spent: {result.code}"


async def _approve(world: World, kavach: Any, storage: Any, clock: Any, approvals: list[dict[str, Any]]) -> None:
    for given in approvals:
        clock.now = world.moment(given.get("at", "+0s"))
        asked = _request(f"{given['call']} -> approval_required")
        request = await kavach.approval.request(
            world.id_of(asked.who), action=asked.action, resource=asked.resource, **asked.further
        )
        if "answer" in given:
            await getattr(kavach.approval, given["answer"])(request.id, by="grace")


async def _open_sessions(world: World, kavach: Any, storage: Any, clock: Any, sessions: list[dict[str, Any]]) -> None:
    for given in sessions:
        clock.now = world.moment(given.get("at", "+0s"))
        limits = {name: given[name] for name in ("expires_in", "max_actions") if name in given}
        session = await kavach.ephemeral.create(world.id_of(given["agent"]), **limits)
        world.tokens[given["name"]] = session.token
        if given.get("revoked"):
            await kavach.ephemeral.revoke(session.id)


STEPS: dict[str, Callable[[World, Any, Any, Any, list[dict[str, Any]]], Awaitable[None]]] = {
    "delegations": _delegate,
    "ephemeral": _open_sessions,
    "spent": _spend,
    "approvals": _approve,
}
"""What makes each part of a world besides its agents, in this order: a new key of the table is a function here."""


async def ask(world: World, kavach: Any, request: Request) -> Any:
    """Make the call of a request, by id or by token, and return the result."""
    further = {name: value for name, value in request.further.items() if name != "at"}
    kind, _, name = request.who.rpartition(":")
    call = {"action": request.action, "resource": request.resource, **further}
    if request.who.startswith("@"):
        token = world.id_of(name) if kind == "@id" else world.tokens.get(request.who[1:], request.who[1:])
        return await kavach.authorize_by_token(token, **call)
    id = world.tokens[name] if kind == "token" else world.id_of(request.who)
    return await kavach.authorize(id, **call)


async def differences(worlds: list[World], open_kavach: Any, storage: Any) -> list[str]:
    """Return what was answered otherwise than the table says, and see that each call has its audit row."""
    clock = Clock()
    opened: dict[str, Any] = {}
    wrong: list[str] = []
    answered: dict[str, tuple[str | None, str]] = {}
    before = await storage.count_audit_logs()
    for world in worlds:
        settings = repr(world.settings)
        if settings not in opened:
            opened[settings] = await open_kavach(clock=clock, **world.settings)
        kavach = opened[settings]
        await make(world, kavach, storage, clock)
        for request in world.requests:
            clock.now = world.moment(request.further.get("at", "+0s"))
            result = await ask(world, kavach, request)
            answer = "allow" if result.allowed else str(result.code)
            answered[result.audit_id] = (result.code, "allowed" if result.allowed else "denied")
            if answer != request.expected:
                wrong.append(f"{world.about}: {request.line}, and not {answer}")
    recorded = {row.id: (row.code, row.result) async for row in storage.stream_audit_logs()}
    assert recorded.items() >= answered.items()
    assert len(recorded) - before == len(answered) + sum(world.spent for world in worlds)
    return wrong
