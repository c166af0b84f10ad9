"""Delegation as arithmetic: which chains are in force, what each hands on, and what a further one may rest on.

Chains are a tree: each rests on permissions that its giver has of its own, or on one chain to its giver, its parent. So
what a chain is worth follows from the line of chains above it alone, and what ends one ends the tree below it and no
more.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from kavach_core.errors import DelegationError
from kavach_core.policy.permissions import Grant, Permission
from kavach_core.policy.resources import Wildcard

MOST_WAYS: Final = 32
"""In how many ways a chain's permission is derived at most, those with the fewest conditions.

Where permissions of a giver overlap, each that contains what is handed on is a way, and with every hop their number
could multiply.
"""


@dataclass(frozen=True, slots=True)
class Link:
    """A stored chain as the rules see it. Without a parent it rests on what its giver has of its own."""

    id: str
    giver: str
    receiver: str
    permissions: tuple[Permission, ...]
    depth: int
    max_depth: int
    expires_at: datetime
    parent_id: str | None = None
    active: bool = True


Line: TypeAlias = tuple[Link, ...]
"""A chain with all chains upstream, the first giver's first; empty for what an agent has of its own."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a giver holds by one line, or of its own."""

    line: Line
    grants: Sequence[Grant]


def lines_in_force(links: Mapping[str, Link], agents: Container[str], now: datetime) -> dict[str, Line]:
    """Return the line of each chain that is in force, by its id; takes as many steps as there are chains and hops.

    In force is a chain that is active and not expired, whose giver is one of the active `agents`, and that rests on
    nothing or on a chain in force to its giver. Nothing that is stored is trusted: one that is less deep than the one
    above it, or deeper than any above it allows, and one in whose line an agent comes twice are not in force.
    """
    lines: dict[str, Line | None] = {}
    for start in links.values():
        pending: list[Link] = []
        link: Link | None = start
        while link is not None and link.id not in lines:
            lines[link.id] = None  # a chain that is met again on its own way up rests on itself
            pending.append(link)
            link = None if link.parent_id is None else links.get(link.parent_id)
        for link in reversed(pending):
            upstream = () if link.parent_id is None else lines.get(link.parent_id)
            if upstream is not None and _extends(upstream, link, agents, now):
                lines[link.id] = (*upstream, link)
    return {id: line for id, line in lines.items() if line is not None}


def _extends(upstream: Line, link: Link, agents: Container[str], now: datetime) -> bool:
    """Tell whether a chain is in force below a line that is."""
    if not link.active or link.expires_at <= now or link.giver not in agents or link.receiver == link.giver:
        return False
    if upstream and (upstream[-1].receiver != link.giver or upstream[-1].depth >= link.depth):
        return False
    if any(link.receiver == above.giver for above in upstream):
        return False
    return all(link.depth <= above.max_depth for above in (*upstream, link))


def hand_on(sources: Iterable[Grant], line: Line, wildcard: Wildcard) -> list[Grant]:
    """Return the grants that the last chain of a line hands on from those that its giver holds by the rest of it.

    Each is contained in one of `sources`, and has all its conditions besides the chain's own: nothing is widened.
    """
    link, sources = line[-1], list(sources)
    found: list[Grant] = []
    for permission in link.permissions:
        ways = [
            Grant(permission, wildcard, link.receiver, source.conditions, line)
            for source in sources
            if source.contains(permission, wildcard)
        ]
        found += simplest(ways)
    return found


def simplest(ways: Iterable[Grant]) -> list[Grant]:
    """Return ways to the same permission, at most `MOST_WAYS`, those with the fewest conditions first.

    A way is left out if another one asks for nothing that it does not ask for: it would allow no call besides.
    """
    found: list[Grant] = []
    for way in sorted(ways, key=lambda grant: len(grant.conditions)):
        if len(found) == MOST_WAYS:
            break
        if not any(all(condition in way.conditions for condition in other.conditions) for other in found):
            found.append(way)
    return found


def derive(line: Line, own: Mapping[str, Sequence[Grant]], wildcard: Wildcard, known: dict[str, list[Grant]]) -> None:
    """Put the grants that each chain of a line hands on into `known`, by the chain's id; those there stay.

    `own` are the grants that agents have of their own.
    """
    for place, link in enumerate(line):
        if link.id not in known:
            sources = known[line[place - 1].id] if place else own.get(link.giver, ())
            known[link.id] = hand_on(sources, line[: place + 1], wildcard)


def reach(line: Line, max_depth: int) -> tuple[int, int]:
    """Return the depth of a chain that rests on a line, and the greatest that may rest on it in turn.

    `max_depth` counts the hops from the first giver; a later chain can lower the bound and never raise it.
    """
    if not line:
        return 1, max_depth
    return line[-1].depth + 1, min(max_depth, line[-1].max_depth)


def choose_source(
    held: Sequence[Held],
    wanted: Sequence[Permission],
    *,
    receiver: str,
    expires_at: datetime,
    max_depth: int,
    wildcard: Wildcard,
) -> Line:
    """Return the line that a new chain is to rest on, the one of `held` that leaves most room.

    What the giver has of its own comes first, then the line with the most hops left. All of `wanted` MUST come from one
    line, which does not pass through `receiver`, reaches a hop further and does not expire before `expires_at`.

    Raises `DelegationError`, which says what is in the way.
    """

    def contains(grants: Iterable[Grant], permission: Permission) -> bool:
        return any(grant.contains(permission, wildcard) for grant in grants)

    found = [source for source in held if all(contains(source.grants, permission) for permission in wanted)]
    if not found:
        if all(any(contains(source.grants, permission) for source in held) for permission in wanted):
            raise DelegationError("the permissions come from different delegations; delegate those of each by itself")
        raise DelegationError("the agent does not hold a permission that it would delegate")
    found = [source for source in found if all(link.giver != receiver for link in source.line)]
    if not found:
        raise DelegationError("the receiving agent is upstream of the giving one; a circle grants nothing")
    found = [source for source in found if not source.line or expires_at <= source.line[-1].expires_at]
    if not found:
        raise DelegationError("the delegation would outlive the one that it rests on; choose an earlier expires_at")

    def room(line: Line) -> tuple[bool, int]:
        depth, most = reach(line, max_depth)
        return not line, most - depth

    line = max((source.line for source in found), key=room)
    if room(line)[1] < 0:
        raise DelegationError("the chain would be deeper than its max_depth, or its tenant, allows")
    return line
