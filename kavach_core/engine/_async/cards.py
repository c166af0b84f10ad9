"""Agent cards: what agents tell other agents about themselves (A2A)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import JsonValue
from uuid_utils import uuid7

from kavach_core.engine._async.retry import run_async_transaction
from kavach_core.engine.cards import AgentCard, Capability, CardAuth, card_value, checked_fields
from kavach_core.engine.reading import Clock, agent_status, plain
from kavach_core.errors import InactiveAgentError, InvalidInput, NotFoundError
from kavach_core.storage import AsyncStorage
from kavach_schema import records
from kavach_schema.model import UNSET, Unset

_PAGE: Final = 1000


class AsyncAgentCards:
    """The agent cards of a Kavach."""

    def __init__(self, storage: AsyncStorage, clock: Clock) -> None:
        """Use a storage."""
        self._storage = storage
        self._clock = clock

    async def create(
        self,
        agent_id: str,
        *,
        name: str,
        version: str = "1.0.0",
        description: str | None = None,
        endpoint: str | None = None,
        protocols: Sequence[str] = ("JSONRPC",),
        capabilities: Sequence[Capability | Mapping[str, object]] = (),
        auth: CardAuth | Mapping[str, object] | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
    ) -> AgentCard:
        """Create a card of an active agent, and return it.

        `protocols` are A2A's bindings at `endpoint`: JSONRPC, GRPC, HTTP+JSON, or a URI of another one. `metadata` is
        for the host alone. Raises `NotFoundError`, `InactiveAgentError`, and `InvalidInput` for what is no card, such
        as a URL with credentials in it.
        """
        fields = checked_fields(
            {
                "name": name,
                "version": version,
                "description": description,
                "endpoint": endpoint,
                "protocols": protocols,
                "capabilities": capabilities,
                "auth": auth,
            }
        )
        noted = plain(metadata, "metadata")
        now = self._clock()

        async def work(storage: AsyncStorage) -> records.AgentCard:
            agent = await storage.find_agent_by_id(agent_id)
            if agent is None:
                raise NotFoundError("no agent has this id")
            if (status := agent_status(agent, now)) != "active":
                raise InactiveAgentError(f"the agent is {status}; create a new one")
            return await storage.create_agent_card(
                id=str(uuid7()),
                agent_id=agent_id,
                metadata=noted,
                created_at=now,
                updated_at=now,
                **fields,
            )

        return card_value(await run_async_transaction(self._storage, work))

    async def get(self, card_id: str) -> AgentCard | None:
        """Return the card with this id, whatever has become of its agent, or None."""
        row = await self._storage.find_agent_card(card_id)
        return None if row is None else card_value(row)

    async def find(self, capability: str, *, limit: int = 100, after: AgentCard | None = None) -> list[AgentCard]:
        """Return cards of active agents that have a capability of this id, name or tag, oldest first, at most `limit`.

        Cards are read in pages of 1000 until there are enough: capabilities have no index that every database knows.
        For the next page pass the last one as `after`. Raises `InvalidInput`.
        """
        _check_limit(limit)
        found: list[AgentCard] = []
        last = _place(after)
        while len(found) < limit:
            rows = await self._storage.list_agent_cards(limit=_PAGE, after=last)
            cards = [card_value(row) for row in rows]
            able = [card for card in cards if any(capability in each.known_as for each in card.capabilities)]
            found += await _of_active_async_agents(self._storage, able, self._clock())
            if len(rows) < _PAGE:
                break
            last = rows[-1]
        return found[:limit]

    async def update(
        self,
        card_id: str,
        *,
        name: str | Unset = UNSET,
        version: str | Unset = UNSET,
        description: str | Unset | None = UNSET,
        endpoint: str | Unset | None = UNSET,
        protocols: Sequence[str] | Unset = UNSET,
        capabilities: Sequence[Capability | Mapping[str, object]] | Unset = UNSET,
        auth: CardAuth | Mapping[str, object] | Unset | None = UNSET,
        metadata: Mapping[str, JsonValue] | Unset | None = UNSET,
    ) -> AgentCard:
        """Change what is given, and return the card; lists are replaced as a whole.

        Raises `NotFoundError` and `InvalidInput`.
        """
        changes = checked_fields(
            {
                "name": name,
                "version": version,
                "description": description,
                "endpoint": endpoint,
                "protocols": protocols,
                "capabilities": capabilities,
                "auth": auth,
            }
        )
        if metadata is not UNSET:
            changes["metadata"] = plain(metadata, "metadata")
        row = await self._storage.update_agent_card(card_id, updated_at=self._clock(), **changes)
        if row is None:
            raise NotFoundError("no agent card has this id")
        return card_value(row)

    async def delete(self, card_id: str) -> bool:
        """Delete a card, and tell whether there was one."""
        return await self._storage.delete_agent_card(card_id)

    async def list(
        self, agent_id: str | None = None, *, limit: int = 100, after: AgentCard | None = None
    ) -> list[AgentCard]:
        """Return cards by creation, oldest first, of an agent or of all, at most `limit` of them (1 to 1000).

        For the next page pass the last one as `after`. Raises `InvalidInput`.
        """
        _check_limit(limit)
        last = _place(after)
        if agent_id is None:
            rows = await self._storage.list_agent_cards(limit=limit, after=last)
        else:
            rows = await self._storage.list_agent_cards_by_agent(agent_id, limit=limit, after=last)
        return [card_value(row) for row in rows]


async def _of_active_async_agents(storage: AsyncStorage, cards: list[AgentCard], now: datetime) -> list[AgentCard]:
    agents = await storage.find_agents_by_ids(sorted({card.agent_id for card in cards}))
    active = {agent.id for agent in agents if agent_status(agent, now) == "active"}
    return [card for card in cards if card.agent_id in active]


def _check_limit(limit: int) -> None:
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _PAGE:
        raise InvalidInput(f"limit: must be an integer from 1 to {_PAGE}; pass the last card as after")


def _place(card: AgentCard | None) -> records.AgentCard | None:
    """Return the row that stands for a card in the order of a listing: its place is all that counts."""
    if card is None:
        return None
    shown = card.model_dump(exclude={"auth", "capabilities"})
    return records.AgentCard(**shown, capabilities=[], auth_requirements={})
